/* schema.h — a manifest's keys as tables, and what a value must look like.
 *
 * Every complaint says what is wanted, what is there and what to write; reading goes on, so that all of a file's errors
 * are shown at once.  Whoever needs to know whether there were any looks at reader->errors->count.
 * Results are copied into reader->arena.
 */
#pragma once
#include "backends/manifest/errors.h"
#include "backends/manifest/yaml.h"

typedef void key_fn(struct reader *reader, const struct yaml_node *value, void *into);

struct key {
    const char *name;
    key_fn *read;
    size_t offset; /* of what it fills, in the struct that stands for the map */
    bool required;
    const char *refused; /* not NULL: the key is an error whatever it holds, and this is what to do instead */
};

struct keys {
    const char *of; /* "a route" */
    const struct key *list;
    size_t count;
};

/* Reads a map by its table: unknown keys and missing ones are errors. */
void keys_read(struct reader *reader, const struct yaml_node *node, const struct keys *keys, void *into);

struct items {
    const char *what; /* "methods" */
    size_t size, max; /* of one; how many */
    key_fn *read;
    bool one_will_do; /* a single value stands for a list of it */
};

/* Reads a list into an array; NULL when it is empty or an error was found in its shape. */
void *items_read(struct reader *reader, const struct yaml_node *node, const struct items *items, size_t *count_out);

/* False, and a complaint, when the value is something else.  what: "a host" */
bool want_text(struct reader *reader, const struct yaml_node *node, const char *what, struct span *out);
bool want_number(struct reader *reader, const struct yaml_node *node, const char *what, uint64_t min, uint64_t max,
                 uint64_t *out);
bool want_flag(struct reader *reader, const struct yaml_node *node, const char *what, bool *out);

/* "512M": bytes, in K, M or G. */
bool want_bytes(struct reader *reader, const struct yaml_node *node, const char *what, uint64_t *out);

/* The index of the word, or -1 and a complaint that lists them. */
int want_word(struct reader *reader, const struct yaml_node *node, const char *what, const char *const *words,
              size_t count);

/* The nearest of the names, when it is near enough to be meant, else NULL. */
const char *nearest(struct span text, const char *(*name_at)(const void *list, size_t i), const void *list,
                    size_t count);
