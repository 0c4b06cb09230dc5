/* fuzz_surround.c — claim: how a body is cut changes nothing of what is shown around a finding; of the body nothing is
 * shown but words of our list and five signs of punctuation in one go, and no known value though it is such words.
 * The first two bytes say where the finding is; in the rest a byte of 0x80 or more stands for one of the pieces.
 * Reaches surround.c, pointer.c, plain.c.  Seeds fuzz/corpus/surround. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "dlp/scan/surround.h"
#include "reactor/base/own.h"

#define VALUE "root-password"

static struct scanner *scanner;

static void require(bool claim)
{
    if (!claim) abort();
}

static void begin(void)
{
    AUTO(vault) vault = NULL;

    require(vault_new(1, &vault) == ERR_OK);
    require(vault_set(vault, 0, SPAN_LIT(VALUE)) == ERR_OK);
    require(scanner_new(vault, NULL, &scanner) == ERR_OK);
}

/* No word of the list has the letters zq. */
static struct span piece_of(const uint8_t *byte)
{
    static const struct span pieces[] = {
        SPAN_LIT(VALUE),       SPAN_LIT("zq"),           SPAN_LIT("token"),  SPAN_LIT("\": \""),
        SPAN_LIT("tokenzq"),   SPAN_LIT("a-zq"),         SPAN_LIT("[{\""),   SPAN_LIT("\"}]"),
        SPAN_LIT("password="), SPAN_LIT("\xe2\x80\xa6"), SPAN_LIT("?!&|<>"),
    };
    return *byte < 0x80 ? (struct span){byte, 1} : pieces[*byte % COUNT_OF(pieces)];
}

static size_t write_body(struct span said, uint8_t *body, size_t room)
{
    size_t len = 0;

    for (size_t i = 0; i < said.len; i++) {
        struct span piece = piece_of(said.at + i);
        if (len + piece.len > room) break;
        memcpy(body + len, piece.at, piece.len);
        len += piece.len;
    }
    return len;
}

static struct beside look(const struct findings *findings, struct span body, size_t piece, struct arena *arena)
{
    static struct surround s;

    surround_begin(&s, findings, true);
    while (body.len > 0) {
        size_t len = piece < body.len ? piece : body.len;
        surround_feed(&s, span_first(body, len));
        body = span_from(body, len);
    }
    struct beside *beside = surround_end(&s, findings, scanner, arena);
    require(beside != NULL);
    return *beside;
}

/* With the last of words in a row, as =, and a bracket of ours; the mark is three bytes, none of them ASCII. */
static void require_few_signs(struct span text)
{
    for (size_t i = 0, run = 0; i < text.len; i++) {
        run = isalpha(text.at[i]) || text.at[i] == ' ' || text.at[i] >= 0x80 ? 0 : run + 1;
        require(run <= 7);
    }
}

/* In a pointer there are numbers. */
static void require_clean(struct span text, bool is_pointer)
{
    require(text.len == 0 || memmem(text.at, text.len, VALUE, strlen(VALUE)) == NULL);
    for (size_t i = 0; i < text.len; i++) {
        require(!iscntrl(text.at[i]) && (is_pointer || !isdigit(text.at[i])));
        require(i == 0 || tolower(text.at[i - 1]) != 'z' || tolower(text.at[i]) != 'q');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static uint8_t room[KIB(8)];
    struct arena arena = arena_begin(KIB(64));
    struct findings findings = {.count = 1};

    if (len < 3) return 0;
    if (scanner == NULL) begin();
    struct span body = {room, write_body((struct span){bytes + 2, len - 2}, room, sizeof room)};
    findings.list[0] = (struct finding){.place = SCAN_BODY, .from = bytes[0]};
    findings.list[0].byte = bytes[0] + (bytes[1] & 63u);
    struct beside whole = look(&findings, body, body.len, &arena);
    struct beside pieces = look(&findings, body, 1 + bytes[1] % 5, &arena);
    require(span_is(whole.context, pieces.context) && span_is(whole.pointer, pieces.pointer));
    require_clean(whole.context, false);
    require_few_signs(whole.context);
    require_clean(whole.pointer, true);
    arena_end(&arena);
    return 0;
}
