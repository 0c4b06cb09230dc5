/* scan_rules.h — rules for tests, fuzzer and benchmark: one of each kind, and some that are hard to get right. */
#pragma once
#include "dlp/scan/rule.h"
#include "reactor/base/own.h"

#define LIT(text)                                                                                                      \
    {                                                                                                                  \
        (const uint8_t *)(text), sizeof(text) - 1                                                                      \
    }
#define LIST(...)                                                                                                      \
    (const struct span[]) { __VA_ARGS__ }
#define WORDS(...) .keywords = LIST(__VA_ARGS__), .keyword_count = COUNT_OF((LIST(__VA_ARGS__)))
#define STOP(...)  .stop = LIST(__VA_ARGS__), .stop_count = COUNT_OF((LIST(__VA_ARGS__)))
#define ALLOW(...) .allow = LIST(__VA_ARGS__), .allow_count = COUNT_OF((LIST(__VA_ARGS__)))

/* clang-format off */
static const struct rule scan_rule_rows[] = {
    {LIT("github-pat"), LIT("GitHub personal access token"), .pattern = LIT("\\bghp_[A-Za-z0-9]{36}\\b"),
     .rung = RUNG_PREFIX, .shown = 4, .entropy_centibits = 300, WORDS(LIT("ghp_"))},
    {LIT("aws-id"), LIT("AWS access key id"), .pattern = LIT("\\b(?:AKIA|ASIA)[A-Z2-7]{16}\\b"),
     .rung = RUNG_PREFIX, .shown = 4, STOP(LIT("example"))},
    {LIT("slack"), LIT("Slack token"), .pattern = LIT("\\bxox[bp]-[0-9A-Za-z-]{10,72}"), /* a soft end */
     .rung = RUNG_PREFIX, .shown = 4},
    {LIT("acme"), LIT("Acme key"),
     .pattern = LIT("(?:acme|ACME|Acme)[\\w.-]{0,20}[\"'`]?\\s{0,5}(?:=|:|=>|:=)\\s{0,5}[\"'`]?([0-9a-f]{32})"
                    "(?:[^0-9A-Za-z_]|$)"),
     .rung = RUNG_CONTEXT, .group = 1, .entropy_centibits = 300},
    {LIT("private-key"), LIT("private key"), .pattern = LIT("-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----"),
     .rung = RUNG_PREFIX},
    {LIT("jwt"), LIT("JSON web token"),
     .pattern = LIT("\\beyJ[A-Za-z0-9_-]{10,200}\\.eyJ[A-Za-z0-9_-]{10,400}\\.[A-Za-z0-9_-]{16,200}"),
     .rung = RUNG_CONTEXT, .shown = 2},
    {LIT("generic"), LIT("a name and a value"),
     .pattern = LIT("(?:password|secret|token)[\"']?\\s{0,3}[=:]\\s{0,3}[\"']?([^\\s\"'\\\\]{8,64})(?:[\"'\\s]|$)"),
     .nocase = true, .rung = RUNG_GENERIC, .group = 1, .entropy_centibits = 300,
     STOP(LIT("process.env")), ALLOW(LIT("[a-z]+"), LIT("[/.][\\w/.]+"))},
    {LIT("wombat"), LIT("Wombat key"), .pattern = LIT("\\b[a-f0-9]{40}\\b"), .rung = RUNG_CONTEXT,
     WORDS(LIT("wombat"), LIT("w0mbat"))},
    {LIT("nested"), LIT("sk- in sk-"), .pattern = LIT("\\bsk-[a-z0-9-]{12,60}\\b"), .rung = RUNG_PREFIX, .shown = 3,
     STOP(LIT("sample"))},
    {LIT("first"), LIT("at the start"), .pattern = LIT("^start[0-9]{3}"), .rung = RUNG_CONTEXT},
    {LIT("last"), LIT("at the end"), .pattern = LIT("end[0-9]{2,4}$"), .rung = RUNG_CONTEXT},
    {LIT("ab"), LIT("many ways"), .pattern = LIT("a[ab]{2,6}(?:b\\b|[ab]a?)(?:c|\\b)"), .rung = RUNG_CONTEXT},
    {LIT("soft"), LIT("soft on both sides"), .pattern = LIT("k=(?:[ab]{0,3})([abc]{3,9})c?"), .rung = RUNG_GENERIC,
     .group = 1, .entropy_centibits = 150},
    /* the last end of a run, which does not count, is reported a byte late, or at the end of all */
    {LIT("late"), LIT("late"), .pattern = LIT("q[0-9]{3}(?:c|cd?\\b)"), .rung = RUNG_CONTEXT, STOP(LIT("cd"))},
    {LIT("later"), LIT("later"), .pattern = LIT("z[0-9]{3}(?:c|cd$)"), .rung = RUNG_CONTEXT, STOP(LIT("cd"))},
    {LIT("header"), LIT("a header"), .pattern = LIT("x-api-key[\"']?:\\s{0,3}([a-z0-9]{8,20})\\b"), .nocase = true,
     .rung = RUNG_CONTEXT, .group = 1},
};

/* What random text is made of: secrets, their neighbours, what is nearly one; often one after the other. */
static const char *const scan_pieces[] = {
    "ghp_", "ghp_Zq3vX8nLw2RtY6uBc1Kd9MfH4sJg7Pe5Ao0W", " ", "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "_",
    "AKIAQ3EGRZ5KLMNO27WX", "\n", "AKIAIOSFODNN7EXAMPLE", "AKIA", "xoxb-2048-Kd93jfLq20aPzv", "xoxp-0000000000",
    "-tail", "acme", "=>", "9f86d081884c7d659a2feaa0c55ad015", "\"", "ACME_api-key", "\": \"",
    "9f86d081884c7d659a2feaa0c55ad014", "'", "Acme.x", " := ", "9f86d081884c7d659a2feaa0c55ad013", "wombat", " ",
    "3f2a9c4e1b7d8f60a5c2e9b4d1f7a8c3e6b5d2f1", "\r\n", "W0MBAT", "-----BEGIN RSA PRIVATE KEY-----", "-----",
    "-----BEGIN PRIVATE KEY-----", "eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxMjM0NTY3ODkwIn0",
    ".dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P", "x", "password", ": ", "hunter2hunter3", "\n", "Secret", "=",
    "process.env.TOKEN_A", " ", "TOKEN", ": ", "/usr/share/tokens", "'", "correcthorse", "sk-", "sk-7f3k9-2mq8x4-z1",
    "sk-sample-text-01", "sample", "start123", "q847c", "d", "z847c", "d", "end42", "end4242", "\n", "aab", "abab",
    "bba", "c", "k=", "abcabc", "abc", "X-Api-Key: ", "q8w7e6r5t4", "0",
};
/* clang-format on */

static const struct rule_set scan_rules = {.list = scan_rule_rows, .count = COUNT_OF(scan_rule_rows), .digest = "test"};
