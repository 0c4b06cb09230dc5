#!/usr/bin/env python3
"""`bottled serve` between real clients and real TLS origins: what passes, what is refused, how it ends."""
import gzip, http.server, json, os, pathlib, signal, socket, ssl, subprocess, threading, time, zlib
from lab import Echo, Lab, ORIGIN_IP, check, main, read_head, read_response, wait_for

TOKEN = "play-t0ken-9f86d081884c7d65"
ROUTES = """  - {host: api.example.com, ca: CA, allow_private: [127.0.0.0/8], auth: {scheme: bearer, token_ref: env:PLAY_TOKEN}}
  - {host: "*.example.org", ca: CA, allow_private: [127.0.0.0/8], methods: [GET], path: /ok/**}
  - {host: inside.example.com, ca: CA}
  - {host: pass.example.com, tls_passthrough: true, allow_private: [127.0.0.0/8]}
  - {host: plain.example.com, port: 80, allow_private: [127.0.0.0/8]}"""
NAMES = ("api.example.com", "a.example.org", "inside.example.com", "pass.example.com", "plain.example.com", "bad.example.org")


class Misbehaving(Echo):
    """Echo, and a few paths that misbehave."""

    def do_GET(self):
        if self.path.startswith("/big/"):
            total = int(self.path.split("/")[2]) << 20
            self.send_response(200)
            self.send_header("Content-Length", str(total))
            self.end_headers()
            piece = b"x" * (1 << 20)
            for _ in range(total >> 20):
                self.wfile.write(piece)
        elif self.path.startswith("/slow"):
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for i in range(20):
                self.wfile.write(b"5\r\nhello\r\n")
                self.wfile.flush()
                time.sleep(0.05)
            self.wfile.write(b"0\r\n\r\n")
        elif self.path == "/short":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"only this")
            self.close_connection = True
        else:
            self.answer()


def setting():
    lab = Lab(low_ports=True)
    lab.__enter__()
    lab.bottle("b", ROUTES)
    lab.origin(Misbehaving, "api.example.com", "a.example.org", "inside.example.com", "pass.example.com")
    lab.origin(Misbehaving, port=80)
    return lab


lab = setting()
proxy = lab.serve("b", names=NAMES, env={"PLAY_TOKEN": TOKEN})


def curl(*args, through=None, ca=None):
    command = ["curl", "-sS", "--max-time", "60", "-x", (through or proxy).url, "--cacert", str(ca or lab.proxy_ca), *args]
    return subprocess.run(command, capture_output=True, text=True)


def story_curl_reaches_an_allowed_host_and_the_real_credential_arrives():
    got = curl("https://api.example.com/v1/x?q=1", "-H", "Authorization: Bearer placeholder")
    told = json.loads(got.stdout)
    fields = dict((k.lower(), v) for k, v in told["fields"])
    check(fields["authorization"] == f"Bearer {TOKEN}", f"the origin got {fields.get('authorization')}")
    check(fields["host"] == "api.example.com", "the host field")
    check("placeholder" not in got.stdout, "the agent's own credential must be dropped")


def story_a_host_without_a_route_is_refused_at_connect():
    got = curl("-v", "https://evil.example.net/")
    check(got.returncode == 56 and "403" in got.stderr, got.stderr)
    line = proxy.access()[-1]
    check((line["verdict"], line["reason"], line["host"]) == ("refused", "no-route", "evil.example.net"), str(line))


def story_method_and_path_are_decided_inside_the_tunnel():
    got = curl("-X", "POST", "-d", "x", "-o", "/dev/null", "-w", "%{http_code}", "https://a.example.org/ok/1")
    check(got.stdout == "403", got.stdout + got.stderr)
    got = curl("-o", "/dev/null", "-w", "%{http_code}", "https://a.example.org/no")
    check(got.stdout == "403", got.stdout + got.stderr)
    got = curl("-o", "/dev/null", "-w", "%{http_code}", "https://a.example.org/ok/1")
    check(got.stdout == "200", got.stdout + got.stderr)


