#!/usr/bin/env python3
"""`bottled serve` among clients and origins that are slow, silent, endless, rude or gone, short of descriptors, reloaded
under load, killed, and with a clock that jumps."""
import os, pathlib, re, resource, shutil, signal, socket, ssl, struct, subprocess, threading, time
from lab import Echo, Lab, Origin, check, free_port, main, read_head, read_response, wait_for

IP = "127.79.1.1"
ROUTES = """  - {host: api.example.com, ca: CA, allow_private: [127.79.0.0/16]}
  - {host: raw.example.com, port: 80, allow_private: [127.79.0.0/16]}"""
NAMES = ("api.example.com", "raw.example.com")
MIB = 1 << 20


class Slow(Echo):
    """Echo; /slow/N takes N seconds."""

    def do_GET(self):
        if self.path.startswith("/slow/"):
            time.sleep(float(self.path.split("/")[2]))
        self.answer()


class Raw:
    """An origin on IP:80 that does with each connection what play says: play(sock) after a request head was read."""

    def __init__(self, ip, port=80):
        self.play, self.ends = None, []
        self.listener = socket.create_server((ip, port), backlog=256)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            sock, _ = self.listener.accept()
            sock.settimeout(30)
            threading.Thread(target=self.run, args=(sock, self.play), daemon=True).start()

    def run(self, sock, play):
        try:
            read_head(sock)
            play(sock)
        except OSError as e:
            self.ends.append(e)
        finally:
            sock.close()


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


lab = Lab(low_ports=True)
lab.__enter__()
lab.bottle("b", ROUTES)
lab.origin(Slow, "api.example.com", ip=IP)
raw = Raw(IP)
proxy = lab.serve("b", names=NAMES, ip=IP)
GET_RAW = b"GET http://raw.example.com/ HTTP/1.1\r\nHost: raw.example.com\r\n\r\n"
GET_API = b"GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n"


def ask_raw(play, through=None):
    """A client that has asked the raw origin, which answers as play does."""
    raw.play = play
    s = (through or proxy).connect()
    s.sendall(GET_RAW)
    return s


def drain(s, limit=None):
    """(bytes, how it ended) of everything that comes."""
    data = bytearray()
    try:
        while limit is None or len(data) < limit:
            piece = s.recv(65536)
            if not piece:
                return bytes(data), "end"
            data += piece
        return bytes(data), "limit"
    except ConnectionResetError:
        return bytes(data), "reset"
    except TimeoutError:
        return bytes(data), "timeout"


def cpu_s(process):
    return sum(int(x) for x in pathlib.Path(f"/proc/{process.pid}/stat").read_text().split()[13:15]) / os.sysconf("SC_CLK_TCK")


# --- slow clients: all of them at once, while the other stories go on ------------------------------------------------

class Stall:
    """A client that goes on saying drip every second, or nothing; how long until the proxy has had enough?"""

    def __init__(self, first, drip=b"", tls=None):
        self.answer, self.took = b"", None
        self.socket = lab.tunnel(proxy, tls) if tls else proxy.connect()
        self.first, self.drip = first, drip
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        begun = time.time()
        self.socket.settimeout(1)
        try:
            self.socket.sendall(self.first)
            while time.time() < begun + 100:
                try:
                    piece = self.socket.recv(65536)
                    if not piece:
                        break
                    self.answer += piece
                except TimeoutError:
                    if self.drip:
                        self.socket.sendall(self.drip)
        except OSError:
            pass
        self.took = time.time() - begun


CONNECT_API = b"CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n"
BODY = b"POST / HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 1000\r\n\r\n"
stalls = {  # name -> (the client, seconds after which it must be over, what it must have been told)
    "silence": (Stall(b""), 30, b""),
    "a head": (Stall(b"GET http://api", b"x"), 30, b" 408 "),
    "a head inside TLS": (Stall(b"GET / HTTP/1.1\r\nX: ", b"x", tls="api.example.com"), 30, b" 408 "),
    "a ClientHello": (Stall(CONNECT_API + b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"\x03"), 10, b" 200 "),
    "a body": (Stall(BODY, b"", tls="api.example.com"), 60, b" 408 "),
}


# --- origins -----------------------------------------------------------------------------------------------------

def story_a_hundred_thousand_interim_answers_are_not_passed_on():
    before = proxy.rss_kib()

    def storm(sock):
        for _ in range(1000):
            sock.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 100)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    s = ask_raw(storm)
    s.settimeout(10)
    heads = []
    while not heads or b" 103 " in heads[-1]:
        heads.append(read_head(s))
    check(len(heads) <= 65 and b" 502 " in heads[-1], f"{len(heads)} heads, the last {heads[-1]!r}")
    check(proxy.rss_kib() - before < 4096, "it grew")


