#include "reactor/wire/ws_extension.h"

#include "reactor/wire/octets.h"

static void skip_space(struct span *list)
{
    while (list->len > 0 && (list->at[0] == ' ' || list->at[0] == '\t')) *list = span_from(*list, 1);
}

static bool take_byte(struct span *list, uint8_t c)
{
    bool is_there = list->len > 0 && list->at[0] == c;

    if (is_there) *list = span_from(*list, 1);
    return is_there;
}

static enum err take_token(struct span *list, struct span *token)
{
    size_t len = octet_run(*list, 0, OCTET_TOKEN);

    *token = span_first(*list, len);
    *list = span_from(*list, len);
    return len > 0 ? ERR_OK : ERR_SYNTAX;
}

static enum err take_value(struct span *list, struct span *value)
{
    bool quoted = take_byte(list, '"');

    TRY(take_token(list, value));
    return !quoted || take_byte(list, '"') ? ERR_OK : ERR_SYNTAX;
}

static enum err take_param(struct span *list, struct ws_param *param)
{
    *param = (struct ws_param){0};
    TRY(take_token(list, &param->name));
    param->has_value = take_byte(list, '=');
    return param->has_value ? take_value(list, &param->value) : ERR_OK;
}

/* Takes a separator and the spaces around it. */
static bool take_separator(struct span *list, uint8_t c)
{
    skip_space(list);
    if (!take_byte(list, c)) return false;
    skip_space(list);
    return true;
}

enum err ws_extension_next(struct span *list, struct ws_extension *extension)
{
    extension->count = 0;
    TRY(take_token(list, &extension->name));
    while (take_separator(list, ';')) {
        if (extension->count == WS_PARAMS_MAX) return ERR_LIMIT;
        TRY(take_param(list, &extension->params[extension->count++]));
    }
    if (list->len == 0) return ERR_OK;
    return take_separator(list, ',') && list->len > 0 ? ERR_OK : ERR_SYNTAX;
}
