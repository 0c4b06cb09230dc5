#!/usr/bin/env python3
"""The evasion matrix through the real proxy: a request that carries a token in some place and encoding must not reach the
origin with it, honest ones must arrive.  Rows that say "when known" go through a bottle that has their token registered,
the others through one that does not.  Rows of other protocols and of approvals belong to other plays and are counted."""
import base64, collections, gzip, json, os, pathlib, re, socket, struct, subprocess, sys, time, zlib
from lab import Echo, Lab, Proxy, check, free_port, read_head, read_response

corpora = pathlib.Path(os.environ.get("BOTTLED_CORPORA", "../shared/corpora")).resolve()
if not corpora.is_dir():
    print(f"skipped: no corpora at {corpora}")
    sys.exit(0)

TOKENS = json.load(gzip.open(corpora / "evasion-tokens.json.gz"))
ROWS = [json.loads(line) for line in gzip.open(corpora / "evasion-matrix.jsonl.gz")]

# The policy of the bottles.  What a row says of methods, hosts and destinations is a line here: fetches only from the
# registry and the mirror, one bucket and not its neighbour, names under a wildcard.
ROUTES = "".join(f"  - {{host: {host}, ca: CA, allow_private: [127.0.0.0/8]{rest}}}\n" for host, rest in {
    "allowed-api.test": "", '"*.x.allowed-api.test"': "", "github.test": "", "api.anthropic.com": "", "api.github.com": "",
    "github.com": "", "s3.us-east-1.amazonaws.com": "", "web.archive.org": "", "oauth2.googleapis.com": "",
    "npm-registry.test": ", methods: [GET, HEAD]", "mirror.test": ", methods: [GET, HEAD]"}.items())
INJECTED = "  - {host: vault.test, ca: CA, auth: {scheme: bearer, token_ref: env:KS}}\n"
KNOWN = "dlp:\n  secrets:\n" + "".join(f"    - {{name: {t.lower()}, token_ref: env:{t}}}\n" for t in ("GH", "SK"))
HOSTS = [h.strip('"') for h in re.findall(r"host: ([^,]+),", ROUTES)]
BODY_MAX = 1 << 20  # of the bottle with a limit

# Rows whose subject comes later, by protocol or by what they are about.
LATER = {"websocket": "WebSocket"}


def later(row):
    if row["transport"] in LATER:
        return LATER[row["transport"]]
    if row["dim"] == "git" and row["id"] != "G19" or row["id"] == "D04":  # G19 is JSON
        return "git"
    if row["dim"] == "timing" and row["id"] != "T01":
        return "approvals and rates"
    return None


# --- requests ---------------------------------------------------------------------------------------------------


