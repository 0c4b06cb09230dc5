#include "backends/provision/token_ref.h"

#include "reactor/base/limits.h"
#include "reactor/base/own.h"

static const char *check_env(struct span name)
{
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.at[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
        if (!letter && !(i > 0 && c >= '0' && c <= '9')) return "what follows env: is no name of a variable";
    }
    return name.len > 0 ? NULL : "no variable is named behind env:";
}

static const char *check_file(struct span path)
{
    bool absolute = span_starts(path, SPAN_LIT("/")) || span_starts(path, SPAN_LIT("~/"));

    return absolute ? NULL : "the path behind file: is neither absolute nor does it begin with ~/";
}

static const char *check_cmd(struct span command)
{
    size_t words = 0;

    for (size_t i = 0; i < command.len; i++) words += command.at[i] != ' ' && (i == 0 || command.at[i - 1] == ' ');
    if (words == 0) return "no command is named behind cmd:";
    return words <= COMMAND_WORDS_MAX ? NULL : "the command behind cmd: has too many words";
}

const char *token_ref_parse(struct span text, struct token_ref *out)
{
    static const struct {
        struct span start;
        const char *(*check)(struct span rest);
    } kinds[] = {
        [TOKEN_ENV] = {{(const uint8_t *)"env:", 4}, check_env},
        [TOKEN_FILE] = {{(const uint8_t *)"file:", 5}, check_file},
        [TOKEN_CMD] = {{(const uint8_t *)"cmd:", 4}, check_cmd},
    };

    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < 0x20 || text.at[i] == 0x7f) return "a token_ref is one line without control characters";
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (!span_starts(text, kinds[i].start)) continue;
        *out = (struct token_ref){(enum token_kind)i, span_from(text, kinds[i].start.len)};
        return kinds[i].check(out->rest);
    }
    return "this is no reference to a token; a token itself never stands in a manifest";
}
