#!/usr/bin/env python3
"""HTTP/2 clients at the real proxy: curl, nghttp, h2load, node and httpx.  What one stream does is nothing to its siblings: one is
refused, one is held while a person decides, and the others flow on the same connection."""
import hashlib, json, os, signal, socket, subprocess, threading
from lab import Echo, Lab, check, main, wait_for

HOST = "api.example.com"
TOKENS = ["ghp_" + body for body in ("Zx9Qw3Er5Ty7Ui1Op2As4Df6Gh8Jk0LzXcVb", "Rt6vX8nLw2ZqY3uBc1Kd9MfH4sJg7Pe5Ao0W")]
seen = []


class Keeping(Echo):
    def body(self):
        data = super().body()
        if data:
            seen.append(hashlib.sha256(data).hexdigest())
        return data

    def answer(self):
        if not self.path.startswith("/big"):
            return super().answer()
        self.body()
        self.send_response(200)
        self.send_header("Content-Length", str(20 << 20))
        self.end_headers()
        for _ in range(320):
            self.wfile.write(bytes(1 << 16))

    do_GET = do_POST = do_PUT = do_HEAD = answer


lab = Lab(low_ports=True).__enter__()
lab.origin(Keeping, HOST)
lab.bottle("dev", f"  - {{host: {HOST}, path: [/v1/**, /big], ca: CA, allow_private: [127.0.0.0/8]}}\n", "supervise: {timeout: 60}\n")
proxy = lab.serve("dev", env={"EXTRA": "1"})


def start(what, *words):
    threading.Thread(target=what, args=words, daemon=True).start()


def curl(*words, stdin=None):
    return subprocess.run(["curl", "-sS", "-m", "60", "--http2", "--suppress-connect-headers", "-x", proxy.url, "--cacert", str(lab.proxy_ca), *words],
                          input=stdin, capture_output=True)


def queue(*words):
    return subprocess.run([lab.binary, "queue", *words, "--root", str(lab.root)], capture_output=True, text=True)


def waiting():
    return wait_for(lambda: [json.loads(line) for line in queue("list", "--json").stdout.splitlines()], 20)