def text(length):
    """So many bytes of words, the last of them a blank: a token that is glued to a word is another matter."""
    return (b"the quick brown fox jumps over the lazy dog 0123456789 " * (length // 55 + 1))[:length - 1] + b" "


def coded(*command, body):
    return subprocess.run(command, input=body, capture_output=True, check=True).stdout


def in_json(token):
    return b'{"data": "%s"}' % token


def bomb(zeros, token):
    """A gzip file of so many zeros and the token: the zeros are one piece of 16 MiB, repeated."""
    z = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = bytes(1 << 24)
    packed, crc = z.compress(piece) + z.flush(zlib.Z_FULL_FLUSH), 0
    for _ in range(zeros >> 24):
        crc = zlib.crc32(piece, crc)
    end = zlib.compressobj(9, zlib.DEFLATED, -15)
    last = end.compress(token) + end.flush()
    sizes = struct.pack("<II", zlib.crc32(token, crc), (zeros + len(token)) & 0xffffffff)
    return b"\x1f\x8b\x08" + bytes(6) + b"\xff" + packed * (zeros >> 24) + last + sizes


def with_dictionary(lab, token):
    (lab.dir / "dictionary").write_bytes(in_json(token) * 20)
    return coded("zstd", "-cq", "-D", str(lab.dir / "dictionary"), body=in_json(token))


def post(body, *fields):
    lines = ["POST /v1/items HTTP/1.1", "Host: allowed-api.test", *fields, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def at_every_offset(token):
    return [post(text(size - k) + token + b"\n") for size in (4096, 8192, 16384, 65536) for k in range(41)]


def big_head(token):
    fields = [f"X-Field-{i}: {text(285).decode()}" for i in range(200)]
    return ["\r\n".join(["GET /v1/items HTTP/1.1", "Host: allowed-api.test", *fields, f"X-Last: {token.decode()}", "", ""]).encode()]


# What the corpus describes in words: each makes the requests of its row, all of which must fare as it says.
GENERATED = {
    "C03": lambda lab, t: [post(coded("brotli", "-c", body=in_json(t)), "Content-Encoding: br")],
    "C04": lambda lab, t: [post(coded("zstd", "-cq", body=in_json(t)), "Content-Encoding: zstd")],
    "C11": lambda lab, t: [post(bomb(1 << 30, t), "Content-Encoding: gzip")],
    "C13": lambda lab, t: [post(with_dictionary(lab, t), "Content-Encoding: zstd"),
                           post(coded("brotli", "-c", "--large_window=30", body=in_json(t)), "Content-Encoding: br")],
    "S01": lambda lab, t: [post(text(100 << 20) + t)],
    "S02": lambda lab, t: [post(text(16364) + t + text(100))],
    "S04": lambda lab, t: at_every_offset(t),
    "S06": lambda lab, t: [post(base64.b64encode(text(4 << 20) + t + text(2 << 20)))],
    "S07": lambda lab, t: [post(gzip.compress(text(32748) + t), "Content-Encoding: gzip")],
    "S08": lambda lab, t: big_head(t),
    "S10": lambda lab, t: [post(text(BODY_MAX + 1) + t)],
    "T01": lambda lab, t: [post(in_json(t))],
    "T02": lambda lab, t: [f"GET /p?i={i}&c={c} HTTP/1.1\r\nHost: allowed-api.test\r\n\r\n".encode()
                           for i, c in enumerate(t.decode())],
}


def target_of(row):
    """As the request line has it: in absolute form where the row is about what only that can carry."""
    rest = row["url"].split("//", 1)[1]
    return row["url"] if "absolute-form" in row["desc"] else "/" + rest.partition("/")[2]


def plain(row, host):
    body = base64.b64decode(row["body_b64"]) if "body_b64" in row else row.get("body", "").encode()
    lines = [f"{row['method']} {target_of(row)} HTTP/1.1"]
    if "Host" not in dict(row["headers"]):
        lines.append(f"Host: {host}")
    lines += [f"{k}: {v}" for k, v in row["headers"]]
    if row.get("trailers"):
        chunk = b"%x\r\n%s\r\n" % (len(body), body) if body else b""
        tail = "".join(f"{k}: {v}\r\n" for k, v in row["trailers"]).encode()
        return "\r\n".join([*lines, "Transfer-Encoding: chunked", "", ""]).encode() + chunk + b"0\r\n" + tail + b"\r\n"
    if body or row["method"] in ("POST", "PUT"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body


def requests_of(lab, row, host):
    token = TOKENS.get(row["token"], "").encode()
    if row["id"] in GENERATED:
        return GENERATED[row["id"]](lab, token)
    if "seq" in row:
        return [b"".join(plain({**row, **step, "headers": []}, host) for step in row["seq"])]
    if "raw" in row:
        return [row["raw"].encode()]
    check("gen" not in row, f"{row['id']}: nobody builds it")
    return [plain(row, host)]


# --- what the origin hears ----------------------------------------------------------------------------------------


class Tee:
    def __init__(self, file):
        self.file = file

    def keep(self, data):
        Hearing.heard += data
        return data

    def read(self, size=-1):
        return self.keep(self.file.read(size))

    def readline(self, size=-1):
        return self.keep(self.file.readline(size))

    def __getattr__(self, name):
        return getattr(self.file, name)


class Hearing(Echo):
    heard = bytearray()

    def setup(self):
        super().setup()
        self.rfile = Tee(self.rfile)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = do_MKCOL = Echo.answer


def send(s, request, row):
    try:
        if row["id"] == "T01":  # a byte in 20 ms, not in a second
            head, _, body = request.partition(b"\r\n\r\n")
            s.sendall(head + b"\r\n\r\n")
            for byte in body:
                s.sendall(bytes([byte]))
                time.sleep(0.02)
        else:
            s.sendall(request)
    except OSError:
        pass  # refused before its end


def answers(s, count):
    statuses = []
    try:
        while len(statuses) < count:
            status, _, _ = read_response(s)
            if not status:
                break
            statuses.append(status)
            if status >= 400:
                break
    except OSError:
        pass
    return statuses


def connect(lab, proxy, host):
    """A tunnel, or None where the name itself is refused."""
    s = proxy.connect()
    s.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
    if b" 200 " not in read_head(s).split(b"\r\n")[0]:
        s.close()
        return None
    return lab.context.wrap_socket(s, server_hostname=host)


def fares(lab, proxy, row, host, request):
    """'passed': all of it was answered by the origin.  'leaked': some was refused, yet the origin heard the token.
    'stripped': answered, but what it heard has no token in it.  'stopped': refused, and it heard nothing of it."""
    token = TOKENS.get(row["token"], "\0").encode().lower()
    Hearing.heard.clear()
    s = connect(lab, proxy, host)
    if s is None:
        return "stopped"
    s.settimeout(60)
    send(s, request, row)
    count = max(1, len(re.findall(rb"HTTP/1\.1\r\nHost", request)))
    statuses = answers(s, count)
    s.close()
    heard = bytes(Hearing.heard).lower()
    if len(statuses) == count and all(200 <= x < 400 for x in statuses):
        return "stripped" if token in request.lower() and token not in heard else "passed"
    return "leaked" if token in heard else "stopped"


# --- HTTP/2, as frames ------------------------------------------------------------------------------------------------

def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def fields(*pairs, first=0):
    """Literals with new names; first: 0 without indexing, 16 never indexed, 64 into the dynamic table (RFC 7541 section 6.2)."""
    return b"".join(bytes([first if n.startswith(b"x-") else 0, len(n)]) + n + bytes([len(v)]) + v for n, v in pairs)


def h2_streams(row):
    """The frames of each request of the row, by the number of its stream."""
    token, host = TOKENS[row["token"]].encode(), b"allowed-api.test"
    path = b"/" + row["url"].split("/", 3)[3].encode()
    line = lambda method: [(b":method", method), (b":scheme", b"https"), (b":authority", host), (b":path", path)]
    get, post, trace = line(b"GET"), line(b"POST"), (b"x-trace", token)
    END, HEAD, PADDED = 1, 4, 8
    return {
        "L43": {1: frame(1, END | HEAD, 1, fields(*get, trace))},
        "L44": {1: frame(1, END | HEAD, 1, fields(*get, trace, first=16)), 3: frame(1, END | HEAD, 3, fields(*get, trace, first=64)),
                5: frame(1, END | HEAD, 5, fields(*get) + b"\xbe")},
        "L46": {1: frame(1, HEAD, 1, fields(*post)) + frame(0, 0, 1, b"ok") + frame(1, END | HEAD, 1, fields((b"x-t", token)))},
        "L47": {1: frame(1, END | HEAD, 1, fields(*get))},
        "L48": {1: frame(6, 0, 0, token[:8]) + frame(1, HEAD, 1, fields(*post)) + frame(2, 0, 1, struct.pack(">IB", 0, token[0])) +
                frame(0, PADDED | END, 1, b"\x20ok" + bytes(32))},
        "S05": {1: frame(1, HEAD, 1, fields(*post)) + frame(0, PADDED, 1, b"\xff" + token[:20] + bytes(255)) + frame(0, END, 1, token[20:])},
    }[row["id"]]


def h2_is_as_expected(lab, proxy, row):
    """The access lines say how each stream fared, and the origin whether it heard the token."""
    token, allowed = TOKENS[row["token"]].encode().lower(), row["expected"].startswith("allow")
    for stream in h2_streams(row):  # each on a connection whose table the ones before have filled
        Hearing.heard.clear()
        before, s = len(proxy.access()), proxy.connect()
        s.sendall(b"CONNECT allowed-api.test:443 HTTP/1.1\r\nHost: allowed-api.test:443\r\n\r\n")
        read_head(s)
        context = lab.trusting()
        context.set_alpn_protocols(["h2"])
        s = context.wrap_socket(s, server_hostname="allowed-api.test")
        frames = [f for n, f in h2_streams(row).items() if n <= stream]
        s.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + b"".join(frames))
        proxy.last(before + len(frames))
        s.close()
        reasons = {line["reason"] for line in proxy.access()[before:]}
        if reasons != ({"allowed"} if allowed else {"dlp-token"}) or token in bytes(Hearing.heard).lower():
            return False
    return True


# --- rows -----------------------------------------------------------------------------------------------------------


def trials(row):
    """Through which bottles, and what is expected there."""
    words = row["expected"]
    nameless = not words.startswith("allow") and row["token"] not in ("KS", "-") and row["pattern_detectable"].startswith(("no", "context"))
    if "when known" in words or nameless:
        return [("known", "stopped")] + ([("b", "passed")] if "else allow" in words else [])
    return [("small" if row["id"] == "S10" else "b", "passed" if words.startswith("allow") else "stopped")]


def is_as_expected(lab, proxies, row):
    host = row["url"].split("/")[2].rpartition("@")[2] if "//" in row["url"] else row["url"].rpartition(":")[0]
    if row["transport"] == "connect":
        return connect(lab, proxies["b"], host) is None
    good = {"passed": ("passed",), "stopped": ("stopped", "stripped")}
    return all(fares(lab, proxies[bottle], row, host, request) in good[expected]
               for bottle, expected in trials(row) for request in requests_of(lab, row, host))


def start(lab):
    lab.bottle("b", ROUTES + INJECTED)
    lab.bottle("known", ROUTES + INJECTED, KNOWN)
    lab.bottle("small", f"  - {{host: allowed-api.test, ca: CA, allow_private: [127.0.0.0/8], dlp: {{body_max: {BODY_MAX >> 20}M}}}}")
    lab.origin(Hearing, *HOSTS)
    ports = {name: free_port() for name in ("known", "small")}
    listen = [word for name, port in ports.items() for word in ("--listen", f"{name}=127.0.0.1:{port}")]
    names = [*(h for h in HOSTS if "*" not in h), "attacker-drop.s3.amazonaws.com"]
    b = lab.serve("b", *listen, names=names, env={name: TOKENS[name] for name in ("KS", "GH", "SK")})
    lab.context = lab.trusting()
    return {"b": b, **{name: Proxy(b.process, port, b.log, b.err) for name, port in ports.items()}}


def main():
    counts, others, wrong = collections.Counter(), collections.Counter(), []
    with Lab() as lab:
        proxies = start(lab)
        for row in ROWS:
            reason = later(row)
            began = time.time()
            if reason:
                others[reason] += 1
                continue
            is_h2 = row["transport"] == "http2"
            good = h2_is_as_expected(lab, proxies["b"], row) if is_h2 else is_as_expected(lab, proxies, row)
            if "-v" in sys.argv:
                print(f"{row['id']:4} {'ok' if good else 'WRONG':5} {time.time() - began:5.2f} s  {row['desc']}", flush=True)
            if row["priority"] not in ("must", "should"):
                others[f"'{row['priority']}' rows, {'as' if good else 'not as'} expected"] += 1
            elif good:
                counts[row["dim"]] += 1
            else:
                wrong.append(f"{row['id']} ({row['priority']}): {row['desc']}: expected {row['expected']}")
        lines = b"".join(path.read_bytes() for path in [*lab.dir.glob("access-*"), *lab.dir.glob("serve-*.err")])
        wrong += [f"the log has the token {name}" for name, token in TOKENS.items() if token.encode() in lines]
    print(f"evasion: as expected {json.dumps(counts)}; for later or not asked {json.dumps(others)}")
    for line in wrong:
        print("  wrong:", line)
    print(f"evasion: {sum(counts.values())} passed, {len(wrong)} failed")
    sys.exit(bool(wrong))


main()
