#include "reactor/tls/hello.h"

#include <ctype.h>
#include <openssl/bytestring.h>

enum {
    RECORD_HANDSHAKE = 22,
    RECORD_HEADER_LEN = 5,
    RECORD_PLAIN_MAX = 16384,
    CLIENT_HELLO = 1,
    MESSAGE_HEADER_LEN = 4,
    SESSION_ID_MAX = 32,
    LABEL_MAX = 63,
};

/* --- records: the handshake message, put together -------------------------------------------------------- */

struct message {
    uint8_t at[HELLO_BYTES_MAX];
    size_t len;
    size_t need; /* of the whole message, its header included; 0: not known yet */
};

/* The length of the next record's payload. */
static enum err record_header(struct span in, size_t *len_out)
{
    if (in.len >= 1 && in.at[0] != RECORD_HANDSHAKE) return ERR_SYNTAX;
    if (in.len < RECORD_HEADER_LEN) return ERR_AGAIN;
    if (in.at[1] != 3) return ERR_SYNTAX; /* the minor version is to be ignored: RFC 8446 section 5.1 */
    *len_out = (size_t)in.at[3] << 8 | in.at[4];
    return *len_out == 0 || *len_out > RECORD_PLAIN_MAX ? ERR_SYNTAX : ERR_OK;
}

static enum err message_header(struct message *message)
{
    if (message->len >= 1 && message->at[0] != CLIENT_HELLO) return ERR_SYNTAX;
    if (message->len < MESSAGE_HEADER_LEN || message->need != 0) return ERR_OK;
    message->need = MESSAGE_HEADER_LEN + ((size_t)message->at[1] << 16 | (size_t)message->at[2] << 8 | message->at[3]);
    return message->need > HELLO_BYTES_MAX ? ERR_LIMIT : ERR_OK;
}

/* Appends a record's payload, or what has come of it.  A client says nothing after its hello: a record that holds more
 * is refused as soon as its length is known, so it does not matter whether the rest has come. */
static enum err message_add(struct message *message, struct span payload, size_t record_len)
{
    size_t record_end = message->len + record_len;

    memcpy(message->at + message->len, payload.at, payload.len);
    message->len += payload.len;
    TRY(message_header(message));
    return message->need != 0 && record_end > message->need ? ERR_SYNTAX : ERR_OK;
}

static enum err reassemble(struct span in, struct message *message)
{
    size_t at = 0;

    message->len = message->need = 0;
    while (message->need == 0 || message->len < message->need) {
        size_t len;
        TRY(record_header(span_from(in, at), &len));
        at += RECORD_HEADER_LEN;
        if (at + len > HELLO_BYTES_MAX) return ERR_LIMIT;
        TRY(message_add(message, span_first(span_from(in, at), len), len));
        if (in.len - at < len) return ERR_AGAIN;
        at += len;
    }
    return ERR_OK;
}

/* --- the name -------------------------------------------------------------------------------------------- */

/* ASCII only: isalnum() asks the locale. */
static bool is_name_byte(uint8_t c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' || c == '_';
}

static bool is_label(struct span label)
{
    if (label.len == 0 || label.len > LABEL_MAX) return false;
    for (size_t i = 0; i < label.len; i++)
        if (!is_name_byte(label.at[i])) return false;
    return label.at[0] != '-' && label.at[label.len - 1] != '-';
}

/* "1.2.3.4", "127.1", "0x7f.1": a resolver could take these for an address, RFC 6066 forbids addresses here. */
static bool is_number(struct span label)
{
    bool hex = label.len >= 2 && label.at[0] == '0' && (label.at[1] | 0x20) == 'x';

    for (size_t i = hex ? 2 : 0; i < label.len; i++)
        if (hex ? !isxdigit(label.at[i]) : !isdigit(label.at[i])) return false;
    return true;
}

static bool is_dns_name(struct span name)
{
    struct span label = {0};

    if (name.len > NAME_BYTES_MAX) return false;
    for (size_t at = 0; at <= name.len; at += label.len + 1) {
        label = (struct span){name.at + at, span_find(name, '.', at) - at};
        if (!is_label(label)) return false;
    }
    return !is_number(label);
}

