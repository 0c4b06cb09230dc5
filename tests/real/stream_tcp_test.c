/* stream_tcp_test.c — a stream over sockets: back-pressure, each end by itself, freeing at the worst moment. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "reactor/base/buf.h"
#include "reactor/base/limits.h"
#include "reactor/base/mem.h"
#include "reactor/base/own.h"
#include "reactor/net/sockaddr.h"
#include "reactor/net/stream_tcp.h"
#include "tests/real/real.h"

/* An owner that keeps what comes and counts what it is told. */
struct owner {
    struct stream *stream;
    struct buf got;
    unsigned told[STREAM_GONE + 1];
    bool keeps, eof, gone, open, drained, sent, any; /* keeps: leaves the input where it is */
    enum stream_event free_at;                       /* frees the stream inside this event */
    bool frees;
};
static struct owner ann;
static int peer; /* the test's own end */

static void on_event(void *owner, enum stream_event event)
{
    struct owner *o = owner;

    o->told[event]++;
    o->any = true;
    if (event == STREAM_DATA && !o->keeps) {
        struct span input = stream_input(o->stream);

        assert_int_equal(buf_add(&o->got, input), ERR_OK);
        stream_consume(o->stream, input.len);
    }
    if (o->frees && event == o->free_at) stream_free(&o->stream);
    o->eof = o->eof || event == STREAM_EOF;
    o->gone = o->gone || event == STREAM_GONE;
    o->open = o->open || event == STREAM_OPEN;
    o->drained = o->drained || event == STREAM_DRAINED;
    o->sent = o->sent || event == STREAM_SENT;
}

static void adopt(int fd)
{
    assert_int_equal(stream_tcp_adopt(real.loop, fd, &ann.stream), ERR_OK);
    stream_own(ann.stream, on_event, &ann);
}

static void tcp_pair(int fds[2])
{
    struct sockaddr_storage name;
    struct addr any = real_loopback(0);
    socklen_t len = addr_to_sockaddr(&any, &name);
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(listening, (struct sockaddr *)&name, len), 0);
    assert_int_equal(listen(listening, 1), 0);
    any = addr_of_socket(listening);
    len = addr_to_sockaddr(&any, &name);
    fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fds[0], (struct sockaddr *)&name, len), 0);
    fds[1] = accept(listening, NULL, NULL);
    assert_true(fds[1] >= 0);
    close(listening);
}

static int begin_tcp(void **state)
{
    int fds[2];

    ann = (struct owner){0};
    if (real_begin(state) != 0) return -1;
    tcp_pair(fds);
    peer = fds[1];
    adopt(fds[0]);
    return 0;
}

static int begin_unix(void **state)
{
    int fds[2];

    ann = (struct owner){0};
    if (real_begin(state) != 0) return -1;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    peer = fds[1];
    adopt(fds[0]);
    return 0;
}

static int begin_alone(void **state)
{
    ann = (struct owner){0};
    peer = -1;
    return real_begin(state);
}

static int finish(void **state)
{
    stream_free(&ann.stream);
    buf_clear(&ann.got);
    if (peer >= 0) close(peer);
    return real_end(state);
}

static void reset_peer(void)
{
    const struct linger now = {.l_onoff = 1};

    assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    close(peer);
    peer = -1;
}

static void send_bytes(size_t count)
{
    uint8_t bytes[4096];

    while (count > 0) {
        size_t some = count < sizeof bytes ? count : sizeof bytes;
        ssize_t n;

        for (size_t i = 0; i < some; i++) bytes[i] = (uint8_t)(i * 31u);
        n = send(peer, bytes, some, MSG_DONTWAIT);
        if (n < 0) return real_pass(10);
        count -= (size_t)n;
    }
}