def node(script):
    """A script with `session`, an HTTP/2 session through the proxy, and get(path, body) that promises [status, body length]."""
    text = """
const http2 = require('http2'), tls = require('tls'), net = require('net'), fs = require('fs');
const [port, ca] = process.argv.slice(1);
const raw = net.connect(+port, '127.0.0.1', () => raw.write('CONNECT %s:443 HTTP/1.1\\r\\nHost: %s:443\\r\\n\\r\\n'));
raw.once('data', () => {
  const secure = tls.connect({socket: raw, servername: '%s', ca: fs.readFileSync(ca), ALPNProtocols: ['h2']}, async () => {
    const session = http2.connect('https://%s', {createConnection: () => secure});
    session.on('error', e => { console.log('session', e.code); });
    const get = (path, body, onstream) => new Promise(done => {
      const stream = session.request({':path': path, ':method': body === undefined ? 'GET' : 'POST'});
      let status = 0, length = 0;
      stream.on('response', h => { status = h[':status']; });
      stream.on('data', d => { length += d.length; });
      stream.on('error', e => done([status, String(e.code)]));
      stream.on('end', () => done([status, length]));
      if (onstream) onstream(stream);
      stream.end(body);
    });
    %s
    session.close();
    setTimeout(() => process.exit(0), 200);
  });
});
""" % (HOST, HOST, HOST, HOST, script)
    return subprocess.Popen(["node", "-e", text, str(proxy.port), str(lab.proxy_ca)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def story_curl_speaks_it_by_default():
    got = curl("-o", "/dev/null", "-w", "%{http_version} %{http_code}", f"https://{HOST}/v1/x")
    check(got.stdout == b"2 200", str(got))
    body = os.urandom(5 << 20)
    got = curl("-o", "/dev/null", "-w", "%{http_version} %{http_code}", "--data-binary", "@-", f"https://{HOST}/v1/up", stdin=body)
    check(got.stdout == b"2 200" and hashlib.sha256(body).hexdigest() in seen, str(got))
    got = curl("-o", "/dev/null", "-w", "%{size_download}", f"https://{HOST}/big")
    check(got.stdout == str(20 << 20).encode(), str(got))
    got = curl("-I", f"https://{HOST}/v1/x")
    check(b"HTTP/2 200" in got.stdout, str(got))


def story_what_is_refused_is_told_and_leaves_the_connection():
    process = node("""
    console.log(JSON.stringify([await get('/no'), await get('/v1/x'), await get('/no', 'x'.repeat(500000)), await get('/v1/y', 'hello')]));""")
    out, err = process.communicate(timeout=30)
    rows = json.loads(out)
    check([row[0] for row in rows] == [403, 200, 403, 200], out + err)
    lines = proxy.access()[-4:]
    check(len({line["conn"] for line in lines}) == 1, "one connection")


def story_a_held_stream_is_silent_while_its_siblings_flow():
    process = node("""
    let held = 'waits';
    const one = get('/v1/held', '%s').then(r => { held = 'answered'; return r; });
    await new Promise(r => setTimeout(r, 200));
    const others = await Promise.all(Array.from({length: 50}, (_, i) => get('/v1/' + i, i %% 2 ? 'x'.repeat(100000) : undefined)));
    console.log(JSON.stringify([held, others.filter(o => o[0] === 200).length]));
    console.log(JSON.stringify(await one));""" % TOKENS[0])
    row = waiting()[0]
    check(json.loads(process.stdout.readline()) == ["waits", 50], "fifty siblings were answered while it waited")
    before = len(seen)
    queue("approve", str(row["id"]), "--scope", "once", "--reason", "used-in-tests")
    out, err = process.communicate(timeout=30)
    check(json.loads(out)[0] == 200 and hashlib.sha256(TOKENS[0].encode()).hexdigest() in seen[before:], out + err)


def story_a_held_stream_that_is_reset_takes_its_question_along():
    process = node("""
    await get('/v1/x');
    const gone = get('/v1/held', '%s', stream => setTimeout(() => stream.close(http2.constants.NGHTTP2_CANCEL), 1500));
    await gone;
    console.log(JSON.stringify(await get('/v1/after')));""" % TOKENS[1])
    row = waiting()[0]
    out, err = process.communicate(timeout=30)
    check(json.loads(out)[0] == 200, "the connection goes on: " + out + err)
    wait_for(lambda: json.loads(queue("show", str(row["id"]), "--json").stdout)["state"] == "retracted")


def story_nghttp_and_h2load():
    hosts = f"{HOST}:443"
    raw = socket.create_server(("127.0.0.1", 0))  # they know no proxy: a port that makes the tunnel for them

    def carry(a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
        except OSError:
            pass
        b.close()

    def tunnels():
        while True:
            client, _ = raw.accept()
            up = proxy.connect()
            up.settimeout(None)
            up.sendall(f"CONNECT {hosts} HTTP/1.1\r\nHost: {hosts}\r\n\r\n".encode())
            up.recv(1000)
            start(carry, client, up)
            start(carry, up, client)
    start(tunnels)
    port = raw.getsockname()[1]
    got = subprocess.run(["nghttp", "-nsy", f"https://127.0.0.1:{port}/v1/x", "-H", f":authority: {HOST}"], capture_output=True, text=True, timeout=60)
    check(" 200 " in got.stdout or " 421 " in got.stdout, got.stdout + got.stderr)
    got = subprocess.run(["h2load", "-n", "2000", "-c", "4", "-m", "50", "--connect-to", f"127.0.0.1:{port}", f"https://{HOST}/v1/x"],
                         capture_output=True, text=True, timeout=120)
    check("2000 succeeded, 0 failed, 0 errored" in got.stdout, got.stdout + got.stderr)


def story_httpx_speaks_it():
    code = f"""
import httpx
with httpx.Client(http2=True, proxies="{proxy.url}", verify="{lab.proxy_ca}") as c:
    r = c.get("https://{HOST}/v1/x")
    p = c.post("https://{HOST}/v1/y", content=b"z" * 1000000)
    print(r.http_version, r.status_code, p.status_code, c.get("https://{HOST}/no").status_code)
"""
    got = subprocess.run(["/usr/bin/python3", "-c", code], capture_output=True, text=True, timeout=60)
    check(got.stdout.split() == ["HTTP/2", "200", "200", "403"], got.stdout + got.stderr)


def story_broken_framing_ends_a_connection_with_a_held_stream_and_no_other():
    context = lab.trusting()
    context.set_alpn_protocols(["h2"])
    s = lab.tunnel(proxy, HOST, context=context)
    fields = [(b":method", b"POST"), (b":scheme", b"https"), (b":authority", HOST.encode()), (b":path", b"/v1/held")]
    block = b"".join(b"\0" + bytes([len(n)]) + n + bytes([len(v)]) + v for n, v in fields)
    frame = lambda kind, flags, stream, data: len(data).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + data
    s.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + frame(1, 4, 1, block) + frame(0, 1, 1, TOKENS[1].encode()))
    row = waiting()[0]
    s.sendall(frame(9, 4, 0, b"x"))  # a CONTINUATION of nothing
    data = b""
    while piece := s.recv(65536):
        data += piece
    check(b"\x07\0\0\0\0\0" in data, f"a GOAWAY, and an end: {data!r}")
    wait_for(lambda: json.loads(queue("show", str(row["id"]), "--json").stdout)["state"] == "retracted")
    check(curl("-o", "/dev/null", "-w", "%{http_code}", f"https://{HOST}/v1/x").stdout == b"200", "the proxy goes on")


def story_prior_knowledge_in_the_clear_is_refused_in_its_own_words():
    s = proxy.connect()
    s.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
    data = b""
    while piece := s.recv(1000):
        data += piece
    check(data[3] == 4 and b"\x00\x00\x00\x0d" in data[-8:], f"SETTINGS, then GOAWAY HTTP_1_1_REQUIRED: {data!r}")


def story_an_end_is_told_and_what_is_under_way_is_answered():
    process = node("""
    session.on('goaway', code => console.log('goaway', code));
    const big = get('/big', undefined, stream => stream.once('data', () => console.log('ready')));
    console.log(JSON.stringify(await big));""")
    check(process.stdout.readline() == "ready\n", "a session")
    proxy.process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    check("[200,20971520]" in out, out + err)
    check(proxy.process.wait(40) == 0, "it ended as asked")


if __name__ == "__main__":
    try:
        main("h2_play")
    finally:
        lab.__exit__(None)
