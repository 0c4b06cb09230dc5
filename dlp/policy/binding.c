#include "dlp/policy/binding.h"

#include "reactor/base/own.h"
#include "reactor/wire/url.h"

#define AWS   "*.amazonaws.com *.amazonaws.com.cn *.api.aws"
#define FIELD "authorization"

/* clang-format off */
const struct binding bindings_shipped[] = {
    /* class                     hosts                                                    in                   path */
    /* The id and the session's token of a SigV4 signature; the secret that signs is never sent. */
    {"aws-access-key-id",        AWS,                                                     FIELD " query",      NULL},
    {"aws-session-token",        AWS,                                            "x-amz-security-token query", NULL},
    /* source and packages */
    {"github",                   "github.com api.github.com uploads.github.com *.githubusercontent.com",
                                                                                          FIELD,               NULL},
    {"github",                   "ghcr.io *.pkg.github.com",                              FIELD,               NULL},
    {"github",                   "github.com",                          "body", "/login/oauth/access_token"},
    {"gitlab",                   "gitlab.com registry.gitlab.com", FIELD " private-token job-token deploy-token", NULL},
    {"gitlab",                   "gitlab.com",                                            "body",     "/oauth/token"},
    {"bitbucket",                "bitbucket.org api.bitbucket.org",                       FIELD,               NULL},
    {"bitbucket",                "bitbucket.org",                       "body", "/site/oauth2/access_token"},
    {"npm",                      "registry.npmjs.org",                                    FIELD,               NULL},
    {"pypi",                     "upload.pypi.org test.pypi.org",                         FIELD,               NULL},
    {"rubygems",                 "rubygems.org",                                          FIELD,               NULL},
    {"crates",                   "crates.io",                                             FIELD,               NULL},
    {"nuget",                    "www.nuget.org",                                         "x-nuget-apikey",    NULL},
    {"docker",                   "auth.docker.io hub.docker.com registry-1.docker.io",    FIELD,               NULL},
    {"docker",                   "hub.docker.com",                                        "body", "/v2/users/login"},
    {"huggingface",              "huggingface.co",                                        FIELD,               NULL},
    /* clouds */
    {"gcp-api-key",              "*.googleapis.com",                            "x-goog-api-key query",        NULL},
    {"gcp-oauth-token",          "*.googleapis.com",                                      FIELD,               NULL},
    {"gcp-fcm-key",              "fcm.googleapis.com",                                    FIELD,               NULL},
    {"google",                   "oauth2.googleapis.com",                                 "body",           "/token"},
    {"google",                   "accounts.google.com",                                   "body",  "/o/oauth2/token"},
    {"google",                   "www.googleapis.com",                                    "body", "/oauth2/v4/token"},
    {"azure-ad-client-secret",   "login.microsoftonline.com",                             "body",    "/*/oauth2/**"},
    {"azure-devops-token",       "dev.azure.com *.dev.azure.com",                         FIELD,               NULL},
    {"digitalocean",             "api.digitalocean.com registry.digitalocean.com",        FIELD,               NULL},
    {"cloudflare",               "api.cloudflare.com",       FIELD " x-auth-key x-auth-user-service-key",      NULL},
    {"hetzner",                  "api.hetzner.cloud",                                     FIELD,               NULL},
    {"linode",                   "api.linode.com",                                        FIELD,               NULL},
    {"vultr",                    "api.vultr.com",                                         FIELD,               NULL},
    {"fastly",                   "api.fastly.com",                                        "fastly-key",        NULL},
    {"heroku",                   "api.heroku.com git.heroku.com",                         FIELD,               NULL},
    {"vercel",                   "api.vercel.com",                                        FIELD,               NULL},
    {"netlify",                  "api.netlify.com",                                       FIELD,               NULL},
    {"flyio",                    "api.fly.io api.machines.dev",                           FIELD,               NULL},
    {"supabase",                 "api.supabase.com",                                      FIELD,               NULL},
    {"pulumi",                   "api.pulumi.com",                                        FIELD,               NULL},
    {"hashicorp-tf-token",       "app.terraform.io",                                      FIELD,               NULL},
    {"doppler",                  "api.doppler.com",                                       FIELD,               NULL},
    /* talk and mail */
    {"slack",                    "slack.com *.slack.com",                                 FIELD,               NULL},
    {"slack",                    "slack.com",                               "body", "/api/oauth.v2.access"},
    {"discord",                  "discord.com",                                           FIELD,               NULL},
    {"discord",                  "discord.com",                                           "body", "/api/**/token"},
    {"telegram",                 "api.telegram.org",                                      "path",              NULL},
    {"twilio",                   "api.twilio.com",                                        FIELD,               NULL},
    {"sendgrid",                 "api.sendgrid.com",                                      FIELD,               NULL},
    {"mailgun",                  "api.mailgun.net api.eu.mailgun.net",                    FIELD,               NULL},
    /* money */
    {"stripe",                   "api.stripe.com files.stripe.com",                       FIELD,               NULL},
    {"square",                   "connect.squareup.com",                                  FIELD,               NULL},
    {"paypal",                   "api-m.paypal.com api-m.sandbox.paypal.com",             FIELD,               NULL},
    /* work */
    {"atlassian",                "*.atlassian.net api.atlassian.com",                     FIELD,               NULL},
    {"linear",                   "api.linear.app",                                        FIELD,               NULL},
    {"notion",                   "api.notion.com",                                        FIELD,               NULL},
    {"asana",                    "app.asana.com",                                         FIELD,               NULL},
    {"airtable",                 "api.airtable.com",                                      FIELD,               NULL},
    {"clickup",                  "api.clickup.com",                                       FIELD,               NULL},
    {"hubspot",                  "api.hubapi.com",                                        FIELD,               NULL},
    {"intercom",                 "api.intercom.io",                                       FIELD,               NULL},
    {"figma",                    "api.figma.com",                                FIELD " x-figma-token",       NULL},
    {"postman",                  "api.getpostman.com",                                    "x-api-key",         NULL},
    {"dropbox",                  "api.dropboxapi.com content.dropboxapi.com",             FIELD,               NULL},
    /* builds and what watches them */
    {"circleci",                 "circleci.com",                                 FIELD " circle-token",        NULL},
    {"buildkite",                "api.buildkite.com graphql.buildkite.com",               FIELD,               NULL},
    {"snyk",                     "api.snyk.io",                                           FIELD,               NULL},
    {"sonar",                    "sonarcloud.io",                                         FIELD,               NULL},
    {"sentry",                   "sentry.io *.sentry.io",                        FIELD " x-sentry-auth",       NULL},
    {"datadog",                  "*.datadoghq.com *.datadoghq.eu",          "dd-api-key dd-application-key",   NULL},
    {"honeycomb",                "api.honeycomb.io",                                      "x-honeycomb-team",  NULL},
    {"pagerduty",                "api.pagerduty.com",                                     FIELD,               NULL},
};

