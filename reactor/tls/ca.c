#include "reactor/tls/ca.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reactor/base/buf.h"
#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/tls/cert.h"
#include "reactor/tls/leaf.h"

#define CA_YEARS 10

struct ca {
    EVP_PKEY *key;
    X509 *cert;
    struct buf pem;
    int64_t valid_to_s;
};

void ca_free(struct ca **ca)
{
    if (*ca == NULL) return;
    EVP_PKEY_free((*ca)->key);
    X509_free((*ca)->cert);
    buf_clear(&(*ca)->pem);
    mem_free(*ca);
    *ca = NULL;
}

struct span ca_pem(const struct ca *ca) { return buf_span(&ca->pem); }
X509 *ca_cert(const struct ca *ca) { return ca->cert; }
EVP_PKEY *ca_key(const struct ca *ca) { return ca->key; }
int64_t ca_valid_to_s(const struct ca *ca) { return ca->valid_to_s; }

/* --- files ----------------------------------------------------------------------------------------------- */

struct fd {
    int fd;
};
static void fd_free(struct fd *file)
{
    if (file->fd >= 0) close(file->fd);
}
#define AUTO_FD __attribute__((cleanup(fd_free))) struct fd

/* Ours, and nobody else has the rights in forbidden. */
static enum err check_mode(int fd, mode_t type, mode_t forbidden)
{
    struct stat is;

    if (fstat(fd, &is) != 0) return ERR_SYS;
    return (is.st_mode & S_IFMT) == type && is.st_uid == geteuid() && (is.st_mode & forbidden) == 0 ? ERR_OK
                                                                                                    : ERR_DENIED;
}

static enum err open_folder(const char *path, struct fd *folder)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) return ERR_SYS;
    folder->fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder->fd < 0) return errno == ELOOP || errno == ENOTDIR ? ERR_DENIED : ERR_SYS;
    return check_mode(folder->fd, S_IFDIR, S_IWGRP | S_IWOTH);
}

/* errors: ERR_NOT_FOUND, ERR_DENIED, ERR_LIMIT, ERR_SYS, ERR_NOMEM */
static enum err read_file(int folder, const char *name, mode_t forbidden, struct buf *text)
{
    AUTO_FD file = {openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
    ssize_t len = 1;

    if (file.fd < 0) return errno == ENOENT ? ERR_NOT_FOUND : errno == ELOOP ? ERR_DENIED : ERR_SYS;
    TRY(check_mode(file.fd, S_IFREG, forbidden));
    while (len > 0) {
        uint8_t *at;
        if (buf_len(text) > CA_FILE_BYTES_MAX) return ERR_LIMIT;
        TRY(buf_room(text, CA_FILE_BYTES_MAX, &at));
        len = read(file.fd, at, CA_FILE_BYTES_MAX);
        if (len < 0) return ERR_SYS;
        buf_added(text, (size_t)len);
    }
    return ERR_OK;
}

static enum err write_all(int fd, struct span text)
{
    while (text.len > 0) {
        ssize_t len = write(fd, text.at, text.len);
        if (len <= 0) return ERR_SYS;
        text = span_from(text, (size_t)len);
    }
    return fsync(fd) == 0 ? ERR_OK : ERR_SYS;
}

/* Whole or not at all; a file that is there already stays, whoever made it. */
static enum err write_file(int folder, const char *name, mode_t mode, struct span text)
{
    char draft[32];
    uint32_t random;
    enum err err;

    RAND_bytes((uint8_t *)&random, sizeof random);
    snprintf(draft, sizeof draft, ".%s.%08x", name, random);
    AUTO_FD file = {openat(folder, draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)};
    if (file.fd < 0) return ERR_SYS;
    err = write_all(file.fd, text);
    if (err == ERR_OK && renameat2(folder, draft, folder, name, RENAME_NOREPLACE) == 0)
        return fsync(folder) == 0 ? ERR_OK : ERR_SYS;
    if (err == ERR_OK && errno != EEXIST) err = ERR_SYS;
    unlinkat(folder, draft, 0);
    return err;
}

/* --- PEM ------------------------------------------------------------------------------------------------- */

/* A key under a passphrase is not asked about; it is not a key. */
static int no_passphrase(char *to, int size, int writing, void *context)
{
    (void)to, (void)size, (void)writing, (void)context;
    return -1;
}

static enum err parse_key(struct span text, EVP_PKEY **key_out)
{
    BSSL(BIO) in = BIO_new_mem_buf(text.at, (int)text.len);
    BSSL(EVP_PKEY) key = in != NULL ? PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL) : NULL;

    if (key == NULL) return ERR_SYNTAX;
    *key_out = MOVE(key);
    return ERR_OK;
}

static enum err parse_cert(struct span text, X509 **cert_out)
{
    BSSL(BIO) in = BIO_new_mem_buf(text.at, (int)text.len);
    BSSL(X509) cert = in != NULL ? PEM_read_bio_X509(in, NULL, no_passphrase, NULL) : NULL;