def story_an_endless_answer_costs_no_memory_and_ends_with_its_client():
    raw.ends.clear()
    before = proxy.rss_kib()

    def endless(sock):
        sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            sock.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")

    s = ask_raw(endless)
    _, how = drain(s, 64 * MIB)
    check(how == "limit", how)
    time.sleep(0.5)  # and now it reads no more: the origin must feel it
    grown = proxy.rss_kib() - before
    print(f"      64 MiB of an endless answer: the proxy grew by {grown} KiB")
    check(grown < 8192, f"it grew by {grown} KiB")
    reset(s)
    wait_for(lambda: raw.ends, 5)
    wait_for(lambda: proxy.last()["by"] in ("REQ_EV_CLIENT_GONE", "REQ_EV_NO"), 5)  # the line of the story before may come late


def story_a_client_that_leaves_while_its_origin_works_cancels_the_request():
    gone = threading.Event()

    def work(sock):
        try:
            sock.recv(1)
        except ConnectionResetError:
            gone.set()

    count = len(proxy.access())
    s = ask_raw(work)
    time.sleep(0.2)
    reset(s)
    check(gone.wait(5), "the origin was not told")
    line = proxy.last(count + 1)
    check(line["by"] == "REQ_EV_CLIENT_GONE" and line["state"] == "REQ_DROPPED", str(line))


def story_a_reset_answer_shows_the_cut_and_a_reset_before_it_is_502():
    for begun in (b"Content-Length: 9\r\n\r\n1234", b"Transfer-Encoding: chunked\r\n\r\n4\r\n1234\r\n", b"\r\n1234"):
        def cut(sock, begun=begun):
            sock.sendall(b"HTTP/1.1 200 OK\r\n" + begun)
            time.sleep(0.3)  # so that it is read before the reset
            reset(sock)
        data, how = drain(ask_raw(cut))
        check(b"1234" in data and not data.endswith(b"0\r\n\r\n") and how == "reset", f"{begun}: {data!r} {how}")
    for leave in (reset, lambda sock: sock.close()):
        status, fields, _ = read_response(ask_raw(leave))
        check(status == 502 and fields["x-bottled-reason"] == "upstream-closed", f"{status} {fields}")


def story_an_answer_that_is_longer_than_announced_is_cut_to_size():
    def longer(sock):
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        sock.recv(1)

    s = ask_raw(longer)
    check(read_response(s)[2] == b"ok", "the announced bytes")
    raw.play = lambda sock: sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood")
    s.sendall(GET_RAW)
    check(read_response(s)[2] == b"good", "the next answer is the next request's")


def story_a_pooled_connection_that_speaks_unasked_is_not_used():
    def twice(sock):
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        time.sleep(0.2)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        sock.recv(1)

    s = ask_raw(twice)
    check(read_response(s)[2] == b"ok", "the first answer")
    time.sleep(0.5)
    raw.play = lambda sock: sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood")
    s.sendall(GET_RAW)
    check(read_response(s)[2] == b"good", "the second answer")