static size_t receive_all(void)
{
    uint8_t bytes[65536];
    size_t all = 0;
    ssize_t n;

    while ((n = recv(peer, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) all += (size_t)n;
    return all;
}

static void what_the_peer_sends_is_told(void **state)
{
    (void)state;
    assert_int_equal(send(peer, "hello", 5, 0), 5);
    real_until(&ann.any);
    assert_true(span_is(buf_span(&ann.got), SPAN_LIT("hello")));
    assert_int_equal(ann.told[STREAM_DATA], 1);
}

static void reading_at_once_allocates_nothing(void **state)
{
    size_t before;

    (void)state;
    assert_int_equal(buf_add(&ann.got, SPAN_LIT("room for more")), ERR_OK);
    send_bytes(400);
    mem_fail_at(0);
    real_until(&ann.any);
    before = mem_fail_at(0);
    assert_int_equal(before, 0);
    assert_int_equal(buf_len(&ann.got), 413);
}

static void what_is_left_waits(void **state)
{
    (void)state;
    ann.keeps = true;
    assert_int_equal(send(peer, "hello", 5, 0), 5);
    real_until(&ann.any);
    assert_true(span_is(stream_input(ann.stream), SPAN_LIT("hello")));
    stream_consume(ann.stream, 2);
    assert_int_equal(send(peer, "!", 1, 0), 1);
    real_pass(20);
    assert_true(span_is(stream_input(ann.stream), SPAN_LIT("llo!")));
    assert_int_equal(ann.told[STREAM_DATA], 2);
    stream_consume(ann.stream, 4);
    assert_int_equal(stream_input(ann.stream).len, 0);
}

static void unread_input_is_bounded_and_the_peer_feels_it(void **state)
{
    (void)state;
    ann.keeps = true;
    for (int i = 0; i < 20; i++) {
        send_bytes(MIB(1));
        real_pass(1);
    }
    assert_int_equal(stream_input(ann.stream).len, STREAM_INPUT_MAX);
    assert_true(send(peer, "x", 1, MSG_DONTWAIT) < 0); /* the kernel's buffers are full as well */
    stream_consume(ann.stream, STREAM_INPUT_MAX);
    for (int i = 0; i < 100 && stream_input(ann.stream).len < STREAM_INPUT_MAX; i++) real_pass(5);
    assert_int_equal(stream_input(ann.stream).len, STREAM_INPUT_MAX);
}

static void a_paused_stream_tells_nothing_until_it_goes_on(void **state)
{
    (void)state;
    stream_pause(ann.stream, true);
    assert_int_equal(send(peer, "hello", 5, 0), 5);
    real_pass(20);
    assert_false(ann.any);
    stream_pause(ann.stream, false);
    assert_false(ann.any); /* never from inside the owner's call */
    real_until(&ann.any);
    assert_true(span_is(buf_span(&ann.got), SPAN_LIT("hello")));
    assert_int_equal(ann.told[STREAM_DATA], 1);
}

static void a_paused_stream_notices_a_reset(void **state)
{
    (void)state;
    stream_pause(ann.stream, true);
    assert_int_equal(send(peer, "hello", 5, 0), 5);
    real_pass(10);
    reset_peer();
    real_until(&ann.gone);
    assert_int_equal(ann.stream->err, ERR_PEER);
    assert_string_equal(ann.stream->detail, "Connection reset by peer");
    assert_int_equal(ann.told[STREAM_DATA], 0);
}

static void a_full_stream_waits_without_spinning(void **state)
{
    clock_t before;

    (void)state;
    ann.keeps = true;
    for (int i = 0; i < 20; i++) {
        send_bytes(MIB(1));
        real_pass(1);
    }
    reset_peer();
    before = clock();
    real_pass(200);
    assert_true(clock() - before < CLOCKS_PER_SEC / 10);
}

static void the_peers_end_is_told_once_and_writing_still_works(void **state)
{
    (void)state;
    assert_int_equal(send(peer, "bye", 3, 0), 3);
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    real_until(&ann.eof);
    assert_true(ann.stream->eof);
    assert_true(span_is(buf_span(&ann.got), SPAN_LIT("bye")));
    assert_int_equal(stream_write(ann.stream, SPAN_LIT("and you")), ERR_OK);
    real_pass(20);
    assert_int_equal(receive_all(), 7);
    assert_int_equal(ann.told[STREAM_EOF], 1);
    assert_false(ann.gone);
}

static void the_peers_end_is_told_to_a_paused_stream(void **state)
{
    (void)state;
    stream_pause(ann.stream, true);
    assert_int_equal(send(peer, "bye", 3, 0), 3);
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    real_until(&ann.eof);
    assert_true(span_is(stream_input(ann.stream), SPAN_LIT("bye")));
    stream_pause(ann.stream, false);
    real_pass(10);
    assert_true(span_is(buf_span(&ann.got), SPAN_LIT("bye")));
}

static void the_writes_of_a_turn_leave_together_at_its_end(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) assert_int_equal(stream_write(ann.stream, SPAN_LIT("ab")), ERR_OK);
    assert_int_equal(receive_all(), 0);
    real_pass(5);
    assert_int_equal(receive_all(), 10);
    assert_int_equal(stream_room(ann.stream), STREAM_OUTPUT_HIGH);
}

static struct span kilobytes(size_t count)
{
    static uint8_t bytes[MIB(2)];

    assert_true(KIB(count) <= sizeof bytes);
    return (struct span){bytes, KIB(count)};
}

static void fill(void)
{
    while (stream_room(ann.stream) > 0) {
        assert_int_equal(stream_write(ann.stream, kilobytes(64)), ERR_OK);
        real_pass(1);
    }
}

static void a_writer_that_pauses_when_full_is_told_to_go_on(void **state)
{
    (void)state;
    fill();
    assert_false(ann.drained);
    while (!ann.drained) {
        receive_all();
        real_pass(1);
    }
    assert_int_equal(ann.told[STREAM_DRAINED], 1);
    assert_true(stream_room(ann.stream) >= STREAM_OUTPUT_HIGH - STREAM_OUTPUT_LOW);
}

static void a_writer_that_never_pauses_meets_the_limit_and_nothing_is_taken(void **state)
{
    size_t queued;

    (void)state;
    fill();
    while (stream_write(ann.stream, kilobytes(64)) == ERR_OK) {}
    queued = ann.stream->ops->queued(ann.stream);
    assert_true(queued <= STREAM_OUTPUT_MAX && queued > STREAM_OUTPUT_MAX - KIB(64));
    assert_int_equal(stream_write(ann.stream, kilobytes(2048)), ERR_LIMIT);
    assert_int_equal(ann.stream->ops->queued(ann.stream), queued);
}

static void finish_ends_our_side_after_what_is_queued(void **state)
{
    size_t all = 0;
    char c;

    (void)state;
    fill();
    stream_finish(ann.stream);
    assert_int_equal(stream_write(ann.stream, SPAN_LIT("late")), ERR_PEER);
    real_pass(10);
    assert_false(ann.sent);
    while (!ann.sent) {
        all += receive_all();
        real_pass(1);
    }
    all += receive_all();
    assert_int_equal(recv(peer, &c, 1, 0), 0);
    assert_int_equal(all % KIB(64), 0);
    assert_int_equal(ann.told[STREAM_SENT], 1);
    assert_int_equal(send(peer, "still heard", 11, 0), 11);
    real_pass(10);
    assert_int_equal(buf_len(&ann.got), 11);
}

static void a_stream_that_was_not_finished_is_reset(void **state)
{
    char bytes[8];

    (void)state;
    assert_int_equal(stream_write(ann.stream, SPAN_LIT("half")), ERR_OK);
    real_pass(10);
    stream_free(&ann.stream);
    real_pass(10);
    assert_int_equal(recv(peer, bytes, sizeof bytes, 0), 4); /* what was on its way arrives */
    assert_int_equal(recv(peer, bytes, sizeof bytes, 0), -1);
    assert_int_equal(errno, ECONNRESET);
}

static void a_stream_freed_right_after_its_finish_ends_cleanly(void **state)
{
    char bytes[8];

    (void)state;
    assert_int_equal(stream_write(ann.stream, SPAN_LIT("last")), ERR_OK);
    stream_finish(ann.stream);
    stream_free(&ann.stream);
    real_pass(10);
    assert_int_equal(recv(peer, bytes, sizeof bytes, 0), 4);
    assert_int_equal(recv(peer, bytes, sizeof bytes, 0), 0);
}

static void finish_is_told_later_even_with_nothing_queued(void **state)
{
    (void)state;
    stream_finish(ann.stream);
    assert_false(ann.any);
    real_until(&ann.sent);
}

static void a_reset_is_told_once_and_then_nothing(void **state)
{
    (void)state;
    reset_peer();
    real_until(&ann.gone);
    assert_int_equal(ann.stream->err, ERR_PEER);
    assert_int_equal(stream_write(ann.stream, SPAN_LIT("x")), ERR_PEER);
    stream_pause(ann.stream, true);
    stream_pause(ann.stream, false);
    stream_finish(ann.stream);
    real_pass(20);
    assert_int_equal(ann.told[STREAM_GONE], 1);
    assert_int_equal(ann.told[STREAM_SENT], 0);
}

static void what_came_before_a_failed_write_is_still_heard(void **state)
{
    (void)state;
    stream_pause(ann.stream, true);
    assert_int_equal(send(peer, "413 too large", 13, 0), 13);
    real_pass(10); /* held: the reset that our write brings cannot take it any more */
    close(peer), peer = -1;
    stream_pause(ann.stream, false);
    for (int i = 0; i < 20 && stream_write(ann.stream, SPAN_LIT("more")) == ERR_OK; i++) real_pass(2);
    real_until(&ann.gone);
    assert_true(span_is(buf_span(&ann.got), SPAN_LIT("413 too large")));
}

static void a_stream_that_is_freed_before_its_end_is_a_reset(void **state)
{
    char c;

    (void)state;
    assert_int_equal(stream_write(ann.stream, SPAN_LIT("half of it")), ERR_OK);
    real_pass(10);
    stream_free(&ann.stream);
    errno = 0;
    while (recv(peer, &c, 1, 0) > 0) {}
    assert_int_equal(errno, ECONNRESET);
}

static void a_stream_that_is_freed_after_its_end_is_none(void **state)
{
    char c;

    (void)state;
    stream_finish(ann.stream);
    real_until(&ann.sent);
    stream_free(&ann.stream);
    assert_int_equal(recv(peer, &c, 1, 0), 0);
    assert_int_equal(recv(peer, &c, 1, 0), 0);
}

static void a_stream_may_be_freed_inside_its_own_data(void **state)
{
    (void)state;
    ann.frees = true, ann.free_at = STREAM_DATA;
    send_bytes(5000);
    real_until(&ann.any);
    real_pass(10);
    assert_null(ann.stream);
    assert_int_equal(ann.told[STREAM_DATA], 1);
}

static void a_stream_may_be_freed_inside_its_own_end(void **state)
{
    (void)state;
    ann.frees = true, ann.free_at = STREAM_EOF;
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    real_until(&ann.eof);
    assert_null(ann.stream);
}

static void a_stream_may_be_freed_inside_its_own_loss(void **state)
{
    (void)state;
    ann.frees = true, ann.free_at = STREAM_GONE;
    reset_peer();
    real_until(&ann.gone);
    assert_null(ann.stream);
}

static void a_stream_may_be_freed_inside_sent_and_drained(void **state)
{
    (void)state;
    fill();
    stream_finish(ann.stream);
    ann.frees = true, ann.free_at = STREAM_DRAINED;
    while (!ann.drained) {
        receive_all();
        real_pass(1);
    }
    real_pass(5);
    assert_null(ann.stream);
    assert_int_equal(ann.told[STREAM_SENT], 0);
}

static void no_memory_for_what_is_left_loses_the_stream_and_nothing_else(void **state)
{
    (void)state;
    ann.keeps = true;
    assert_int_equal(send(peer, "hello", 5, 0), 5);
    mem_fail_at(1);
    real_until(&ann.gone);
    assert_int_equal(ann.stream->err, ERR_NOMEM);
    mem_fail_at(0);
}

static void addresses_are_the_sockets(void **state)
{
    (void)state;
    assert_int_equal(ann.stream->peer.family, 4);
    assert_int_equal(ann.stream->peer.port, addr_of_socket(peer).port);
    assert_int_equal(ann.stream->local.port, addr_of_peer(peer).port);
}

static void a_unix_socket_has_no_address(void **state)
{
    (void)state;
    assert_int_equal(ann.stream->peer.family, 0);
    assert_int_equal(ann.stream->local.family, 0);
}

static int listen_at(const struct addr *addr)
{
    struct sockaddr_storage name;
    socklen_t len = addr_to_sockaddr(addr, &name);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&name, len), 0);
    assert_int_equal(listen(fd, 5), 0);
    return fd;
}

