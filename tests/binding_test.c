/* binding_test.c — what a finding means: where a credential is normal, what a person has allowed, and that neither
 * hides what stands beside it. */
#include <stdio.h>

#include "backends/manifest/rule_file.h"
#include "dlp/policy/judge.h"
#include "reactor/base/own.h"
#include "tests/story.h"

#define GITHUB "ghp_Zq3vX8nLw2RtY6uBc1Kd9MfH4sJg7Pe5Ao0W"
#define AWS_ID "AKIAQ3EGRZ5KLMNO27WX"

static struct policy *policy;
static struct request_judge judge;

static int make_judge(void **state)
{
    (void)state;
    assert_int_equal(policy_new(&policy), ERR_OK);
    judge = (struct request_judge){.judge = {request_judge_say}, .policy = policy, .tls = true, .query_at = 10};
    return 0;
}

static int drop_judge(void **state)
{
    (void)state;
    policy_free(&policy);
    return 0;
}

static struct finding finding_of(const char *service, const char *rule, enum scan_place place, const char *name,
                                 unsigned byte)
{
    struct finding finding = {.rule = rule, .service = span_of(service), .rung = RUNG_PREFIX, .place = place};

    if (name != NULL)
        finding_put_name(&finding, span_of(name));
    else
        finding_put_byte(&finding, byte);
    return finding;
}

/* clang-format off */
static const struct {
    const char *service, *rule, *host, *path;
    enum scan_place place; const char *field; unsigned byte;
    enum ruling ruling;
} passages[] = {
    {"github", "github-pat", "api.github.com", "/user", SCAN_FIELD, "Authorization", 0, RULING_BOUND},
    {"github", "github-pat", "raw.githubusercontent.com", "/", SCAN_FIELD, "authorization", 0, RULING_BOUND},
    {"github", "github-pat", "github.com", "/login/oauth/access_token", SCAN_BODY, NULL, 9, RULING_BOUND},
    /* another place, host, path, part */
    {"github", "github-pat", "api.github.com", "/user", SCAN_FIELD, "cookie", 0, RULING_STOPS},
    {"github", "github-pat", "api.github.com", "/user", SCAN_TRAILER, "authorization", 0, RULING_STOPS},
    {"github", "github-pat", "api.github.com", "/user", SCAN_TARGET, NULL, 50, RULING_STOPS},
    {"github", "github-pat", "api.github.com", "/gists", SCAN_BODY, NULL, 9, RULING_STOPS},
    {"github", "github-pat", "github.com", "/a/b.git/git-receive-pack", SCAN_BODY, NULL, 9, RULING_STOPS},
    {"github", "github-pat", "githubusercontent.com", "/", SCAN_FIELD, "authorization", 0, RULING_STOPS},
    {"github", "github-pat", "api.github.com.evil.net", "/", SCAN_FIELD, "authorization", 0, RULING_STOPS},
    {"github", "github-pat", "registry.npmjs.org", "/", SCAN_FIELD, "authorization", 0, RULING_STOPS},
    {"npm", "npm-token", "npm-registry.test", "/pkg", SCAN_FIELD, "authorization", 0, RULING_STOPS},
    {"npm", "npm-token", "registry.npmjs.org", "/pkg", SCAN_FIELD, "authorization", 0, RULING_BOUND},
    {"", "generic-api-key", "api.github.com", "/", SCAN_FIELD, "authorization", 0, RULING_STOPS},
    /* SigV4 sends the id, never the secret */
    {"aws", "aws-access-key-id", "s3.us-east-1.amazonaws.com", "/", SCAN_FIELD, "authorization", 0, RULING_BOUND},
    {"aws", "aws-access-key-id", "b.s3.cn-north-1.amazonaws.com.cn", "/", SCAN_TARGET, NULL, 10, RULING_BOUND},
    {"aws", "aws-access-key-id", "b.s3.amazonaws.com", "/", SCAN_TARGET, NULL, 9, RULING_STOPS},
    {"aws", "aws-access-key-id", "b.s3.amazonaws.com", "/o", SCAN_BODY, NULL, 9, RULING_STOPS},
    {"aws", "aws-access-key-id", "amazonaws.com", "/", SCAN_FIELD, "authorization", 0, RULING_STOPS},
    {"aws", "aws-secret-access-key", "s3.amazonaws.com", "/", SCAN_FIELD, "authorization", 0, RULING_STOPS},
    /* a field that is called like a part of a request is no such part */
    {"aws", "aws-access-key-id", "s3.amazonaws.com", "/", SCAN_FIELD, "query", 0, RULING_STOPS},
    {"google", "gcp-oauth-secret", "oauth2.googleapis.com", "/token", SCAN_FIELD, "body", 0, RULING_STOPS},
    {"google", "gcp-oauth-secret", "oauth2.googleapis.com", "/token", SCAN_BODY, NULL, 80, RULING_BOUND},
    {"google", "gcp-oauth-secret", "oauth2.googleapis.com", "/other", SCAN_BODY, NULL, 80, RULING_STOPS},
    {"google", "gcp-api-key", "maps.googleapis.com", "/maps/api", SCAN_TARGET, NULL, 40, RULING_BOUND},
    /* models are asked there: a foreign key is a way out */
    {"google", "gcp-api-key", "generativelanguage.googleapis.com", "/", SCAN_FIELD, "x-goog-api-key", 0, RULING_STOPS},
    {"google", "gcp-oauth-token", "us-central1-aiplatform.googleapis.com", "/", SCAN_FIELD, "authorization", 0,
     RULING_STOPS},
    {"aws", "aws-access-key-id", "bedrock-runtime.us-east-1.amazonaws.com", "/", SCAN_FIELD, "authorization", 0,
     RULING_STOPS},
    {"anthropic", "anthropic-api-key", "api.anthropic.com", "/v1/files", SCAN_FIELD, "x-api-key", 0, RULING_STOPS},
    {"openai", "openai-api-key", "api.openai.com", "/v1", SCAN_FIELD, "authorization", 0, RULING_STOPS},
    {"telegram", "telegram-bot-token", "api.telegram.org", "/bot", SCAN_TARGET, NULL, 9, RULING_BOUND},
};
/* clang-format on */

