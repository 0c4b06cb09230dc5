/* addr_table.h — the blocks of addresses that are not global unicast, as data. */
#pragma once
#include "reactor/net/addr.h"

struct addr_block {
    struct prefix prefix;
    const char *name; /* what addr_special() answers */
    const char *source;
};

/* The first block that holds an address names it: narrower blocks stand before wider ones. */
extern const struct addr_block addr_blocks[];
extern const size_t addr_block_count;

/* 64:ff9b::/96 (RFC 6052 section 2.1): global exactly when the IPv4 address in its last 32 bits is. */
extern const struct prefix addr_nat64;
