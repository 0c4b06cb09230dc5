#!/usr/bin/env python3
"""The evasion matrix through the real proxy: a request that carries a token in some place and encoding must not reach the
origin, honest ones must.  Rows of other protocols belong to other plays and are counted.  LEFT names the rows that are not as
expected yet, and why; it may only shrink: a row of it that passes fails this play too."""
import base64, gzip, http.server, json, os, pathlib, socket, ssl, sys, threading, zlib
from lab import Echo, Lab, check, read_head, read_response, wait_for

corpora = pathlib.Path(os.environ.get("BOTTLED_CORPORA", "../shared/corpora")).resolve()
if not corpora.is_dir():
    print(f"skipped: no corpora at {corpora}")
    sys.exit(0)

TOKENS = json.load(gzip.open(corpora / "evasion-tokens.json.gz"))
ROWS = [json.loads(line) for line in gzip.open(corpora / "evasion-matrix.jsonl.gz")]
HOSTS = ("allowed-api.test", "github.test", "api.anthropic.com", "npm-registry.test", "api.github.com", "github.com",
         "s3.us-east-1.amazonaws.com", "attacker-drop.s3.amazonaws.com", "web.archive.org", "mirror.test",
         "oauth2.googleapis.com")
LEFT = json.loads((pathlib.Path(__file__).parent / "evasion_left.json").read_text())


def text(length):
    return (b"the quick brown fox jumps over the lazy dog 0123456789 " * (length // 55 + 1))[:length]


def coded(name, body):
    import subprocess
    return subprocess.run([name, "-c"], input=body, capture_output=True, check=True).stdout


GENERATED = {  # what the corpus describes in words
    "brotli(jb(GH))": lambda t: coded("brotli", b'{"data": "%s"}' % t),
    "zstd(jb(GH))": lambda t: coded("zstd", b'{"data": "%s"}' % t),
    "gzip(zeros*2^30 + GH)": lambda t: gzip.compress(bytes(1 << 28) + t, 1),
    "body = random_text(100*2^20) + GH": lambda t: text(100 << 20) + b" " + t,
    "body = text(16384-20) + GH + text(100)": lambda t: text(16364) + t + b" " + text(100),
    "b64(text(4MB)+GH+text(2MB))": lambda t: base64.b64encode(text(4 << 20) + b" " + t + b" " + text(2 << 20)),
    "gzip(text(32768-20)+GH)": lambda t: gzip.compress(text(32748) + b" " + t),
}


def body_of(row):
    if "body_b64" in row:
        return base64.b64decode(row["body_b64"])
    if "body" in row:
        return row["body"].encode()
    if "gen" in row:
        maker = GENERATED.get(row["gen"])
        return maker(TOKENS["GH"].encode()) if maker else None
    return b""


def request_of(row, host):
    """The bytes, or None for a row whose words nobody here turns into bytes."""
    if "raw" in row:
        return row["raw"].encode()
    body = body_of(row)
    if body is None or "seq" in row:
        return None
    path = "/" + row["url"].split("//", 1)[1].partition("/")[2]
    lines = [f"{row['method']} {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{k}: {v}" for k, v in row["headers"]]
    if row.get("trailers"):
        chunk = b"%x\r\n%s\r\n" % (len(body), body) if body else b""
        tail = "".join(f"{k}: {v}\r\n" for k, v in row["trailers"]).encode()
        return "\r\n".join([*lines, "Transfer-Encoding: chunked", "", ""]).encode() + chunk + b"0\r\n" + tail + b"\r\n"
    if body or row["method"] in ("POST", "PUT"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body


class Origin(Echo):
    seen = 0

    def answer(self):
        Origin.seen += 1
        super().answer()

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = answer


def ask(lab, proxy, host, request):
    """'passed' when the origin heard all of it, else 'stopped'."""
    before = Origin.seen
    s = lab.tunnel(proxy, host)
    s.settimeout(30)
    statuses = []
    try:
        s.sendall(request)
    except OSError:
        pass
    try:
        while True:
            status, _, _ = read_response(s)
            statuses.append(status)
            if not status or status >= 400 or len(statuses) > request.count(b"HTTP/1.1\r\n") - 1:
                break
    except OSError:
        pass
    s.close()
    return "passed" if statuses and all(200 <= x < 400 for x in statuses) and Origin.seen > before else "stopped"


def expected_of(row):
    word = row["expected"].split()[0].strip(":,;(")
    return {"allow": "passed", "allow+log": "passed"}.get(word, "stopped")


def main():
    counts, wrong, stale = {"as expected": 0, "left": 0, "other protocols, or not built here": 0}, [], []
    with Lab() as lab:
        lab.bottle("b", "\n".join(f"  - {{host: {h}, ca: CA, allow_private: [127.0.0.0/8]}}" for h in HOSTS) +
                   "\n  - {host: vault.test, ca: CA, auth: {scheme: bearer, token_ref: env:KS}}")
        lab.origin(Origin, *HOSTS)
        proxy = lab.serve("b", names=HOSTS, env={"KS": TOKENS["KS"]})
        for row in ROWS:
            host = row["url"].split("/")[2].rpartition("@")[2] if "//" in row.get("url", "") else ""
            request = request_of(row, host) if row["transport"] == "http1" and host in HOSTS else None
            if request is None or row["priority"] not in ("must", "should"):
                counts["other protocols, or not built here"] += 1
                continue
            good = ask(lab, proxy, host, request) == expected_of(row)
            if good and row["id"] in LEFT:
                stale.append(row["id"])
            elif good:
                counts["as expected"] += 1
            elif row["id"] in LEFT:
                counts["left"] += 1
            else:
                wrong.append(f"{row['id']} ({row['priority']}): {row['desc']}: expected {row['expected']}")
    print(f"evasion: {json.dumps(counts)}")
    for line in wrong:
        print("  wrong:", line)
    for row_id in stale:
        print("  passes now, take it off evasion_left.json:", row_id)
    print(f"evasion: {counts['as expected']} passed, {len(wrong) + len(stale)} failed")
    sys.exit(bool(wrong or stale))


main()
