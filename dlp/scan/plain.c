#include "dlp/scan/plain.h"

#include "reactor/base/own.h"

static const char *const words[] = {
    "a",       "access",     "account",     "an",        "and",      "api",
    "app",     "arguments",  "as",          "assistant", "auth",     "authorization",
    "aws",     "basic",      "be",          "bearer",    "body",     "class",
    "client",  "code",       "command",     "config",    "const",    "content",
    "cookie",  "credential", "credentials", "curl",      "data",     "database",
    "db",      "default",    "description", "email",     "env",      "export",
    "file",    "for",        "from",        "function",  "git",      "github",
    "gitlab",  "header",     "headers",     "here",      "host",     "http",
    "https",   "id",         "import",      "in",        "input",    "is",
    "it",      "json",       "key",         "keys",      "let",      "login",
    "message", "messages",   "model",       "my",        "name",     "new",
    "npm",     "of",         "old",         "output",    "pass",     "password",
    "path",    "port",       "private",     "prompt",    "public",   "query",
    "refresh", "region",     "request",     "result",    "role",     "root",
    "secret",  "secrets",    "server",      "service",   "session",  "set",
    "shell",   "ssh",        "string",      "system",    "test",     "text",
    "the",     "this",       "to",          "token",     "tokens",   "tool",
    "type",    "url",        "use",         "user",      "username", "value",
    "values",  "var",        "webhook",     "with",      "write",    "x",
    "your",
};

static bool is_word(struct span text)
{
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (span_is_nocase(text, span_of(words[i]))) return true;
    return false;
}

static bool is_letter(uint8_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool plain_words(struct span text)
{
    size_t at = 0;

    while (at < text.len) {
        size_t end = at;
        while (end < text.len && is_letter(text.at[end])) end++;
        if (end == at || !is_word((struct span){text.at + at, end - at})) return false;
        if (end < text.len && text.at[end] != '_' && text.at[end] != '-' && text.at[end] != '.' && text.at[end] != '=')
            return false;
        at = end + 1;
    }
    return text.len > 0;
}
