/* addr_test.c — what is an address, and which addresses are nobody's business: every block at its edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "reactor/base/own.h"
#include "reactor/net/addr_table.h"
#include "tests/corpus.h"

/* clang-format off */
/* One row a block of addr_table.c: its first and last address, and who lives next door (no name: global; no address:
 * the number line ends). */
#define F3 ":ffff:ffff:ffff"
#define F4 ":ffff" F3
#define F5 ":ffff" F4
#define F6 ":ffff" F5
#define F7 ":ffff" F6
static const struct {
    const char *first, *last, *name, *below, *below_name, *above, *above_name;
} edges[] = {
    {"0.0.0.0", "0.255.255.255", "this network", "", NULL, "1.0.0.0", NULL},
    {"10.0.0.0", "10.255.255.255", "private", "9.255.255.255", NULL, "11.0.0.0", NULL},
    {"100.64.0.0", "100.127.255.255", "carrier-grade NAT", "100.63.255.255", NULL, "100.128.0.0", NULL},
    {"127.0.0.0", "127.255.255.255", "loopback", "126.255.255.255", NULL, "128.0.0.0", NULL},
    {"169.254.0.0", "169.254.255.255", "link-local", "169.253.255.255", NULL, "169.255.0.0", NULL},
    {"172.16.0.0", "172.31.255.255", "private", "172.15.255.255", NULL, "172.32.0.0", NULL},
    {"192.0.0.0", "192.0.0.255", "protocol assignments", "191.255.255.255", NULL, "192.0.1.0", NULL},
    {"192.0.2.0", "192.0.2.255", "documentation", "192.0.1.255", NULL, "192.0.3.0", NULL},
    {"192.31.196.0", "192.31.196.255", "AS112", "192.31.195.255", NULL, "192.31.197.0", NULL},
    {"192.52.193.0", "192.52.193.255", "AMT", "192.52.192.255", NULL, "192.52.194.0", NULL},
    {"192.88.99.0", "192.88.99.255", "6to4 relay anycast", "192.88.98.255", NULL, "192.88.100.0", NULL},
    {"192.168.0.0", "192.168.255.255", "private", "192.167.255.255", NULL, "192.169.0.0", NULL},
    {"192.175.48.0", "192.175.48.255", "AS112", "192.175.47.255", NULL, "192.175.49.0", NULL},
    {"198.18.0.0", "198.19.255.255", "benchmarking", "198.17.255.255", NULL, "198.20.0.0", NULL},
    {"198.51.100.0", "198.51.100.255", "documentation", "198.51.99.255", NULL, "198.51.101.0", NULL},
    {"203.0.113.0", "203.0.113.255", "documentation", "203.0.112.255", NULL, "203.0.114.0", NULL},
    {"224.0.0.0", "239.255.255.255", "multicast", "223.255.255.255", NULL, "240.0.0.0", "reserved"},
    {"255.255.255.255", "255.255.255.255", "broadcast", "255.255.255.254", "reserved", "", NULL},
    {"240.0.0.0", "255.255.255.254", "reserved", "239.255.255.255", "multicast", "255.255.255.255", "broadcast"},
    {"161.26.0.0", "161.26.255.255", "cloud platform services", "161.25.255.255", NULL, "161.27.0.0", NULL},
    {"166.8.0.0", "166.11.255.255", "cloud platform services", "166.7.255.255", NULL, "166.12.0.0", NULL},
    {"168.63.129.16", "168.63.129.16", "cloud platform services", "168.63.129.15", NULL, "168.63.129.17", NULL},
    {"199.36.153.4", "199.36.153.7", "cloud platform services",
     "199.36.153.3", NULL, "199.36.153.8", "cloud platform services"},
    {"199.36.153.8", "199.36.153.11", "cloud platform services",
     "199.36.153.7", "cloud platform services", "199.36.153.12", NULL},
    {"::", "::", "unspecified", "", NULL, "::1", "loopback"},
    {"::1", "::1", "loopback", "::", "unspecified", "::2", "IPv4-compatible"},
    {"::2", "::ffff:ffff", "IPv4-compatible", "::1", "loopback", "::1:0:0", "reserved"},
    {"::ffff:0:0", "::ffff:ffff:ffff", "IPv4-mapped", "::fffe:ffff:ffff", "reserved", "::1:0:0:0", "reserved"},
    {"::ffff:0:0:0", "::ffff:0:ffff:ffff", "IPv4-translated",
     "::fffe:ffff:ffff:ffff", "reserved", "::ffff:1:0:0", "reserved"},
    {"64:ff9b:1::", "64:ff9b:1" F5, "local NAT64", "64:ff9b::1:0:0", "reserved", "64:ff9b:2::", "reserved"},
    {"100::", "100::ffff:ffff:ffff:ffff", "discard-only", "ff" F7, "reserved", "100:0:0:1::", "dummy prefix"},
    {"100:0:0:1::", "100:0:0:1" F4, "dummy prefix",
     "100::ffff:ffff:ffff:ffff", "discard-only", "100:0:0:2::", "reserved"},
    {"::1:0:0", "1fff" F7, "reserved", "::ffff:ffff", "IPv4-compatible", "2000::", NULL},
    {"2001::", "2001:0" F6, "Teredo", "2000" F7, NULL, "2001:1::", "protocol assignments"},
    {"2001:1::1", "2001:1::1", "PCP anycast", "2001:1::", "protocol assignments", "2001:1::2", "TURN anycast"},
    {"2001:1::2", "2001:1::2", "TURN anycast", "2001:1::1", "PCP anycast", "2001:1::3", "DNS-SD SRP anycast"},
    {"2001:1::3", "2001:1::3", "DNS-SD SRP anycast",
     "2001:1::2", "TURN anycast", "2001:1::4", "protocol assignments"},
    {"2001:2::", "2001:2:0" F5, "benchmarking",
     "2001:1" F6, "protocol assignments", "2001:2:1::", "protocol assignments"},
    {"2001:3::", "2001:3" F6, "AMT", "2001:2" F6, "protocol assignments", "2001:4::", "protocol assignments"},
    {"2001:4:112::", "2001:4:112" F5, "AS112",
     "2001:4:111" F5, "protocol assignments", "2001:4:113::", "protocol assignments"},
    {"2001:10::", "2001:1f" F6, "ORCHID", "2001:f" F6, "protocol assignments", "2001:20::", "ORCHIDv2"},
    {"2001:20::", "2001:2f" F6, "ORCHIDv2", "2001:1f" F6, "ORCHID", "2001:30::", "drone remote ID"},
    {"2001:30::", "2001:3f" F6, "drone remote ID", "2001:2f" F6, "ORCHIDv2", "2001:40::", "protocol assignments"},
    {"2001:1::", "2001:1ff" F6, "protocol assignments", "2001:0" F6, "Teredo", "2001:200::", NULL},
    {"2001:db8::", "2001:db8" F6, "documentation", "2001:db7" F6, NULL, "2001:db9::", NULL},
    {"2002::", "2002" F7, "6to4", "2001" F7, NULL, "2003::", NULL},
    {"2620:4f:8000::", "2620:4f:8000" F5, "AS112", "2620:4f:7fff" F5, NULL, "2620:4f:8001::", NULL},
    {"3ffe::", "3ffe" F7, "6bone", "3ffd" F7, NULL, "3fff::", "documentation"},
    {"3fff::", "3fff:fff" F6, "documentation", "3ffe" F7, "6bone", "3fff:1000::", NULL},
    {"5f00::", "5f00" F7, "SRv6 segments", "5eff" F7, "reserved", "5f01::", "reserved"},
    {"4000::", "7fff" F7, "reserved", "3fff" F7, NULL, "8000::", "reserved"},
    {"fc00::", "fdff" F7, "unique local", "fbff" F7, "reserved", "fe00::", "reserved"},
    {"fe80::", "febf" F7, "link-local", "fe7f" F7, "reserved", "fec0::", "site-local"},
    {"fec0::", "feff" F7, "site-local", "febf" F7, "link-local", "ff00::", "multicast"},
    {"ff00::", "ffff" F7, "multicast", "feff" F7, "site-local", "", NULL},
    {"8000::", "fbff" F7, "reserved", "7fff" F7, "reserved", "fc00::", "unique local"},
};

