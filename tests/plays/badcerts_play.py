#!/usr/bin/env python3
"""Upstream certificates with a known verdict (the corpora's gen_badcerts.py), each served by a real TLS origin and judged by
the real proxy: a bad one is 502 upstream-tls before any byte of the request, a good one 200.  Without the corpora, or
python3-cryptography, it says so and passes."""
import json, os, pathlib, shutil, socket, ssl, subprocess, sys, threading
from lab import Lab, check, main, read_head, read_response

corpora = pathlib.Path(os.environ.get("BOTTLED_CORPORA", "../shared/corpora")).resolve()
tool = corpora / "tools" / "gen_badcerts.py"
PYTHON = "/usr/bin/python3"
if not tool.is_file() or subprocess.run([PYTHON, "-c", "import cryptography"], capture_output=True).returncode:
    print(f"skipped: no {tool}, or no python3-cryptography")
    sys.exit(0)

IP = "127.79.5.1"
HOSTS = ("api.example.com", "a.b.example.com", "example.com")
LITERAL = "127.77.1.1"  # a row's host, which is an address
CHOICES = {"reversed-chain": True, "wildcard-tld": False, "san-trailing-dot": False, "leaf-is-ca": True, "must-staple": True,
           "revoked": True, "chain-12": True}  # as badcerts_test has them, where the corpus leaves it open


class Origin:
    """Answers one connection at a time with whatever certificate is set; keeps what it was sent after the handshake."""

    def __init__(self, ip):
        self.context, self.got = None, b""
        self.listener = socket.create_server((ip, 443), backlog=16)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            sock, _ = self.listener.accept()
            sock.settimeout(10)
            try:
                tls = self.context.wrap_socket(sock, server_side=True)
                self.got = read_head(tls)
                if self.got:
                    tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
                tls.close()
            except (OSError, ValueError):
                sock.close()


def chain_of(folder, name):
    """None when no server can use the pair: its key is another's, or the library does not take it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    try:
        context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    except (ssl.SSLError, OSError):
        return None
    return context


lab = Lab(low_ports=True)
lab.__enter__()
(lab.dir / "tools").mkdir()
shutil.copy(tool, lab.dir / "tools")
subprocess.run([PYTHON, "-W", "ignore", str(lab.dir / "tools" / tool.name)], check=True, capture_output=True)
made = lab.dir / "badcerts"
routes = "\n".join(f"  - {{host: {host}, ca: ROOT, allow_private: [127.0.0.0/8]}}" for host in (*HOSTS, LITERAL))
lab.bottle("b", routes.replace("ROOT", str(made / "root.pem")))
proxy = lab.serve("b", names=HOSTS, ip=IP)
origins = {IP: Origin(IP), LITERAL: Origin(LITERAL)}


def judge(row):
    """(status, reason, did the origin get a byte of the request?), or None when it can't be served."""
    origin = origins[LITERAL if row["host"] == LITERAL else IP]
    origin.context, origin.got = chain_of(made, row["name"]), b""
    if origin.context is None:
        return None
    s = lab.tunnel(proxy, row["host"])
    s.sendall(f"GET / HTTP/1.1\r\nHost: {row['host']}\r\nConnection: close\r\n\r\n".encode())
    status, fields, _ = read_response(s)
    s.close()
    return status, fields.get("x-bottled-reason"), origin.got != b""


def story_every_certificate_is_judged_as_it_deserves():
    rows = [json.loads(line) for line in (made / "badcerts.jsonl").read_text().splitlines()]
    wrong, counts = [], {"taken": 0, "refused": 0, "unservable": 0}
    for row in rows:
        verdict = judge(row)
        good = CHOICES.get(row["name"], row["accept"])
        if verdict is None:
            counts["unservable"] += 1
            good and wrong.append(f"{row['name']} can't be served")
            continue
        counts["taken" if verdict[0] == 200 else "refused"] += 1
        if verdict != ((200, None, True) if good else (502, "upstream-tls", False)):
            wrong.append(f"{row['name']}: {verdict}")
    print(f"      {len(rows)} certificates: {counts}")
    check(len(rows) == 48 and not wrong, "; ".join(wrong))
    check(all(l["upstream"].startswith("127.") for l in proxy.access()), "the log names the address")
    details = {l.get("detail") for l in proxy.access() if l["reason"] == "upstream-tls"}
    print(f"      reasons: {sorted(map(str, details))}")
    check(len(details) > 5 and None not in details, f"the log says what was wrong: {details}")


def story_old_versions_and_suites_are_refused():
    origin = origins[IP]
    for version, ciphers in ((ssl.TLSVersion.TLSv1, None), (ssl.TLSVersion.TLSv1_1, None), (ssl.TLSVersion.TLSv1_2, "AES128-SHA")):
        origin.context, origin.got = chain_of(made, "good"), b""
        origin.context.minimum_version = origin.context.maximum_version = version
        if ciphers:
            origin.context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
        s = lab.tunnel(proxy, "api.example.com")
        s.sendall(b"GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n")
        status, fields, _ = read_response(s)
        check((status, fields.get("x-bottled-reason"), origin.got) == (502, "upstream-tls", b""), f"{version}: {status}")


try:
    main("badcerts")
finally:
    lab.__exit__(None)
