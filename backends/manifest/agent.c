#include "backends/manifest/agent.h"

#include "backends/manifest/keys.h"
#include "reactor/base/own.h"

static void read_bottle(struct reader *reader, const struct yaml_node *node, void *into)
{
    struct agent *agent = into;

    agent->bottle_place = node->place;
    read_name(reader, node, &agent->bottle_name);
}

static void read_command(struct reader *reader, const struct yaml_node *node, void *into)
{
    static const struct items words = {"command", sizeof(struct span), COMMAND_WORDS_MAX, read_texts, false};
    struct agent *agent = into;

    agent->command = items_read(reader, node, &words, &agent->command_count);
    if (agent->command_count == 0 && node->kind == YAML_LIST)
        complain(reader, node->place, "write [program, argument]", "`command` is empty");
}

static const struct key agent_keys[] = {
    {"bottle", read_bottle, 0, true, NULL},
    {"command", read_command, 0, false, NULL},
    {"env", read_env, offsetof(struct agent, env), false, NULL},
};

bool agent_read(struct reader *reader, const struct yaml_node *root, struct span name, struct span body,
                struct agent *agent)
{
    static const struct keys keys = {"an agent", agent_keys, COUNT_OF(agent_keys)};
    size_t errors = reader->errors->count;

    *agent = (struct agent){.name = name, .path = reader->path, .prompt = arena_copy(reader->arena, body)};
    keys_read(reader, root, &keys, agent);
    if (agent->prompt.at == NULL) complain(reader, root->place, "shorten it", "the prompt needs too much memory");
    return reader->errors->count == errors;
}