def story_a_refusal_is_problem_json_with_the_reason():
    got = curl("-i", "https://a.example.org/no")
    check("application/problem+json" in got.stdout and "x-bottled-reason: path-not-allowed" in got.stdout.lower(), got.stdout)
    problem = json.loads(got.stdout.split("\n\n")[-1])
    check(problem["bottle"] == "b" and problem["proposal"] is None and problem["retryable"] is False, str(problem))


def story_a_name_that_leads_to_a_private_address_is_not_reached():
    got = curl("-o", "/dev/null", "-w", "%{http_code}", "https://inside.example.com/")
    check(got.stdout == "403", got.stdout + got.stderr)
    check(proxy.access()[-1]["reason"] == "address-not-allowed", str(proxy.access()[-1]))


def story_a_secret_that_would_leave_elsewhere_is_stopped():
    for args in (["-d", "x"], ["-d", json.dumps({"a": TOKEN})], ["-H", f"X-A: {TOKEN}"]):
        got = curl("-o", "/dev/null", "-w", "%{http_code}", *args, "https://api.example.com/")
        check(got.stdout == ("403" if TOKEN in str(args) else "200"), f"{args}: {got.stdout} {got.stderr}")
    check(TOKEN not in proxy.log.read_text() and TOKEN not in proxy.errors(), "the token's value is in a log")


def bare_deflate(data):
    coder = zlib.compressobj(wbits=-15)
    return coder.compress(data) + coder.flush()


def tool(*command):
    return lambda data: subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


CODERS = (("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", bare_deflate), ("br", tool("brotli", "-c")),
          ("zstd", tool("zstd", "-qc")), ("gzip, br", lambda data: tool("brotli", "-c")(gzip.compress(data))))


def post_coded(coding, body):
    path = lab.dir / "coded"
    path.write_bytes(body)
    return curl("-w", "\n%{http_code}", "-H", f"Content-Encoding: {coding}", "--data-binary", f"@{path}", "https://api.example.com/")


def story_coded_bodies_pass_as_they_are_and_a_secret_in_one_does_not():
    for coding, code in CODERS:
        text = json.dumps({"text": "hello " * 20000, "noise": os.urandom(40000).hex()}).encode()
        body = code(text)
        told, status = post_coded(coding, body).stdout.rsplit("\n", 1)
        check(status == "200" and json.loads(told)["body_bytes"] == len(body), f"{coding}: {status} {told}")
        check([coding] == [v for k, v in json.loads(told)["fields"] if k.lower() == "content-encoding"], f"{coding}: {told}")
        told, status = post_coded(coding, code(text + TOKEN.encode())).stdout.rsplit("\n", 1)
        check(status == "403" and "dlp-token" in told, f"{coding}, with the token: {status} {told}")
        told, status = post_coded(coding, body[:-1]).stdout.rsplit("\n", 1)
        check(status == "415" and "coding-not-readable" in told, f"{coding}, cut short: {status} {told}")
    told, status = post_coded("gzip", gzip.compress(bytes(10 << 20))).stdout.rsplit("\n", 1)
    check(status == "413" and "body-too-large" in told, f"a bomb: {status} {told}")
    told, status = post_coded("compress", b"x").stdout.rsplit("\n", 1)
    check(status == "415", f"an unknown coding: {status} {told}")


def story_a_passed_through_host_shows_its_own_certificate():
    got = curl("https://pass.example.com/", ca=lab.ca)
    check(got.returncode == 0, got.stderr)
    wait_for(lambda: any(l["scheme"] == "tunnel" for l in proxy.access()))
    line = [l for l in proxy.access() if l["scheme"] == "tunnel"][-1]
    check(line["up_bytes"] > 0 and line["down_bytes"] > 0, str(line))


