#include "fsm/rules.h"

#include "reactor/base/mem.h"
#include "reactor/base/own.h"

static enum err open_trust(struct loop *loop, struct rules *rules)
{
    const struct policy *policy = rules->policy;

    TRY(tls_client_new(loop, NULL, &rules->tls));
    rules->route_tls = mem_new(policy->route_count * sizeof *rules->route_tls);
    if (rules->route_tls == NULL) return ERR_NOMEM;
    for (size_t i = 0; i < policy->route_count; i++)
        if (policy->routes[i].ca_path != NULL)
            TRY(tls_client_new(loop, policy->routes[i].ca_path, &rules->route_tls[i]));
    return ERR_OK;
}

enum err rules_new(struct loop *loop, struct policy **policy, struct vault **vault, struct engine *engine,
                   struct rules **rules_out)
{
    static uint64_t generations;
    AUTO(rules) rules = mem_new(sizeof *rules);

    if (rules == NULL) {
        policy_free(policy);
        vault_free(vault);
        return ERR_NOMEM;
    }
    rules->references = 1;
    rules->generation = ++generations;
    rules->policy = MOVE(*policy);
    rules->vault = MOVE(*vault);
    if (engine != NULL) rules->engine = engine_hold(engine);
    TRY(scanner_new(rules->vault, engine, &rules->scanner));
    TRY(open_trust(loop, rules));
    *rules_out = MOVE(rules);
    return ERR_OK;
}

struct rules *rules_hold(struct rules *rules)
{
    rules->references++;
    return rules;
}

void rules_free(struct rules **held)
{
    struct rules *rules = *held;

    *held = NULL;
    if (rules == NULL || --rules->references > 0) return;
    for (size_t i = 0; rules->route_tls != NULL && i < rules->policy->route_count; i++)
        tls_client_free(&rules->route_tls[i]);
    mem_free(rules->route_tls);
    tls_client_free(&rules->tls);
    scanner_free(&rules->scanner);
    engine_free(&rules->engine);
    vault_free(&rules->vault);
    policy_free(&rules->policy);
    mem_free(rules);
}

size_t rules_route_number(const struct rules *rules, const struct route *route)
{
    const struct policy *policy = rules->policy;
    bool is_ours = route >= policy->routes && route < policy->routes + policy->route_count;

    return is_ours ? (size_t)(route - policy->routes) : policy->route_count;
}

struct tls_client *rules_tls(const struct rules *rules, const struct route *route)
{
    size_t number = rules_route_number(rules, route);
    struct tls_client *own = number < rules->policy->route_count ? rules->route_tls[number] : NULL;

    return own != NULL ? own : rules->tls;
}

bool rules_find_nothing(const struct rules *rules, struct span text)
{
    struct findings findings = {0};

    return scan_block(rules->scanner, SCAN_TARGET, (struct span){0}, text, &findings) == ERR_OK && findings.count == 0;
}
