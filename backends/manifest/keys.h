/* keys.h — readers that bottles and agents share. */
#pragma once
#include "backends/manifest/schema.h"

/* A file name without ".md" is a name: [a-z0-9][a-z0-9-]{0,62}. */
bool is_manifest_name(struct span name);

key_fn read_name;    /* into struct span: the name of a manifest */
key_fn read_env;     /* into struct env_list: NAME: text, the names [A-Z_][A-Z0-9_]*, none of those provisioning sets */
key_fn read_texts;   /* one item, into struct span */
key_fn read_because; /* into struct span: why there is an opening */
