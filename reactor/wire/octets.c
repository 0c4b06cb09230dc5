#include "reactor/wire/octets.h"

#define PLAIN (OCTET_TARGET | OCTET_VALUE)
#define MARK  (OCTET_TOKEN | PLAIN)
#define NAME  (OCTET_TOKEN | OCTET_HOST | PLAIN)

/* clang-format off */
const uint8_t octet_classes[256] = {
    ['\t']          = OCTET_VALUE,
    [' ']           = OCTET_VALUE,
    ['!']           = MARK,
    ['"']           = PLAIN,
    ['#' ... '\'']  = MARK,
    ['(' ... ')']   = PLAIN,
    ['*' ... '+']   = MARK,
    [',']           = PLAIN,
    ['-' ... '.']   = NAME,
    ['/']           = PLAIN,
    ['0' ... '9']   = NAME,
    [':']           = PLAIN | OCTET_HOST,
    [';' ... '@']   = PLAIN,
    ['A' ... 'Z']   = NAME,
    ['[']           = PLAIN | OCTET_HOST,
    ['\\']          = PLAIN,
    [']']           = PLAIN | OCTET_HOST,
    ['^']           = MARK,
    ['_']           = NAME,
    ['`']           = MARK,
    ['a' ... 'z']   = NAME,
    ['{']           = PLAIN,
    ['|']           = MARK,
    ['}']           = PLAIN,
    ['~']           = MARK,
    [0x80 ... 0xff] = OCTET_VALUE,
};
/* clang-format on */

#define EACH_BYTE(c) (0x0101010101010101u * (uint64_t)(c))

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the lowest bit is of the first byte");

/* The top bit of each byte that is a control, a tab included; exact for the first one, which is all that is asked. */
static uint64_t controls(uint64_t eight)
{
    uint64_t del = eight ^ EACH_BYTE(0x7f);
    uint64_t is_below_space = (eight - EACH_BYTE(0x20)) & ~eight;
    uint64_t is_del = (del - EACH_BYTE(1)) & ~del;

    return (is_below_space | is_del) & EACH_BYTE(0x80);
}

size_t octet_value_run(struct span s, size_t from)
{
    uint64_t eight, hits;

    while (s.len - from >= sizeof eight) {
        memcpy(&eight, s.at + from, sizeof eight);
        hits = controls(eight);
        if (hits == 0) {
            from += sizeof eight;
            continue;
        }
        from += (size_t)__builtin_ctzll(hits) / 8;
        if (s.at[from] != '\t') return from;
        from++;
    }
    return octet_run(s, from, OCTET_VALUE);
}

struct span octet_trim(struct span s)
{
    while (s.len > 0 && (s.at[0] == ' ' || s.at[0] == '\t')) s = span_from(s, 1);
    while (s.len > 0 && (s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '\t')) s.len--;
    return s;
}

enum err octet_find_end(struct span in, size_t max, bool may_be_empty, size_t *scanned, size_t *len_out)
{
    struct span seen = span_first(in, max);

    for (size_t at = *scanned; (at = span_find(seen, '\n', at)) < seen.len; at++) {
        if (at == 0 || seen.at[at - 1] != '\r') return ERR_SYNTAX;
        if (at == 1 ? may_be_empty : seen.at[at - 2] == '\n') {
            *len_out = at + 1;
            return ERR_OK;
        }
    }
    *scanned = seen.len;
    return seen.len == max ? ERR_LIMIT : ERR_AGAIN;
}
