#!/usr/bin/env python3
"""Name servers that lie, fail or are silent, and names that disagree, through the real proxy: rows of our own, and those of
the corpus that only a whole proxy can answer (urls.jsonl: dns, tls, host, sni_list, upstream_cert, upstream)."""
import base64, concurrent.futures, ipaddress, json, os, pathlib, socket, ssl, struct, threading, time
from lab import Echo, Lab, check, main, read_head, read_response

ORIGIN, OTHER = "127.79.9.1", "127.79.9.2"  # where public addresses of the rows are led
ROUTES = """  - {host: api.example.com, ca: CA, allow_private: [127.79.8.0/21]}
  - {host: "*.example.org", ca: CA, allow_private: [127.79.8.0/21]}"""
A, CNAME, AAAA = 1, 5, 28
TYPES = {"A": A, "AAAA": AAAA, "CNAME": CNAME}

OWN = [  # what the server does, what the client may be told
    {"id": "good", "dns": [["A", "93.184.216.34"]], "status": [200]},
    {"id": "loopback", "dns": [["A", "127.0.0.1"]], "status": [403]},
    {"id": "one of two", "dns": [["A", "93.184.216.34"], ["A", "10.0.0.1"]], "status": [403]},
    {"id": "behind a CNAME", "dns": [["CNAME", "x.internal"], ["A", "169.254.169.254"]], "status": [403]},
    {"id": "mapped", "dns": [["AAAA", "::ffff:127.0.0.1"]], "status": [403]},
    {"id": "none", "dns": [], "status": [502], "reason": "upstream-not-found"},
    {"id": "no such name", "dns": "NXDOMAIN", "status": [502], "reason": "upstream-not-found"},
    {"id": "failure", "dns": "SERVFAIL", "status": [502], "reason": "upstream-not-found"},
    {"id": "by TCP", "dns": "TC", "status": [200]},
    {"id": "a thousand", "dns": [["A*", 1000]], "status": [200]},
    {"id": "silence", "dns": "SILENCE", "status": [504], "reason": "upstream-dns-timeout"},
    {"id": "another id", "dns": "WRONGID", "status": [504], "reason": "upstream-dns-timeout"},
    {"id": "another question", "dns": "WRONGNAME", "status": [502, 504]},
    {"id": "three bytes of address", "dns": "SHORT", "status": [502, 504]},
    {"id": "a name that points at itself", "dns": "LOOP", "status": [502, 504]},
    {"id": "a CNAME of its own", "dns": [["CNAME", "api.example.com"]], "status": [502]},
]


def wire_name(name):
    return b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0"


def record(owner, kind, data):
    return owner + struct.pack(">HHIH", kind, 1, 0, len(data)) + data


def led(address):
    return ORIGIN if address.startswith("93.184.216.") else address


