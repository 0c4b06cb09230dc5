/* listener_test.c — accepting, pausing, and living through a lack of descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "reactor/base/limits.h"
#include "reactor/base/own.h"
#include "reactor/net/listener.h"
#include "reactor/net/sockaddr.h"
#include "reactor/net/stream.h"
#include "tests/real/real.h"

#define CLIENTS 40

static struct listener *listener;
static struct stream *accepted[CLIENTS];
static size_t accepted_count;
static unsigned attempts;
static int clients[CLIENTS];
static bool frees_listener, pauses_listener;

/* Stands before the C library's: how often did the listener ask? */
int accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags);
int accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
    attempts++;
    return (int)syscall(SYS_accept4, fd, addr, len, flags);
}

static void on_event(void *owner, enum stream_event event) { (void)owner, (void)event; }

static void on_accept(void *owner, struct stream *stream)
{
    (void)owner;
    stream_own(stream, on_event, NULL);
    accepted[accepted_count++] = stream;
    if (frees_listener) listener_free(&listener);
    if (pauses_listener) listener_pause(listener, true);
}

static int begin(void **state)
{
    struct addr any = real_loopback(0);

    listener = NULL;
    accepted_count = attempts = 0;
    frees_listener = pauses_listener = false;
    for (int i = 0; i < CLIENTS; i++) clients[i] = -1;
    if (real_begin(state) != 0) return -1;
    return listener_new(real.loop, &any, on_accept, NULL, &listener) == ERR_OK ? 0 : -1;
}

static int finish(void **state)
{
    for (size_t i = 0; i < accepted_count; i++) stream_free(&accepted[i]);
    for (int i = 0; i < CLIENTS; i++)
        if (clients[i] >= 0) close(clients[i]);
    listener_free(&listener);
    return real_end(state);
}

static void connect_clients(int from, int to)
{
    struct addr addr = listener_addr(listener);
    struct sockaddr_storage name;
    socklen_t len = addr_to_sockaddr(&addr, &name);

    for (int i = from; i < to; i++) {
        clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(clients[i] >= 0);
        assert_int_equal(connect(clients[i], (struct sockaddr *)&name, len), 0);
    }
}

static void every_client_is_accepted_with_its_addresses(void **state)
{
    (void)state;
    connect_clients(0, CLIENTS);
    real_pass(30);
    assert_int_equal(accepted_count, CLIENTS);
    assert_int_equal(accepted[0]->local.port, listener_addr(listener).port);
    assert_int_equal(accepted[0]->peer.port, addr_of_socket(clients[0]).port);
}

static void a_paused_listener_leaves_clients_waiting(void **state)
{
    (void)state;
    listener_pause(listener, true);
    connect_clients(0, 3);
    real_pass(30);
    assert_int_equal(accepted_count, 0);
    assert_int_equal(attempts, 0);
    listener_pause(listener, false);
    real_pass(30);
    assert_int_equal(accepted_count, 3);
}

static void pausing_inside_the_call_stops_at_that_client(void **state)
{
    (void)state;
    connect_clients(0, 3);
    pauses_listener = true;
    real_pass(30);
    assert_int_equal(accepted_count, 1);
    pauses_listener = false;
    listener_pause(listener, false);
    real_pass(30);
    assert_int_equal(accepted_count, 3);
}

static void a_listener_may_be_freed_inside_its_own_call(void **state)
{
    (void)state;
    connect_clients(0, 3);
    frees_listener = true;
    real_pass(30);
    assert_int_equal(accepted_count, 1);
    assert_null(listener);
}

static void without_descriptors_it_rests_and_recovers_by_itself(void **state)
{
    struct rlimit saved, tight;

    (void)state;
    connect_clients(0, 10);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &saved), 0);
    tight = (struct rlimit){.rlim_cur = (rlim_t)clients[9] + 1 + 4, .rlim_max = saved.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    real_pass(4 * ACCEPT_PAUSE_MS);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &saved), 0);
    assert_int_equal(accepted_count, 4); /* what fits is served */
    assert_int_equal(attempts, 4 + 1);   /* and then nobody is asked in vain */
    real_pass(2 * ACCEPT_PAUSE_MS);
    assert_int_equal(accepted_count, 10);
}

