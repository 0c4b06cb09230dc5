#include "reactor/wire/dns.h"

#include <ctype.h>

enum { HEADER = 12, TYPE_A = 1, CLASS_IN = 1, TTL_S = 60, POINTER_TO_NAME = 0xc00c };

static uint16_t get16(struct span in, size_t at) { return (uint16_t)(in.at[at] << 8 | in.at[at + 1]); }

static size_t put16(uint8_t *out, size_t at, uint16_t value)
{
    out[at] = (uint8_t)(value >> 8);
    out[at + 1] = (uint8_t)value;
    return at + 2;
}

static bool is_name_byte(uint8_t c) { return (isalnum(c) && c < 0x80) || c == '-' || c == '_'; }

/* Labels from offset HEADER on; no compression, as a question has nothing to point at.  Returns the offset behind,
 * or 0. */
static size_t read_name(struct span in, char name[NAME_BYTES_MAX + 1])
{
    size_t at = HEADER, len = 0;

    for (;;) {
        if (at >= in.len) return 0;
        size_t label = in.at[at++];
        if (label == 0) break;
        if (label > 63 || label > in.len - at || len + label + 1 > NAME_BYTES_MAX) return 0;
        if (len > 0) name[len++] = '.';
        for (size_t i = 0; i < label; i++, at++) {
            if (!is_name_byte(in.at[at])) return 0;
            name[len++] = (char)tolower(in.at[at]);
        }
    }
    name[len] = '\0';
    return len > 0 ? at : 0;
}

/* Where the question ends, or 0. */
static size_t read_question(struct span in, struct dns_question *question)
{
    size_t at;

    if (in.len < HEADER || (get16(in, 2) & 0xf800) != 0) return 0; /* a query, opcode QUERY */
    if (get16(in, 4) != 1 || get16(in, 6) != 0 || get16(in, 8) != 0) return 0;
    at = read_name(in, question->name);
    if (at == 0 || in.len - at < 4 || get16(in, at + 2) != CLASS_IN) return 0;
    question->type = get16(in, at);
    return at + 4;
}

enum err dns_read(struct span in, struct dns_question *question)
{
    return read_question(in, question) > 0 ? ERR_OK : ERR_SYNTAX;
}

struct addr dns_made_up(struct span name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    struct addr addr = {.family = 4};

    for (size_t i = 0; i < name.len; i++) hash = (hash ^ name.at[i]) * 16777619u;
    hash = 0xc6120000u | (1 + (hash ^ hash >> 17) % 0x1fffeu); /* 198.18.0.1 to 198.19.255.254 */
    for (int i = 0; i < 4; i++) addr.ip[i] = (uint8_t)(hash >> (24 - 8 * i));
    return addr;
}

static void put_header(uint8_t *out, struct span in, uint16_t rcode, uint16_t questions, uint16_t answers)
{
    uint16_t wants_recursion = get16(in, 2) & 0x0100;

    memset(out, 0, HEADER);
    put16(out, 0, get16(in, 0));
    put16(out, 2, (uint16_t)(0x8080 | wants_recursion | rcode)); /* a response, recursion available */
    put16(out, 4, questions);
    put16(out, 6, answers);
}

size_t dns_answer(struct span in, const struct dns_question *question, uint8_t out[DNS_ANSWER_MAX])
{
    struct dns_question again;
    size_t at = read_question(in, &again);
    struct addr addr = dns_made_up(span_of(question->name));
    bool answers = question->type == TYPE_A;

    memcpy(out, in.at, at);
    put_header(out, in, 0, 1, answers);
    if (!answers) return at;
    at = put16(out, at, POINTER_TO_NAME);
    at = put16(out, put16(out, at, TYPE_A), CLASS_IN);
    at = put16(out, put16(out, put16(out, at, 0), TTL_S), 4);
    memcpy(out + at, addr.ip, 4);
    return at + 4;
}

size_t dns_refuse(struct span in, uint8_t out[DNS_ANSWER_MAX])
{
    if (in.len < HEADER || (in.at[2] & 0x80) != 0) return 0;
    put_header(out, in, 1, 0, 0);
    return HEADER;
}
