/* fuzz_hello.c — claim: the first answer that is not "more" stays, however much of the hello has come; and an accepted
 * name, put into a plain hello, is read as itself.
 * Reaches reassemble, take_name, read_alpn, read_ech.  Seeds fuzz/corpus/hello: curl, openssl and BoringSSL clients,
 * whole and fragmented. */
#include <stdlib.h>
#include <string.h>

#include "reactor/tls/hello.h"

/* in in memory of exactly its size: a read too far is seen. */
static enum err peek(struct span in, struct hello *hello)
{
    uint8_t *exact = malloc(in.len + 1);
    enum err err;

    if (exact == NULL) abort();
    memcpy(exact + 1, in.at, in.len);
    err = hello_peek((struct span){exact + 1, in.len}, hello);
    free(exact);
    return err;
}

/* Writes data behind a length of two bytes, which counts more as well. */
static size_t put(uint8_t *to, size_t more, const void *data, size_t len)
{
    to[0] = (uint8_t)((more + len) >> 8);
    to[1] = (uint8_t)(more + len);
    memcpy(to + 2, data, len);
    return 2 + len;
}

static void check_name(const struct hello *hello)
{
    static const uint8_t start[] = "\x03\x03 0123456789abcdef0123456789abcde\0\0\x02\x13\x01\x01";
    size_t name_len = strlen((const char *)hello->name), body_len = sizeof start + 2 + 9 + name_len, at;
    uint8_t wire[512];
    struct hello again;

    if (name_len == 0) return;
    memcpy(wire, "\x16\x03\x01", 3);
    at = 3 + put(wire + 3, body_len + 2, "\x01", 2); /* record; the message's type and the top of its length */
    at += put(wire + at, body_len - sizeof start, start, sizeof start); /* ends with the NUL: compression none */
    at += put(wire + at, name_len + 7, "\0", 2);                        /* extensions; server_name is type 0 */
    at += put(wire + at, name_len + 5, "", 0);                          /* the extension */
    at += put(wire + at, name_len + 2, "", 1);                          /* the list; host_name is type 0 */
    at += put(wire + at, 0, hello->name, name_len);
    if (peek((struct span){wire, at}, &again) != ERR_OK) abort();
    if (strcmp((const char *)again.name, (const char *)hello->name) != 0) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct hello whole = {0}, cut = {0};
    enum err answer, err = ERR_AGAIN;
    size_t step = len < 512 ? 1 : len / 256, at = 0;

    if (len > 2 * HELLO_BYTES_MAX) return 0;
    answer = peek((struct span){bytes, len}, &whole);
    while (err == ERR_AGAIN && at < len) {
        at = at + step < len ? at + step : len;
        err = peek((struct span){bytes, at}, &cut);
    }
    if (err != answer || memcmp(&cut, &whole, sizeof cut) != 0) abort();
    if (answer == ERR_OK) check_name(&whole);
    return 0;
}
