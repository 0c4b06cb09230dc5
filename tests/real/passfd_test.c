/* passfd_test.c — descriptors arrive whole or not at all, and none is left open. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "reactor/proc/passfd.h"
#include "tests/real/real.h"

static int ends[2];
static struct passed passed;

static int begin(void **state)
{
    if (real_begin(state) != 0) return -1;
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}

static int finish(void **state)
{
    passed_close(&passed);
    if (ends[0] >= 0) close(ends[0]);
    close(ends[1]);
    return real_end(state);
}

static void a_set_arrives_whole_with_its_text(void **state)
{
    int pipes[2];
    char c = 0;

    (void)state;
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    assert_int_equal(passfd_send(ends[0], SPAN_LIT("read write"), pipes, 2), ERR_OK);
    assert_int_equal(passfd_receive(ends[1], &passed), ERR_OK);
    assert_int_equal(passed.count, 2);
    assert_true(span_is((struct span){passed.text, passed.len}, SPAN_LIT("read write")));
    assert_int_equal(write(passed.fds[1], "x", 1), 1);
    assert_int_equal(read(pipes[0], &c, 1), 1);
    assert_int_equal(c, 'x');
    assert_int_equal(fcntl(passed.fds[0], F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(passed.fds[1], F_GETFD), FD_CLOEXEC);
    close(pipes[0]), close(pipes[1]);
}

static void text_alone_is_a_set_too(void **state)
{
    (void)state;
    assert_int_equal(passfd_send(ends[0], SPAN_LIT("none"), NULL, 0), ERR_OK);
    assert_int_equal(passfd_receive(ends[1], &passed), ERR_OK);
    assert_int_equal(passed.count, 0);
    assert_int_equal(passed.len, 4);
}

static void as_many_as_the_limit_and_no_more(void **state)
{
    int fds[PASSFD_COUNT_MAX + 1];

    (void)state;
    for (size_t i = 0; i <= PASSFD_COUNT_MAX; i++) fds[i] = ends[0];
    assert_int_equal(passfd_send(ends[0], SPAN_LIT("x"), fds, PASSFD_COUNT_MAX + 1), ERR_LIMIT);
    assert_int_equal(passfd_send(ends[0], SPAN_LIT(""), fds, 1), ERR_LIMIT);
    assert_int_equal(passfd_send(ends[0], SPAN_LIT("x"), fds, PASSFD_COUNT_MAX), ERR_OK);
    assert_int_equal(passfd_receive(ends[1], &passed), ERR_OK);
    assert_int_equal(passed.count, PASSFD_COUNT_MAX);
}

/* As a hostile sender would. */
static void send_raw(size_t text_len, size_t count)
{
    static char text[PASSFD_BYTES_MAX + 10];
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(100 * sizeof(int))] = {0};
    struct iovec bytes = {.iov_base = text, .iov_len = text_len};
    struct msghdr message = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(count * sizeof(int))};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);

    rights->cmsg_len = CMSG_LEN(count * sizeof(int));
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    for (size_t i = 0; i < count; i++) memcpy(CMSG_DATA(rights) + i * sizeof(int), &ends[0], sizeof(int));
    assert_int_equal(sendmsg(ends[0], &message, 0), text_len);
}

static void what_is_cut_short_is_closed_and_refused(void **state)
{
    static const struct {
        size_t text_len, count;
    } rows[] = {{1, 90}, {PASSFD_BYTES_MAX + 1, 3}, {PASSFD_BYTES_MAX + 1, 90}};
    int before = real_count_fds();

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        send_raw(rows[i].text_len, rows[i].count);
        assert_int_equal(passfd_receive(ends[1], &passed), ERR_LIMIT);
        assert_int_equal(passed.count, 0);
        assert_int_equal(real_count_fds(), before);
    }
    send_raw(PASSFD_BYTES_MAX, PASSFD_COUNT_MAX);
    assert_int_equal(passfd_receive(ends[1], &passed), ERR_OK);
}

static void an_empty_message_with_descriptors_leaks_none(void **state)
{
    int before = real_count_fds();

    (void)state;
    send_raw(0, 3);
    assert_int_equal(passfd_receive(ends[1], &passed), ERR_PEER);
    assert_int_equal(real_count_fds(), before);
}

static void nothing_yet_and_nothing_more(void **state)
{
    (void)state;
    assert_int_equal(passfd_receive(ends[1], &passed), ERR_AGAIN);
    close(ends[0]), ends[0] = -1;
    assert_int_equal(passfd_receive(ends[1], &passed), ERR_PEER);
    assert_int_equal(passfd_send(ends[1], SPAN_LIT("x"), NULL, 0), ERR_PEER);
}

static void a_full_socket_says_again(void **state)
{
    enum err err = ERR_OK;

    (void)state;
    for (int i = 0; i < 100000 && err == ERR_OK; i++) err = passfd_send(ends[0], SPAN_LIT("x"), NULL, 0);
    assert_int_equal(err, ERR_AGAIN);
}

int main(void)
{
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, begin, finish)
    const struct CMUnitTest promises[] = {
        PROMISE(a_set_arrives_whole_with_its_text),
        PROMISE(text_alone_is_a_set_too),
        PROMISE(as_many_as_the_limit_and_no_more),
        PROMISE(what_is_cut_short_is_closed_and_refused),
        PROMISE(an_empty_message_with_descriptors_leaks_none),
        PROMISE(nothing_yet_and_nothing_more),
        PROMISE(a_full_socket_says_again),
    };
    return cmocka_run_group_tests(promises, NULL, NULL);
}
