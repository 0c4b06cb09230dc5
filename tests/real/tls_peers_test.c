/* tls_peers_test.c — our server before other people's clients, our client before other people's servers. */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "reactor/base/buf.h"
#include "reactor/base/limits.h"
#include "reactor/loop/timer.h"
#include "reactor/net/listener.h"
#include "reactor/net/stream_tcp.h"
#include "reactor/tls/leaf.h"
#include "reactor/tls/tls.h"
#include "tests/real/real.h"

#include <openssl/pem.h>

static char folder[] = "/tmp/bottled-peers-XXXXXX";
static struct ca *ca;

/* --- a child, run by a shell ----------------------------------------------------------------------------- */

struct command {
    struct timer poll;
    pid_t pid;
    bool ended;
    int code;
};

static void on_poll(struct timer *timer)
{
    struct command *command = CONTAINER_OF(timer, struct command, poll);
    int status;

    if (waitpid(command->pid, &status, WNOHANG) == 0) {
        timer_arm(timer, loop_now_ms(real.loop) + 10);
        return;
    }
    command->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    command->ended = true;
}

/* In a process group of its own: a server that waits is ended with its shell. */
static void start(struct command *command, const char *line)
{
    *command = (struct command){.pid = fork()};
    if (command->pid == 0) {
        setpgid(0, 0);
        execl("/bin/sh", "sh", "-c", line, (char *)NULL);
        _exit(127);
    }
    timer_init(&command->poll, real.loop, on_poll);
    timer_arm(&command->poll, loop_now_ms(real.loop));
}

static void stop(struct command *command)
{
    timer_disarm(&command->poll);
    if (command->ended) return;
    while (kill(-command->pid, SIGKILL) != 0 && errno == ESRCH && kill(command->pid, 0) == 0) continue;
    waitpid(command->pid, NULL, 0);
}

static void set_port(uint16_t port)
{
    char text[8];

    snprintf(text, sizeof text, "%u", port);
    setenv("PORT", text, 1);
}

/* --- our server ------------------------------------------------------------------------------------------ */

static struct tls_server *server;

struct visit {
    struct stream *stream;
};

static void on_visit(void *owner, enum stream_event event)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
    struct visit *visit = owner;

    if (event == STREAM_DATA) {
        struct span in = stream_input(visit->stream);
        if (in.len < 4 || memcmp(in.at + in.len - 4, "\r\n\r\n", 4) != 0) return;
        stream_consume(visit->stream, in.len);
        assert_int_equal(stream_write(visit->stream, span_of(answer)), ERR_OK);
        stream_finish(visit->stream);
    }
    if (event == STREAM_EOF) stream_finish(visit->stream); /* it left without a question */
    if (event == STREAM_SENT || event == STREAM_GONE) {
        stream_free(&visit->stream);
        free(visit);
    }
}

static void on_accept(void *owner, struct stream *stream)
{
    struct visit *visit = calloc(1, sizeof *visit);

    (void)owner;
    assert_int_equal(stream_tls_accept(server, &stream, SPAN_LIT("api.example.com"), on_visit, visit, &visit->stream),
                     ERR_OK);
}

#define ASK    "printf 'GET / HTTP/1.1\\r\\n\\r\\n' | "
#define CURL   "curl -sS --max-time 8 --resolve '*':$PORT:127.0.0.1 https://api.example.com:$PORT/ "
#define EVIL   "curl -sS --max-time 8 --resolve '*':$PORT:127.0.0.1 https://evil.example.com:$PORT/ "
#define CLIENT ASK "openssl s_client -connect 127.0.0.1:$PORT -quiet "
#define PLAIN  "openssl s_client -connect 127.0.0.1:$PORT </dev/null "
#define NAMED  "-servername api.example.com -verify_hostname api.example.com -verify_return_error -x509_strict "
#define HELLO  "2>/dev/null | tail -c 5 | grep -q hello"

