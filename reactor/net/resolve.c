#include "reactor/net/resolve.h"

#include <ares.h>
#include <assert.h>
#include <netinet/in.h>

#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/loop/base.h"
#include "reactor/loop/timer.h"
#include "reactor/net/sockaddr.h"

struct answer {
    enum err err;
    size_t count;
    struct addr addrs[DIAL_ADDRS_MAX];
};

/* A cell of the cache.  The cache has one cell for each hash: a collision forgets the older name, which is then asked
 * for again; whoever makes names up can make the cache useless, never large. */
struct known {
    uint64_t until_ms;
    struct answer answer;
    char name[NAME_BYTES_MAX + 1];
};

struct pin {
    char *name;
    struct addr addr;
};

struct resolver {
    struct loop *loop;
    ares_channel channel;
    struct timer timer;  /* c-ares's next retry */
    struct list watches; /* its sockets */
    struct pin *pins;
    size_t pin_count;
    size_t question_count; /* in flight */
    struct known *cache[RESOLVE_CACHE_MAX];
};

/* c-ares can't take back one question: it outlives an asker who has left, and its answer is remembered all the same. */
struct question {
    struct resolver *resolver;
    struct resolve *asker; /* NULL: has left */
    char name[NAME_BYTES_MAX + 1];
};

struct resolve {
    struct resolver *resolver;
    struct question *question; /* NULL: answered */
    struct timer deadline;
    struct defer telling;
    struct answer answer;
    resolve_fn *fn;
    void *owner;
};

/* --- the cache ------------------------------------------------------------------------------------------ */

static struct known **cell_of(struct resolver *resolver, const char *name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (; *name != '\0'; name++) hash = (hash ^ (uint8_t)*name) * 16777619u;
    return &resolver->cache[hash % RESOLVE_CACHE_MAX];
}

static const struct answer *recall(struct resolver *resolver, const char *name)
{
    const struct known *known = *cell_of(resolver, name);

    if (known == NULL || strcmp(known->name, name) != 0) return NULL;
    return loop_now_ms(resolver->loop) < known->until_ms ? &known->answer : NULL;
}

/* Without memory nothing is remembered, and asked for again. */
static void remember(struct resolver *resolver, const char *name, const struct answer *answer, uint64_t keep_ms)
{
    struct known **cell = cell_of(resolver, name);

    if (keep_ms == 0) return;
    if (*cell == NULL) *cell = mem_new(sizeof **cell);
    if (*cell == NULL) return;
    **cell = (struct known){.until_ms = loop_now_ms(resolver->loop) + keep_ms, .answer = *answer};
    memcpy((*cell)->name, name, strlen(name));
}

/* --- answers -------------------------------------------------------------------------------------------- */

static void on_tell(struct defer *defer)
{
    struct resolve *resolve = CONTAINER_OF(defer, struct resolve, telling);
    const struct answer answer = resolve->answer; /* the owner may free it inside the call */

    resolve->fn(resolve->owner, answer.err, answer.addrs, answer.count);
}

static void settle(struct resolve *resolve, const struct answer *answer)
{
    if (resolve->question != NULL) resolve->question->asker = NULL;
    resolve->question = NULL;
    resolve->answer = *answer;
    timer_disarm(&resolve->deadline);
    loop_defer(resolve->resolver->loop, &resolve->telling, on_tell);
}

static void fail(struct resolve *resolve, enum err err) { settle(resolve, &(struct answer){.err = err}); }

static void on_deadline(struct timer *timer) { fail(CONTAINER_OF(timer, struct resolve, deadline), ERR_TIMEOUT); }

static enum err err_of(int status)
{
    switch (status) {
    case ARES_SUCCESS: return ERR_OK;
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_EBADNAME: return ERR_NOT_FOUND;
    case ARES_ETIMEOUT: return ERR_TIMEOUT;
    case ARES_ENOMEM: return ERR_NOMEM;
    default: return ERR_PEER;
    }
}

static void add_family(const struct ares_addrinfo *info, int family, struct answer *answer)
{
    for (const struct ares_addrinfo_node *node = info->nodes; node != NULL; node = node->ai_next)
        if (node->ai_family == family && answer->count < DIAL_ADDRS_MAX) {
            answer->addrs[answer->count] = addr_from_sockaddr(node->ai_addr);
            answer->addrs[answer->count++].port = 0;
        }
}

/* The shortest of all TTLs, in milliseconds. */
static uint64_t ttl_of(const struct ares_addrinfo *info)
{
    int ttl_s = INT32_MAX;

    for (const struct ares_addrinfo_node *node = info->nodes; node != NULL; node = node->ai_next)
        if (node->ai_ttl < ttl_s) ttl_s = node->ai_ttl;
    for (const struct ares_addrinfo_cname *cname = info->cnames; cname != NULL; cname = cname->next)
        if (cname->ttl < ttl_s) ttl_s = cname->ttl;
    return ttl_s > 0 ? (uint64_t)ttl_s * 1000u : 0;
}