    if (cert == NULL || X509_check_ca(cert) != 1) return ERR_SYNTAX;
    *cert_out = MOVE(cert);
    return ERR_OK;
}

static struct span bio_span(BIO *bio)
{
    const uint8_t *at = NULL;
    size_t len = 0;

    return BIO_mem_contents(bio, &at, &len) ? (struct span){at, len} : (struct span){0};
}

/* --- the pair -------------------------------------------------------------------------------------------- */

static enum err make_key(int folder)
{
    BSSL(BIO) out = BIO_new(BIO_s_mem());
    BSSL(EVP_PKEY) key = NULL;

    TRY(cert_key_make(&key));
    if (out == NULL || !PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL)) return ERR_NOMEM;
    return write_file(folder, "ca.key", 0600, bio_span(out));
}

static enum err read_key(int folder, EVP_PKEY **key_out)
{
    struct buf text = {0};
    enum err err = read_file(folder, "ca.key", S_IRWXG | S_IRWXO, &text);

    if (err == ERR_OK) err = parse_key(buf_span(&text), key_out);
    buf_clear(&text);
    return err;
}

/* The name ends in a random tag: two CAs of ours in one trust store are told apart. */
static enum err make_cert(int folder, EVP_PKEY *key, int64_t now_s)
{
    /* clang-format off */
    static const struct cert_extension extensions[] = {
        {NID_basic_constraints,      "critical,CA:TRUE,pathlen:0"},
        {NID_key_usage,              "critical,keyCertSign,cRLSign"},
        {NID_subject_key_identifier, "hash"},
        {0, NULL},
    };
    /* clang-format on */
    uint32_t tag;
    char subject[32];
    BSSL(BIO) out = BIO_new(BIO_s_mem());
    BSSL(X509) cert = NULL;

    RAND_bytes((uint8_t *)&tag, sizeof tag);
    snprintf(subject, sizeof subject, "bottled CA %08x", tag);
    TRY(cert_make(&(struct cert_plan){.subject = subject,
                                      .key = key,
                                      .issuer_key = key,
                                      .from_s = now_s - CERT_BACKDATED_S,
                                      .to_s = now_s + CERT_DAYS(365 * CA_YEARS),
                                      .extensions = extensions},
                  &cert));
    if (out == NULL || !PEM_write_bio_X509(out, cert)) return ERR_NOMEM;
    return write_file(folder, "ca.pem", 0644, bio_span(out));
}

static enum err check_pair(struct ca *ca, int64_t now_s)
{
    static const time_t epoch = 0;
    BSSL(ASN1_TIME) start = ASN1_TIME_set(NULL, epoch);
    time_t now = (time_t)now_s;
    int days, seconds;

    if (!X509_check_private_key(ca->cert, ca->key)) return ERR_SYNTAX;
    if (X509_cmp_time(X509_get0_notBefore(ca->cert), &now) >= 0) return ERR_TRUST;
    if (X509_cmp_time(X509_get0_notAfter(ca->cert), &now) <= 0) return ERR_TRUST;
    if (start == NULL || !ASN1_TIME_diff(&days, &seconds, start, X509_get0_notAfter(ca->cert))) return ERR_SYNTAX;
    ca->valid_to_s = CERT_DAYS(days) + seconds;
    return ERR_OK;
}

static enum err has_file(int folder, const char *name)
{
    struct stat is;

    if (fstatat(folder, name, &is, AT_SYMLINK_NOFOLLOW) == 0) return ERR_OK;
    return errno == ENOENT ? ERR_NOT_FOUND : ERR_SYS;
}

static enum err take_key(int folder, struct ca *ca)
{
    enum err err = read_key(folder, &ca->key);

    if (err != ERR_NOT_FOUND) return err;
    err = has_file(folder, "ca.pem");
    if (err != ERR_NOT_FOUND) return err == ERR_OK ? ERR_SYNTAX : err;
    TRY(make_key(folder));
    return read_key(folder, &ca->key);
}

static enum err take_cert(int folder, struct ca *ca, int64_t now_s)
{
    enum err err = read_file(folder, "ca.pem", S_IWGRP | S_IWOTH, &ca->pem);

    if (err == ERR_NOT_FOUND) {
        TRY(make_cert(folder, ca->key, now_s));
        err = read_file(folder, "ca.pem", S_IWGRP | S_IWOTH, &ca->pem);
    }
    return err == ERR_OK ? parse_cert(ca_pem(ca), &ca->cert) : err;
}

enum err ca_open(const char *folder_path, int64_t now_s, struct ca **ca_out)
{
    AUTO(ca) ca = mem_new(sizeof *ca);
    AUTO_FD folder = {-1};

    if (ca == NULL) return ERR_NOMEM;
    TRY(open_folder(folder_path, &folder));
    TRY(take_key(folder.fd, ca));
    TRY(take_cert(folder.fd, ca, now_s));
    TRY(check_pair(ca, now_s));
    *ca_out = MOVE(ca);
    return ERR_OK;
}