static void a_connect_opens_and_what_was_written_meanwhile_leaves(void **state)
{
    struct addr addr = real_loopback(0);
    int listening = listen_at(&addr);

    (void)state;
    addr = addr_of_socket(listening);
    assert_int_equal(stream_tcp_connect(real.loop, &addr, on_event, &ann, &ann.stream), ERR_OK);
    assert_int_equal(stream_write(ann.stream, SPAN_LIT("early")), ERR_OK);
    assert_false(ann.any);
    real_until(&ann.open);
    peer = accept(listening, NULL, NULL);
    assert_true(peer >= 0);
    close(listening);
    real_pass(10);
    assert_int_equal(receive_all(), 5);
    assert_int_equal(ann.stream->local.port, addr_of_peer(peer).port);
    assert_int_equal(ann.told[STREAM_OPEN], 1);
}

static void a_refused_connect_is_gone_later(void **state)
{
    struct addr addr = real_loopback(0);
    int listening = listen_at(&addr);

    (void)state;
    addr = addr_of_socket(listening);
    close(listening);
    assert_int_equal(stream_tcp_connect(real.loop, &addr, on_event, &ann, &ann.stream), ERR_OK);
    assert_false(ann.any);
    real_until(&ann.gone);
    assert_int_equal(ann.told[STREAM_OPEN], 0);
    assert_int_equal(ann.stream->err, ERR_PEER);
    assert_string_equal(ann.stream->detail, "Connection refused");
}

