#include "reactor/base/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/aes.h>
#include <stdlib.h>
#include <unistd.h>

#include "reactor/base/buf.h"
#include "reactor/base/digest.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"

struct spool {
    struct buf head;    /* the first SPOOL_MEMORY_MAX bytes */
    int fd;             /* of what follows, or -1 */
    uint8_t *piece;     /* SPOOL_PIECE_BYTES on their way to or from the file, made with it */
    uint64_t bytes_max; /* of all of it */
    uint64_t number;    /* of the spool: the upper half of its counter blocks */
    uint64_t on_disk;   /* bytes of the file */
    uint64_t read_from; /* of the whole spool */
    bool broken;
};

static uint64_t total, number_next; /* bytes in all spools; the number no spool has had */

static const AES_KEY *process_key(void)
{
    static AES_KEY key;
    static bool made;

    if (!made) {
        uint8_t bytes[32];
        digest_random(bytes, sizeof bytes);
        AES_set_encrypt_key(bytes, 256, &key);
        mem_wipe(bytes, sizeof bytes);
        made = true;
    }
    return &key;
}

static void put_be64(uint8_t *out, uint64_t value)
{
    for (int i = 7; i >= 0; i--, value >>= 8) out[i] = (uint8_t)value;
}

/* Encrypts or decrypts, which is the same, what stands at that offset of the spool's file.  The counter block is the
 * spool's number and the number of the 16-byte block in the file (NIST SP 800-38A appendix B.2): none occurs twice. */
static void crypt_at(const struct spool *spool, uint64_t offset, const uint8_t *in, uint8_t *out, size_t len)
{
    uint8_t counter[16], stream[16], skipped[16] = {0};
    unsigned used = 0;

    put_be64(counter, spool->number);
    put_be64(counter + 8, offset / 16);
    AES_ctr128_encrypt(skipped, skipped, offset % 16, process_key(), counter, stream, &used);
    AES_ctr128_encrypt(in, out, len, process_key(), counter, stream, &used);
    mem_wipe(stream, sizeof stream);
}

static enum err open_file(struct spool *spool)
{
    const char *folder = getenv("TMPDIR");

    if (folder == NULL || folder[0] == '\0') folder = "/tmp";
    if (spool->piece == NULL) spool->piece = mem_new(SPOOL_PIECE_BYTES);
    if (spool->piece == NULL) return ERR_NOMEM;
    spool->fd = open(folder, O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    return spool->fd >= 0 ? ERR_OK : ERR_SYS;
}

static enum err write_all(int fd, const uint8_t *bytes, size_t len, uint64_t offset)
{
    while (len > 0) {
        ssize_t n = pwrite(fd, bytes, len, (off_t)offset);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return ERR_SYS;
        bytes += n;
        len -= (size_t)n;
        offset += (uint64_t)n;
    }
    return ERR_OK;
}

static enum err read_all(int fd, uint8_t *bytes, size_t len, uint64_t offset)
{
    while (len > 0) {
        ssize_t n = pread(fd, bytes, len, (off_t)offset);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return ERR_SYS;
        bytes += n;
        len -= (size_t)n;
        offset += (uint64_t)n;
    }
    return ERR_OK;
}

static enum err append_to_file(struct spool *spool, struct span bytes)
{
    if (bytes.len > 0 && spool->fd < 0) TRY(open_file(spool));
    while (bytes.len > 0) {
        struct span piece = span_first(bytes, SPOOL_PIECE_BYTES);
        crypt_at(spool, spool->on_disk, piece.at, spool->piece, piece.len);
        TRY(write_all(spool->fd, spool->piece, piece.len, spool->on_disk));
        spool->on_disk += piece.len;
        total += piece.len;
        bytes = span_from(bytes, piece.len);
    }
    return ERR_OK;
}

enum err spool_new(uint64_t bytes_max, struct spool **spool_out)
{
    struct spool *spool = mem_new(sizeof *spool);

    if (spool == NULL) return ERR_NOMEM;
    spool->fd = -1;
    spool->bytes_max = bytes_max;
    spool->number = number_next++;
    *spool_out = spool;
    return ERR_OK;
}

void spool_free(struct spool **spool)
{
    struct spool *freed = MOVE(*spool);

    if (freed == NULL) return;
    total -= spool_len(freed);
    buf_clear(&freed->head);
    if (freed->fd >= 0) close(freed->fd);
    if (freed->piece != NULL) mem_wipe(freed->piece, SPOOL_PIECE_BYTES);
    mem_free(freed->piece);
    mem_free(freed);
}

enum err spool_append(struct spool *spool, struct span bytes)
{
    size_t len = SPOOL_MEMORY_MAX - buf_len(&spool->head); /* that still go to memory */
    enum err err;

    if (spool->broken) return ERR_SYS;
    if (bytes.len > spool->bytes_max - spool_len(spool) || bytes.len > SPOOL_TOTAL_MAX - total) return ERR_LIMIT;
    if (len > bytes.len) len = bytes.len;
    TRY(buf_add(&spool->head, span_first(bytes, len)));
    total += len;
    err = append_to_file(spool, span_from(bytes, len));
    spool->broken = err != ERR_OK; /* a part is in: what follows would be another body */
    return err;
}

uint64_t spool_len(const struct spool *spool) { return buf_len(&spool->head) + spool->on_disk; }

static enum err read_from_file(struct spool *spool, uint64_t offset, struct span *piece_out)
{
    uint64_t left = spool->on_disk - offset;
    size_t len = left < SPOOL_PIECE_BYTES ? (size_t)left : SPOOL_PIECE_BYTES;

    if (len > 0) TRY(read_all(spool->fd, spool->piece, len, offset));
    crypt_at(spool, offset, spool->piece, spool->piece, len);
    *piece_out = (struct span){spool->piece, len};
    return ERR_OK;
}

enum err spool_read(struct spool *spool, struct span *piece_out)
{
    size_t in_memory = buf_len(&spool->head);

    if (spool->read_from < in_memory)
        *piece_out = span_first(span_from(buf_span(&spool->head), spool->read_from), SPOOL_PIECE_BYTES);
    else if (spool->on_disk > 0)
        TRY(read_from_file(spool, spool->read_from - in_memory, piece_out));
    else
        *piece_out = (struct span){0};
    spool->read_from += piece_out->len;
    return ERR_OK;
}

void spool_rewind(struct spool *spool) { spool->read_from = 0; }
