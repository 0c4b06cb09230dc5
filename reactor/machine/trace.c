#include "reactor/machine/trace.h"

#include <signal.h>
#include <unistd.h>

#include "reactor/base/limits.h"
#include "reactor/base/own.h"

struct entry {
    uint64_t at_ms, id;
    const struct fsm_type *type;
    uint8_t note, from, event, to;
};

static struct entry ring[TRACE_COUNT];
static uint64_t noted, locked_id;
static trace_fn *watcher;

void trace_note(const struct fsm *machine, enum fsm_note note, uint8_t from, uint8_t event)
{
    if (watcher != NULL) watcher(machine, note, from, event);
    if (locked_id != 0 && machine->id != locked_id) return;
    ring[noted++ % TRACE_COUNT] = (struct entry){.at_ms = loop_now_ms(machine->timer.loop),
                                                 .id = machine->id,
                                                 .type = machine->type,
                                                 .note = (uint8_t)note,
                                                 .from = from,
                                                 .event = event,
                                                 .to = machine->state};
}

void trace_lock(uint64_t id) { locked_id = id; }
void trace_watch(trace_fn *fn) { watcher = fn; }

/* No printf in a signal handler. */
static size_t put(char *line, size_t at, const char *text)
{
    while (*text != '\0' && at < TRACE_LINE_MAX - 1) line[at++] = *text++;
    return at;
}

static size_t put_number(char *line, size_t at, uint64_t number)
{
    char digits[21];
    size_t from = sizeof digits - 1;

    digits[from] = '\0';
    do digits[--from] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    return put(line, at, digits + from);
}

static void print_entry(int fd, const struct entry *e)
{
    static const char *const notes[] = {" > ", " late ", " unlisted "};
    char line[TRACE_LINE_MAX];
    size_t at = put_number(line, 0, e->at_ms);

    at = put(line, put_number(line, put(line, put(line, put(line, at, " "), e->type->name), "="), e->id), " ");
    at = put(line, put(line, put(line, at, e->type->states[e->from].name), " "), e->type->events[e->event]);
    at = put(line, put(line, at, notes[e->note]), e->type->states[e->to].name);
    line[at++] = '\n';
    if (write(fd, line, at) < 0) return; /* a trace that cannot be printed is not worth a crash */
}

void trace_print(int fd)
{
    for (uint64_t i = noted > TRACE_COUNT ? noted - TRACE_COUNT : 0; i < noted; i++)
        print_entry(fd, &ring[i % TRACE_COUNT]);
}

/* SA_RESETHAND: returning runs into the same fault again, and this time it kills. */
static void on_crash(int number)
{
    static const char text[] = "bottled crashed; its last transitions:\n";

    if (write(STDERR_FILENO, text, sizeof text - 1) > 0) trace_print(STDERR_FILENO);
    raise(number);
}

void trace_on_crash(void)
{
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    const struct sigaction action = {.sa_handler = on_crash, .sa_flags = (int)SA_RESETHAND};

    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        if (sigaction(numbers[i], &action, NULL) != 0) return;
}