/* Two owners who pause, take a little, write more than they should, each from one seed. */
struct talker {
    struct stream *stream;
    uint32_t seed;
    size_t sent, taken;
    bool paused, eof;
};
#define TALK_BYTES MIB(4)

static uint32_t roll(struct talker *t, uint32_t below)
{
    t->seed = t->seed * 1664525u + 1013904223u;
    return (t->seed >> 8) % below;
}

static uint8_t byte_at(size_t i) { return (uint8_t)(i * 2654435761u >> 13); }

static void say_more(struct talker *t)
{
    uint8_t bytes[20000];
    size_t len = roll(t, sizeof bytes), left = TALK_BYTES - t->sent;

    len = len < left ? len : left;
    if (len == 0 || stream_room(t->stream) == 0) return;
    for (size_t i = 0; i < len; i++) bytes[i] = byte_at(t->sent + i);
    assert_int_equal(stream_write(t->stream, (struct span){bytes, len}), ERR_OK);
    t->sent += len;
    if (t->sent == TALK_BYTES) stream_finish(t->stream);
}

static void take_some(struct talker *t)
{
    struct span input = stream_input(t->stream);
    size_t len = roll(t, 3) == 0 ? roll(t, (uint32_t)input.len + 1) : input.len;

    for (size_t i = 0; i < len; i++)
        if (input.at[i] != byte_at(t->taken + i)) fail_msg("byte %zu is another", t->taken + i);
    t->taken += len;
    stream_consume(t->stream, len);
}

