/* proposer.c — the side of a proxy at a real queue, for plays about those who answer:   proposer ROOT
 *
 * Reads a line, does it, answers with a line:
 *   propose [tool=T] [bottle=B] [host=H] [method=M] [path=P] [rule=R] [context=C] [fingerprint=no]    -> its ID
 *   end ID retracted|expired    -> done
 *   answers                     -> "ID scope reason words;" or "ID forgotten;" for each since the last time, and done
 * or with "error STORE_...".  Words are separated by tabs; \xNN in a value is that byte. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "queue/store.h"
#include "reactor/base/own.h"
#include "reactor/net/poke.h"

static struct store *store;
static char *words[16];

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void tell(enum store_err err, uint64_t id)
{
    if (err != STORE_OK)
        printf("error %s\n", store_err_name(err));
    else if (id > 0)
        printf("%" PRIu64 "\n", id);
    else
        puts("done");
}

/* --- a line ------------------------------------------------------------------------------------------------ */

static struct span unescape(char *text)
{
    char *to = text;

    for (char *from = text; *from != '\0';) {
        unsigned byte;
        if (sscanf(from, "\\x%2x", &byte) == 1) {
            *to++ = (char)byte;
            from += 4;
        } else {
            *to++ = *from++;
        }
    }
    return (struct span){(const uint8_t *)text, (size_t)(to - text)};
}

static bool read_line(void)
{
    static char line[8192];
    size_t count = 0;

    if (fgets(line, sizeof line, stdin) == NULL) return false;
    line[strcspn(line, "\n")] = '\0';
    memset(words, 0, sizeof words);
    for (char *at = line; at != NULL && count < COUNT_OF(words) - 1;) words[count++] = strsep(&at, "\t");
    return true;
}

/* --- what can be done -------------------------------------------------------------------------------------- */

static struct proposal sample(void)
{
    return (struct proposal){.tool = TOOL_TOKEN,
                             .created_ms = now_ms(),
                             .deadline_ms = now_ms() + MINUTES(5),
                             .bottle = SPAN_LIT("dev"),
                             .method = SPAN_LIT("POST"),
                             .scheme = SPAN_LIT("https"),
                             .host = SPAN_LIT("api.example.com"),
                             .path = SPAN_LIT("/v1/x"),
                             .port = 443,
                             .body_bytes = 1234,
                             .digest = {1},
                             .rule = SPAN_LIT("github-pat"),
                             .title = SPAN_LIT("GitHub personal access token"),
                             .service = SPAN_LIT("github"),
                             .rung = SPAN_LIT("prefix"),
                             .where = SPAN_LIT("body byte 1042"),
                             .shown = SPAN_LIT("ghp_… 40 characters"),
                             .fingerprint = {1, 2, 3, 4, 5, 6, 7, 8}};
}

static void be_a_route(struct proposal *proposal)
{
    struct span none = {0};

    proposal->rule = proposal->title = proposal->service = proposal->rung = proposal->where = proposal->shown = none;
    memset(proposal->fingerprint, 0, sizeof proposal->fingerprint);
}

static void set(struct proposal *proposal, char *word)
{
    const struct {
        const char *name;
        struct span *text;
    } texts[] = {{"bottle", &proposal->bottle}, {"host", &proposal->host}, {"method", &proposal->method},
                 {"path", &proposal->path},     {"rule", &proposal->rule}, {"context", &proposal->context}};
    char *name = strsep(&word, "=");
    struct span value = unescape(word);

    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (strcmp(name, texts[i].name) == 0) *texts[i].text = value;
    if (strcmp(name, "fingerprint") == 0) memset(proposal->fingerprint, 0, sizeof proposal->fingerprint);
    if (strcmp(name, "tool") != 0) return;
    if (tool_of(value, &proposal->tool) != ERR_OK) abort();
    if (proposal->tool == TOOL_ROUTE) be_a_route(proposal);
}

static void propose(void)
{
    struct proposal proposal = sample();
    uint64_t id = 0;
    enum store_err err;

    for (size_t i = 1; words[i] != NULL; i++) set(&proposal, words[i]);
    do err = store_propose(store, &proposal, &id);
    while (err == STORE_BUSY);
    tell(err, id);
}

static void end(void)
{
    enum audit_event how;
    enum store_err err;

    if (audit_event_of(span_of(words[2]), &how) != ERR_OK) abort();
    do err = store_end(store, strtoull(words[1], NULL, 10), how, now_ms());
    while (err == STORE_BUSY);
    tell(err, 0);
}

static void on_answer(void *owner, uint64_t id, const struct decision *decision)
{
    (void)owner;
    if (decision == NULL)
        printf("%" PRIu64 " forgotten;", id);
    else
        printf("%" PRIu64 " %s %s %.*s;", id, scope_name(decision->scope), why_name(decision->why),
               SPAN_FMT(decision->words));
}

static void answers(void)
{
    static uint64_t since;
    enum store_err err;

    do err = store_answers(store, &since, on_answer, NULL);
    while (err == STORE_BUSY);
    tell(err, 0);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } verbs[] = {{"propose", propose}, {"end", end}, {"answers", answers}};
    struct arena arena = arena_begin(KIB(64));
    AUTO(loop) loop = NULL;
    AUTO(poke) bell = NULL;
    const char *why = "";
    char folder[4096];
    uint64_t run;

    if (argc != 2) return 2;
    digest_random(&run, sizeof run);
    if (store_open(argv[1], run, &arena, &why, &store) != STORE_OK) {
        fprintf(stderr, "%s\n", why);
        return 3;
    }
    snprintf(folder, sizeof folder, "%s/queue", argv[1]);
    if (loop_new(&loop) != ERR_OK || poke_new(loop, folder, run, NULL, NULL, &bell) != ERR_OK) return 3;
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (read_line())
        for (size_t i = 0; i < COUNT_OF(verbs); i++)
            if (strcmp(verbs[i].name, words[0]) == 0) verbs[i].run();
    store_free(&store);
    arena_end(&arena);
    return 0;
}