/* IPv4 first: where IPv6 does not reach, it does not always fail at once.  Else in the servers' order. */
static uint64_t read_answer(int status, const struct ares_addrinfo *info, struct answer *answer)
{
    uint64_t ttl_ms = info != NULL ? ttl_of(info) : 0;

    answer->err = err_of(status);
    if (answer->err == ERR_OK && info != NULL) {
        add_family(info, AF_INET, answer);
        add_family(info, AF_INET6, answer);
    }
    if (answer->err == ERR_OK && answer->count == 0) answer->err = ERR_NOT_FOUND;
    if (answer->err == ERR_NOT_FOUND) return RESOLVE_NEGATIVE_MS;
    if (answer->err != ERR_OK) return 0;
    return ttl_ms < RESOLVE_TTL_MS_MAX ? ttl_ms : RESOLVE_TTL_MS_MAX;
}

static void on_answered(void *context, int status, int timeouts, struct ares_addrinfo *info)
{
    struct question *question = context;
    struct resolver *resolver = question->resolver;
    struct answer answer = {0};
    uint64_t keep_ms = read_answer(status, info, &answer);

    (void)timeouts;
    ares_freeaddrinfo(info);
    remember(resolver, question->name, &answer, keep_ms);
    if (question->asker != NULL) settle(question->asker, &answer);
    resolver->question_count--;
    mem_free(question);
}

/* --- c-ares on the loop --------------------------------------------------------------------------------- */

struct watch {
    struct list node;
    struct resolver *resolver;
    struct event event;
    ares_socket_t fd;
};

static void rearm(struct resolver *resolver)
{
    struct timeval room, *wait = ares_timeout(resolver->channel, NULL, &room);
    uint64_t wait_ms = wait != NULL ? (uint64_t)wait->tv_sec * 1000u + (uint64_t)wait->tv_usec / 1000u + 1u : 0;

    timer_arm(&resolver->timer, wait != NULL ? loop_now_ms(resolver->loop) + wait_ms : UINT64_MAX);
}

