/* driver.h — what runs an agent in a bottle: one contract, a driver for each kind of sandbox.
 *
 * A sandbox has no way out but its doors: sockets on which the proxy, outside, hears whatever the agent dials.
 * Order    start() → doors (each once, then the callee's) → SANDBOX_RUNNING → SANDBOX_GONE, or SANDBOX_BROKEN at any
 *          time, with the reason; one of the two comes exactly once, and nothing after it.
 * Calls    loop thread only.  Events come from the loop, never from inside a call of the driver; the owner may call
 *          anything in them, free() included.
 * Dies     with this process, kill -9 included.
 */
#pragma once
#include "reactor/base/buf.h"
#include "reactor/base/limits.h"
#include "reactor/loop/loop.h"

/* A file placed in the bottle.  Without write bits in its mode it is a mount the agent can neither change nor move. */
struct sandbox_file {
    const char *path; /* absolute, inside */
    unsigned mode;
    struct span content;
};

/* Everything is looked at during start() (and describe(), preflight()) only. */
struct sandbox_plan {
    const char *name;    /* of the bottle: letters, digits, '-' */
    const char *self;    /* the program whose `__init` verb launches, "/proc/self/exe" */
    const char *project; /* absolute, free of symbolic links; writable at its own path */
    const char *secret;  /* our own folder, which no bottle may hold, or NULL */
    const char *home;    /* the agent's, inside: an empty scratch folder */
    const char *const *argv;
    const char *const *envp;
    const struct sandbox_file *files;
    size_t file_count;
    const uint16_t *ports; /* TCP doors besides 3128, 443, 80 and 53 */
    size_t port_count;
    uint64_t memory_bytes; /* 0: no limit */
    uint64_t pids_max;     /* 0: no limit */
    int fds[3];            /* the agent's 0, 1, 2; the caller's */
    bool tty;              /* fds are a terminal of its own (pty.h), and the agent controls it */
};

enum sandbox_event { SANDBOX_RUNNING, SANDBOX_GONE, SANDBOX_BROKEN };

struct sandbox_calls {
    void (*door)(void *owner, bool tcp, uint16_t port, int fd); /* not tcp: UDP with IP_PKTINFO; fd is the callee's */
    /* code: the exit code, or 128 + the signal's number.
     * why: SANDBOX_BROKEN: what broke; SANDBOX_RUNNING: NULL, or what the bottle has to do without. */
    void (*event)(void *owner, enum sandbox_event event, int code, const char *why);
};

struct sandbox_check {
    bool ok;
    const char *what; /* static text */
    const char *fix;  /* static text: what a person can do; NULL when ok */
};

struct sandbox;
struct sandbox_driver {
    const char *name;

    /* Looks, by trying where looking would lie; changes nothing.  Returns how many checks it wrote. */
    size_t (*preflight)(const struct sandbox_plan *plan, struct sandbox_check checks[SANDBOX_CHECKS_MAX]);

    /* The plan in lines for a person.  errors: as start() */
    enum err (*describe)(const struct sandbox_plan *plan, struct buf *out);

    /* errors: ERR_DENIED (the project folder may not be a bottle's), ERR_LIMIT, ERR_NOT_FOUND, ERR_NOMEM, ERR_SYS */
    enum err (*start)(struct loop *loop, const struct sandbox_plan *plan, const struct sandbox_calls *calls,
                      void *owner, struct sandbox **sandbox_out);

    void (*signal)(struct sandbox *sandbox, int number); /* to the agent's first process */
    void (*stop)(struct sandbox *sandbox);               /* SIGTERM, and SIGKILL to all after SANDBOX_STOP_MS */
    void (*free)(struct sandbox **sandbox);              /* kills what still runs */
};

extern const struct sandbox_driver sandbox_namespaces;