static void half_of_the_descriptors_are_left_to_those_who_are_in(void **state)
{
    struct addr any = real_loopback(0);
    struct rlimit saved, tight;
    int held[1 + 10 + 3]; /* the listener's, ten clients', three accepted */

    (void)state;
    listener_free(&listener);
    for (size_t i = 0; i < COUNT_OF(held); i++) held[i] = fcntl(0, F_DUPFD, 0);
    for (size_t i = 0; i < COUNT_OF(held); i++) close(held[i]);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &saved), 0);
    tight = (struct rlimit){.rlim_cur = (rlim_t)(held[COUNT_OF(held) - 1] + 1) * 2, .rlim_max = saved.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    assert_int_equal(listener_new(real.loop, &any, on_accept, NULL, &listener), ERR_OK);
    connect_clients(0, 10);
    real_pass(2 * ACCEPT_PAUSE_MS);
    assert_int_equal(accepted_count, 4); /* three, and the one that shows that it is so far */
    stream_free(&accepted[--accepted_count]);
    stream_free(&accepted[--accepted_count]);
    real_pass(2 * ACCEPT_PAUSE_MS);
    assert_int_equal(accepted_count, 2 + 2);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &saved), 0);
}

static void an_address_in_use_is_an_error_and_leaks_nothing(void **state)
{
    struct addr addr = listener_addr(listener);
    struct listener *second = NULL;

    (void)state;
    assert_int_equal(listener_new(real.loop, &addr, on_accept, NULL, &second), ERR_SYS);
    assert_int_equal(errno, EADDRINUSE);
    assert_null(second);
}

static void an_ipv4_client_of_a_socket_for_both_families_has_an_ipv4_address(void **state)
{
    const struct sockaddr_in6 any = {.sin6_family = AF_INET6};
    const struct addr zero = {0};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), off = 0;
    uint16_t port;

    (void)state;
    if (fd < 0) skip();
    assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off), 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&any, sizeof any), 0);
    assert_int_equal(listen(fd, 5), 0);
    listener_free(&listener);
    assert_int_equal(listener_adopt(real.loop, fd, on_accept, NULL, &listener), ERR_OK);
    port = listener_addr(listener).port;
    clients[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr_in loopback = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    assert_int_equal(connect(clients[0], (const struct sockaddr *)&loopback, sizeof loopback), 0);
    real_pass(20);
    assert_int_equal(accepted_count, 1);
    assert_int_equal(accepted[0]->peer.family, 4);
    assert_memory_equal(accepted[0]->peer.ip, "\x7f\0\0\1", 4);
    assert_memory_equal(accepted[0]->local.ip + 4, zero.ip + 4, 12);
    assert_int_equal(accepted[0]->local.port, port);
}

static void a_mapped_address_from_elsewhere_stays_what_it_is(void **state)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

    (void)state;
    memcpy(in6.sin6_addr.s6_addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1", 16);
    assert_int_equal(addr_from_sockaddr((struct sockaddr *)&in6).family, 6);
}

int main(void)
{
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, begin, finish)
    const struct CMUnitTest promises[] = {
        PROMISE(every_client_is_accepted_with_its_addresses),
        PROMISE(a_paused_listener_leaves_clients_waiting),
        PROMISE(pausing_inside_the_call_stops_at_that_client),
        PROMISE(a_listener_may_be_freed_inside_its_own_call),
        PROMISE(without_descriptors_it_rests_and_recovers_by_itself),
        PROMISE(half_of_the_descriptors_are_left_to_those_who_are_in),
        PROMISE(an_address_in_use_is_an_error_and_leaks_nothing),
        PROMISE(an_ipv4_client_of_a_socket_for_both_families_has_an_ipv4_address),
        PROMISE(a_mapped_address_from_elsewhere_stays_what_it_is),
    };
    return cmocka_run_group_tests(promises, NULL, NULL);
}