class NameServer:
    """Answers every question as what says, by UDP and TCP."""

    def __init__(self, what):
        self.what, self.asked = what, set()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.79.3.1", 0))
        self.at = f"127.79.3.1:{self.udp.getsockname()[1]}"
        self.tcp = socket.create_server(self.udp.getsockname())
        threading.Thread(target=self.serve_udp, daemon=True).start()
        threading.Thread(target=self.serve_tcp, daemon=True).start()

    def serve_udp(self):
        while True:
            query, peer = self.udp.recvfrom(4096)
            for answer in self.answers(query, tcp=False):
                self.udp.sendto(answer, peer)

    def serve_tcp(self):
        while True:
            sock, _ = self.tcp.accept()
            size, = struct.unpack(">H", sock.recv(2))
            for answer in self.answers(sock.recv(size), tcp=True):
                sock.sendall(struct.pack(">H", len(answer)) + answer)
            sock.close()

    def answers(self, query, tcp):
        end = query.index(b"\0", 12) + 5
        number, question = query[:2], query[12:end]
        kind, = struct.unpack(">H", question[-4:-2])
        labels, at = [], 0
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        self.asked.add(".".join(labels).lower())
        reply = lambda flags, records=(), asked=question, to=number: \
            to + struct.pack(">HHHHH", 0x8180 | flags, 1, len(records), 0, 0) + asked + b"".join(records)
        good = record(b"\xc0\x0c", A, socket.inet_aton(ORIGIN))
        what = self.what
        if what == "SILENCE":
            return []
        if what in ("SERVFAIL", "NXDOMAIN", "REFUSED"):
            return [reply({"SERVFAIL": 2, "NXDOMAIN": 3, "REFUSED": 5}[what])]
        if what == "WRONGID":
            return [reply(0, [good], to=bytes([number[0] ^ 1, number[1]]))]
        if what == "WRONGNAME":
            return [reply(0, [good], asked=wire_name("evil.example.net") + question[-4:])]
        if what == "SHORT":
            return [reply(0, [record(b"\xc0\x0c", A, b"\x7f\x4f\x09")])]
        if what == "LOOP":
            at = struct.pack(">H", 0xc000 | 12 + len(question))
            return [reply(0, [record(at, A, socket.inet_aton(ORIGIN))])]
        if what == "TC" or isinstance(what, dict):
            return [reply(0x200)] if what == "TC" and not tcp else [reply(0, [good] if kind == A else [])]
        owner, records = b"\xc0\x0c", []
        for name, value in what:
            if name == "A*" and kind == A:
                if not tcp:
                    return [reply(0x200)]
                records = [good] + [record(b"\xc0\x0c", A, bytes([127, 79, 8 + i // 250, i % 250 + 1])) for i in range(value - 1)]
            elif name == "CNAME":
                records.append(record(owner, CNAME, wire_name(value)))
                owner = wire_name(value)
            elif TYPES.get(name) == kind:
                records.append(record(owner, kind, ipaddress.ip_address(led(value)).packed))
        return [reply(0, records)]


lab = Lab(low_ports=True)
lab.__enter__()
lab.bottle("b", ROUTES)


class Told(Echo):
    """Echo, with an Alt-Svc of its own."""

    def end_headers(self):
        self.send_header("Alt-Svc", 'h3="evil.example.net:443"')
        super().end_headers()


lab.origin(Told, "api.example.com", "127-0-0-1.example.org", ip=ORIGIN)
lab.origin(Told, "evil.example.net", ip=OTHER)
corpora = pathlib.Path(os.environ.get("BOTTLED_CORPORA", "../shared/corpora")) / "urls.jsonl"
ROWS = [json.loads(line) for line in corpora.read_text().splitlines()] if corpora.is_file() else []


starting = threading.Lock()  # the lab counts what it starts


def status_through(proxy, host):
    s = lab.tunnel(proxy, host)
    s.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    status, fields, _ = read_response(s)
    return status, fields.get("x-bottled-reason")


def run(row):
    """What is wrong with a row, or None."""
    server = NameServer(row["dns"])
    host = row.get("input", "api.example.com:443").split(":")[0]
    with starting:
        p = lab.serve("b", "--dns", server.at, names=(), env={"LOCALDOMAIN": "evil.example.net"})
    begun = time.time()
    status, reason = status_through(p, host)
    took = time.time() - begun
    p.process.kill()
    if status not in row["status"] or row.get("reason", reason) != reason:
        return f"{row['id']}: {status} {reason}"
    if took > 7 or server.asked - {host, "x.internal", "evil.example.net"}:
        return f"{row['id']}: took {took} s, asked for {server.asked}"
    return None


def run_all(rows):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        wrong = [w for w in pool.map(run, rows) if w]
    check(not wrong, "; ".join(wrong))
    print(f"      {len(rows)} rows")


def story_what_name_servers_may_say():
    run_all(OWN)


def story_the_corpus_agrees_about_name_servers():
    rows = [r for r in ROWS if "dns" in r]
    if rows:
        run_all(rows)
    else:
        print(f"      skipped: no {corpora}")


def story_a_silent_name_server_holds_up_nobody_else():
    server = NameServer("SILENCE")
    p = lab.serve("b", "--dns", server.at, ip=ORIGIN)
    held = lab.tunnel(p, "mute.example.org")
    begun = time.time()
    held.sendall(b"GET / HTTP/1.1\r\nHost: mute.example.org\r\n\r\n")
    for _ in range(20):
        check(status_through(p, "api.example.com")[0] == 200, "another name")
    check(time.time() - begun < 3, f"others took {time.time() - begun} s")
    check(read_response(held)[0] == 504 and 4 < time.time() - begun < 7, "and the silence has an end")


# --- names that disagree, bytes that are not TLS, certificates for another name ------------------------------------------

def two_names(names):
    """A ClientHello whose server_name has all of names."""
    listed = b"".join(b"\0" + struct.pack(">H", len(n)) + n.encode() for n in names)
    extension = struct.pack(">HHH", 0, len(listed) + 2, len(listed)) + listed
    body = b"\x03\x03" + bytes(32) + b"\0" + b"\0\x02\x13\x01" + b"\x01\0" + struct.pack(">H", len(extension)) + extension
    message = b"\x01" + struct.pack(">I", len(body))[1:] + body
    return b"\x16\x03\x01" + struct.pack(">H", len(message)) + message


def raw_status(p, row, said):
    """The status of cleartext said inside the tunnel; 0 when it ends without one."""
    s = p.connect()
    s.sendall(f"CONNECT {row['input']} HTTP/1.1\r\nHost: {row['input']}\r\n\r\n".encode())
    read_head(s)
    s.sendall(said)
    try:
        answer = read_head(s)
    except OSError:
        return 0
    return int(answer.split()[1]) if answer.startswith(b"HTTP/") else 0


def ask(row):
    """The status of a row of the corpus."""
    host = row["ctx"]["host"]
    p = lab.serve("b", ip=OTHER if "upstream_cert" in row else ORIGIN)
    if "sni_list" in row:
        return raw_status(p, row, two_names(row["sni_list"])) or 421  # an alert stands for it
    hosts = host if isinstance(host, list) else [] if host is None else [host]
    request = b"GET / HTTP/1.1\r\n" + b"".join(f"Host: {h}\r\n".encode() for h in hosts) + b"\r\n"
    if row.get("tls") is False:
        return raw_status(p, row, base64.b64decode(row["raw_b64"]) if "raw_b64" in row else request)
    s = lab.tunnel(p, row["ctx"]["sni"])
    s.sendall(request)
    status, fields, _ = read_response(s)
    check("alt-svc" not in fields, "Alt-Svc is not told")
    return status


def story_the_corpus_agrees_about_what_only_a_proxy_sees():
    def is_ours(r):
        host = r.get("ctx", {}).get("host", "")
        return any(k in r for k in ("tls", "sni_list", "upstream_cert", "upstream")) or not isinstance(host, str)

    rows = [r for r in ROWS if is_ours(r) and "h2" not in r and "ech" not in r]  # ECH: conn_test; h2 has its own issue
    if not rows:
        print(f"      skipped: no {corpora}")
    wrong = []
    for row in rows:
        status = ask(row)
        if status not in row["status"]:
            wrong.append(f"{row['id']}: {status}")
    check(not wrong, "; ".join(wrong))
    print(f"      {len(rows)} rows, {sum('h2' in r or 'ech' in r for r in ROWS)} left for others")


try:
    main("names")
finally:
    lab.__exit__(None)
