#include "backends/provision/token_cmd.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/provision/token.h"
#include "backends/provision/token_fsm.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"
#include "reactor/net/stream_tcp.h"
#include "reactor/proc/child.h"

struct token_cmd {
    struct fsm machine;
    struct child *child;
    struct stream *output;
    struct vault *vault;
    size_t slot;
    token_cmd_fn *fn;
    void *owner;
    const char *why;     /* NULL: nothing is wrong so far */
    bool exited, closed; /* the child; its output */
    uint64_t started_ms;
    size_t len;                         /* of the first line, as far as it has come */
    bool whole;                         /* its end has come */
    uint8_t line[SECRET_BYTES_MAX + 2]; /* CR and LF */
};

static struct token_cmd *of(struct fsm *machine) { return CONTAINER_OF(machine, struct token_cmd, machine); }

/* --- actions ----------------------------------------------------------------------------------------------- */

static void token_report(struct fsm *machine)
{
    struct token_cmd *cmd = of(machine);

    if (machine->state == TOKEN_FAILED && cmd->why == NULL) cmd->why = "the command could not be followed";
    mem_wipe(cmd->line, sizeof cmd->line);
    cmd->fn(cmd->owner, cmd->slot, cmd->why);
}

static void token_late(struct fsm *machine)
{
    of(machine)->why = "the command took too long";
    token_report(machine);
}

/* Keeps the first line, throws away the rest. */
static void token_collect(struct fsm *machine)
{
    struct token_cmd *cmd = of(machine);
    struct span input = stream_input(cmd->output);
    size_t end = span_find(input, '\n', 0), take = end < input.len ? end + 1 : end;

    fsm_limit(machine, TOKEN_MS - (uint32_t)(machine->entered_ms - cmd->started_ms)); /* one deadline for both states */
    if (!cmd->whole && take > sizeof cmd->line - cmd->len) {
        cmd->why = "it is longer than a credential may be";
        fsm_post(machine, TOKEN_EV_UNUSABLE);
        return;
    }
    if (!cmd->whole) {
        memcpy(cmd->line + cmd->len, input.at, take);
        cmd->len += take;
        cmd->whole = end < input.len;
    }
    stream_consume(cmd->output, input.len);
}

FSM_TYPE(token_type, "token", TOKEN_STATES, TOKEN_EVENTS, TOKEN_ROWS);

/* --- what the world says ----------------------------------------------------------------------------------- */

/* A child of the command may hold the output open: with a whole line, the exit is enough. */
static void decide(struct token_cmd *cmd)
{
    if (fsm_is_final(&cmd->machine) || !cmd->exited || !(cmd->closed || cmd->whole)) return;
    if (cmd->why == NULL)
        cmd->why = cmd->len > 0 ? token_store(cmd->vault, cmd->slot, (struct span){cmd->line, cmd->len})
                                : "the command printed nothing";
    fsm_post(&cmd->machine, cmd->why == NULL ? TOKEN_EV_STORED : TOKEN_EV_UNUSABLE);
}

static void on_exit_(void *owner, int code)
{
    struct token_cmd *cmd = owner;

    cmd->exited = true;
    if (code != 0) cmd->why = "the command failed; run it by hand to see why";
    if (code != 0) cmd->closed = true; /* whatever else it prints is not wanted */
    decide(cmd);
}

static void on_output(void *owner, enum stream_event event)
{
    struct token_cmd *cmd = owner;

    switch (event) {
    case STREAM_DATA: fsm_post(&cmd->machine, TOKEN_EV_PRINTED); break;
    case STREAM_EOF:
    case STREAM_GONE: cmd->closed = true; break;
    case STREAM_OPEN:
    case STREAM_DRAINED:
    case STREAM_SENT: break;
    }
    decide(cmd);
}

/* --- starting ---------------------------------------------------------------------------------------------- */