static void a_credential_is_normal_where_it_belongs_and_nowhere_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(passages); i++) {
        struct finding finding =
            finding_of(passages[i].service, passages[i].rule, passages[i].place, passages[i].field, passages[i].byte);
        judge.host = span_of(passages[i].host);
        judge.path = span_of(passages[i].path);
        enum ruling ruling = request_judge_say(&judge.judge, &finding);
        if (ruling != passages[i].ruling) fail_msg("passage %zu: %s", i, ruling_name(ruling));
    }
}

static void neither_a_known_secret_nor_one_in_the_clear_is_ever_bound(void **state)
{
    struct finding finding = finding_of("github", "github-pat", SCAN_FIELD, "authorization", 0);

    (void)state;
    judge.host = SPAN_LIT("api.github.com");
    assert_int_equal(request_judge_say(&judge.judge, &finding), RULING_BOUND);
    judge.tls = false;
    assert_int_equal(request_judge_say(&judge.judge, &finding), RULING_STOPS);
    judge.tls = true;
    finding.rung = RUNG_KNOWN;
    assert_int_equal(request_judge_say(&judge.judge, &finding), RULING_STOPS);
    finding.rung = RUNG_GENERIC;
    assert_int_equal(request_judge_say(&judge.judge, &finding), RULING_TOLD);
}

