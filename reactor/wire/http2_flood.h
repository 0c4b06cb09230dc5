/* http2_flood.h — frames that cost us and move nothing, counted by what their headers say.
 *
 * Each kind has a burst and a rate a second (limits.h).  What moves something pays for what usually comes with it: a
 * DATA frame for its WINDOW_UPDATEs and its PING.
 */
#pragma once
#include "reactor/base/err.h"
#include "reactor/base/span.h"

#define HTTP2_PREFACE_LEN      24u
#define HTTP2_FRAME_HEADER_LEN 9u

enum http2_flood_kind { FLOOD_SETTINGS, FLOOD_PING, FLOOD_WINDOW, FLOOD_RESET, FLOOD_EMPTY, FLOOD_OTHER, FLOOD_KINDS };

struct http2_flood {
    uint32_t spent[FLOOD_KINDS]; /* of the burst */
    uint64_t since_ms;           /* up to which the rate has been given back */
    uint32_t left;               /* payload of the present frame that has not come yet */
    uint8_t continuations;       /* of the present header block */
    uint8_t have;                /* bytes of header */
    uint8_t header[HTTP2_FRAME_HEADER_LEN];
};

/* skip: bytes that come before the first frame: the preface. */
void http2_flood_begin(struct http2_flood *flood, uint32_t skip, uint64_t now_ms);

/* Looks at what came: len_out is the length of its first frame, or of the part of it that is there.  The frame is
 * counted as its header is whole.  errors: ERR_LIMIT: one too many */
MUST_CHECK enum err http2_flood_step(struct http2_flood *flood, struct span in, uint64_t now_ms, size_t *len_out);

/* One more of a kind that no header tells: a stream that the other side made us reset. */
MUST_CHECK enum err http2_flood_count(struct http2_flood *flood, enum http2_flood_kind kind);

/* A DATA frame with bytes in it, either way. */
void http2_flood_work(struct http2_flood *flood);