static void on_talk(void *owner, enum stream_event event)
{
    struct talker *t = owner;

    assert_int_not_equal(event, STREAM_GONE);
    t->eof = t->eof || event == STREAM_EOF;
    if (event == STREAM_DATA) assert_false(t->paused);
    if (event == STREAM_DATA || event == STREAM_EOF) take_some(t);
    if (roll(t, 8) == 0) stream_pause(t->stream, t->paused = true);
    say_more(t);
}

/* What is not consumed is asked for again from outside. */
static bool nudge(struct talker *t)
{
    if (t->paused && roll(t, 2) == 0) stream_pause(t->stream, t->paused = false);
    if (!t->paused) take_some(t);
    say_more(t);
    return t->eof && t->sent == TALK_BYTES && t->taken == TALK_BYTES;
}

static void whatever_the_owners_do_every_byte_arrives_once_and_in_order(void **state)
{
    for (uint32_t seed = 1; seed <= 4; seed++) {
        struct talker one = {.seed = seed}, two = {.seed = seed + 100};
        bool one_done = false, two_done = false;
        int fds[2];

        if (seed % 2 == 0)
            tcp_pair(fds);
        else
            assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        assert_int_equal(stream_tcp_adopt(real.loop, fds[0], &one.stream), ERR_OK);
        assert_int_equal(stream_tcp_adopt(real.loop, fds[1], &two.stream), ERR_OK);
        stream_own(one.stream, on_talk, &one);
        stream_own(two.stream, on_talk, &two);
        for (int i = 0; i < 20000 && !(one_done && two_done); i++) {
            one_done = nudge(&one), two_done = nudge(&two);
            real_pass(0);
        }
        assert_true(one_done && two_done);
        stream_free(&one.stream), stream_free(&two.stream);
        (void)state;
    }
}

