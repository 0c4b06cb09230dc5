#include "reactor/net/addr.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "reactor/net/addr_table.h"

static int system_family(uint8_t family) { return family == 4 ? AF_INET : AF_INET6; }
static uint8_t address_bits(uint8_t family) { return family == 4 ? 32 : 128; }

enum err addr_parse(struct span text, struct addr *addr_out)
{
    struct addr addr = {.family = span_find(text, ':', 0) < text.len ? 6 : 4};
    char copy[INET6_ADDRSTRLEN] = "";

    if (text.len >= sizeof copy || span_find(text, '\0', 0) < text.len) return ERR_SYNTAX;
    if (text.len > 0) memcpy(copy, text.at, text.len);
    if (inet_pton(system_family(addr.family), copy, addr.ip) != 1) return ERR_SYNTAX;
    *addr_out = addr;
    return ERR_OK;
}

/* One or more digits without a leading zero, at most max. */
static enum err parse_bits(struct span text, unsigned max, uint8_t *bits_out)
{
    unsigned bits = 0;

    if (text.len == 0 || text.len > 3 || (text.len > 1 && text.at[0] == '0')) return ERR_SYNTAX;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') return ERR_SYNTAX;
        bits = bits * 10 + text.at[i] - '0';
    }
    if (bits > max) return ERR_SYNTAX;
    *bits_out = (uint8_t)bits;
    return ERR_OK;
}

/* The bits of byte i of an address that a prefix of that many bits compares. */
static uint8_t mask(unsigned bits, size_t i)
{
    size_t before = i * 8;

    if (bits <= before) return 0;
    return (uint8_t)(bits >= before + 8 ? 0xff : (0xff00u >> (bits - before)) & 0xff);
}

enum err prefix_parse(struct span text, struct prefix *prefix_out)
{
    size_t slash = span_find(text, '/', 0);
    struct prefix prefix;

    if (slash == text.len) return ERR_SYNTAX;
    TRY(addr_parse(span_first(text, slash), &prefix.base));
    TRY(parse_bits(span_from(text, slash + 1), address_bits(prefix.base.family), &prefix.bits));
    for (size_t i = 0; i < sizeof prefix.base.ip; i++)
        if ((prefix.base.ip[i] & ~mask(prefix.bits, i)) != 0) return ERR_SYNTAX;
    *prefix_out = prefix;
    return ERR_OK;
}

const char *addr_text(const struct addr *addr, char text[ADDR_TEXT_MAX])
{
    char ip[INET6_ADDRSTRLEN] = "none";

    if (addr->family != 0) inet_ntop(system_family(addr->family), addr->ip, ip, sizeof ip);
    if (addr->port == 0)
        snprintf(text, ADDR_TEXT_MAX, "%s", ip);
    else
        snprintf(text, ADDR_TEXT_MAX, addr->family == 6 ? "[%s]:%u" : "%s:%u", ip, addr->port);
    return text;
}

bool addr_in(const struct addr *addr, const struct prefix *prefix)
{
    if (addr->family != prefix->base.family) return false;
    for (size_t i = 0; i * 8 < prefix->bits; i++)
        if (((addr->ip[i] ^ prefix->base.ip[i]) & mask(prefix->bits, i)) != 0) return false;
    return true;
}

const char *addr_special(const struct addr *addr)
{
    if (addr->family != 4 && addr->family != 6) return "no address";
    if (addr_in(addr, &addr_nat64)) {
        struct addr inner = {.family = 4};
        memcpy(inner.ip, addr->ip + 12, 4);
        return addr_special(&inner);
    }
    for (size_t i = 0; i < addr_block_count; i++)
        if (addr_in(addr, &addr_blocks[i].prefix)) return addr_blocks[i].name;
    return NULL;
}

const char *addr_refused(const struct addr *addr, const struct addr_rules *rules)
{
    for (size_t i = 0; i < rules->allow_count; i++)
        if (addr_in(addr, &rules->allow[i])) return NULL;
    return addr_special(addr);
}