/* Models are asked there. */
static const char *const llm_hosts[] = {"generativelanguage.googleapis.com", "*aiplatform.googleapis.com",
                                        "bedrock*.amazonaws.com", "bedrock*.amazonaws.com.cn", "bedrock*.api.aws"};
/* clang-format on */

const size_t bindings_shipped_count = COUNT_OF(bindings_shipped);

struct span binding_word(const char **words)
{
    struct span word;

    *words += strspn(*words, " ");
    word = (struct span){(const uint8_t *)*words, strcspn(*words, " ")};
    *words += word.len;
    return word;
}

bool binding_lists(const char *words, struct span word)
{
    struct span listed;

    while ((listed = binding_word(&words)).len > 0)
        if (span_is(listed, word)) return true;
    return false;
}

bool binding_is_part(struct span word) { return binding_lists("query path body", word); }

static bool is_llm_host(struct span host)
{
    for (size_t i = 0; i < COUNT_OF(llm_hosts); i++)
        if (url_glob(span_of(llm_hosts[i]), host)) return true;
    return false;
}

static bool reaches(const struct binding *binding, struct span host)
{
    const char *rest = binding->hosts;
    struct span pattern;

    while ((pattern = binding_word(&rest)).len > 0) {
        if (span_is(pattern, host)) return true;
        if (pattern.at[0] == '*' && url_glob(pattern, host)) return !is_llm_host(host);
    }
    return false;
}

static bool holds(const struct binding *binding, const struct passage *passage)
{
    struct span class = span_of(binding->class);
    bool is_field = passage->field.len > 0;
    struct span place = is_field ? passage->field : span_of(passage->part);

    if (!span_is(class, passage->service) && !span_is(class, passage->rule)) return false;
    if (!reaches(binding, passage->host)) return false;
    if (!binding_lists(binding->in, place) || binding_is_part(place) == is_field) return false;
    return binding->path == NULL || url_glob(span_of(binding->path), passage->path);
}

bool binding_holds(const struct binding *bindings, size_t count, const struct passage *passage)
{
    for (size_t i = 0; i < count; i++)
        if (holds(&bindings[i], passage)) return true;
    return false;
}