def story_heads_that_are_too_large_are_told_so():
    for head, status in ((b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\nHost: api.example.com\r\n\r\n", 414),
                         (b"GET / HTTP/1.1\r\nHost: api.example.com\r\nX: " + b"a" * 70000 + b"\r\n\r\n", 431),
                         (b"GET / HTTP/1.1\r\nHost: api.example.com\r\n" + b"X: 1\r\n" * 300 + b"\r\n", 431)):
        s = lab.tunnel(proxy, "api.example.com")
        s.sendall(head)
        check(read_response(s)[0] == status, f"{status} for {head[:30]}")
        check(s.recv(1) == b"", "and the connection ends")


# --- signals, descriptors, clocks, files ---------------------------------------------------------------------------

def story_five_reloads_lose_none_of_two_hundred_requests():
    p = lab.serve("b", names=NAMES, ip=IP)
    begun, results = threading.Barrier(201), []

    def one():
        try:
            s = lab.tunnel(p, "api.example.com")
            begun.wait(60)
            for path in ("/slow/1.5", "/slow/0.1"):
                s.sendall(f"GET {path} HTTP/1.1\r\nHost: api.example.com\r\n\r\n".encode())
                results.append(read_response(s)[0])
        except Exception as e:  # told by the count below
            results.append(repr(e))

    threads = [threading.Thread(target=one) for _ in range(200)]
    for t in threads:
        t.start()
    begun.wait(60)
    for i in range(5):
        time.sleep(0.2)
        p.process.send_signal(signal.SIGHUP)
        wait_for(lambda: p.errors().count("app.reloaded") == i + 1)
    for t in threads:
        t.join(60)
    check(results.count(200) == 400, f"{len(results)} answers: {set(results)}")
    p.process.send_signal(signal.SIGTERM)
    check(p.process.wait(15) == 0, "exit code 0")


def story_clients_that_are_in_reach_their_origins_when_descriptors_run_out():
    p = lab.serve("b", names=NAMES, ip=IP, prefix=("prlimit", "--nofile=128"))
    clients = []
    for _ in range(100):
        s = p.connect()
        s.sendall(CONNECT_API)
        s.settimeout(0.3)
        try:
            check(b" 200 " in read_head(s), "CONNECT")
            clients.append(s)
        except TimeoutError:
            s.close()
            break
    check(20 < len(clients) < 64, f"{len(clients)} let in")
    results = []

    def one(s):
        s.settimeout(20)
        t = lab.trusting().wrap_socket(s, server_hostname="api.example.com")
        t.sendall(b"GET /slow/1 HTTP/1.1\r\nHost: api.example.com\r\n\r\n")
        results.append(read_response(t)[0])
        t.close()

    threads = [threading.Thread(target=one, args=(s,)) for s in clients]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print(f"      128 descriptors: {len(clients)} clients in, {results.count(200)} answered at once")
    check(results.count(200) == len(clients), f"{len(results)} answers: {set(results)}")
    before = cpu_s(p.process)
    s = wait_for(lambda: lab.tunnel(p, "api.example.com"))
    s.sendall(GET_API)
    check(read_response(s)[0] == 200, "it recovers by itself")
    check(cpu_s(p.process) - before < 1, "and does not spin")


def leaf_dates(p):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    s = lab.tunnel(p, "api.example.com", context=context)
    pem = ssl.DER_cert_to_PEM_cert(s.getpeercert(binary_form=True))
    told = subprocess.run(["openssl", "x509", "-noout", "-dates"], input=pem, capture_output=True, text=True).stdout
    return s, [ssl.cert_time_to_seconds(line.split("=")[1]) for line in told.split("\n")[:2]]


def story_a_clock_that_jumps_makes_new_leaves_and_cuts_nobody():
    library = next(iter(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)
    if library is None:
        print("      skipped: no libfaketime")
        return
    offset = lab.dir / "offset"
    offset.write_text("+0")
    env = {"LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1",
           "FAKETIME_DONT_FAKE_MONOTONIC": "1", "ASAN_OPTIONS": "verify_asan_link_order=0:quarantine_size_mb=1"}
    p = lab.serve("b", names=NAMES, ip=IP, env=env)
    kept, _ = leaf_dates(p)
    for i, (jump, days) in enumerate((("+0", 0), ("-1h", -1 / 24), ("+120d", 120), ("+365d", 365), ("+0", 0))):
        offset.write_text(jump)
        p.process.send_signal(signal.SIGHUP)  # so that no connection from before is in the pool
        wait_for(lambda: p.errors().count("app.reloaded") == i + 1)
        s, (begins, ends) = leaf_dates(p)
        now = time.time() + days * 86400
        check(begins < now - 3600 and now + 3600 < ends, f"{jump}: the leaf is for {begins}..{ends}, it is {now}")
        for connection in (s, kept):  # the origin's own certificate is good from now on, for thirty days
            connection.sendall(GET_API)
            status = read_response(connection)[0]
            check(status == (200 if days == 0 else 502), f"{jump}: {status}")


def story_a_kill_at_any_moment_leaves_an_authority_that_opens():
    root = lab.dir / "killed"
    for i in range(24):
        if i % 6 == 0:
            shutil.rmtree(root, ignore_errors=True)
            shutil.copytree(lab.root / "bottles", root / "bottles")
            (root / "agents").mkdir()
        args = [lab.binary, "serve", "--root", str(root), "--listen", f"b=127.0.0.1:{free_port()}"]
        process = subprocess.Popen(args, stderr=subprocess.PIPE)
        time.sleep(0.004 * i)
        process.kill()
        process.communicate()
        for name in ("ca.key", "ca.pem"):
            path = root / "ca" / name
            check(not path.exists() or path.read_text().rstrip().endswith("-----"), f"{path} is half a file")
    process = subprocess.Popen(args, stderr=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: "serve.ready" in process.stderr.readline())
        key, pem = root / "ca" / "ca.key", root / "ca" / "ca.pem"
        public = [subprocess.run(["openssl", *a], capture_output=True).stdout for a in
                  (["pkey", "-in", str(key), "-pubout"], ["x509", "-in", str(pem), "-noout", "-pubkey"])]
        check(public[0] == public[1] != b"", "the key is the certificate's")
        check(key.stat().st_mode & 0o777 == 0o600, "the key's mode")
    finally:
        process.kill()
        process.communicate()


def story_slow_clients_have_had_their_time():
    for name, (stall, limit_s, told) in stalls.items():
        stall.thread.join(110)
        check(stall.took is not None and limit_s - 2 < stall.took < limit_s + 8, f"{name}: over after {stall.took} s")
        check(told in stall.answer, f"{name}: told {stall.answer[:60]!r}")
        print(f"      {name} that stalls: {stall.took:.0f} s")


try:
    main("robust")
finally:
    lab.__exit__(None)