/* NAT64 is judged by the IPv4 address it carries; every other way of carrying one is special as it is. */
static const struct { const char *text, *name; } embedded[] = {
    {"64:ff9b::8.8.8.8",           NULL},
    {"64:ff9b::93.184.216.34",     NULL},
    {"64:ff9b::127.0.0.1",         "loopback"},
    {"64:ff9b::10.0.0.1",          "private"},
    {"64:ff9b::169.254.169.254",   "link-local"},
    {"64:ff9b::168.63.129.16",     "cloud platform services"},
    {"64:ff9b::",                  "this network"},
    {"64:ff9b::255.255.255.255",   "broadcast"},
    {"64:ff9b::1:0:0",             "reserved"},
    {"64:ff9b:1::8.8.8.8",         "local NAT64"},
    {"::ffff:8.8.8.8",             "IPv4-mapped"},
    {"::ffff:127.0.0.1",           "IPv4-mapped"},
    {"::8.8.8.8",                  "IPv4-compatible"},
    {"::ffff:0:8.8.8.8",           "IPv4-translated"},
    {"2002:808:808::1",            "6to4"},
    {"2001:0:4100:1::f7f7:f7f7",   "Teredo"},
    {"fe80::5efe:10.0.0.1",        "link-local"},
    {"2a00:1450::5efe:10.0.0.1",   NULL},
};

