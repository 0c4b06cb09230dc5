/* check_dlp.c — what `bottled check` says of a bottle's scan: openings first, then what is in force. */
#include "backends/manifest/check_print.h"

/* --- for people -------------------------------------------------------------------------------------------- */

static enum err put_names(struct buf *out, const char *what, const struct span *list, size_t count)
{
    for (size_t i = 0; i < count; i++) TRY(buf_printf(out, "%s%.*s", i == 0 ? what : ", ", SPAN_FMT(list[i])));
    return ERR_OK;
}

static enum err put_binding(struct buf *out, const struct binding *binding)
{
    TRY(buf_printf(out, "%s to %s in %s", binding->class, binding->hosts, binding->in));
    return binding->path != NULL ? buf_printf(out, " at %s", binding->path) : ERR_OK;
}

static enum err put_openings(struct buf *out, const struct bottle_dlp *dlp)
{
    const struct bindings_said *said = &dlp->bindings_said;

    TRY(put_names(out, "  OPENING: rules off: ", dlp->off, dlp->off_count));
    if (dlp->off_count > 0) TRY(buf_printf(out, "; because: %s\n", quoted(dlp->because)));
    for (size_t i = 0; i < said->added_count; i++) {
        TRY(buf_add(out, SPAN_LIT("  OPENING: binding added: ")));
        TRY(put_binding(out, &said->added[i].row));
        TRY(buf_printf(out, "; because: %s\n", quoted(dlp->because)));
    }
    return ERR_OK;
}

static enum err put_secrets(struct buf *out, const struct bottle_dlp *dlp)
{
    for (size_t i = 0; i < dlp->secret_count; i++)
        TRY(buf_printf(out, "%s%.*s (%s)", i == 0 ? "  secrets known to the scan: " : ", ",
                       SPAN_FMT(dlp->secrets[i].name), quoted(dlp->secrets[i].token_ref)));
    return dlp->secret_count > 0 ? buf_add(out, SPAN_LIT("\n")) : ERR_OK;
}

static enum err put_bindings(struct buf *out, const struct bottle *bottle, bool in_full)
{
    const struct bottle_dlp *dlp = &bottle->dlp;

    TRY(put_names(out, "  bindings off: ", dlp->bindings_said.off, dlp->bindings_said.off_count));
    if (dlp->bindings_said.off_count > 0) TRY(buf_add(out, SPAN_LIT("\n")));
    if (!in_full)
        return buf_printf(out, "  bindings: %zu, `bottled check %.*s` lists them\n", dlp->binding_count,
                          SPAN_FMT(bottle->name));
    TRY(buf_add(out, SPAN_LIT("  bindings, where a credential is normal:\n")));
    for (size_t i = 0; i < dlp->binding_count; i++) {
        TRY(buf_add(out, SPAN_LIT("    ")));
        TRY(put_binding(out, &dlp->bindings[i]));
        TRY(buf_add(out, SPAN_LIT("\n")));
    }
    return ERR_OK;
}

enum err check_print_dlp(struct buf *out, const struct bottle *bottle, bool in_full)
{
    const struct bottle_dlp *dlp = &bottle->dlp;

    TRY(put_names(out, "  rules of its own: ", dlp->files, dlp->file_count));
    if (dlp->file_count > 0) TRY(buf_add(out, SPAN_LIT("\n")));
    TRY(put_openings(out, dlp));
    TRY(put_secrets(out, dlp));
    return put_bindings(out, bottle, in_full);
}

/* --- for programs ------------------------------------------------------------------------------------------ */

static void put_words(struct json *json, const char *key, const char *words)
{
    struct span word;

    json_open(json, key, '[');
    while ((word = binding_word(&words)).len > 0) json_text(json, NULL, word);
    json_close(json, ']');
}

static void put_row(struct json *json, const struct binding *binding, bool is_added)
{
    json_open(json, NULL, '{');
    json_text(json, "service", span_of(binding->class));
    put_words(json, "hosts", binding->hosts);
    put_words(json, "in", binding->in);
    if (binding->path != NULL) json_text(json, "path", span_of(binding->path));
    if (is_added) json_bool(json, "added", true);
    json_close(json, '}');
}

static void put_table(struct json *json, const struct bottle_dlp *dlp)
{
    size_t shipped = dlp->binding_count - dlp->bindings_said.added_count;

    check_put_texts(json, "bindings_off", dlp->bindings_said.off, dlp->bindings_said.off_count);
    json_open(json, "bindings", '[');
    for (size_t i = 0; i < dlp->binding_count; i++) put_row(json, &dlp->bindings[i], i >= shipped);
    json_close(json, ']');
}

void check_put_dlp(struct json *json, const struct bottle_dlp *dlp)
{
    json_open(json, "dlp", '{');
    json_number(json, "rule_count", dlp->rules->count);
    check_put_texts(json, "rules", dlp->files, dlp->file_count);
    check_put_texts(json, "off", dlp->off, dlp->off_count);
    json_open(json, "secrets", '[');
    for (size_t i = 0; i < dlp->secret_count; i++) {
        json_open(json, NULL, '{');
        json_text(json, "name", dlp->secrets[i].name);
        json_text(json, "token_ref", dlp->secrets[i].token_ref);
        json_close(json, '}');
    }
    json_close(json, ']');
    if (dlp->because.len > 0) json_text(json, "because", dlp->because);
    put_table(json, dlp);
    json_close(json, '}');
}