#define PYTHON                                                                                                         \
    "python3 -c 'import ssl, socket, sys\n"                                                                            \
    "context = ssl.create_default_context(cafile=sys.argv[1])\n"                                                       \
    "context.verify_flags |= ssl.VERIFY_X509_STRICT\n"                                                                 \
    "s = context.wrap_socket(socket.create_connection((\"127.0.0.1\", int(sys.argv[2]))),\n"                           \
    "                        server_hostname=\"api.example.com\", suppress_ragged_eofs=False)\n"                       \
    "s.sendall(b\"GET / HTTP/1.1\\r\\n\\r\\n\")\n"                                                                     \
    "sys.exit(not b\"\".join(iter(lambda: s.recv(9), b\"\")).endswith(b\"hello\"))' $F/ca.pem $PORT"
#define NODE                                                                                                           \
    "NODE_EXTRA_CA_CERTS=$F/ca.pem node -e '"                                                                          \
    "require(\"https\").get({port: process.env.PORT, host: \"127.0.0.1\", servername: \"api.example.com\"},"           \
    "answer => answer.on(\"data\", d => process.exit(+(d.toString() != \"hello\"))))'"
#define WGET    "wget -qO- --ca-certificate=$F/ca.pem --no-check-certificate https://127.0.0.1:$PORT/ "
#define RESUMED "openssl s_client -connect 127.0.0.1:$PORT -ign_eof -sess_in $F/session 2>/dev/null | grep -q ^Reused"

/* clang-format off */
static const struct {
    const char *what, *line; /* exits with 0 when all is as it should be */
} clients[] = {
    {"curl",                        CURL "--http1.1 --cacert $F/ca.pem | grep -q hello"},
    {"curl, TLS 1.2",               CURL "--http1.1 --cacert $F/ca.pem --tls-max 1.2 | grep -q hello"},
    {"openssl, h2 and http/1.1",    PLAIN "-alpn http/1.1,h2 2>&1 | grep -q 'ALPN protocol: h2'"},
    {"curl without our CA",         CURL "2>/dev/null; test $? = 60"},
    {"curl, another name",          EVIL "--cacert $F/ca.pem 2>/dev/null; test $? = 60"},
    {"openssl, TLS 1.3",            CLIENT NAMED "-tls1_3 -CAfile $F/ca.pem " HELLO},
    {"openssl, TLS 1.2, P-256",     CLIENT NAMED "-tls1_2 -groups P-256 -CAfile $F/ca.pem " HELLO},
    {"openssl, tiny records",       CLIENT NAMED "-max_send_frag 512 -CAfile $F/ca.pem " HELLO},
    {"openssl, TLS 1.1",            "! " CLIENT "-tls1_1 -cipher DEFAULT@SECLEVEL=0 " HELLO},
    {"openssl, no forward secrecy", "! " CLIENT "-tls1_2 -cipher AES128-GCM-SHA256 " HELLO},
    {"openssl, CBC",                "! " CLIENT "-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA " HELLO},
    {"openssl, only http/1.0",      "! " CLIENT "-alpn http/1.0 " HELLO},
    {"openssl, resumed",            CLIENT "-sess_out $F/session " HELLO " && " ASK RESUMED},
    {"python",                      PYTHON},
    {"node",                        NODE},
    {"wget",                        WGET "| grep -q hello"},
    {"not TLS at all",              "! curl -sS --max-time 8 http://127.0.0.1:$PORT/ >/dev/null 2>&1"},
};
/* clang-format on */

static void other_peoples_clients_like_our_server(void **state)
{
    struct addr any = real_loopback(0);
    struct listener *listener = NULL;
    int wrong = 0;

    (void)state;
    assert_int_equal(tls_server_new(real.loop, ca, &server), ERR_OK);
    assert_int_equal(listener_new(real.loop, &any, on_accept, NULL, &listener), ERR_OK);
    set_port(listener_addr(listener).port);
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        struct command command;
        start(&command, clients[i].line);
        real_until(&command.ended);
        print_message("  %-30s %s\n", clients[i].what, command.code == 0 ? "ok" : "WRONG");
        wrong += command.code != 0;
    }
    assert_int_equal(wrong, 0);
    real_pass(50);
    listener_free(&listener);
    tls_server_free(&server);
}

/* --- our client ------------------------------------------------------------------------------------------ */

struct call {
    struct stream *stream;
    struct buf got;
    char heard[128];
    bool ended;
};