static const struct { const char *text; size_t len; } not_addresses[] = {
#define BAD(text) {text, sizeof(text) - 1}
    BAD(""), BAD("."), BAD(":"), BAD(":::"), BAD("127.1"), BAD("2130706433"), BAD("0x7f.0.0.1"), BAD("0177.0.0.1"),
    BAD("1.2.3.04"),
    BAD("1.2.3"), BAD("1.2.3.4.5"), BAD("256.0.0.1"), BAD("1.2.3.4."), BAD(" 1.2.3.4"), BAD("1.2.3.4 "),
    BAD("1.2.3.4\n"), BAD("1.2.3.4\0"),
    BAD("1.2.3.-4"), BAD("1.2.3.4/32"), BAD("1.2.3.4:80"), BAD("::1%lo"), BAD("[::1]"), BAD(":::1"), BAD("g::"),
    BAD("::ffff:1.2.3"),
    BAD("::ffff:01.2.3.4"), BAD("1:2:3:4:5:6:7"), BAD("1:2:3:4:5:6:7:8:9"), BAD("1::2::3"), BAD("10000::"),
    BAD("1:2:3:4:5:6:7:8::"),
    BAD("0000:0000:0000:0000:0000:ffff:0192.168.100.228"), BAD("api.example.com"),
#undef BAD
};

static const struct { const char *text; enum err err; } prefixes[] = {
    {"10.0.0.0/8", ERR_OK}, {"0.0.0.0/0", ERR_OK}, {"10.1.2.3/32", ERR_OK}, {"fd00::/8", ERR_OK}, {"::/0", ERR_OK},
    {"::1/128", ERR_OK},
    {"10.0.0.1/8", ERR_SYNTAX}, {"10.0.0.0/33", ERR_SYNTAX}, {"::/129", ERR_SYNTAX}, {"10.0.0.0", ERR_SYNTAX},
    {"10.0.0.0/", ERR_SYNTAX},
    {"10.0.0.0/08", ERR_SYNTAX}, {"10.0.0.0/-1", ERR_SYNTAX}, {"10.0.0.0/8 ", ERR_SYNTAX},
    {"10.0.0.0/8/8", ERR_SYNTAX}, {"10/8", ERR_SYNTAX},
    {"fd00::1/8", ERR_SYNTAX}, {"10.0.0.0/+8", ERR_SYNTAX}, {"10.0.0.0/4294967304", ERR_SYNTAX},
    {"172.16.0.0/11", ERR_SYNTAX},
};

static const struct { const char *in; uint16_t port; const char *out; } texts[] = {
    {"93.184.216.34", 443, "93.184.216.34:443"}, {"93.184.216.34", 0, "93.184.216.34"},
    {"2001:DB8:0:0:0:0:0:1", 443, "[2001:db8::1]:443"}, {"2001:db8:0:1:1:1:1:1", 0, "2001:db8:0:1:1:1:1:1"},
    {"2001:0:0:1:0:0:0:1", 0, "2001:0:0:1::1"}, {"::ffff:1.2.3.4", 65535, "[::ffff:1.2.3.4]:65535"}, {"::", 0, "::"},
};
/* clang-format on */

static struct addr parsed(const char *text)
{
    struct addr addr;

    if (addr_parse(span_of(text), &addr) != ERR_OK) fail_msg("%s is an address", text);
    return addr;
}

static void expect_special(const char *text, const char *name)
{
    struct addr addr;

    if (text[0] == '\0') return; /* the number line ends here */
    addr = parsed(text);
    const char *got = addr_special(&addr);
    if ((got == NULL) != (name == NULL) || (name != NULL && strcmp(got, name) != 0))
        fail_msg("%s: %s, not %s", text, got != NULL ? got : "global", name != NULL ? name : "global");
}

static void every_block_ends_where_its_rfc_says(void **state)
{
    (void)state;
    assert_int_equal(COUNT_OF(edges), addr_block_count);
    for (size_t i = 0; i < COUNT_OF(edges); i++) {
        assert_string_equal(edges[i].name, addr_blocks[i].name);
        expect_special(edges[i].first, edges[i].name);
        expect_special(edges[i].last, edges[i].name);
        expect_special(edges[i].below, edges[i].below_name);
        expect_special(edges[i].above, edges[i].above_name);
    }
}

static void an_embedded_ipv4_address_is_no_way_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(embedded); i++) expect_special(embedded[i].text, embedded[i].name);
}