static void what_a_person_allowed_may_go_to_that_host_alone(void **state)
{
    static struct safelist safe;
    struct finding finding = finding_of("", "known-secret", SCAN_BODY, NULL, 5);

    (void)state;
    safe = (struct safelist){0};
    judge.safelist = &safe;
    judge.host = SPAN_LIT("a.test");
    finding.rung = RUNG_KNOWN;
    assert_int_equal(fingerprint_of(SPAN_LIT("value-1"), &finding.fingerprint), ERR_OK);
    assert_int_equal(request_judge_say(&judge.judge, &finding), RULING_STOPS);
    assert_int_equal(safelist_add(&safe, &finding.fingerprint, judge.host, 1), ERR_OK);
    assert_int_equal(request_judge_say(&judge.judge, &finding), RULING_SAFE);
    judge.host = SPAN_LIT("b.test");
    assert_int_equal(request_judge_say(&judge.judge, &finding), RULING_STOPS);
    judge.host = SPAN_LIT("a.test");
    assert_int_equal(fingerprint_of(SPAN_LIT("value-2"), &finding.fingerprint), ERR_OK);
    assert_int_equal(request_judge_say(&judge.judge, &finding), RULING_STOPS);
    finding.fingerprint = (struct fingerprint){{0}}; /* "too-many-hits" is no value: a yes to it is for once */
    assert_int_equal(safelist_add(&safe, &finding.fingerprint, judge.host, 1), ERR_OK);
    assert_int_equal(request_judge_say(&judge.judge, &finding), RULING_STOPS);
    assert_null(memmem(&safe, sizeof safe, "value", 5));
}

static void the_oldest_yes_is_forgotten_first(void **state)
{
    static struct safelist safe;
    struct fingerprint values[SAFE_COUNT_MAX + 2];

    (void)state;
    safe = (struct safelist){0};
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        assert_int_equal(fingerprint_of((struct span){(uint8_t *)&i, sizeof i}, &values[i]), ERR_OK);
        assert_int_equal(safelist_add(&safe, &values[i], SPAN_LIT("a.test"), i + 1), ERR_OK);
        assert_int_equal(safelist_add(&safe, &values[i], SPAN_LIT("a.test"), i + 1), ERR_OK);
    }
    for (size_t i = 0; i < COUNT_OF(values); i++)
        assert_int_equal(safelist_find(&safe, &values[i], SPAN_LIT("a.test")), i >= 2 ? i + 1 : 0);
}

/* --- the list ---------------------------------------------------------------------------------------------- */

static enum ruling by_slot(const struct judge *self, const struct finding *finding)
{
    (void)self;
    return (enum ruling)(finding->slot % RULING_COUNT);
}

static void add(struct findings *findings, uint16_t slot, const char *rule, uint64_t from, enum rung rung)
{
    struct finding finding = {.rule = rule, .place = SCAN_BODY, .slot = slot, .from = from, .rung = rung};

    memcpy(&finding.fingerprint, &from, sizeof finding.fingerprint);
    findings_add(findings, &finding);
}

static void what_is_normal_hides_nothing_that_stops(void **state)
{
    static const struct judge judge_ = {by_slot};
    struct findings findings = {.judge = &judge_};

    (void)state;
    add(&findings, RULING_BOUND, "a", 7, RUNG_PREFIX);
    add(&findings, RULING_SAFE, "b", 7, RUNG_KNOWN);
    add(&findings, RULING_TOLD, "c", 7, RUNG_CHECKED);
    assert_false(findings_stop(&findings));
    add(&findings, RULING_STOPS, "d", 9, RUNG_GENERIC);
    assert_true(findings_stop(&findings));
    assert_int_equal(findings.count, 4);
    for (unsigned i = 0; i < 2 * SCAN_FINDINGS_MAX; i++) add(&findings, RULING_BOUND, "e", 100 + i, RUNG_PREFIX);
    assert_true(findings.more);
    assert_false(findings.unkept);
    for (unsigned i = 0; i < SCAN_FINDINGS_MAX - 1; i++) {
        assert_false(findings.unkept);
        add(&findings, RULING_STOPS, "f", 200 + i, RUNG_PREFIX);
    }
    for (size_t i = 0; i < findings.count; i++) assert_int_equal(findings.list[i].ruling, RULING_STOPS);
    add(&findings, RULING_STOPS, "f", 300, RUNG_PREFIX);
    assert_true(findings.unkept);
}

static enum ruling by_start(const struct judge *self, const struct finding *finding)
{
    (void)self;
    return finding->from < 10 ? RULING_BOUND : RULING_STOPS;
}

