/* engine.h — all rules of the rule files, compiled once: swept together by Hyperscan, confirmed one by one by PCRE2.
 *
 * Owns     its databases, and a reference to its rules.  Shared by the scanners of all bottles through counted
 *          references; immutable.
 * Parts    the rules are in one database, or in two: those that were given compiled, and the rest.  So a bottle's own
 *          do not make ours be compiled again, which takes 9 s; five of them alone take 0.2 s, and sweep at 17 GB/s.
 * Cache    compiling takes seconds, so what was compiled can be written out and given back at the next start, on any
 *          machine.  Bytes that are not exactly that, of these rules and this library, are ignored.
 * Limits   RULE_COUNT_MAX rules.  Not safe to use from more than one thread: see confirm.h.
 */
#pragma once
#include "dlp/scan/confirm.h"
#include "dlp/scan/rule_set.h"
#include "reactor/base/buf.h"
#include "reactor/base/digest.h"

struct engine;

/* Compiles what can't be loaded: seconds.
 *   cached  what engine_save() once gave for all of the rules, or for the first of them; or anything else, or nothing
 *   fault   set on ERR_SYNTAX: the rule that is wrong, and how
 *   errors  ERR_SYNTAX; ERR_LIMIT more rules than RULE_COUNT_MAX; ERR_NOMEM */
MUST_CHECK enum err engine_new(const struct rule_set *rules, struct span cached, struct rule_fault *fault,
                               struct engine **engine_out);

/* Never compiles: cached holds what engine_save() gave for the rules, and then for the rest of them.  What is neither
 * is passed over.  errors: ERR_NOT_FOUND a rule is in none of them; ERR_LIMIT and ERR_NOMEM as engine_new() */
MUST_CHECK enum err engine_load(const struct rule_set *rules, const struct span *cached, size_t cached_count,
                                struct engine **engine_out);

struct engine *engine_hold(struct engine *engine);
void engine_free(struct engine **engine); /* drops one reference */

/* Did it come out of cached? */
bool engine_was_cached(const struct engine *engine);

/* Was it made of these rules, or of others that were read from the same text? */
bool engine_is_of(const struct engine *engine, const struct rule_set *rules);

/* All that engine_save() depends on, as one: the library's version, and the patterns in their order. */
void engine_key(const struct rule_set *rules, uint8_t key[DIGEST_BYTES]);

/* Appends the bytes to be cached: of the last part, which is all there is where nothing was given compiled.
 * errors: ERR_NOMEM */
MUST_CHECK enum err engine_save(const struct engine *engine, struct buf *out);
