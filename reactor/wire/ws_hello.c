#include "reactor/wire/ws_hello.h"

#include <assert.h>

#include "reactor/base/digest.h"
#include "reactor/base/encode.h"
#include "reactor/base/own.h"
#include "reactor/wire/octets.h"

#define KEY        SPAN_LIT("sec-websocket-key")
#define ACCEPT     SPAN_LIT("sec-websocket-accept")
#define VERSION    SPAN_LIT("sec-websocket-version")
#define PROTOCOL   SPAN_LIT("sec-websocket-protocol")
#define UPGRADE    SPAN_LIT("upgrade")
#define CONNECTION SPAN_LIT("connection")
#define WEBSOCKET  SPAN_LIT("websocket")

enum { KEY_BYTES = 16 };

static enum err refuse(struct http1_fault *fault, uint16_t status, const char *detail)
{
    *fault = (struct http1_fault){status, detail};
    return ERR_SYNTAX;
}

/* The value of a field that may be there once, or NULL. */
static const struct span *only(const struct head *head, struct span name)
{
    return head_count(head, name) == 1 ? &head_find(head, name)->value : NULL;
}

/* --- a client's request ---------------------------------------------------------------------------------- */

bool ws_hello_is(const struct head *request) { return head_has_token(request, UPGRADE, WEBSOCKET); }

static bool is_base64(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

/* Sixteen bytes in base64, written in the one way there is: the last digit has two bits of them. */
static bool is_key(struct span key)
{
    if (key.len != BASE64_BYTES(KEY_BYTES) || !span_is(span_from(key, key.len - 2), SPAN_LIT("=="))) return false;
    for (size_t i = 0; i < key.len - 2; i++)
        if (!is_base64(key.at[i])) return false;
    return span_find(SPAN_LIT("AQgw"), key.at[key.len - 3], 0) < 4;
}

/* Are all fields of subprotocols lists of tokens, none of them empty? */
static bool are_protocols(const struct head *head)
{
    struct span element;

    for (size_t i = 0; i < head->field_count; i++) {
        struct span list = head->fields[i].value;
        if (!span_is_nocase(head->fields[i].name, PROTOCOL)) continue;
        if (list.len == 0) return false;
        while (head_next_element(&list, &element))
            if (!octet_is_token(element)) return false;
    }
    return true;
}

enum err ws_hello_check_offer(const struct head *request, struct ws_terms *terms, struct http1_fault *fault)
{
    const struct span *version = only(request, VERSION);

    if (version == NULL) return refuse(fault, 400, "not one Sec-WebSocket-Version");
    if (!span_is(*version, WS_VERSION)) return refuse(fault, 426, "another Sec-WebSocket-Version than 13");
    if (!are_protocols(request)) return refuse(fault, 400, "a Sec-WebSocket-Protocol that is not tokens");
    if (ws_terms_accept(request, terms) != ERR_OK)
        return refuse(fault, 400, "a Sec-WebSocket-Extensions that is not extensions");
    return ERR_OK;
}

enum err ws_hello_check_request(const struct head *request, struct span *key_out, struct ws_terms *terms,
                                struct http1_fault *fault)
{
    const struct span *key = only(request, KEY);

    if (!span_is(request->method, SPAN_LIT("GET")))
        return refuse(fault, 400, "a WebSocket asked for by another method");
    if (request->minor < 1) return refuse(fault, 400, "a WebSocket asked for by HTTP/1.0");
    if (request->body == BODY_CHUNKED || request->length > 0)
        return refuse(fault, 400, "a WebSocket asked for with content");
    if (!ws_hello_is(request)) return refuse(fault, 400, "no Upgrade: websocket");
    if (!head_has_token(request, CONNECTION, UPGRADE)) return refuse(fault, 400, "no Connection: upgrade");
    if (key == NULL || !is_key(*key)) return refuse(fault, 400, "not one Sec-WebSocket-Key of 16 bytes");
    *key_out = *key;
    return ws_hello_check_offer(request, terms, fault);
}

/* --- keys ------------------------------------------------------------------------------------------------ */

enum err ws_hello_key(struct buf *out)
{
    uint8_t nonce[KEY_BYTES];

    digest_random(nonce, sizeof nonce);
    return encode_base64(out, (struct span){nonce, sizeof nonce}, BASE64_STANDARD);
}

enum err ws_hello_accept(struct span key, struct buf *out)
{
    const struct span parts[] = {key, SPAN_LIT("258EAFA5-E914-47DA-95CA-C5AB0DC85B11")};
    uint8_t sha1[DIGEST_SHA1_BYTES];

    digest_sha1(parts, COUNT_OF(parts), sha1);
    return encode_base64(out, (struct span){sha1, sizeof sha1}, BASE64_STANDARD);
}

/* --- an upstream's response ------------------------------------------------------------------------------ */

static enum err check_accept(const struct head *response, const struct head *request, struct http1_fault *fault)
{
    const struct span *accept = only(response, ACCEPT), *key = only(request, KEY);
    struct buf expected = {0};
    bool same;

    if (accept == NULL || key == NULL) return refuse(fault, 502, "not one Sec-WebSocket-Accept");
    TRY(ws_hello_accept(*key, &expected));
    assert(expected.at != NULL); /* it was appended */
    same = span_is(buf_span(&expected), *accept);
    buf_clear(&expected);
    return same ? ERR_OK : refuse(fault, 502, "a Sec-WebSocket-Accept of another key");
}

/* Is it among the subprotocols that were asked for?  Case matters. */
static bool is_offered(const struct head *request, struct span protocol)
{
    struct span element;

    for (size_t i = 0; i < request->field_count; i++) {
        struct span list = request->fields[i].value;
        if (!span_is_nocase(request->fields[i].name, PROTOCOL)) continue;
        while (head_next_element(&list, &element))
            if (span_is(element, protocol)) return true;
    }
    return false;
}

static enum err check_protocol(const struct head *response, const struct head *request, struct http1_fault *fault)
{
    size_t count = head_count(response, PROTOCOL);

    if (count == 0) return ERR_OK;
    if (count > 1) return refuse(fault, 502, "two Sec-WebSocket-Protocol fields");
    return is_offered(request, head_find(response, PROTOCOL)->value)
               ? ERR_OK
               : refuse(fault, 502, "a subprotocol that was not asked for");
}

enum err ws_hello_check_response(const struct head *response, const struct head *request, bool deflates,
                                 struct ws_terms *terms, struct http1_fault *fault)
{
    const struct span *upgrade = only(response, UPGRADE);

    if (response->status != 101) return refuse(fault, 502, "no 101");
    if (response->minor < 1) return refuse(fault, 502, "a 101 of HTTP/1.0");
    if (upgrade == NULL || !span_is_nocase(*upgrade, WEBSOCKET)) return refuse(fault, 502, "a 101 to another protocol");
    if (!head_has_token(response, CONNECTION, UPGRADE)) return refuse(fault, 502, "a 101 without Connection: upgrade");
    TRY(check_accept(response, request, fault));
    TRY(check_protocol(response, request, fault));
    return ws_terms_agree(response, deflates, terms) == ERR_OK ? ERR_OK
                                                               : refuse(fault, 502, "extensions that were not offered");
}
