#include "queue/payload.h"

#include <inttypes.h>
#include <stdio.h>

#include "reactor/base/limits.h"
#include "reactor/base/own.h"
#include "reactor/base/utf8.h"

enum kind { TEXT, NUMBER, BYTES, TOOL, SCOPE, WHY };

struct member {
    const char *name;
    enum kind kind;
    size_t at, size; /* size: of a number or of bytes */
};

/* clang-format off */
#define AT(type, member)           offsetof(type, member), sizeof(((type *)0)->member)
#define P_(kind, name) {#name, kind, AT(struct proposal, name)}
#define D_(kind, name) {#name, kind, AT(struct decision, name)}
#define S_(kind, name) {#name, kind, AT(struct store_pass, name)}

static const struct member proposal_members[] = {
    P_(TOOL, tool), P_(NUMBER, created_ms), P_(NUMBER, deadline_ms), P_(TEXT, bottle), P_(TEXT, method),
    P_(TEXT, scheme), P_(TEXT, host), P_(NUMBER, port), P_(TEXT, path), P_(NUMBER, body_bytes), P_(BYTES, digest),
    P_(TEXT, rule), P_(TEXT, title), P_(TEXT, service), P_(TEXT, rung), P_(TEXT, where), P_(TEXT, pointer),
    P_(TEXT, encoding), P_(TEXT, shown), P_(TEXT, context), P_(TEXT, secret), P_(BYTES, fingerprint),
    P_(NUMBER, others),
};
static const struct member decision_members[] = {
    D_(SCOPE, scope), D_(WHY, why), D_(NUMBER, at_ms), D_(TEXT, operator), D_(TEXT, words), D_(TEXT, route_methods),
    D_(TEXT, route_path),
};
static const struct member pass_members[] = {
    S_(NUMBER, request), S_(TEXT, method), S_(TEXT, host), S_(TEXT, path), S_(BYTES, digest),
};

struct shape {
    const char *head;
    const struct member *members;
    size_t count;
};
static const struct shape proposals = {"proposal 1\n", proposal_members, COUNT_OF(proposal_members)};
static const struct shape decisions = {"decision 1\n", decision_members, COUNT_OF(decision_members)};
static const struct shape passes = {"passage 1\n", pass_members, COUNT_OF(pass_members)};
/* clang-format on */

/* --- written ------------------------------------------------------------------------------------------------- */

/* Not in the middle of a character, where it is text at all. */
static struct span cut(struct span text)
{
    size_t len = PROPOSAL_TEXT_MAX;

    if (text.len <= len) return text;
    while (len > PROPOSAL_TEXT_MAX - 4 && (text.at[len] & 0xc0) == 0x80) len--;
    return span_first(text, len);
}

static uint64_t number_at(const void *at, size_t size)
{
    switch (size) {
    case sizeof(uint16_t): return *(const uint16_t *)at;
    case sizeof(uint32_t): return *(const uint32_t *)at;
    default: return *(const uint64_t *)at;
    }
}

static struct span span_at(const struct member *member, const void *at, char number[24])
{
    switch (member->kind) {
    case TEXT: return cut(*(const struct span *)at);
    case BYTES: return (struct span){at, member->size};
    case NUMBER: snprintf(number, 24, "%" PRIu64, number_at(at, member->size)); return span_of(number);
    case TOOL: return span_of(tool_name(*(const enum tool *)at));
    case SCOPE: return span_of(scope_name(*(const enum scope *)at));
    case WHY: return span_of(why_name(*(const enum why *)at));
    }
    return (struct span){0};
}

static enum err put(struct buf *out, const struct shape *shape, const void *record)
{
    char number[24];

    TRY(buf_add(out, span_of(shape->head)));
    for (size_t i = 0; i < shape->count; i++) {
        const struct member *member = &shape->members[i];
        struct span value = span_at(member, (const char *)record + member->at, number);
        TRY(buf_printf(out, "%s:%zu:", member->name, value.len));
        TRY(buf_add(out, value));
        TRY(buf_add(out, SPAN_LIT("\n")));
    }
    return ERR_OK;
}