static void what_two_parsers_read_differently_is_no_address(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(not_addresses); i++) {
        struct addr addr = {.family = 9};
        struct span text = {(const uint8_t *)not_addresses[i].text, not_addresses[i].len};
        if (addr_parse(text, &addr) != ERR_SYNTAX) fail_msg("'%s' was taken", not_addresses[i].text);
        assert_int_equal(addr.family, 9);
    }
}

static void a_prefix_has_no_host_bits(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
        struct prefix prefix;
        if (prefix_parse(span_of(prefixes[i].text), &prefix) != prefixes[i].err) fail_msg("%s", prefixes[i].text);
    }
}

static void an_address_prints_as_rfc_5952_says(void **state)
{
    char text[ADDR_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct addr addr = parsed(texts[i].in);
        addr.port = texts[i].port;
        assert_string_equal(addr_text(&addr, text), texts[i].out);
    }
    assert_string_equal(addr_text(&(struct addr){0}, text), "none");
}

static void a_route_may_name_a_private_range_and_opens_nothing_else(void **state)
{
    struct prefix allow[2];
    const struct addr_rules rules = {allow, 2}, none = {NULL, 0};
    struct addr in = parsed("10.1.255.255"), out = parsed("10.2.0.0"), mapped = parsed("::ffff:10.1.0.1"),
                nat64 = parsed("64:ff9b::10.1.0.1"), global = parsed("8.8.8.8"), nothing = {0};

    (void)state;
    assert_int_equal(prefix_parse(SPAN_LIT("10.1.0.0/16"), &allow[0]), ERR_OK);
    assert_int_equal(prefix_parse(SPAN_LIT("fd00:1::/32"), &allow[1]), ERR_OK);
    assert_null(addr_refused(&in, &rules));
    assert_string_equal(addr_refused(&in, &none), "private");
    assert_string_equal(addr_refused(&out, &rules), "private");
    assert_string_equal(addr_refused(&mapped, &rules), "IPv4-mapped");
    assert_string_equal(addr_refused(&nat64, &rules), "private");
    assert_null(addr_refused(&global, &none));
    assert_string_equal(addr_refused(&nothing, &rules), "no address");
}

/* The last address of a prefix. */
static struct addr last_of(const struct prefix *prefix)
{
    struct addr addr = prefix->base;

    for (unsigned bit = prefix->bits; bit < (addr.family == 4 ? 32u : 128u); bit++)
        addr.ip[bit / 8] |= (uint8_t)(0x80u >> bit % 8);
    return addr;
}

static bool range_is_allowed(struct span text)
{
    struct prefix prefix = {0};
    struct addr last;

    if (prefix_parse(text, &prefix) != ERR_OK) fail_msg("%.*s", SPAN_FMT(text));
    last = last_of(&prefix);
    return addr_special(&prefix.base) == NULL || addr_special(&last) == NULL;
}

static bool address_is_allowed(struct span text)
{
    struct addr addr;
    return addr_parse(text, &addr) == ERR_OK && addr_special(&addr) == NULL;
}

static bool row_is_allowed(const cJSON *row)
{
    struct buf text = {0};
    bool allowed;

    if (corpus_octets(row, "cidr", &text)) {
        allowed = range_is_allowed(buf_span(&text));
    } else {
        if (!corpus_octets(row, "addr", &text)) assert_true(corpus_octets(row, "text", &text));
        allowed = address_is_allowed(buf_span(&text));
    }
    buf_clear(&text);
    return allowed;
}

static void the_corpus_agrees(void **state)
{
    struct corpus corpus;
    size_t rows = 0, wrong = 0;

    (void)state;
    if (!corpus_open(&corpus, "ssrf-addresses.jsonl")) skip();
    for (const cJSON *row; (row = corpus_next(&corpus)) != NULL; rows++) {
        if (row_is_allowed(row) == (strcmp(corpus_text(row, "default"), "allow") == 0)) continue;
        print_message("  %s: %s\n", corpus_text(row, "id"), corpus_text(row, "note"));
        wrong++;
    }
    corpus_close(&corpus);
    print_message("  %zu rows, %zu wrong\n", rows, wrong);
    assert_int_equal(wrong, 0);
    assert_true(rows > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_block_ends_where_its_rfc_says),
        cmocka_unit_test(an_embedded_ipv4_address_is_no_way_in),
        cmocka_unit_test(what_two_parsers_read_differently_is_no_address),
        cmocka_unit_test(a_prefix_has_no_host_bits),
        cmocka_unit_test(an_address_prints_as_rfc_5952_says),
        cmocka_unit_test(a_route_may_name_a_private_range_and_opens_nothing_else),
        cmocka_unit_test(the_corpus_agrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
