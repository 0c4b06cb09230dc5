/* route.h — one route of a bottle, from YAML to dlp/policy's struct route. */
#pragma once
#include "backends/manifest/schema.h"
#include "dlp/policy/policy.h"

struct auth_draft {
    enum auth_scheme scheme; /* AUTH_NONE: the key is absent or wrong */
    struct span token_ref, header;
};

struct route_draft {
    struct route route; /* all but its slot */
    struct auth_draft auth;
};

const char *auth_scheme_name(enum auth_scheme scheme); /* as it is written: "bearer" */

key_fn read_route;     /* into struct route_draft */
key_fn read_host;      /* into struct route: its host, and suffix */
key_fn read_path;      /* one, into struct span */
key_fn read_token_ref; /* into struct span */

/* Two routes that can't both be meant: complains at the later one. */
void check_route_pairs(struct reader *reader, const struct yaml_node *list, const struct route_draft *drafts,
                       size_t count);