def story_a_tunnel_whose_hello_names_another_host_is_cut():
    s = proxy.connect()
    s.sendall(b"CONNECT pass.example.com:443 HTTP/1.1\r\nHost: pass.example.com:443\r\n\r\n")
    check(b" 200 " in read_head(s), "CONNECT")
    context = ssl.create_default_context(cafile=str(lab.ca))
    try:
        context.wrap_socket(s, server_hostname="a.example.org")
        check(False, "the handshake went through")
    except (ssl.SSLError, OSError):
        pass
    s = proxy.connect()
    s.sendall(b"CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n")
    read_head(s)
    try:
        lab.trusting().wrap_socket(s, server_hostname="a.example.org")
        check(False, "the handshake went through")
    except (ssl.SSLError, OSError):
        pass
    wait_for(lambda: any(l["reason"] == "name-mismatch" for l in proxy.access()))


def story_an_upstream_whose_certificate_is_not_good_gets_no_byte():
    lab.origin(Misbehaving, "other.example.org", ip="127.77.0.2")
    other = lab.serve("b", names=("bad.example.org",), env={"PLAY_TOKEN": TOKEN}, ip="127.77.0.2")
    got = curl("-o", "/dev/null", "-w", "%{http_code}", "https://bad.example.org/ok/", through=other)
    check(got.stdout == "502", got.stdout + got.stderr)
    check(other.last()["reason"] == "upstream-tls", str(other.access()))


def story_uploads_and_downloads_keep_their_bytes_and_the_proxy_its_memory():
    data = os.urandom(1 << 20) * 8
    path = lab.dir / "upload"
    path.write_bytes(data)
    got = curl("-T", str(path), "https://api.example.com/up")
    check(json.loads(got.stdout)["body_bytes"] == len(data), got.stdout + got.stderr)
    got = curl("-H", "Transfer-Encoding: chunked", "-T", str(path), "https://api.example.com/up")
    check(json.loads(got.stdout)["body_bytes"] == len(data), got.stdout + got.stderr)
    before = proxy.rss_kib()
    mib = int(os.environ.get("BOTTLED_PLAY_MIB", "256"))
    got = curl("-o", "/dev/null", "-w", "%{size_download}", f"https://api.example.com/big/{mib}")
    check(got.stdout == str(mib << 20), got.stdout + got.stderr)
    grown = proxy.rss_kib() - before
    print(f"      {mib} MiB down: the proxy grew by {grown} KiB")
    check(grown < 20000, f"the proxy grew by {grown} KiB")


def story_forty_at_once():
    procs = [subprocess.Popen(["curl", "-sS", "--max-time", "60", "-x", proxy.url, "--cacert", str(lab.proxy_ca), "-o", "/dev/null",
                               "-w", "%{http_code}", "https://api.example.com/"], stdout=subprocess.PIPE, text=True)
             for _ in range(40)]
    check(all(p.communicate()[0] == "200" for p in procs), "forty curls")


def story_a_cut_upstream_is_a_cut_for_the_client():
    got = curl("-o", "/dev/null", "https://api.example.com/short")
    check(got.returncode in (18, 56, 92), f"{got.returncode} {got.stderr}")


def story_plain_http_by_absolute_form():
    got = curl("http://plain.example.com/x")
    check(json.loads(got.stdout)["path"] == "/x", got.stdout + got.stderr)


def story_sighup_takes_new_rules_and_keeps_the_old_ones_when_the_new_are_bad():
    p = lab.serve("b", names=NAMES, env={"PLAY_TOKEN": TOKEN})
    kept = lab.tunnel(p, "api.example.com")
    lab.bottle("b", ROUTES + "\n  - {host: new.example.com, ca: CA, allow_private: [127.0.0.0/8]}\n")
    p.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "app.reloaded" in p.errors())
    got = curl("-v", "https://new.example.com/", through=p)
    check("CONNECT tunnel established" in got.stderr or " 200 " in got.stderr, got.stderr)
    kept.sendall(b"GET /after HTTP/1.1\r\nHost: api.example.com\r\n\r\n")
    status, _, body = read_response(kept)
    check(status == 200, "a connection from before the reload goes on")
    check(TOKEN in body.decode(), "the credential from the environment is still there after a reload")
    lab.bottle("b", "  - {hots: nonsense}")
    p.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "app.kept" in p.errors())
    got = curl("-o", "/dev/null", "-w", "%{http_code}", "https://api.example.com/", through=p)
    check(got.stdout == "200", got.stdout + got.stderr)
    lab.bottle("b", ROUTES)


