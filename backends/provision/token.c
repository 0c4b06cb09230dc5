#include "backends/provision/token.h"

#include "backends/provision/token_cmd.h"
#include "backends/provision/token_ref.h"
#include "backends/provision/token_sources.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"

struct tokens {
    struct loop *loop;
    struct vault *vault;
    tokens_fn *fn;
    void *owner;
    struct defer defer;                                  /* something has ended */
    struct token_failure failures[2 * SECRET_COUNT_MAX]; /* not had, and what there was before is too short */
    size_t failure_count, running;
    struct token_cmd *commands[SECRET_COUNT_MAX];
    size_t command_count;
    const struct policy *policy;
};

const char *token_store(struct vault *vault, size_t slot, struct span line)
{
    if (line.len > 0 && line.at[line.len - 1] == '\n') line.len--;
    if (line.len > 0 && line.at[line.len - 1] == '\r') line.len--;
    if (line.len == 0) return "it is empty";
    switch (vault_set(vault, slot, line)) {
    case ERR_OK: return NULL;
    case ERR_LIMIT: return "it is longer than a credential may be";
    case ERR_SYNTAX: return "it has more than one line, or a byte that no header field can carry";
    case ERR_AGAIN:
    case ERR_NOMEM:
    case ERR_PEER:
    case ERR_TRUST:
    case ERR_DENIED:
    case ERR_NOT_FOUND:
    case ERR_TIMEOUT:
    case ERR_SYS:
    case ERR_COUNT: break;
    }
    return "there is no memory to keep it";
}

/* --- fetching ---------------------------------------------------------------------------------------------- */

static void fail(struct tokens *tokens, size_t slot, const char *why)
{
    struct token_failure *failure = &tokens->failures[tokens->failure_count++];

    *failure = (struct token_failure){slot, tokens->policy->token_refs[slot], why};
}

/* A secret that is not known to the scan would be one in name alone. */
static void check_secrets(struct tokens *tokens)
{
    _Static_assert(SECRET_BYTES_MIN == 8, "what is written below");
    for (size_t slot = 0; slot < tokens->policy->token_ref_count; slot++) {
        size_t len = vault_get(tokens->vault, slot).len;
        if (policy_is_secret(tokens->policy, slot) && len > 0 && len < SECRET_BYTES_MIN)
            fail(tokens, slot, "it has less than 8 bytes: it would be found in honest text too");
    }
}

/* Lets go of what has ended; the last one to end tells the owner, who may free us. */
static void settle(struct defer *defer)
{
    struct tokens *tokens = CONTAINER_OF(defer, struct tokens, defer);

    for (size_t i = 0; i < tokens->command_count; i++)
        if (tokens->commands[i] != NULL && token_cmd_ended(tokens->commands[i])) token_cmd_free(&tokens->commands[i]);
    if (tokens->running > 0) return;
    check_secrets(tokens);
    tokens->fn(tokens->owner, tokens->failures, tokens->failure_count);
}

static void command_ended(void *owner, size_t slot, const char *why)
{
    struct tokens *tokens = owner;

    if (why != NULL) fail(tokens, slot, why);
    tokens->running--;
    loop_defer(tokens->loop, &tokens->defer, settle);
}

static const char *start_command(struct tokens *tokens, size_t slot, struct span command)
{
    struct token_cmd **at = &tokens->commands[tokens->command_count];
    const char *why = token_cmd_start(tokens->loop, command, tokens->vault, slot, command_ended, tokens, at);

    if (why != NULL) return why;
    tokens->command_count++;
    tokens->running++;
    return NULL;
}

static const char *fetch_one(struct tokens *tokens, size_t slot, const struct token_ref *ref)
{
    switch (ref->kind) {
    case TOKEN_ENV: return token_from_env(tokens->vault, slot, ref->rest);
    case TOKEN_FILE: return token_from_file(tokens->vault, slot, ref->rest);
    case TOKEN_CMD: return start_command(tokens, slot, ref->rest);
    }
    return NULL;
}

/* Commands come last, so that none inherits a variable that is a token. */
static void fetch(struct tokens *tokens, bool commands)
{
    for (size_t slot = 0; slot < tokens->policy->token_ref_count; slot++) {
        struct token_ref ref;
        const char *why = token_ref_parse(tokens->policy->token_refs[slot], &ref);
        if (why == NULL && (ref.kind == TOKEN_CMD) != commands) continue;
        if (why == NULL)
            why = fetch_one(tokens, slot, &ref);
        else if (commands)
            continue; /* told already */
        if (why != NULL) fail(tokens, slot, why);
    }
}

enum err tokens_fetch(struct loop *loop, const struct policy *policy, struct vault *vault, tokens_fn *fn, void *owner,
                      struct tokens **tokens_out)
{
    struct tokens *tokens = mem_new(sizeof *tokens);

    if (tokens == NULL) return ERR_NOMEM;
    *tokens = (struct tokens){.loop = loop, .vault = vault, .fn = fn, .owner = owner, .policy = policy};
    fetch(tokens, false);
    fetch(tokens, true);
    if (tokens->running == 0) loop_defer(loop, &tokens->defer, settle);
    *tokens_out = tokens;
    return ERR_OK;
}

void tokens_free(struct tokens **tokens)
{
    struct tokens *t = MOVE(*tokens);

    if (t == NULL) return;
    loop_defer_cancel(&t->defer);
    for (size_t i = 0; i < t->command_count; i++) token_cmd_free(&t->commands[i]);
    mem_free(t);
}
