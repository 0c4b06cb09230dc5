#include "reactor/wire/head.h"

#include "reactor/base/own.h"
#include "reactor/wire/octets.h"

static bool is_named(const struct field *field, struct span name) { return span_is_nocase(field->name, name); }

const struct field *head_find(const struct head *head, struct span name)
{
    for (size_t i = 0; i < head->field_count; i++)
        if (is_named(&head->fields[i], name)) return &head->fields[i];
    return NULL;
}

size_t head_count(const struct head *head, struct span name)
{
    size_t count = 0;

    for (size_t i = 0; i < head->field_count; i++) count += is_named(&head->fields[i], name);
    return count;
}

size_t head_remove(struct head *head, struct span name)
{
    uint16_t kept = 0, before = head->field_count;

    for (size_t i = 0; i < before; i++)
        if (!is_named(&head->fields[i], name)) head->fields[kept++] = head->fields[i];
    head->field_count = kept;
    return (size_t)before - kept;
}

enum err head_add(struct head *head, struct span name, struct span value)
{
    if (head->field_count == HEAD_FIELDS_MAX) return ERR_LIMIT;
    head->fields[head->field_count++] = (struct field){name, value};
    return ERR_OK;
}

bool head_next_element(struct span *list, struct span *element)
{
    while (list->len > 0) {
        size_t comma = span_find(*list, ',', 0);

        *element = octet_trim(span_first(*list, comma));
        *list = span_from(*list, comma < list->len ? comma + 1 : comma);
        if (element->len > 0) return true;
    }
    return false;
}

bool head_has_token(const struct head *head, struct span name, struct span token)
{
    struct span list, element;

    for (size_t i = 0; i < head->field_count; i++) {
        if (!is_named(&head->fields[i], name)) continue;
        for (list = head->fields[i].value; head_next_element(&list, &element);)
            if (span_is_nocase(element, token)) return true;
    }
    return false;
}

static const struct span hop_fields[] = {
    SPAN_LIT("connection"),
    SPAN_LIT("keep-alive"),
    SPAN_LIT("te"),
    SPAN_LIT("transfer-encoding"),
    SPAN_LIT("upgrade"),
    SPAN_LIT("http2-settings"),
    SPAN_LIT("proxy-connection"),
    SPAN_LIT("proxy-authenticate"),
    SPAN_LIT("proxy-authorization"),
    SPAN_LIT("proxy-authentication-info"),
};

static bool is_hop_field(struct span name)
{
    for (size_t i = 0; i < COUNT_OF(hop_fields); i++)
        if (span_is_nocase(name, hop_fields[i])) return true;
    return false;
}

/* Connection may name what its sender likes, but a request without its Host would be another request.  Each option is
 * read once: a field of 60,000 commas, read again for each of 256 names, would stop the loop for a second. */
static void mark_options(const struct head *head, struct span list, bool hop[HEAD_FIELDS_MAX])
{
    struct span option;

    while (head_next_element(&list, &option))
        for (size_t i = 0; i < head->field_count && !span_is_nocase(option, SPAN_LIT("host")); i++)
            hop[i] = hop[i] || is_named(&head->fields[i], option);
}

void head_drop_hop_fields(struct head *head)
{
    bool hop[HEAD_FIELDS_MAX];
    uint16_t kept = 0;

    for (size_t i = 0; i < head->field_count; i++) hop[i] = is_hop_field(head->fields[i].name);
    for (size_t i = 0; i < head->field_count; i++)
        if (is_named(&head->fields[i], SPAN_LIT("connection"))) mark_options(head, head->fields[i].value, hop);
    for (size_t i = 0; i < head->field_count; i++)
        if (!hop[i]) head->fields[kept++] = head->fields[i];
    head->field_count = kept;
}

bool head_parse_length(struct span text, uint64_t *out)
{
    uint64_t value = 0;

    if (text.len == 0 || text.len > 19) return false; /* so many digits never leave 64 bits */
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') return false;
        value = value * 10 + (uint64_t)(text.at[i] - '0');
    }
    *out = value;
    return value <= INT64_MAX;
}

/* clang-format off */
static const struct span never_trailers[] = {
    /* framing */
    SPAN_LIT("content-length"), SPAN_LIT("transfer-encoding"), SPAN_LIT("trailer"),
    SPAN_LIT("content-encoding"), SPAN_LIT("content-type"), SPAN_LIT("content-range"),
    /* routing */
    SPAN_LIT("host"), SPAN_LIT("connection"), SPAN_LIT("upgrade"), SPAN_LIT("te"), SPAN_LIT("via"),
    SPAN_LIT("forwarded"), SPAN_LIT("max-forwards"), SPAN_LIT("expect"),
    /* authentication */
    SPAN_LIT("authorization"), SPAN_LIT("proxy-authorization"), SPAN_LIT("www-authenticate"),
    SPAN_LIT("proxy-authenticate"), SPAN_LIT("cookie"), SPAN_LIT("set-cookie"),
};
/* clang-format on */

bool head_is_never_trailer(struct span name)
{
    for (size_t i = 0; i < COUNT_OF(never_trailers); i++)
        if (span_is_nocase(name, never_trailers[i])) return true;
    return false;
}
