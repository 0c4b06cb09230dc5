#include "backends/manifest/supervise.h"

#include <stdlib.h>

#include "dlp/policy/policy.h"
#include "reactor/base/own.h"

#define TIMEOUT_ENV "EGRESS_TOKEN_ALLOW_TIMEOUT_SECONDS"

static void read_flag(struct reader *reader, const struct yaml_node *node, void *into)
{
    (void)want_flag(reader, node, "tokens", into);
}

static void read_routes(struct reader *reader, const struct yaml_node *node, void *into)
{
    static const char *const words[] = {"refuse", "ask"};

    *(bool *)into = want_word(reader, node, "`routes`", words, COUNT_OF(words)) == 1;
}

static void read_timeout(struct reader *reader, const struct yaml_node *node, void *into)
{
    uint64_t seconds = 0;

    if (want_number(reader, node, "`timeout`", 1, HOLD_MS / 1000, &seconds))
        *(uint32_t *)into = (uint32_t)SECONDS(seconds);
}

/* Decimal digits alone, as in a manifest. */
static void read_environment(struct reader *reader, const struct yaml_node *node, uint32_t *wait_ms)
{
    const char *said = getenv(TIMEOUT_ENV);
    uint64_t seconds = 0;

    *wait_ms = HOLD_DEFAULT_MS;
    if (said == NULL) return;
    for (const char *at = said; *at >= '0' && *at <= '9' && seconds <= HOLD_MS; at++)
        seconds = seconds * 10 + (uint64_t)(*at - '0');
    if (strspn(said, "0123456789") == strlen(said) && seconds >= 1 && seconds <= HOLD_MS / 1000)
        *wait_ms = (uint32_t)SECONDS(seconds);
    else
        complain(reader, node->place, "set it so, unset it, or say `timeout` here",
                 TIMEOUT_ENV " in the environment is a number of seconds from 1 to %u, here is %s", HOLD_MS / 1000,
                 quoted(span_of(said)));
}

void read_supervise(struct reader *reader, const struct yaml_node *node, void *into)
{
    static const struct key list[] = {
        {"tokens", read_flag, offsetof(struct supervise, tokens), false, NULL},
        {"routes", read_routes, offsetof(struct supervise, routes), false, NULL},
        {"timeout", read_timeout, offsetof(struct supervise, wait_ms), false, NULL},
    };
    static const struct keys keys = {"`supervise`", list, COUNT_OF(list)};
    struct supervise *supervise = into;

    *supervise = (struct supervise){.tokens = true};
    if (node->kind == YAML_MAP)
        keys_read(reader, node, &keys, supervise);
    else
        (void)want_flag(reader, node, "supervise", &supervise->tokens);
    if (supervise->wait_ms == 0) read_environment(reader, node, &supervise->wait_ms);
}
