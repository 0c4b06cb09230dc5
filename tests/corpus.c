#include "tests/corpus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include <openssl/base64.h>
#include <unistd.h>

bool corpus_open(struct corpus *corpus, const char *name)
{
    const char *folder = getenv("BOTTLED_CORPORA");
    char path[4096], command[4200];

    snprintf(path, sizeof path, "%s/%s", folder != NULL ? folder : "../shared/corpora", name);
    if (access(path, R_OK) != 0) {
        print_message("skipped: no %s\n", path);
        return false;
    }
    snprintf(command, sizeof command, "exec gzip -dcf '%s'", path); /* what is not packed comes as it is */
    *corpus = (struct corpus){.file = popen(command, "r")};
    assert_non_null(corpus->file);
    return true;
}

void corpus_close(struct corpus *corpus)
{
    cJSON_Delete(corpus->row);
    free(corpus->line);
    pclose(corpus->file);
    *corpus = (struct corpus){0};
}

const cJSON *corpus_next(struct corpus *corpus)
{
    cJSON_Delete(corpus->row);
    corpus->row = NULL;
    if (getline(&corpus->line, &corpus->line_size, corpus->file) < 0) return NULL;
    for (char *nul = corpus->line; (nul = strstr(nul, "\\u0000")) != NULL;) memcpy(nul, "\\ue000", 6);
    corpus->row = cJSON_Parse(corpus->line);
    if (corpus->row == NULL) fail_msg("a line of the corpus is not JSON");
    return corpus->row;
}

const char *corpus_text(const cJSON *row, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(row, key));
    return text != NULL ? text : "";
}

bool corpus_octets(const cJSON *row, const char *key, struct buf *out)
{
    static const char nul[] = "\xee\x80\x80"; /* U+E000 */
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(row, key));

    for (const char *at = text; at != NULL && *at != '\0';) {
        bool is_nul = strncmp(at, nul, 3) == 0;
        struct span octet = {(const uint8_t *)(is_nul ? "" : at), 1};
        assert_int_equal(buf_add(out, octet), ERR_OK);
        at += is_nul ? 3 : 1;
    }
    return text != NULL;
}

int corpus_number(const cJSON *row, const char *key, int fallback)
{
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(row, key);
    return cJSON_IsNumber(number) ? number->valueint : fallback;
}

bool corpus_allows(const cJSON *row, const char *key, int number)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(row, key), *item;

    cJSON_ArrayForEach(item, list) if (item->valueint == number) return true;
    return cJSON_GetArraySize(list) == 0;
}

static void add_base64(const char *text, int times, struct buf *out)
{
    size_t max = strlen(text) / 4 * 3, len;
    uint8_t *bytes = malloc(max + 1);

    assert_non_null(bytes);
    if (!EVP_DecodeBase64(bytes, &len, max + 1, (const uint8_t *)text, strlen(text))) fail_msg("not base64: %s", text);
    for (; times > 0; times--) assert_int_equal(buf_add(out, (struct span){bytes, len}), ERR_OK);
    free(bytes);
}

bool corpus_bytes(const cJSON *row, const char *key, struct buf *out)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(row, key));

    if (text != NULL) add_base64(text, 1, out);
    return text != NULL;
}

bool corpus_parts(const cJSON *row, const char *key, struct buf *out)
{
    const cJSON *parts = cJSON_GetObjectItemCaseSensitive(row, key), *part;

    cJSON_ArrayForEach(part, parts)
        add_base64(cJSON_GetStringValue(cJSON_GetArrayItem(part, 0)), cJSON_GetArrayItem(part, 1)->valueint, out);
    return parts != NULL;
}