static enum err take_name(struct span name, struct hello *hello)
{
    if (name.len > 0 && name.at[name.len - 1] == '.') name.len--;
    if (!is_dns_name(name)) return ERR_SYNTAX;
    for (size_t i = 0; i < name.len; i++) hello->name[i] = (uint8_t)tolower(name.at[i]);
    return ERR_OK;
}

/* --- extensions ------------------------------------------------------------------------------------------ */

static struct span span_of_cbs(const CBS *cbs) { return (struct span){CBS_data(cbs), CBS_len(cbs)}; }

/* One host_name and nothing else: no other type was ever defined, and two names are two readings. */
static enum err read_server_name(CBS *data, struct hello *hello)
{
    CBS list, name;
    uint8_t type;

    if (!CBS_get_u16_length_prefixed(data, &list) || CBS_len(data) != 0 || !CBS_get_u8(&list, &type) || type != 0 ||
        !CBS_get_u16_length_prefixed(&list, &name) || CBS_len(&list) != 0)
        return ERR_SYNTAX;
    return take_name(span_of_cbs(&name), hello);
}

static enum err read_alpn(CBS *data, struct hello *hello)
{
    CBS list, id;

    if (!CBS_get_u16_length_prefixed(data, &list) || CBS_len(data) != 0 || CBS_len(&list) == 0) return ERR_SYNTAX;
    while (CBS_len(&list) > 0) {
        if (!CBS_get_u8_length_prefixed(&list, &id) || CBS_len(&id) == 0) return ERR_SYNTAX;
        hello->alpn_h2 |= span_is(span_of_cbs(&id), SPAN_LIT("h2"));
        hello->alpn_http1 |= span_is(span_of_cbs(&id), SPAN_LIT("http/1.1"));
    }
    return ERR_OK;
}

/* The inner type (1) is for inside the encrypted hello only. */
static enum err read_ech(CBS *data, struct hello *hello)
{
    uint8_t type;

    if (!CBS_get_u8(data, &type) || type != 0) return ERR_SYNTAX;
    hello->has_ech = true;
    return ERR_OK;
}

static const struct {
    uint16_t type;
    enum err (*read)(CBS *data, struct hello *hello);
} extensions[] = {
    {0, read_server_name},
    {16, read_alpn},
    {0xfe0d, read_ech},
};

static enum err read_extensions(CBS *list, struct hello *hello)
{
    unsigned seen = 0;

    while (CBS_len(list) > 0) {
        uint16_t type;
        CBS data;
        if (!CBS_get_u16(list, &type) || !CBS_get_u16_length_prefixed(list, &data)) return ERR_SYNTAX;
        for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++) {
            if (type != extensions[i].type) continue;
            if (seen & 1u << i) return ERR_SYNTAX;
            seen |= 1u << i;
            TRY(extensions[i].read(&data, hello));
        }
    }
    return ERR_OK;
}

/* --- the message ----------------------------------------------------------------------------------------- */

static bool offers_no_compression(const CBS *methods)
{
    return span_find(span_of_cbs(methods), 0, 0) < CBS_len(methods);
}

static enum err read_message(CBS body, struct hello *hello)
{
    CBS session_id, suites, methods, list;
    uint16_t version;

    if (!CBS_get_u16(&body, &version) || version >> 8 != 3 || !CBS_skip(&body, 32) /* random */ ||
        !CBS_get_u8_length_prefixed(&body, &session_id) || CBS_len(&session_id) > SESSION_ID_MAX ||
        !CBS_get_u16_length_prefixed(&body, &suites) || CBS_len(&suites) == 0 || CBS_len(&suites) % 2 != 0 ||
        !CBS_get_u8_length_prefixed(&body, &methods) || !offers_no_compression(&methods))
        return ERR_SYNTAX;
    if (CBS_len(&body) == 0) return ERR_OK; /* TLS 1.2 without extensions */
    if (!CBS_get_u16_length_prefixed(&body, &list) || CBS_len(&body) != 0) return ERR_SYNTAX;
    return read_extensions(&list, hello);
}

enum err hello_peek(struct span in, struct hello *hello_out)
{
    struct message message;
    struct hello hello = {0};
    CBS body;

    TRY(reassemble(in, &message));
    CBS_init(&body, message.at + MESSAGE_HEADER_LEN, message.need - MESSAGE_HEADER_LEN);
    TRY(read_message(body, &hello));
    *hello_out = hello;
    return ERR_OK;
}
