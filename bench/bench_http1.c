/* bench_http1.c — question: what does one head cost, found, parsed, and written again?
 * Three requests: curl's (3 fields), an LLM client's (20 fields, 1.2 KiB), a browser's with a 4 KiB cookie.  The number
 * decides whether the parser may stay portable C: a request costs some 50 us of TLS and scanning, so 1 us is enough. */
#include "bench/bench.h"
#include "reactor/wire/http1.h"

enum { HEADS = 10000 };

static uint8_t wire[HEAD_BYTES_MAX];
static size_t wire_len;
static struct buf out;

static void add(const char *text)
{
    size_t len = strlen(text);
    memcpy(wire + wire_len, text, len);
    wire_len += len;
}

static void prepare(size_t fields, size_t cookie)
{
    char text[128];

    wire_len = 0;
    add("POST /v1/messages?beta=true HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: client/1.2.3\r\nAccept: */*\r\n");
    for (size_t i = 3; i < fields; i++) {
        snprintf(text, sizeof text, "X-Client-Name-%zu: a value of some thirty bytes, %zu\r\n", i, i);
        add(text);
    }
    if (cookie > 0) {
        add("Cookie: ");
        memset(wire + wire_len, 'c', cookie);
        wire_len += cookie;
        add("\r\n");
    }
    add("Content-Length: 1024\r\n\r\n");
}

static struct head *parse(void)
{
    static struct head head;
    struct http1_fault fault;
    size_t scanned = 0, len;
    struct span in = {wire, wire_len};

    if (http1_find_head(in, &scanned, &len) != ERR_OK) abort();
    if (http1_parse_request(span_first(in, len), &head, &fault) != ERR_OK) abort();
    return &head;
}

static uint64_t find_all(void)
{
    uint64_t sum = 0;

    for (int i = 0; i < HEADS; i++) {
        size_t scanned = 0, len;
        if (http1_find_head((struct span){wire, wire_len}, &scanned, &len) != ERR_OK) abort();
        sum += len;
    }
    return sum;
}

static uint64_t parse_all(void)
{
    uint64_t sum = 0;

    for (int i = 0; i < HEADS; i++) sum += parse()->length;
    return sum;
}

static uint64_t write_all(void)
{
    struct head *head = parse();
    uint64_t sum = 0;

    head_drop_hop_fields(head);
    head_remove(head, SPAN_LIT("content-length"));
    for (int i = 0; i < HEADS; i++) {
        if (http1_write_request(&out, head, false) != ERR_OK) abort();
        sum += buf_len(&out);
        out.from = out.to = 0; /* the memory stays: the allocator is not the question */
    }
    return sum;
}

static uint64_t drop_all(void)
{
    uint64_t sum = 0;

    for (int i = 0; i < HEADS; i++) {
        struct head *head = parse();
        head_drop_hop_fields(head);
        sum += head->field_count;
    }
    return sum;
}

static void run(const char *shape, size_t fields, size_t cookie)
{
    char name[64];
    const struct {
        const char *what;
        uint64_t (*body)(void);
    } runs[] = {{"find", find_all}, {"find+parse", parse_all}, {"find+parse+drop", drop_all}, {"write", write_all}};

    prepare(fields, cookie);
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        snprintf(name, sizeof name, "http1/%s/%s", shape, runs[i].what);
        bench_run(name, HEADS, (uint64_t)wire_len * HEADS, runs[i].body);
    }
}

int main(void)
{
    run("curl", 3, 0);
    run("client", 20, 0);
    run("browser", 15, 4096);
    buf_clear(&out);
    return 0;
}