static void on_call(void *owner, enum stream_event event)
{
    static const char *const names[] = {"OPEN ", "DATA ", "EOF ", "DRAINED ", "SENT ", "GONE "};
    struct call *call = owner;

    if (event != STREAM_DATA || strstr(call->heard, "DATA ") == NULL) strcat(call->heard, names[event]);
    if (event == STREAM_OPEN) assert_int_equal(stream_write(call->stream, SPAN_LIT("GET / HTTP/1.0\r\n\r\n")), ERR_OK);
    if (event == STREAM_DATA) {
        assert_int_equal(buf_add(&call->got, stream_input(call->stream)), ERR_OK);
        stream_consume(call->stream, stream_input(call->stream).len);
    }
    call->ended |= event == STREAM_EOF || event == STREAM_GONE;
}

static uint16_t unused_port(void)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof name;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&name, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &len), 0);
    close(fd);
    return ntohs(name.sin_port);
}

/* Until the server is up, the connection is refused. */
static void call_up(struct tls_client *client, uint16_t port, struct call *call)
{
    struct tls_target target = {SPAN_LIT("api.example.com"), SPAN_LIT("k"), true};
    struct addr to = real_loopback(port);

    for (int tries = 0; tries < 500; tries++) {
        struct stream *lower;
        *call = (struct call){0};
        assert_int_equal(stream_tcp_connect(real.loop, &to, on_call, call, &lower), ERR_OK);
        assert_int_equal(stream_tls_connect(client, &lower, &target, on_call, call, &call->stream), ERR_OK);
        real_until(&call->ended);
        if (strcmp(call->heard, "GONE ") != 0 || strcmp(call->stream->detail, "Connection refused") != 0) return;
        stream_free(&call->stream);
        real_pass(20);
    }
    fail_msg("the server does not come up");
}

#define SERVER "openssl s_server -accept 127.0.0.1:$PORT "
#define LEAF   SERVER "-cert $F/leaf.pem -key $F/leaf.key "
#define SILENT ">/dev/null 2>&1"
#define ANOTHER                                                                                                        \
    "openssl req -x509 -newkey rsa:2048 -nodes -keyout $F/x.key -subj /CN=api.example.com "                            \
    "-addext subjectAltName=DNS:api.example.com -out $F/x.pem 2>/dev/null; "
#define SIGNED(key)                                                                                                    \
    "openssl req -x509 -newkey " key " -nodes -keyout $F/y.key -subj /CN=y -CA $F/ca.pem -CAkey $F/ca.key "            \
    "-addext subjectAltName=DNS:api.example.com -addext basicConstraints=CA:FALSE -out $F/y.pem 2>/dev/null; " SERVER  \
    "-cert $F/y.pem -key $F/y.key "
#define KILLED                                                                                                         \
    "python3 -c 'import socket, ssl, os, sys\n"                                                                        \
    "context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\n"                                                              \
    "context.load_cert_chain(sys.argv[1], sys.argv[2])\n"                                                              \
    "listener = socket.create_server((\"127.0.0.1\", int(sys.argv[3])))\n"                                             \
    "s = context.wrap_socket(listener.accept()[0], server_side=True)\n"                                                \
    "s.recv(99)\n"                                                                                                     \
    "s.sendall(b\"half\")\n"                                                                                           \
    "os._exit(0)' $F/leaf.pem $F/leaf.key $PORT"