enum err payload_put_proposal(struct buf *out, const struct proposal *proposal)
{
    return put(out, &proposals, proposal);
}
enum err payload_put_decision(struct buf *out, const struct decision *decision)
{
    return put(out, &decisions, decision);
}
enum err payload_put_pass(struct buf *out, const struct store_pass *pass) { return put(out, &passes, pass); }

/* --- read ---------------------------------------------------------------------------------------------------- */

/* Decimal, without a zero in front, up to max. */
static enum err read_number(struct span text, uint64_t max, uint64_t *number_out)
{
    uint64_t number = 0;

    if (text.len == 0 || (text.len > 1 && text.at[0] == '0')) return ERR_SYNTAX;
    for (size_t i = 0; i < text.len; i++) {
        uint64_t digit = (uint64_t)text.at[i] - '0';
        if (digit > 9 || number > (max - digit) / 10) return ERR_SYNTAX;
        number = number * 10 + digit;
    }
    *number_out = number;
    return ERR_OK;
}

static enum err take(struct span *bytes, struct span expected)
{
    if (!span_starts(*bytes, expected)) return ERR_SYNTAX;
    *bytes = span_from(*bytes, expected.len);
    return ERR_OK;
}

/* "name:5:value\n" */
static enum err take_value(struct span *bytes, const char *name, struct span *value_out)
{
    uint64_t len;
    size_t end;

    TRY(take(bytes, span_of(name)));
    TRY(take(bytes, SPAN_LIT(":")));
    end = span_find(*bytes, ':', 0);
    TRY(read_number(span_first(*bytes, end), PROPOSAL_TEXT_MAX, &len));
    *bytes = span_from(*bytes, end);
    TRY(take(bytes, SPAN_LIT(":")));
    if (bytes->len < len) return ERR_SYNTAX;
    *value_out = span_first(*bytes, (size_t)len);
    *bytes = span_from(*bytes, (size_t)len);
    return take(bytes, SPAN_LIT("\n"));
}

static enum err set_number(struct span value, void *at, size_t size)
{
    uint64_t max = size >= sizeof(uint64_t) ? UINT64_MAX : ((uint64_t)1 << 8 * size) - 1, number;

    TRY(read_number(value, max, &number));
    if (size == sizeof(uint16_t))
        *(uint16_t *)at = (uint16_t)number;
    else if (size == sizeof(uint32_t))
        *(uint32_t *)at = (uint32_t)number;
    else
        *(uint64_t *)at = number;
    return ERR_OK;
}

static enum err set(const struct member *member, struct span value, void *at)
{
    switch (member->kind) {
    case TEXT: *(struct span *)at = value; return ERR_OK;
    case NUMBER: return set_number(value, at, member->size);
    case TOOL: return tool_of(value, at);
    case SCOPE: return scope_of(value, at);
    case WHY: return why_of(value, at);
    case BYTES:
        if (value.len != member->size) return ERR_SYNTAX;
        memcpy(at, value.at, value.len);
        return ERR_OK;
    }
    return ERR_SYNTAX;
}

static enum err read_all(struct span bytes, const struct shape *shape, void *record)
{
    TRY(take(&bytes, span_of(shape->head)));
    for (size_t i = 0; i < shape->count; i++) {
        struct span value;
        TRY(take_value(&bytes, shape->members[i].name, &value));
        if (set(&shape->members[i], value, (char *)record + shape->members[i].at) != ERR_OK) return ERR_SYNTAX;
    }
    return bytes.len == 0 ? ERR_OK : ERR_SYNTAX;
}

enum err payload_read_proposal(struct span bytes, struct proposal *proposal)
{
    *proposal = (struct proposal){0};
    return read_all(bytes, &proposals, proposal);
}

enum err payload_read_decision(struct span bytes, struct decision *decision)
{
    *decision = (struct decision){0};
    return read_all(bytes, &decisions, decision);
}

enum err payload_read_pass(struct span bytes, struct store_pass *pass)
{
    *pass = (struct store_pass){0};
    return read_all(bytes, &passes, pass);
}