static void a_connect_may_be_given_up(void **state)
{
    struct addr addr = real_loopback(0);
    int listening = listen_at(&addr);

    (void)state;
    addr = addr_of_socket(listening);
    assert_int_equal(stream_tcp_connect(real.loop, &addr, on_event, &ann, &ann.stream), ERR_OK);
    stream_free(&ann.stream);
    real_pass(10);
    assert_false(ann.any);
    close(listening);
}

int main(void)
{
#define OVER_TCP(name)  cmocka_unit_test_setup_teardown(name, begin_tcp, finish)
#define OVER_UNIX(name) cmocka_unit_test_setup_teardown(name, begin_unix, finish)
#define ALONE(name)     cmocka_unit_test_setup_teardown(name, begin_alone, finish)
    const struct CMUnitTest promises[] = {
        OVER_TCP(what_the_peer_sends_is_told),
        OVER_UNIX(what_the_peer_sends_is_told),
        OVER_TCP(reading_at_once_allocates_nothing),
        OVER_TCP(what_is_left_waits),
        OVER_TCP(unread_input_is_bounded_and_the_peer_feels_it),
        OVER_UNIX(unread_input_is_bounded_and_the_peer_feels_it),
        OVER_TCP(a_paused_stream_tells_nothing_until_it_goes_on),
        OVER_TCP(a_paused_stream_notices_a_reset),
        OVER_TCP(a_full_stream_waits_without_spinning),
        OVER_TCP(the_peers_end_is_told_once_and_writing_still_works),
        OVER_UNIX(the_peers_end_is_told_once_and_writing_still_works),
        OVER_TCP(the_peers_end_is_told_to_a_paused_stream),
        OVER_TCP(the_writes_of_a_turn_leave_together_at_its_end),
        OVER_TCP(a_writer_that_pauses_when_full_is_told_to_go_on),
        OVER_UNIX(a_writer_that_pauses_when_full_is_told_to_go_on),
        OVER_TCP(a_writer_that_never_pauses_meets_the_limit_and_nothing_is_taken),
        OVER_TCP(finish_ends_our_side_after_what_is_queued),
        OVER_UNIX(finish_ends_our_side_after_what_is_queued),
        OVER_TCP(a_stream_that_was_not_finished_is_reset),
        OVER_TCP(a_stream_freed_right_after_its_finish_ends_cleanly),
        OVER_TCP(finish_is_told_later_even_with_nothing_queued),
        OVER_TCP(a_reset_is_told_once_and_then_nothing),
        OVER_TCP(what_came_before_a_failed_write_is_still_heard),
        OVER_TCP(a_stream_that_is_freed_before_its_end_is_a_reset),
        OVER_TCP(a_stream_that_is_freed_after_its_end_is_none),
        OVER_TCP(a_stream_may_be_freed_inside_its_own_data),
        OVER_TCP(a_stream_may_be_freed_inside_its_own_end),
        OVER_TCP(a_stream_may_be_freed_inside_its_own_loss),
        OVER_TCP(a_stream_may_be_freed_inside_sent_and_drained),
        OVER_TCP(no_memory_for_what_is_left_loses_the_stream_and_nothing_else),
        OVER_TCP(addresses_are_the_sockets),
        OVER_UNIX(a_unix_socket_has_no_address),
        ALONE(a_connect_opens_and_what_was_written_meanwhile_leaves),
        ALONE(a_refused_connect_is_gone_later),
        ALONE(a_connect_may_be_given_up),
        ALONE(whatever_the_owners_do_every_byte_arrives_once_and_in_order),
    };
    return cmocka_run_group_tests(promises, NULL, NULL);
}