/* clang-format off */
static const struct {
    const char *what, *line, *heard, *detail;
} servers[] = {
    {"openssl, TLS 1.3",      LEAF "-www -tls1_3 " SILENT,            "OPEN DATA EOF ", NULL},
    {"openssl, TLS 1.2",      LEAF "-www -tls1_2 " SILENT,            "OPEN DATA EOF ", NULL},
    {"openssl, RSA, TLS 1.2", SIGNED("rsa:3072") "-www -tls1_2 " SILENT, "OPEN DATA EOF ", NULL},
    {"openssl, P-384, TLS 1.2", SIGNED("ec -pkeyopt ec_paramgen_curve:P-384") "-www -tls1_2 " SILENT, "OPEN DATA EOF ",
                              NULL},
    {"openssl, signing with SHA-1", SIGNED("rsa:2048") "-www -tls1_2 -sigalgs RSA+SHA1 -cipher DEFAULT@SECLEVEL=0 "
                              SILENT, "GONE ", "SSLV3_ALERT_HANDSHAKE_FAILURE"},
    {"openssl, tiny records", LEAF "-www -max_send_frag 512 " SILENT, "OPEN DATA EOF ", NULL},
    {"openssl, TLS 1.1",      LEAF "-www -tls1_1 -cipher DEFAULT@SECLEVEL=0 " SILENT, "GONE ",
                              "TLSV1_ALERT_PROTOCOL_VERSION"},
    {"openssl, CBC",          LEAF "-www -tls1_2 -cipher ECDHE-ECDSA-AES128-SHA " SILENT, "GONE ",
                              "SSLV3_ALERT_HANDSHAKE_FAILURE"},
    {"openssl, another CA",   ANOTHER SERVER "-cert $F/x.pem -key $F/x.key -www " SILENT, "GONE ",
                              "self signed certificate"},
    {"openssl, renegotiating", "(sleep 1; echo R; sleep 5) | " LEAF "-tls1_2 " SILENT, "OPEN GONE ",
                              "NO_RENEGOTIATION"},
    {"killed in the answer",  KILLED, "OPEN DATA GONE ", "ended without close_notify"},
};
/* clang-format on */

static void our_client_takes_the_good_servers_and_no_other(void **state)
{
    struct tls_client *client = NULL;
    char path[64];
    int wrong = 0;

    (void)state;
    snprintf(path, sizeof path, "%s/ca.pem", folder);
    assert_int_equal(tls_client_new(real.loop, path, &client), ERR_OK);
    for (size_t i = 0; i < COUNT_OF(servers); i++) {
        uint16_t port = unused_port();
        struct command command;
        struct call call;
        bool right;
        set_port(port);
        start(&command, servers[i].line);
        call_up(client, port, &call);
        right = strcmp(call.heard, servers[i].heard) == 0 &&
                (servers[i].detail == NULL || strcmp(call.stream->detail, servers[i].detail) == 0);
        print_message("  %-30s %s%s%s\n", servers[i].what, call.heard,
                      call.stream->detail != NULL ? call.stream->detail : "", right ? "" : "   WRONG");
        wrong += !right;
        stream_free(&call.stream);
        buf_clear(&call.got);
        stop(&command);
    }
    assert_int_equal(wrong, 0);
    tls_client_free(&client);
}

/* --- the leaf that other people's servers use ------------------------------------------------------------ */

static void write_leaf(void)
{
    struct leaves *leaves = NULL;
    CRYPTO_BUFFER *der;
    char path[64];
    FILE *out;
    X509 *leaf;

    assert_int_equal(leaves_new(ca, &leaves), ERR_OK);
    assert_int_equal(leaves_get(leaves, SPAN_LIT("api.example.com"), time(NULL), &der), ERR_OK);
    leaf = X509_parse_from_buffer(der);
    snprintf(path, sizeof path, "%s/leaf.pem", folder);
    out = fopen(path, "w");
    assert_true(out != NULL && PEM_write_X509(out, leaf));
    fclose(out);
    snprintf(path, sizeof path, "%s/leaf.key", folder);
    out = fopen(path, "w");
    assert_true(out != NULL && PEM_write_PrivateKey(out, leaves_key(leaves), NULL, NULL, 0, NULL, NULL));
    fclose(out);
    X509_free(leaf);
    leaves_free(&leaves);
}

static int begin_all(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL || ca_open(folder, time(NULL), &ca) != ERR_OK) return -1;
    setenv("F", folder, 1);
    write_leaf();
    return 0;
}

static int end_all(void **state)
{
    (void)state;
    ca_free(&ca);
    return system("rm -r $F");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(other_peoples_clients_like_our_server, real_begin, real_end),
        cmocka_unit_test_setup_teardown(our_client_takes_the_good_servers_and_no_other, real_begin, real_end),
    };
    return cmocka_run_group_tests(tests, begin_all, end_all);
}
