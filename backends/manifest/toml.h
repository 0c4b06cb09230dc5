/* toml.h — TOML 1.0 (toml.io), read into the tree that yaml.h has: tables are maps, arrays lists.
 *
 * Out      dates and times: no file that is imported has any.  What text_fault() does not let stand, but as an escape.
 * Scalars  stay text; the ones without quotes (numbers, booleans) are plain.
 * Memory   the tree lives in the arena given.
 * Limits   YAML_DEPTH_MAX tables and arrays within each other, and parts of one key; TOML_NODES_MAX.
 */
#pragma once
#include "backends/manifest/yaml.h"

/* errors: ERR_SYNTAX, ERR_LIMIT (the reader's list says what, the first fault alone), ERR_NOMEM */
MUST_CHECK enum err toml_read(struct reader *reader, struct span text, struct arena *arena,
                              struct yaml_node **root_out);