def story_sigterm_finishes_what_is_under_way_and_ends_with_0():
    p = lab.serve("b", names=NAMES, env={"PLAY_TOKEN": TOKEN})
    slow = subprocess.Popen(["curl", "-sS", "-x", p.url, "--cacert", str(lab.proxy_ca), "https://api.example.com/slow"],
                            stdout=subprocess.PIPE, text=True)
    idle = lab.tunnel(p, "api.example.com")
    time.sleep(0.4)
    p.process.send_signal(signal.SIGTERM)
    check(idle.recv(1) == b"", "an idle connection is closed at once")
    check(slow.communicate()[0] == "hello" * 20, "the answer under way is whole")
    check(p.process.wait(10) == 0, "exit code 0")


def story_a_second_sigterm_ends_now():
    p = lab.serve("b", names=NAMES, env={"PLAY_TOKEN": TOKEN})
    slow = subprocess.Popen(["curl", "-sS", "-x", p.url, "--cacert", str(lab.proxy_ca), "https://api.example.com/slow"],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.4)
    p.process.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    p.process.send_signal(signal.SIGTERM)
    check(p.process.wait(5) == 0, "exit code 0")
    slow.wait()


def story_without_descriptors_it_waits_and_recovers_without_spinning():
    p = lab.serve("b", names=NAMES, env={"PLAY_TOKEN": TOKEN}, prefix=("prlimit", "--nofile=64"))
    held = []
    for _ in range(120):
        s = socket.socket()
        s.settimeout(5)
        s.connect(("127.0.0.1", p.port))
        held.append(s)
    time.sleep(0.5)
    ticks = lambda: sum(int(x) for x in pathlib.Path(f"/proc/{p.process.pid}/stat").read_text().split()[13:15])
    before = ticks()
    time.sleep(2)
    used = (ticks() - before) / os.sysconf("SC_CLK_TCK")
    print(f"      full for 2 s: {used * 1000:.0f} ms of CPU")
    check(used < 0.4, f"{used} s of CPU while full")
    for s in held:
        s.close()
    got = curl("-o", "/dev/null", "-w", "%{http_code}", "--retry", "5", "--retry-all-errors", "https://api.example.com/", through=p)
    check(got.stdout.endswith("200"), got.stdout + got.stderr)


def story_a_token_that_cannot_be_had_refuses_its_routes_and_says_so():
    p = lab.serve("b", names=NAMES)
    check("token.missing" in p.errors() and "PLAY_TOKEN" in p.errors(), p.errors())
    got = curl("-o", "/dev/null", "-w", "%{http_code}", "https://api.example.com/", through=p)
    check(got.stdout == "503", got.stdout + got.stderr)
    check(p.access()[-1]["reason"] == "credential-unavailable", str(p.access()[-1]))


def story_usage_errors_exit_with_2():
    for args in ([], ["--listen", "b"], ["--listen", "b=8.8.8.8:1"], ["--nonsense"], ["--listen", "b=127.0.0.1:1", "extra"]):
        got = subprocess.run([lab.binary, "serve", "--root", str(lab.root), *args], capture_output=True, text=True)
        check(got.returncode == 2 and got.stderr, f"{args}: {got.returncode} {got.stderr}")
    got = subprocess.run([lab.binary, "serve", "--root", str(lab.root), "--listen", "nobody=127.0.0.1:1"], capture_output=True,
                         text=True)
    check(got.returncode == 3 and "nobody" in got.stderr, got.stderr)


try:
    main("serve")
finally:
    lab.__exit__(None)