static void one_value_where_it_belongs_and_where_it_does_not_is_told_twice(void **state)
{
    static const struct judge judge_ = {by_start};
    struct finding finding = {.rule = "a", .place = SCAN_TARGET, .rung = RUNG_PREFIX, .fingerprint = {{1}}};
    struct findings findings = {.judge = &judge_};

    (void)state;
    for (finding.from = 8; finding.from < 12; finding.from++) findings_add(&findings, &finding);
    assert_int_equal(findings.count, 2);
    assert_int_equal(findings.list[1].ruling, RULING_STOPS);
    assert_true(findings_stop(&findings));
}

static enum ruling by_value(const struct judge *self, const struct finding *finding)
{
    (void)self;
    return finding->fingerprint.bytes[0] == 1 ? RULING_SAFE : RULING_STOPS;
}

/* Where a pattern ends softly the shorter secret is seen first: a longer one that is allowed does not allow it. */
static void a_longer_secret_that_is_safe_does_not_take_the_place_of_one_that_stops(void **state)
{
    static const struct judge judge_ = {by_value};
    struct finding stops = {.rule = "a", .place = SCAN_BODY, .from = 3, .rung = RUNG_PREFIX, .fingerprint = {{2}}},
                   safe = {.rule = "a", .place = SCAN_BODY, .from = 3, .rung = RUNG_PREFIX, .fingerprint = {{1}}};
    struct findings findings = {.judge = &judge_};

    (void)state;
    findings_add(&findings, &stops);
    findings_add(&findings, &safe);
    assert_int_equal(findings.count, 2);
    assert_true(findings_stop(&findings));
    findings = (struct findings){.judge = &judge_};
    findings_add(&findings, &safe);
    safe.rung = RUNG_CHECKED;
    findings_add(&findings, &stops);
    assert_int_equal(findings.count, 1);
    assert_true(findings_stop(&findings));
}

/* --- the table --------------------------------------------------------------------------------------------- */

static bool is_class(const struct rule_set *set, const char *class)
{
    for (size_t i = 0; i < set->count; i++)
        if (span_is(set->list[i].service, span_of(class)) || span_is(set->list[i].id, span_of(class))) return true;
    return false;
}

static void every_row_that_we_ship_is_of_a_class_that_the_rules_find(void **state)
{
    static const char *const llm[] = {"anthropic", "openai",   "groq",       "mistral",   "cohere", "together",  "xai",
                                      "fireworks", "deepgram", "perplexity", "replicate", "ollama", "openrouter"};
    struct manifest_errors errors = manifest_errors_begin();
    struct rule_set *set;

    (void)state;
    assert_int_equal(rules_read_shipped(&errors, &set), ERR_OK);
    for (size_t i = 0; i < bindings_shipped_count; i++) {
        if (!is_class(set, bindings_shipped[i].class)) fail_msg("no rule is of %s", bindings_shipped[i].class);
        for (size_t j = 0; j < COUNT_OF(llm); j++) assert_string_not_equal(bindings_shipped[i].class, llm[j]);
    }
    rule_set_free(&set);
    manifest_errors_end(&errors);
}

/* --- on the wire ------------------------------------------------------------------------------------------- */

/* The world's bottle has bound "github-pat" to secure.example.com, in private-token and the query. */
static void ask_secure(const char *request)
{
    talker_connect(&client, CONN_PROXY);
    talker_say(&client, "CONNECT secure.example.com:443 HTTP/1.1\r\nHost: secure.example.com:443\r\n\r\n");
    assert_says(&client, "200 ");
    talker_forget(&client);
    talker_shake(&client, "secure.example.com");
    talker_say(&client, request);
}

static void a_bound_credential_goes_to_its_service_and_is_logged_as_bound(void **state)
{
    (void)state;
    ask_secure("GET /?key=" GITHUB " HTTP/1.1\r\nHost: secure.example.com\r\nPrivate-Token: " GITHUB "\r\n\r\n");
    origin.stream = world_accept();
    assert_non_null(origin.stream);
    talker_shake_back(&origin, "secure.example.com");
    assert_says(&origin, "GET /?key=" GITHUB);
    assert_says(&origin, "Private-Token: " GITHUB);
    talker_say(&origin, OK);
    assert_says(&client, "200 OK");
    assert_logged("\"ruling\":\"bound\",\"where\":\"target byte ");
    assert_logged("\"ruling\":\"bound\",\"where\":\"field private-token\"");
    assert_logged("\"host\":\"secure.example.com\",\"port\":443,\"path\":\"/\"");
    assert_null(strstr(egress_log(), GITHUB));
}

