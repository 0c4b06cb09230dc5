/* draw_machines.c — prints docs/machines.md.  `check` fails when the committed file differs. */
#include <stdio.h>

#include "fsm/describe.h"

static void draw(const struct fsm_type *type)
{
    printf("## %s\n\n```mermaid\nstateDiagram-v2\n    [*] --> %s\n", type->name, type->states[0].name);
    for (uint8_t i = 0; i < type->row_count; i++) {
        const struct fsm_row *row = &type->rows[i];
        if (row->from == FSM_ANY) continue;
        printf("    %s --> %s : %s / %s\n", type->states[row->from].name, type->states[row->to].name,
               type->events[row->event], row->action_name);
    }
    for (uint8_t s = 0; s < type->state_count; s++)
        if (type->states[s].limit_ms == FSM_FINAL) printf("    %s --> [*]\n", type->states[s].name);
    printf("```\n\n| state | longest stay | meaning |\n| --- | --- | --- |\n");
    for (uint8_t s = 0; s < type->state_count; s++) {
        const struct fsm_state *state = &type->states[s];
        if (state->limit_ms == FSM_FOREVER)
            printf("| %s | no limit | %s |\n", state->name, state->meaning);
        else if (state->limit_ms == FSM_FINAL)
            printf("| %s | final | %s |\n", state->name, state->meaning);
        else
            printf("| %s | %u s | %s |\n", state->name, state->limit_ms / 1000, state->meaning);
    }
    printf("\nFrom any live state without its own row:");
    for (uint8_t i = 0; i < type->row_count; i++)
        if (type->rows[i].from == FSM_ANY)
            printf(" %s → %s (%s);", type->events[type->rows[i].event], type->states[type->rows[i].to].name,
                   type->rows[i].action_name);
    printf("\n\n");
}

int main(void)
{
    printf("<!-- printed by docs/draw_machines.c from fsm/*_fsm.h -->\n# Machines\n\n");
    for (const struct fsm_type *const *type = fsm_all; *type != NULL; type++) draw(*type);
    return 0;
}
