/* net.c — reactor/net's sockets in memory: connects end at scripted addresses, clients come when told. */
#include <assert.h>
#include <unistd.h>

#include "reactor/base/mem.h"
#include "reactor/net/stream_mem.h"
#include "reactor/net/stream_tcp.h"
#include "tests/world/world.h"

#define PLACES_MAX  64
#define WAITING_MAX 512

enum manner { REFUSES, LISTENS, SWALLOWS };
struct place {
    struct addr addr;
    enum manner manner;
};

static struct place places[PLACES_MAX];
static size_t place_count;
static struct stream *waiting[WAITING_MAX], *swallowed[WAITING_MAX];
static size_t waiting_count, swallowed_count;
static uint16_t next_port;

/* A connect that has not opened yet: the stream is a memory stream whose free also forgets the connect. */
struct connect {
    struct list node;
    struct defer opening;
    struct stream *stream;
};
static struct list connects;
static struct stream_ops connecting_ops;
static const struct stream_ops *open_ops;

static bool same(const struct addr *a, const struct addr *b)
{
    return a->family == b->family && a->port == b->port && memcmp(a->ip, b->ip, a->family == 4 ? 4 : 16) == 0;
}

static struct place *place_of(const struct addr *addr)
{
    for (size_t i = 0; i < place_count; i++)
        if (same(&places[i].addr, addr)) return &places[i];
    return NULL;
}

static void script(const struct addr *addr, enum manner manner)
{
    struct place *place = place_of(addr);

    if (place == NULL) {
        assert(place_count < PLACES_MAX);
        place = &places[place_count++];
    }
    *place = (struct place){*addr, manner};
}

void world_listen(const struct addr *addr) { script(addr, LISTENS); }
void world_refuse(const struct addr *addr) { script(addr, REFUSES); }
void world_blackhole(const struct addr *addr) { script(addr, SWALLOWS); }

static struct stream *take_first(struct stream **streams, size_t *count)
{
    struct stream *first = *count > 0 ? streams[0] : NULL;

    if (first == NULL) return NULL;
    memmove(streams, streams + 1, --*count * sizeof *streams);
    return first;
}

struct stream *world_accept(void) { return take_first(waiting, &waiting_count); }

static void ignore(void *owner, enum stream_event event) { (void)owner, (void)event; }

static void keep(struct stream **streams, size_t *count, struct stream *stream)
{
    assert(*count < WAITING_MAX);
    stream_own(stream, ignore, NULL);
    streams[(*count)++] = stream;
}

static enum err pair(const struct addr *server, struct stream **client_out, struct stream **server_out)
{
    struct addr client = {.family = 4, .port = next_port++, .ip = {192, 0, 2, 1}};

    TRY(stream_mem_pair(world.loop, client_out, server_out));
    (*client_out)->local = (*server_out)->peer = client;
    (*client_out)->peer = (*server_out)->local = *server;
    return ERR_OK;
}

static void forget(struct connect *connect)
{
    list_remove(&connect->node);
    loop_defer_cancel(&connect->opening);
    mem_free(connect);
}

static void connecting_free(struct stream *stream)
{
    LIST_EACH (&connects, node) {
        struct connect *connect = LIST_ENTRY(node, struct connect, node);

        if (connect->stream == stream) forget(connect);
    }
    open_ops->free(stream);
}

static void on_open(struct defer *defer)
{
    struct connect *connect = CONTAINER_OF(defer, struct connect, opening);
    struct stream *stream = connect->stream;

    stream->ops = open_ops;
    forget(connect);
    stream->fn(stream->owner, STREAM_OPEN);
}

static enum err open_later(struct stream *stream)
{
    struct connect *connect = mem_new(sizeof *connect);

    if (connect == NULL) return ERR_NOMEM;
    connect->stream = stream;
    open_ops = stream->ops;
    connecting_ops = *open_ops;
    connecting_ops.free = connecting_free;
    stream->ops = &connecting_ops;
    list_push(&connects, &connect->node);
    loop_defer(world.loop, &connect->opening, on_open);
    return ERR_OK;
}

enum err stream_tcp_connect(struct loop *loop, const struct addr *addr, stream_fn *fn, void *owner,
                            struct stream **stream_out)
{
    const struct place *place = place_of(addr);
    enum manner manner = place != NULL ? place->manner : REFUSES;
    struct stream *server;
    enum err err = ERR_OK;