/* Cuts in place: text becomes words. */
static void cut_words(char *text, const char *words[COMMAND_WORDS_MAX + 1])
{
    size_t count = 0;

    for (char *at = text; *at != '\0'; at++) {
        if (*at == ' ')
            *at = '\0';
        else if ((at == text || at[-1] == '\0') && count < COMMAND_WORDS_MAX)
            words[count++] = at;
    }
    words[count] = NULL;
}

/* As a shell would find it; a name with a slash is a path. */
static bool find_program(const char *name, char out[PATH_MAX])
{
    const char *path = getenv("PATH");
    struct span rest = span_of(path != NULL ? path : "/usr/bin:/bin");

    if (strchr(name, '/') != NULL) return snprintf(out, PATH_MAX, "%s", name) < PATH_MAX;
    while (rest.len > 0) {
        struct span folder = span_first(rest, span_find(rest, ':', 0));
        int len = snprintf(out, PATH_MAX, "%.*s/%s", SPAN_FMT(folder), name);
        if (folder.len > 0 && folder.at[0] == '/' && len < PATH_MAX && access(out, X_OK) == 0) return true;
        rest = span_from(rest, folder.len < rest.len ? folder.len + 1 : folder.len);
    }
    return false;
}

static enum err spawn(struct loop *loop, struct token_cmd *cmd, const char *const *words, int output)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    const struct child_fd fds[] = {{null, 0}, {output, 1}, {null, 2}};
    const struct child_plan plan = {.argv = words,
                                    .envp = (const char *const *)environ,
                                    .fds = fds,
                                    .fd_count = COUNT_OF(fds),
                                    .dies_with_parent = true,
                                    .tty_fd = -1};
    enum err err;

    if (null < 0) return ERR_SYS;
    err = child_spawn(loop, &plan, on_exit_, cmd, &cmd->child);
    close(null);
    return err;
}

static enum err spawn_with_output(struct loop *loop, struct token_cmd *cmd, const char *const *words)
{
    int ends[2];
    enum err err;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return ERR_SYS;
    err = stream_tcp_adopt(loop, ends[0], &cmd->output);
    if (err == ERR_OK) {
        stream_own(cmd->output, on_output, cmd);
        err = spawn(loop, cmd, words, ends[1]);
    }
    close(ends[1]);
    return err;
}

static enum err start(struct loop *loop, struct token_cmd *cmd, char *text)
{
    const char *words[COMMAND_WORDS_MAX + 1];
    char program[PATH_MAX];

    cut_words(text, words);
    if (words[0] == NULL || !find_program(words[0], program)) return ERR_NOT_FOUND;
    words[0] = program;
    return spawn_with_output(loop, cmd, words);
}

const char *token_cmd_start(struct loop *loop, struct span command, struct vault *vault, size_t slot, token_cmd_fn *fn,
                            void *owner, struct token_cmd **cmd_out)
{
    static uint64_t ids;
    struct token_cmd *cmd = mem_new(sizeof *cmd);
    char *text = mem_text(command);
    enum err err = cmd != NULL && text != NULL ? ERR_OK : ERR_NOMEM;

    if (err == ERR_OK) {
        cmd->vault = vault, cmd->slot = slot, cmd->fn = fn, cmd->owner = owner;
        cmd->started_ms = loop_now_ms(loop);
        fsm_start(&cmd->machine, &token_type, loop, ++ids);
        err = start(loop, cmd, text);
    }
    mem_free(text);
    if (err == ERR_OK) {
        *cmd_out = cmd;
        return NULL;
    }
    token_cmd_free(&cmd);
    return err == ERR_NOT_FOUND ? "there is no such program" : "the command can't be started";
}

bool token_cmd_ended(const struct token_cmd *cmd) { return fsm_is_final(&cmd->machine); }

void token_cmd_free(struct token_cmd **cmd)
{
    struct token_cmd *c = MOVE(*cmd);

    if (c == NULL) return;
    fsm_stop(&c->machine);
    child_free(&c->child);
    stream_free(&c->output);
    mem_wipe(c->line, sizeof c->line);
    mem_free(c);
}
