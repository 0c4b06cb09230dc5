/* conn.h — one client connection of a bottle.  A machine (conn_fsm.h).
 *
 * Owns     its stream, the request under way, the tunnel.
 * Lives    from conn_new() to its own end; frees itself a turn later.
 * Kinds    CONN_PROXY takes absolute-form and CONNECT; CONN_DIRECT is a port that tools which know no proxy dial: the
 *          origin is then named by the TLS hello or the Host field, its port is the one that was dialled.
 */
#pragma once
#include "fsm/proxy.h"

enum conn_kind { CONN_PROXY, CONN_DIRECT };

/* Takes the stream.  Past CONN_COUNT_MAX the connection idle longest is closed for it; where none is idle, it is closed
 * itself. */
void conn_new(struct egress *egress, enum conn_kind kind, struct stream *stream);

/* The bottle is ending: idle connections close, the others after what they do; with now: all of them, at once. */
void conn_drain_all(struct egress *egress, bool now);
