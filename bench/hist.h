/* hist.h — a histogram of durations: log-linear, 64 buckets to a power of two, so a value is kept to 1.6 %. */
#pragma once
#include <stdint.h>

enum {
    HIST_LINEAR_BITS = 6,
    HIST_LINEAR = 1 << HIST_LINEAR_BITS,
    HIST_BUCKETS = (64 - HIST_LINEAR_BITS + 1) * HIST_LINEAR
};

struct hist {
    uint64_t count, max;
    uint64_t bucket[HIST_BUCKETS];
};

/* Below 128 a value is its own bucket; above, its top seven bits are. */
static inline unsigned hist_shift(uint64_t value)
{
    return value < 2 * HIST_LINEAR ? 0 : 63u - (unsigned)__builtin_clzll(value) - HIST_LINEAR_BITS;
}

static inline void hist_add(struct hist *hist, uint64_t value)
{
    unsigned shift = hist_shift(value);

    hist->bucket[shift * HIST_LINEAR + (unsigned)(value >> shift)]++;
    hist->count++;
    if (value > hist->max) hist->max = value;
}

/* The largest value that falls into the bucket. */
static inline uint64_t hist_edge(unsigned bucket)
{
    unsigned shift = bucket < 2 * HIST_LINEAR ? 0 : bucket / HIST_LINEAR - 1;

    return (((uint64_t)bucket - shift * HIST_LINEAR + 1) << shift) - 1;
}

/* The value that a share of all does not exceed; hist_at(h, 0.99) is the 99th percentile. */
static inline uint64_t hist_at(const struct hist *hist, double share)
{
    uint64_t wanted = (uint64_t)(share * (double)hist->count), seen = 0;

    for (unsigned i = 0; i < HIST_BUCKETS; i++) {
        seen += hist->bucket[i];
        if (seen > wanted) return hist_edge(i) < hist->max ? hist_edge(i) : hist->max;
    }
    return hist->max;
}
