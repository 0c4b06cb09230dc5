#!/usr/bin/env python3
"""Bodies that want more than they are: long, all one line, no text, bombs, wrapped over and over.  Each is answered and logged,
costs a bounded piece of memory, and hides nothing that is in its reach.  BOTTLED_PLAY_MIB makes the long ones longer."""
import base64, gzip, io, os, zipfile, zlib
from lab import Echo, Lab, check, main, read_response

HOST = "api.example.com"
PAT = b"ghp_" + b"Zx9Qw3Er5Ty7Ui1Op2As4Df6Gh8Jk0LzXcVb"
LONG = int(os.environ.get("BOTTLED_PLAY_MIB", "24")) << 20
GROWN_KIB = 40 << 10  # SPOOL_MEMORY_MAX, decoders, and what an allocator keeps; under sanitizers there is more of all
PIECE = (b"int parse(const char *text, size_t len); /* some words of code */ " * 1024)[: 1 << 16].replace(b"\n", b" ")


class Counting(Echo):
    """Counts a body and lets go of it."""

    def body(self):
        left = int(self.headers.get("Content-Length", 0))
        while left > 0 and (piece := self.rfile.read(min(left, 1 << 16))):
            left -= len(piece)
        return b""

    def answer(self):
        self.body()
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = answer


lab = Lab(low_ports=True).__enter__()
lab.origin(Counting, HOST)
lab.bottle("b", f"  - {{host: {HOST}, ca: CA, allow_private: [127.0.0.0/8]}}")
proxy = lab.serve("b", env={})
asked = 0


def post(pieces, length, coding=None):
    """(status, reason, the access line, KiB that the proxy grew by while it had the body)."""
    global asked
    s = lab.tunnel(proxy, HOST)
    s.settimeout(120)
    before = grown = proxy.rss_kib()
    fields = f"Content-Encoding: {coding}\r\n" if coding else ""
    s.sendall(f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {length}\r\n{fields}\r\n".encode())
    try:
        for number, piece in enumerate(pieces):
            s.sendall(piece)
            if number % 64 == 0:
                grown = max(grown, proxy.rss_kib())
    except OSError:
        pass  # refused before its end
    grown = max(grown, proxy.rss_kib())
    status, got, _ = read_response(s)
    s.close()
    asked += 1
    line = proxy.last(asked)
    check(line["status"] == status, f"{status} {line}")
    check(grown - before < GROWN_KIB, f"the proxy grew by {grown - before} KiB")
    return status, got.get("x-bottled-reason"), line, grown - before


def whole(body, coding=None):
    return post([body], len(body), coding)


def is_pat(line):
    return "github-pat" in [finding["rule"] for finding in line.get("findings", [])]


def endless(length, last=b""):
    yield from (PIECE for _ in range(length // len(PIECE)))
    yield last


def story_a_long_body_of_one_line_costs_what_a_short_one_does():
    length = LONG // len(PIECE) * len(PIECE)
    status, _, line, grown = post(endless(length), length)
    print(f"      {length >> 20} MiB up: the proxy grew by {grown} KiB, {line['ms']['total']} ms")
    check(status == 200 and line["up_bytes"] >= length, str(line))
    last = b" " + PAT
    status, reason, line, _ = post(endless(length, last), length + len(last))
    check(status == 403 and is_pat(line), f"{status} {reason} {line}")
    check(line["findings"][0]["where"].startswith(f"body byte {length + len(last) - 1}"), str(line))


def story_bytes_that_are_no_text_hide_nothing():
    noise = os.urandom(1 << 16)
    for what, filler in (("NUL bytes", b"\0" * (1 << 20)), ("half characters", b"\xc3\xff\xe2\x80" * (1 << 18)), ("noise", noise * 16)):
        status, reason, line, _ = whole(filler + PAT + filler)
        # what stands directly in front may be a part of a word; a blank is not
        spaced = whole(filler + b" " + PAT + b" " + filler)
        check(spaced[0] == 403 and is_pat(spaced[2]), f"{what}: {spaced}")
        check(status in (200, 403) and (status == 403 or what == "noise"), f"{what}: {status} {reason} {line}")


def story_bombs_are_refused():
    bomb = zlib.compressobj(9, wbits=31)
    zeros = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(256)) + bomb.flush()
    status, reason, line, _ = whole(zeros, "gzip")
    check((status, reason) == (413, "body-too-large"), f"{status} {reason} {line}")
    status, reason, line, _ = whole(gzip.compress(zeros), "gzip, gzip")  # a bomb within
    check((status, reason) == (413, "body-too-large"), f"{status} {reason} {line}")
    status, reason, line, _ = whole(b"x", ", ".join(["gzip"] * 20))
    check((status, reason) == (415, "coding-not-readable"), f"{status} {reason} {line}")


def story_an_archive_of_archives_costs_no_memory():
    level = b"\0" * (4 << 20)
    for depth in range(5):  # as 42.zip: each holds the one below it 16 times
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(16):
                archive.writestr(f"{depth}-{number}", level)
        level = packed.getvalue()
    status, reason, line, grown = whole(level)
    check(status in (200, 403, 413), f"{status} {reason} {line}")  # an archive is no coding: as it is, or not at all


def story_what_is_wrapped_over_and_over_is_answered():
    for what, wrap in (("gzip", lambda b: gzip.compress(b, 1)), ("base64", base64.b64encode)):
        text = b"some words in front of a token " + PAT + b" and some behind it, so that it is text"
        for _ in range(20):
            text = wrap(text)
        status, reason, line, _ = whole(text)
        print(f"      {what}, 20 deep, {len(text)} bytes: {status}")
        check(status == 403, f"{what}: {status} {reason} {line}")
        check(whole(gzip.compress(wrap(b"x" * 100) + b" " + PAT), "gzip")[0] == 403, f"{what}: within its reach")


def story_the_proxy_is_as_it_was():
    check(whole(b"hello")[0] == 200 and whole(b"x=" + PAT)[0] == 403, "and answers as before")
    check(PAT.decode() not in proxy.log.read_text() + proxy.errors(), "no log has the token")
    print(f"      resident: {proxy.rss_kib()} KiB")


try:
    main("bounds")
finally:
    lab.__exit__(None)
