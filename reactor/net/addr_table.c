#include "reactor/net/addr_table.h"

#include "reactor/base/own.h"

#define V4(a, b, c, d, bits_)                                                                                          \
    {                                                                                                                  \
        {.family = 4, .ip = {a, b, c, d}}, bits_                                                                       \
    }
#define HI(group) (uint8_t)((group) >> 8)
#define LO(group) (uint8_t)((group)&0xff)
#define V6(a, b, c, d, e, f, g, h, bits_)                                                                              \
    {                                                                                                                  \
        {.family = 6,                                                                                                  \
         .ip = {HI(a), LO(a), HI(b), LO(b), HI(c), LO(c), HI(d), LO(d), HI(e), LO(e), HI(f), LO(f), HI(g), LO(g),      \
                HI(h), LO(h)}},                                                                                        \
            bits_                                                                                                      \
    }

const struct prefix addr_nat64 = V6(0x64, 0xff9b, 0, 0, 0, 0, 0, 0, 96);

/* clang-format off */
const struct addr_block addr_blocks[] = {
    /* IANA IPv4 special-purpose registry; anycast inside 192.0.0.0/24 is for the link's own devices. */
    {V4(  0,   0,   0,   0,  8), "this network",            "RFC 791 3.2"},
    {V4( 10,   0,   0,   0,  8), "private",                 "RFC 1918"},
    {V4(100,  64,   0,   0, 10), "carrier-grade NAT",       "RFC 6598"},
    {V4(127,   0,   0,   0,  8), "loopback",                "RFC 1122 3.2.1.3"},
    {V4(169, 254,   0,   0, 16), "link-local",              "RFC 3927; every cloud's metadata service"},
    {V4(172,  16,   0,   0, 12), "private",                 "RFC 1918"},
    {V4(192,   0,   0,   0, 24), "protocol assignments",    "RFC 6890 2.1"},
    {V4(192,   0,   2,   0, 24), "documentation",           "RFC 5737"},
    {V4(192,  31, 196,   0, 24), "AS112",                   "RFC 7535"},
    {V4(192,  52, 193,   0, 24), "AMT",                     "RFC 7450"},
    {V4(192,  88,  99,   0, 24), "6to4 relay anycast",      "RFC 7526"},
    {V4(192, 168,   0,   0, 16), "private",                 "RFC 1918"},
    {V4(192, 175,  48,   0, 24), "AS112",                   "RFC 7534"},
    {V4(198,  18,   0,   0, 15), "benchmarking",            "RFC 2544"},
    {V4(198,  51, 100,   0, 24), "documentation",           "RFC 5737"},
    {V4(203,   0, 113,   0, 24), "documentation",           "RFC 5737"},
    {V4(224,   0,   0,   0,  4), "multicast",               "RFC 5771"},
    {V4(255, 255, 255, 255, 32), "broadcast",               "RFC 919 7"},
    {V4(240,   0,   0,   0,  4), "reserved",                "RFC 1112 4"},
    /* Public space that leads inside, when the host stands in that cloud. */
    {V4(161,  26,   0,   0, 16), "cloud platform services", "IBM Cloud, service network"},
    {V4(166,   8,   0,   0, 14), "cloud platform services", "IBM Cloud, service endpoints"},
    {V4(168,  63, 129,  16, 32), "cloud platform services", "Azure WireServer"},
    {V4(199,  36, 153,   4, 30), "cloud platform services", "Google, restricted.googleapis.com"},
    {V4(199,  36, 153,   8, 30), "cloud platform services", "Google, private.googleapis.com"},
    /* IANA IPv6 special-purpose registry and address space: global unicast is 2000::/3 and no more. */
    {V6(0, 0, 0, 0, 0, 0, 0, 0,                128), "unspecified",          "RFC 4291 2.5.2"},
    {V6(0, 0, 0, 0, 0, 0, 0, 1,                128), "loopback",             "RFC 4291 2.5.3"},
    {V6(0, 0, 0, 0, 0, 0, 0, 0,                 96), "IPv4-compatible",      "RFC 4291 2.5.5.1"},
    {V6(0, 0, 0, 0, 0, 0xffff, 0, 0,            96), "IPv4-mapped",          "RFC 4291 2.5.5.2"},
    {V6(0, 0, 0, 0, 0xffff, 0, 0, 0,            96), "IPv4-translated",      "RFC 2765 2.1"},
    {V6(0x64, 0xff9b, 1, 0, 0, 0, 0, 0,         48), "local NAT64",          "RFC 8215"},
    {V6(0x100, 0, 0, 0, 0, 0, 0, 0,             64), "discard-only",         "RFC 6666"},
    {V6(0x100, 0, 0, 1, 0, 0, 0, 0,             64), "dummy prefix",         "RFC 9780"},
    {V6(0, 0, 0, 0, 0, 0, 0, 0,                  3), "reserved",             "RFC 4291 4"},
    {V6(0x2001, 0, 0, 0, 0, 0, 0, 0,            32), "Teredo",               "RFC 4380"},
    {V6(0x2001, 1, 0, 0, 0, 0, 0, 1,           128), "PCP anycast",          "RFC 7723"},
    {V6(0x2001, 1, 0, 0, 0, 0, 0, 2,           128), "TURN anycast",         "RFC 8155"},
    {V6(0x2001, 1, 0, 0, 0, 0, 0, 3,           128), "DNS-SD SRP anycast",   "RFC 9665"},
    {V6(0x2001, 2, 0, 0, 0, 0, 0, 0,            48), "benchmarking",         "RFC 5180"},
    {V6(0x2001, 3, 0, 0, 0, 0, 0, 0,            32), "AMT",                  "RFC 7450"},
    {V6(0x2001, 4, 0x112, 0, 0, 0, 0, 0,        48), "AS112",                "RFC 7535"},
    {V6(0x2001, 0x10, 0, 0, 0, 0, 0, 0,         28), "ORCHID",               "RFC 4843"},
    {V6(0x2001, 0x20, 0, 0, 0, 0, 0, 0,         28), "ORCHIDv2",             "RFC 7343"},
    {V6(0x2001, 0x30, 0, 0, 0, 0, 0, 0,         28), "drone remote ID",      "RFC 9374"},
    {V6(0x2001, 0, 0, 0, 0, 0, 0, 0,            23), "protocol assignments", "RFC 2928"},
    {V6(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0,        32), "documentation",        "RFC 3849"},
    {V6(0x2002, 0, 0, 0, 0, 0, 0, 0,            16), "6to4",                 "RFC 3056"},
    {V6(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0,    48), "AS112",                "RFC 7534"},
    {V6(0x3ffe, 0, 0, 0, 0, 0, 0, 0,            16), "6bone",                "RFC 3701"},
    {V6(0x3fff, 0, 0, 0, 0, 0, 0, 0,            20), "documentation",        "RFC 9637"},
    {V6(0x5f00, 0, 0, 0, 0, 0, 0, 0,            16), "SRv6 segments",        "RFC 9602"},
    {V6(0x4000, 0, 0, 0, 0, 0, 0, 0,             2), "reserved",             "RFC 4291 4"},
    {V6(0xfc00, 0, 0, 0, 0, 0, 0, 0,             7), "unique local",         "RFC 4193"},
    {V6(0xfe80, 0, 0, 0, 0, 0, 0, 0,            10), "link-local",           "RFC 4291 2.5.6"},
    {V6(0xfec0, 0, 0, 0, 0, 0, 0, 0,            10), "site-local",           "RFC 3879"},
    {V6(0xff00, 0, 0, 0, 0, 0, 0, 0,             8), "multicast",            "RFC 4291 2.7"},
    {V6(0x8000, 0, 0, 0, 0, 0, 0, 0,             1), "reserved",             "RFC 4291 4"},
};
/* clang-format on */

const size_t addr_block_count = COUNT_OF(addr_blocks);
