/* supervise.h — the key by which a bottle has a person asked instead of a refusal.
 *
 *   supervise: true                                  about what the scan stops
 *   supervise: {routes: ask, timeout: 600}           about hosts that no route names, too; seconds to wait
 *   supervise: {tokens: false, routes: ask}
 *
 * Where timeout is not said EGRESS_TOKEN_ALLOW_TIMEOUT_SECONDS of our environment is, and else HOLD_DEFAULT_MS.
 */
#pragma once
#include "backends/manifest/schema.h"

key_fn read_supervise; /* into struct supervise */
