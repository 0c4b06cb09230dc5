#include "dlp/policy/binding.h"

#include "reactor/base/own.h"

/* clang-format off */
const struct binding bindings[] = {
    {"github",      "github.com"},
    {"github",      "api.github.com"},
    {"github",      "uploads.github.com"},
    {"github",      "*.githubusercontent.com"},
    {"github",      "ghcr.io"},
    {"github",      "npm.pkg.github.com"},
    {"gitlab",      "gitlab.com"},
    {"gitlab",      "registry.gitlab.com"},
    {"bitbucket",   "bitbucket.org"},
    {"bitbucket",   "api.bitbucket.org"},
    {"npm",         "registry.npmjs.org"},
    {"pypi",        "upload.pypi.org"},
    {"pypi",        "test.pypi.org"},
    {"rubygems",    "rubygems.org"},
    {"docker",      "auth.docker.io"},
    {"docker",      "hub.docker.com"},
    {"docker",      "registry-1.docker.io"},
    {"aws",         "*.amazonaws.com"},
    {"gcp",         "*.googleapis.com"},
    {"google",      "*.googleapis.com"},
    {"google",      "accounts.google.com"},
    {"azure",       "login.microsoftonline.com"},
    {"azure",       "*.azure.com"},
    {"azure",       "*.windows.net"},
    {"digitalocean", "api.digitalocean.com"},
    {"cloudflare",  "api.cloudflare.com"},
    {"slack",       "slack.com"},
    {"slack",       "*.slack.com"},
    {"discord",     "discord.com"},
    {"telegram",    "api.telegram.org"},
    {"stripe",      "api.stripe.com"},
    {"twilio",      "api.twilio.com"},
    {"sendgrid",    "api.sendgrid.com"},
    {"atlassian",   "*.atlassian.net"},
    {"atlassian",   "api.atlassian.com"},
    {"linear",      "api.linear.app"},
    {"notion",      "api.notion.com"},
    {"sentry",      "sentry.io"},
    {"sentry",      "*.sentry.io"},
    {"datadog",     "*.datadoghq.com"},
    {"grafana",     "*.grafana.net"},
    {"heroku",      "api.heroku.com"},
    {"vercel",      "api.vercel.com"},
    {"netlify",     "api.netlify.com"},
    {"supabase",    "*.supabase.co"},
};
/* clang-format on */

const size_t binding_count = COUNT_OF(bindings);

static bool names(struct span pattern, struct span host)
{
    if (!span_starts(pattern, SPAN_LIT("*."))) return span_is(pattern, host);
    struct span below = span_from(pattern, 1); /* ".example.com" */
    return host.len > below.len && span_is(span_from(host, host.len - below.len), below);
}

bool binding_holds(struct span service, struct span host)
{
    for (size_t i = 0; i < binding_count && service.len > 0; i++)
        if (span_is(service, span_of(bindings[i].service)) && names(span_of(bindings[i].host), host)) return true;
    return false;
}
