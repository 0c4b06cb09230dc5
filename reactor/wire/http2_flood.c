#include "reactor/wire/http2_flood.h"

#include "reactor/base/limits.h"
#include "reactor/base/own.h"

enum frame_type {
    DATA,
    HEADERS,
    PRIORITY,
    RST_STREAM,
    SETTINGS,
    PUSH_PROMISE,
    PING,
    GOAWAY,
    WINDOW_UPDATE,
    CONTINUATION,
};

#define END_STREAM 0x1
#define PADDED     0x8
#define PAD_MAX    256u /* its length and itself: a padded frame this short may hold nothing else */

static const struct {
    uint32_t burst, per_second, per_work;
} rates[FLOOD_KINDS] = {
    [FLOOD_SETTINGS] = {HTTP2_SETTINGS_BURST, HTTP2_SETTINGS_RATE, 0},
    [FLOOD_PING] = {HTTP2_PING_BURST, HTTP2_PING_RATE, 1},
    [FLOOD_WINDOW] = {HTTP2_WINDOW_BURST, HTTP2_WINDOW_RATE, 2}, /* the stream's and the connection's */
    [FLOOD_RESET] = {HTTP2_RESET_BURST, HTTP2_RESET_RATE, 0},
    [FLOOD_EMPTY] = {HTTP2_EMPTY_BURST, HTTP2_EMPTY_RATE, 0},
    [FLOOD_OTHER] = {HTTP2_OTHER_BURST, HTTP2_OTHER_RATE, 0},
};

void http2_flood_begin(struct http2_flood *flood, uint32_t skip, uint64_t now_ms)
{
    *flood = (struct http2_flood){.left = skip, .since_ms = now_ms};
}

static void give_back(uint32_t *spent, uint64_t count) { *spent -= count < *spent ? (uint32_t)count : *spent; }

static void let_time_pass(struct http2_flood *flood, uint64_t now_ms)
{
    uint64_t seconds = (now_ms - flood->since_ms) / SECONDS(1);

    if (seconds == 0) return;
    for (size_t i = 0; i < FLOOD_KINDS; i++) give_back(&flood->spent[i], seconds * rates[i].per_second);
    flood->since_ms += seconds * SECONDS(1);
}

enum err http2_flood_count(struct http2_flood *flood, enum http2_flood_kind kind)
{
    return ++flood->spent[kind] > rates[kind].burst ? ERR_LIMIT : ERR_OK;
}

void http2_flood_work(struct http2_flood *flood)
{
    for (size_t i = 0; i < FLOOD_KINDS; i++) give_back(&flood->spent[i], rates[i].per_work);
}

static enum err count_data(struct http2_flood *flood)
{
    uint8_t flags = flood->header[4];
    bool empty = flood->left == 0 || ((flags & PADDED) != 0 && flood->left <= PAD_MAX);

    if (!empty) http2_flood_work(flood);
    return empty && (flags & END_STREAM) == 0 ? http2_flood_count(flood, FLOOD_EMPTY) : ERR_OK;
}

static enum err count_frame(struct http2_flood *flood)
{
    switch (flood->header[3]) {
    case DATA: return count_data(flood);
    case HEADERS:
    case PUSH_PROMISE: flood->continuations = 0; return ERR_OK;
    case CONTINUATION: return ++flood->continuations > HTTP2_CONTINUATIONS_MAX ? ERR_LIMIT : ERR_OK;
    case SETTINGS: return http2_flood_count(flood, FLOOD_SETTINGS);
    case PING: return http2_flood_count(flood, FLOOD_PING);
    case WINDOW_UPDATE: return http2_flood_count(flood, FLOOD_WINDOW);
    case RST_STREAM: return http2_flood_count(flood, FLOOD_RESET);
    case PRIORITY:
    case GOAWAY:
    default: return http2_flood_count(flood, FLOOD_OTHER);
    }
}

enum err http2_flood_step(struct http2_flood *flood, struct span in, uint64_t now_ms, size_t *len_out)
{
    size_t at = 0;

    *len_out = 0;
    let_time_pass(flood, now_ms);
    if (flood->left == 0) {
        while (flood->have < HTTP2_FRAME_HEADER_LEN && at < in.len) flood->header[flood->have++] = in.at[at++];
        *len_out = at;
        if (flood->have < HTTP2_FRAME_HEADER_LEN) return ERR_OK;
        flood->have = 0;
        flood->left = (uint32_t)flood->header[0] << 16 | (uint32_t)flood->header[1] << 8 | flood->header[2];
        TRY(count_frame(flood));
    }
    size_t payload = flood->left < in.len - at ? flood->left : in.len - at;
    flood->left -= (uint32_t)payload;
    *len_out = at + payload;
    return ERR_OK;
}