static void a_second_secret_beside_a_bound_one_still_stops(void **state)
{
    static const char *const requests[] = {
        "GET / HTTP/1.1\r\nHost: secure.example.com\r\nPrivate-Token: " GITHUB "\r\nX-A: " GITHUB "\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: secure.example.com\r\nPrivate-Token: " GITHUB " " AWS_ID "\r\n\r\n",
        "GET /" GITHUB "?key=" GITHUB " HTTP/1.1\r\nHost: secure.example.com\r\n\r\n",
        /* the same value in the path, seen with the escape undone alone: later than in the query */
        "GET /%67hp_Zq3vX8nLw2RtY6uBc1Kd9MfH4sJg7Pe5Ao0W?key=" GITHUB " HTTP/1.1\r\nHost: secure.example.com\r\n\r\n",
        "POST /?key=" GITHUB " HTTP/1.1\r\nHost: secure.example.com\r\nContent-Length: 40\r\n\r\n" GITHUB,
        "POST /?key=" GITHUB " HTTP/1.1\r\nHost: secure.example.com\r\nContent-Length: 20\r\n\r\n" AWS_ID,
        "GET / HTTP/1.1\r\nHost: secure.example.com\r\nPrivate-Token: " EGRESS_SECRET "\r\n\r\n",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        ask_secure(requests[i]);
        if (strstr(talker_heard(&client), "dlp-token") == NULL) fail_msg("%zu: %s", i, talker_heard(&client));
        talker_leave(&client);
    }
    assert_int_equal(world.connect_count, 0);
}

static void a_bound_credential_in_the_clear_or_elsewhere_stops(void **state)
{
    (void)state;
    talker_connect(&client, CONN_PROXY);
    talker_say(&client,
               "GET http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\nPrivate-Token: " GITHUB "\r\n\r\n");
    assert_says(&client, "dlp-token");
    assert_int_equal(world.connect_count, 0);
}

/* Whoever writes a marker is the one who is looked at. */
static void a_marker_beside_a_secret_is_no_excuse(void **state)
{
    static const char *const markers[] = {"gitleaks:allow",   "bottled:allow", "pragma: allowlist secret",
                                          "pipelock:ignore ", "nosecret",      "secretlint-disable "};
    char request[400];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(markers); i++) {
        snprintf(request, sizeof request, POST_API "X-Note: %s\r\nContent-Length: %zu\r\n\r\n%s %s # %s\n", markers[i],
                 strlen(GITHUB) + 2 * strlen(markers[i]) + 5, markers[i], GITHUB, markers[i]);
        talker_connect(&client, CONN_PROXY);
        talker_say(&client, request);
        assert_says(&client, "dlp-token");
        talker_leave(&client);
    }
    assert_int_equal(world.connect_count, 0);
}

#define JUDGED(name) cmocka_unit_test_setup_teardown(name, make_judge, drop_judge)

int main(void)
{
    const struct CMUnitTest tests[] = {
        JUDGED(a_credential_is_normal_where_it_belongs_and_nowhere_else),
        JUDGED(neither_a_known_secret_nor_one_in_the_clear_is_ever_bound),
        JUDGED(what_a_person_allowed_may_go_to_that_host_alone),
        cmocka_unit_test(the_oldest_yes_is_forgotten_first),
        cmocka_unit_test(what_is_normal_hides_nothing_that_stops),
        cmocka_unit_test(one_value_where_it_belongs_and_where_it_does_not_is_told_twice),
        cmocka_unit_test(a_longer_secret_that_is_safe_does_not_take_the_place_of_one_that_stops),
        cmocka_unit_test(every_row_that_we_ship_is_of_a_class_that_the_rules_find),
        STORY(a_bound_credential_goes_to_its_service_and_is_logged_as_bound),
        STORY(a_second_secret_beside_a_bound_one_still_stops),
        STORY(a_bound_credential_in_the_clear_or_elsewhere_stops),
        STORY(a_marker_beside_a_secret_is_no_excuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
