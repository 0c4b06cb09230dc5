#include "reactor/wire/ws_terms.h"

#include "reactor/base/own.h"
#include "reactor/wire/ws_extension.h"

#define FIELD SPAN_LIT("sec-websocket-extensions")
#define NAME  SPAN_LIT("permessage-deflate")

enum { WINDOW_MIN = 8, WINDOW_WRITTEN = 9, WINDOW_MAX = 15 };

/* --- parameters ------------------------------------------------------------------------------------------ */

enum param { SERVER_NO_CONTEXT, CLIENT_NO_CONTEXT, SERVER_WINDOW, CLIENT_WINDOW, PARAM_COUNT };
enum value { NONE, NEEDED, EITHER };

/* clang-format off */
static const struct {
    const char *name;
    enum value value;
} params[PARAM_COUNT] = {
    [SERVER_NO_CONTEXT] = {"server_no_context_takeover", NONE},
    [CLIENT_NO_CONTEXT] = {"client_no_context_takeover", NONE},
    [SERVER_WINDOW]     = {"server_max_window_bits",     NEEDED},
    [CLIENT_WINDOW]     = {"client_max_window_bits",     EITHER}, /* without: the client can heed one */
};
/* clang-format on */

struct deflate_params {
    bool has[PARAM_COUNT];
    uint8_t window[PARAM_COUNT]; /* WINDOW_MAX where none is named */
};

/* Decimal, without leading zeros; 0 for what is none. */
static uint8_t window_of(struct span value)
{
    unsigned bits = 0;

    if (value.len == 0 || value.len > 2 || value.at[0] == '0') return 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] < '0' || value.at[i] > '9') return 0;
        bits = bits * 10 + (value.at[i] - '0');
    }
    return bits >= WINDOW_MIN && bits <= WINDOW_MAX ? (uint8_t)bits : 0;
}

static enum param find_param(struct span name)
{
    enum param param = 0;

    while (param < PARAM_COUNT && !span_is(name, span_of(params[param].name))) param++;
    return param;
}

static bool read_param(const struct ws_param *in, struct deflate_params *out)
{
    enum param param = find_param(in->name);

    if (param == PARAM_COUNT || out->has[param]) return false;
    if (in->has_value ? params[param].value == NONE : params[param].value == NEEDED) return false;
    out->has[param] = true;
    out->window[param] = in->has_value ? window_of(in->value) : WINDOW_MAX;
    return out->window[param] != 0;
}

static bool read_params(const struct ws_extension *extension, struct deflate_params *out)
{
    *out = (struct deflate_params){.window = {WINDOW_MAX, WINDOW_MAX, WINDOW_MAX, WINDOW_MAX}};
    for (size_t i = 0; i < extension->count; i++)
        if (!read_param(&extension->params[i], out)) return false;
    return true;
}

/* --- a client's offers ----------------------------------------------------------------------------------- */

static void accept_offer(const struct ws_extension *extension, struct ws_terms *terms)
{
    struct deflate_params offer;

    if (terms->deflates || !span_is(extension->name, NAME) || !read_params(extension, &offer)) return;
    if (offer.window[SERVER_WINDOW] < WINDOW_WRITTEN) return;
    *terms = (struct ws_terms){
        .deflates = true,
        .client = {.window_bits = WINDOW_MAX},
        .server = {.window_bits = offer.window[SERVER_WINDOW]},
    };
    /* Who names a window is to be answered by one (section 7.1.2.1): ours, where it is smaller. */
    if (offer.has[SERVER_WINDOW] && terms->server.window_bits > WS_DEFLATE_WINDOW)
        terms->server.window_bits = WS_DEFLATE_WINDOW;
}

enum err ws_terms_accept(const struct head *request, struct ws_terms *terms)
{
    struct ws_extension extension;

    *terms = (struct ws_terms){0};
    for (size_t i = 0; i < request->field_count; i++) {
        struct span list = request->fields[i].value;
        if (!span_is_nocase(request->fields[i].name, FIELD)) continue;
        do {
            TRY(ws_extension_next(&list, &extension));
            accept_offer(&extension, terms);
        } while (list.len > 0);
    }
    return ERR_OK;
}

enum err ws_terms_answer(const struct ws_terms *terms, struct buf *out)
{
    size_t before = buf_len(out);
    enum err err = buf_add(out, SPAN_LIT("permessage-deflate; server_no_context_takeover; client_no_context_takeover"));

    if (err == ERR_OK && terms->server.window_bits < WINDOW_MAX)
        err = buf_printf(out, "; server_max_window_bits=%u", terms->server.window_bits);
    if (err != ERR_OK) buf_cut(out, before);
    return err;
}

/* --- an upstream's answer -------------------------------------------------------------------------------- */

enum err ws_terms_agree(const struct head *response, bool offered, struct ws_terms *terms)
{
    const struct field *field = head_find(response, FIELD);
    struct deflate_params answer;
    struct ws_extension extension;
    struct span list;

    *terms = (struct ws_terms){0};
    if (field == NULL) return ERR_OK;
    if (head_count(response, FIELD) > 1) return ERR_PEER; /* RFC 6455 section 11.3.2 */
    list = field->value;
    TRY(ws_extension_next(&list, &extension));
    if (!offered || list.len > 0 || !span_is(extension.name, NAME)) return ERR_PEER;
    /* What bounds the client's window was not offered (section 7.1.2.2). */
    if (!read_params(&extension, &answer) || answer.has[CLIENT_WINDOW]) return ERR_PEER;
    *terms = (struct ws_terms){
        .deflates = true,
        .client = {.window_bits = WINDOW_MAX},
        .server = {.window_bits = answer.window[SERVER_WINDOW], .keeps_context = !answer.has[SERVER_NO_CONTEXT]},
    };
    return ERR_OK;
}