static void on_retry(struct timer *timer)
{
    struct resolver *resolver = CONTAINER_OF(timer, struct resolver, timer);

    ares_process_fd(resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    rearm(resolver);
}

static void on_ready(evutil_socket_t fd, short what, void *context)
{
    struct resolver *resolver = ((struct watch *)context)->resolver;

    ares_process_fd(resolver->channel, what & EV_READ ? fd : ARES_SOCKET_BAD, what & EV_WRITE ? fd : ARES_SOCKET_BAD);
    rearm(resolver);
}

static struct watch *watch_of(struct resolver *resolver, ares_socket_t fd)
{
    struct watch *watch;

    LIST_EACH (&resolver->watches, node)
        if (LIST_ENTRY(node, struct watch, node)->fd == fd) return LIST_ENTRY(node, struct watch, node);
    watch = mem_new(sizeof *watch);
    if (watch == NULL) return NULL;
    watch->resolver = resolver;
    watch->fd = fd;
    list_push(&resolver->watches, &watch->node);
    return watch;
}

/* What cannot be watched is not answered, and times out. */
static void on_socket(void *context, ares_socket_t fd, int readable, int writable)
{
    struct resolver *resolver = context;
    struct watch *watch = watch_of(resolver, fd);
    int what = EV_PERSIST | (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0);

    if (watch == NULL) return;
    if (event_initialized(&watch->event)) event_del(&watch->event);
    if (readable || writable) {
        event_assign(&watch->event, loop_base(resolver->loop), fd, (short)what, on_ready, watch);
        (void)event_add(&watch->event, NULL);
        return;
    }
    list_remove(&watch->node);
    mem_free(watch);
}

/* --- birth and death ------------------------------------------------------------------------------------ */

static enum err copy_pins(struct resolver *resolver, const struct resolver_options *options)
{
    if (options->pin_count == 0) return ERR_OK;
    resolver->pins = mem_new(options->pin_count * sizeof *resolver->pins);
    if (resolver->pins == NULL) return ERR_NOMEM;
    for (; resolver->pin_count < options->pin_count; resolver->pin_count++) {
        struct pin *pin = &resolver->pins[resolver->pin_count];

        pin->name = mem_text(options->pins[resolver->pin_count].name);
        if (pin->name == NULL) return ERR_NOMEM;
        pin->addr = options->pins[resolver->pin_count].addr;
        pin->addr.port = 0;
    }
    return ERR_OK;
}

/* Names are whole: no search list (an empty one: c-ares 1.18 forgets ARES_FLAG_NOSEARCH when a name has no address), no
 * $HOSTALIASES.  Named servers are asked alone, without /etc/hosts. */
static enum err open_channel(struct resolver *resolver, struct span servers)
{
    char hosts_and_dns[] = "fb", dns[] = "b";
    struct ares_options options = {.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
                                   .timeout = RESOLVE_TRY_MS,
                                   .tries = RESOLVE_TRIES,
                                   .lookups = servers.len > 0 ? dns : hosts_and_dns,
                                   .sock_state_cb = on_socket,
                                   .sock_state_cb_data = resolver};
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB |
               ARES_OPT_DOMAINS | ARES_OPT_NOROTATE;
    char *csv;
    int status;

    if (ares_init_options(&resolver->channel, &options, mask) != ARES_SUCCESS) return ERR_SYS;
    if (servers.len == 0) return ERR_OK;
    csv = mem_text(servers);
    if (csv == NULL) return ERR_NOMEM;
    status = ares_set_servers_ports_csv(resolver->channel, csv);
    mem_free(csv);
    return status == ARES_SUCCESS ? ERR_OK : ERR_SYNTAX;
}

enum err resolver_new(struct loop *loop, const struct resolver_options *options, struct resolver **resolver_out)
{
    AUTO(resolver) resolver = mem_new(sizeof *resolver);

    if (resolver == NULL) return ERR_NOMEM;
    resolver->loop = loop;
    list_init(&resolver->watches);
    timer_init(&resolver->timer, loop, on_retry);
    TRY(copy_pins(resolver, options));
    TRY(open_channel(resolver, options->servers));
    *resolver_out = MOVE(resolver);
    return ERR_OK;
}

void resolver_free(struct resolver **resolver)
{
    struct resolver *leaving = *resolver;

    if (leaving == NULL) return;
    if (leaving->channel != NULL) ares_destroy(leaving->channel); /* answers every question, closes every socket */
    assert(leaving->question_count == 0 && list_empty(&leaving->watches));
    timer_disarm(&leaving->timer);
    for (size_t i = 0; i < leaving->pin_count; i++) mem_free(leaving->pins[i].name);
    mem_free(leaving->pins);
    for (size_t i = 0; i < RESOLVE_CACHE_MAX; i++) mem_free(leaving->cache[i]);
    mem_free(leaving);
    *resolver = NULL;
}

/* --- asking --------------------------------------------------------------------------------------------- */

static bool find_pins(const struct resolver *resolver, struct span name, struct answer *answer)
{
    for (size_t i = 0; i < resolver->pin_count; i++)
        if (span_is_nocase(span_of(resolver->pins[i].name), name) && answer->count < DIAL_ADDRS_MAX)
            answer->addrs[answer->count++] = resolver->pins[i].addr;
    return answer->count > 0;
}

static enum err ask(struct resolve *resolve, const char *name)
{
    static const struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_flags = ARES_AI_NOSORT};
    struct resolver *resolver = resolve->resolver;
    struct question *question;

    if (resolver->question_count == RESOLVE_QUESTIONS_MAX) return ERR_LIMIT;
    question = mem_new(sizeof *question);
    if (question == NULL) return ERR_NOMEM;
    question->resolver = resolver;
    question->asker = resolve;
    memcpy(question->name, name, strlen(name));
    resolve->question = question;
    resolver->question_count++;
    timer_arm(&resolve->deadline, loop_now_ms(resolver->loop) + RESOLVE_MS);
    ares_getaddrinfo(resolver->channel, question->name, NULL, &hints, on_answered, question); /* may answer at once */
    rearm(resolver);
    return ERR_OK;
}

static enum err look_up(struct resolve *resolve, struct span name)
{
    char text[NAME_BYTES_MAX + 1] = "";
    struct answer pinned = {0};
    const struct answer *known;

    if (name.len == 0 || name.len > NAME_BYTES_MAX || span_find(name, '\0', 0) < name.len) {
        fail(resolve, ERR_NOT_FOUND);
        return ERR_OK;
    }
    memcpy(text, name.at, name.len);
    known = find_pins(resolve->resolver, name, &pinned) ? &pinned : recall(resolve->resolver, text);
    if (known == NULL) return ask(resolve, text);
    settle(resolve, known);
    return ERR_OK;
}

enum err resolve_start(struct resolver *resolver, struct span name, resolve_fn *fn, void *owner,
                       struct resolve **resolve_out)
{
    AUTO(resolve) resolve = mem_new(sizeof *resolve);

    if (resolve == NULL) return ERR_NOMEM;
    resolve->resolver = resolver;
    resolve->fn = fn;
    resolve->owner = owner;
    timer_init(&resolve->deadline, resolver->loop, on_deadline);
    TRY(look_up(resolve, name));
    *resolve_out = MOVE(resolve);
    return ERR_OK;
}

void resolve_free(struct resolve **resolve)
{
    if (*resolve == NULL) return;
    if ((*resolve)->question != NULL) (*resolve)->question->asker = NULL;
    timer_disarm(&(*resolve)->deadline);
    loop_defer_cancel(&(*resolve)->telling);
    mem_free(*resolve);
    *resolve = NULL;
}