    (void)loop;
    if (world.starved > 0) {
        world.starved--;
        return ERR_SYS;
    }
    world.connects[world.connect_count++ % WORLD_CONNECTS_MAX] = *addr;
    TRY(pair(addr, stream_out, &server));
    stream_own(*stream_out, fn, owner);
    switch (manner) {
    case REFUSES: stream_free(&server); break; /* which is STREAM_GONE at our end, a turn later */
    case SWALLOWS:
        if (swallowed_count == WAITING_MAX) { /* the oldest was given up on long ago */
            struct stream *oldest = take_first(swallowed, &swallowed_count);
            stream_free(&oldest);
        }
        keep(swallowed, &swallowed_count, server);
        break;
    case LISTENS:
        keep(waiting, &waiting_count, server);
        err = open_later(*stream_out);
        break;
    }
    if (err != ERR_OK) stream_free(stream_out);
    return err;
}

/* The world has no descriptors: whoever held the other end of this one speaks through world_accept() instead. */
enum err stream_tcp_adopt(struct loop *loop, int fd, struct stream **stream_out)
{
    const struct addr nobody = {0};
    struct stream *other;

    (void)loop;
    close(fd);
    TRY(pair(&nobody, stream_out, &other));
    keep(waiting, &waiting_count, other);
    return ERR_OK;
}

/* --- listener ------------------------------------------------------------------------------------------- */

struct listener {
    struct addr addr;
    accept_fn *fn;
    void *owner;
    struct defer accepting;
    struct stream *clients[WAITING_MAX];
    size_t client_count;
    bool paused, freed;
};

enum err listener_new(struct loop *loop, const struct addr *addr, accept_fn *fn, void *owner,
                      struct listener **listener_out)
{
    struct listener *listener = mem_new(sizeof *listener);

    (void)loop;
    if (listener == NULL) return ERR_NOMEM;
    *listener = (struct listener){.addr = *addr, .fn = fn, .owner = owner};
    if (addr->port == 0) listener->addr.port = next_port++;
    *listener_out = listener;
    return ERR_OK;
}

enum err listener_adopt(struct loop *loop, int fd, accept_fn *fn, void *owner, struct listener **listener_out)
{
    static const struct addr somewhere = {.family = 4, .ip = {10, 0, 0, 1}};

    (void)fd; /* a number that only the test knows the meaning of */
    return listener_new(loop, &somewhere, fn, owner, listener_out);
}

struct addr listener_addr(const struct listener *listener) { return listener->addr; }

static void on_accept(struct defer *defer)
{
    struct listener *listener = CONTAINER_OF(defer, struct listener, accepting);
    struct stream *stream;

    while (!listener->freed && !listener->paused &&
           (stream = take_first(listener->clients, &listener->client_count)) != NULL)
        listener->fn(listener->owner, stream);
}

void listener_pause(struct listener *listener, bool paused)
{
    listener->paused = paused;
    loop_defer(world.loop, &listener->accepting, on_accept);
}

struct stream *world_connect(struct listener *listener)
{
    struct stream *client, *server;
    enum err err = pair(&listener->addr, &client, &server);

    assert(err == ERR_OK), (void)err;
    stream_own(client, ignore, NULL);
    keep(listener->clients, &listener->client_count, server);
    loop_defer(world.loop, &listener->accepting, on_accept);
    return client;
}

static void on_free(struct defer *defer) { mem_free(CONTAINER_OF(defer, struct listener, accepting)); }

void listener_free(struct listener **listener)
{
    struct listener *gone = *listener;
    struct stream *stream;

    if (gone == NULL) return;
    while ((stream = take_first(gone->clients, &gone->client_count)) != NULL) stream_free(&stream);
    gone->freed = true;
    loop_defer_cancel(&gone->accepting);
    loop_defer(world.loop, &gone->accepting, on_free);
    *listener = NULL;
}

void world_net_begin(void)
{
    list_init(&connects);
    place_count = waiting_count = swallowed_count = 0;
    next_port = 40000;
}

void world_net_end(void)
{
    struct stream *stream;

    while ((stream = take_first(waiting, &waiting_count)) != NULL) stream_free(&stream);
    while ((stream = take_first(swallowed, &swallowed_count)) != NULL) stream_free(&stream);
}
