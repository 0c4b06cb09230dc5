#include "backends/manifest/errors.h"

#include <stdarg.h>
#include <stdio.h>

#include "reactor/base/limits.h"

#define WHAT_BYTES_MAX  400u
#define QUOTE_BYTES_MAX 60u

struct manifest_errors manifest_errors_begin(void)
{
    return (struct manifest_errors){.arena = arena_begin(MANIFEST_ERRORS_MAX * KIB(2))};
}

void manifest_errors_end(struct manifest_errors *errors)
{
    arena_end(&errors->arena);
    *errors = manifest_errors_begin();
}

void complain(struct reader *reader, struct place place, const char *hint, const char *format, ...)
{
    struct manifest_errors *errors = reader->errors;
    struct manifest_error *error;
    char what[WHAT_BYTES_MAX];
    va_list args;

    if (errors->count++ >= MANIFEST_ERRORS_MAX) return;
    error = arena_new(&errors->arena, sizeof *error);
    if (error == NULL) return;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    *error = (struct manifest_error){.path = reader->path,
                                     .line = place.line,
                                     .column = place.column,
                                     .what = arena_copy(&errors->arena, span_of(what)),
                                     .hint = arena_copy(&errors->arena, span_of(hint != NULL ? hint : ""))};
    if (errors->end == NULL) errors->end = &errors->first;
    *errors->end = error;
    errors->end = &error->next;
}

const char *quoted(struct span text)
{
    static char ring[4][QUOTE_BYTES_MAX * 4 + 4];
    static unsigned turn;
    char *out = ring[turn++ % 4];
    size_t len = 0;

    for (size_t i = 0; i < text.len && i < QUOTE_BYTES_MAX; i++) {
        if (text.at[i] >= 0x20 && text.at[i] < 0x7f)
            out[len++] = (char)text.at[i];
        else
            len += (size_t)snprintf(out + len, 5, "\\x%02x", text.at[i]);
    }
    memcpy(out + len, text.len > QUOTE_BYTES_MAX ? "..." : "", text.len > QUOTE_BYTES_MAX ? 4 : 1);
    return out;
}

enum err manifest_error_print(struct buf *out, const struct manifest_error *error)
{
    TRY(buf_printf(out, "%s:", error->path));
    if (error->line > 0) TRY(buf_printf(out, "%u:%u:", error->line, error->column));
    TRY(buf_printf(out, " %.*s", SPAN_FMT(error->what)));
    if (error->hint.len > 0) TRY(buf_printf(out, "; %.*s", SPAN_FMT(error->hint)));
    return buf_add(out, SPAN_LIT("\n"));
}
