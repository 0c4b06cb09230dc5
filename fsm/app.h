/* app.h — the program behind `serve` and `run`: one loop, one proxy, the bottles it serves.  A machine (app_fsm.h).
 *
 * Owns     the loop and everything on it.
 * Signals  SIGTERM and SIGINT drain (twice: now), SIGHUP reloads the manifests, SIGUSR1 prints the last transitions.
 */
#pragma once
#include "fsm/conn.h"
#include "reactor/net/resolve.h"

struct app;

struct app_options {
    const char *root;       /* of the manifests; our authority is in its folder ca/ */
    const char *access_log; /* a file that is appended to, "-" for standard output, NULL for none */
    const char *log;        /* likewise, for the other lines; NULL for standard error */
    struct resolver_options resolver;
    bool handles_int; /* SIGINT ends it (a `run` with a terminal leaves it to the agent) */
    bool hup_ends;    /* SIGHUP ends it, as its terminal has been closed; else it reloads */
};

struct app_hooks {
    void (*ready)(void *owner, struct app *app); /* once: credentials are there; open the doors now */
    void (*drain)(void *owner);                  /* once: close the doors */
};

/* Options and hooks are looked at until app_free().  What is wrong is printed on standard error.
 * errors: whatever opening the authority, the log or the loop gave */
MUST_CHECK enum err app_new(const struct app_options *options, const struct app_hooks *hooks, void *owner,
                            struct app **app_out);
void app_free(struct app **app);

/* A bottle to serve, before app_run().  errors: ERR_LIMIT past APP_BOTTLES_MAX */
MUST_CHECK enum err app_add(struct app *app, const char *bottle, struct egress **egress_out);

/* Runs until it ends.  Returns the exit code. */
int app_run(struct app *app);
void app_end(struct app *app, int code); /* drains and ends: what it served is gone */

/* While held, draining waits (DRAIN_MS at most): something that was started still has to end. */
void app_hold(struct app *app);
void app_release(struct app *app);

struct manifests;
struct loop *app_loop(struct app *app);
struct span app_ca_pem(const struct app *app);
const struct manifests *app_manifests(const struct app *app); /* as loaded last; good until the next reload */
