"""A lab on loopback for the plays: an authority and origins of our own, `bottled serve` between a client and them.

  with Lab(binary) as lab:
      lab.bottle("b", "  - {host: api.example.com, ca: CA}")      # CA stands for the lab's authority
      lab.origin("api.example.com", handler)                       # https on 127.77.0.1:443
      proxy = lab.serve("b")
      ...proxy.access() is every line logged so far
"""
import ctypes, fcntl, http.server, json, os, pathlib, shutil, signal, socket, ssl, struct, subprocess, sys, tempfile, threading, time

ORIGIN_IP = "127.77.0.1"


def own_network(user=False):
    """A loopback of the play's own: another run on this machine may have the same addresses.  Root can make one, and
    anybody as the lord of a user namespace, where every port is his to bind."""
    uid, gid = os.geteuid(), os.getegid()
    if ctypes.CDLL(None).unshare(0x40000000 | (0x10000000 if user else 0)) != 0:  # CLONE_NEWNET, CLONE_NEWUSER
        return
    maps = {"setgroups": "deny", "uid_map": f"{uid} {uid} 1", "gid_map": f"{gid} {gid} 1"} if user else {}
    for name, text in maps.items():
        pathlib.Path("/proc/self", name).write_text(text)
    with socket.socket() as s:
        request = struct.pack("16sh14x", b"lo", 0x1 | 0x40)  # IFF_UP | IFF_RUNNING
        fcntl.ioctl(s, 0x8914, request)  # SIOCSIFFLAGS
    if user:
        pathlib.Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").write_text("0")  # children have no privilege


if os.geteuid() == 0:
    own_network()


def free_port(ip="127.0.0.1"):
    with socket.socket() as s:
        s.bind((ip, 0))
        return s.getsockname()[1]


def wait_for(what, seconds=20):
    """The value of what() as soon as it is true."""
    end = time.time() + seconds
    while time.time() < end:
        value = what()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds} s in vain")


def check(condition, text):
    if not condition:
        raise AssertionError(text)
    Lab.passed += 1


class Skip(Exception):
    """What the story needs is not on this machine; the text says what."""


def can_bind(port, ip=ORIGIN_IP):
    try:
        with socket.socket() as s:
            s.bind((ip, port))
        return True
    except PermissionError:
        return False
    except OSError:
        return True  # taken: whoever needs it will say so


class Proxy:
    def __init__(self, process, port, log, err):
        self.process, self.port, self.log, self.err = process, port, log, err
        self.url = f"http://127.0.0.1:{port}"

    def access(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def last(self, count=1, seconds=10):
        """The newest access line, once there are count of them."""
        wait_for(lambda: len(self.access()) >= count, seconds)
        return self.access()[-1]

    def connect(self):
        s = socket.create_connection(("127.0.0.1", self.port), 10)
        s.settimeout(20)
        return s

    def rss_kib(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(text.split("VmRSS:")[1].split()[0])

    def errors(self):
        return self.err.read_text()


class Origin(http.server.ThreadingHTTPServer):
    """Takes many at once, and shakes hands in each connection's own thread: one that is slow holds up nobody."""
    request_queue_size = 256
    daemon_threads = True
    context = None

    def get_request(self):
        sock, peer = super().get_request()
        if self.context:
            sock = self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return sock, peer

    def handle_error(self, request, client_address):
        pass  # a client that leaves is part of the play


class Lab:
    passed = 0

    def __init__(self, binary=None, low_ports=False):
        """low_ports: origins are at 443 and 80, whoever starts the play."""
        if low_ports and not can_bind(443):
            own_network(user=True)
        self.binary = os.path.abspath(binary or sys.argv[1])
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="bottled-play-"))
        self.root = self.dir / "root"
        for folder in ("bottles", "agents"):
            (self.root / folder).mkdir(parents=True)
        self.servers, self.processes = [], []

    def __enter__(self):
        self.make_authority()
        return self

    def __exit__(self, kind, *_):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        for server in self.servers:
            server.shutdown()
        if kind is not None and kind is not SystemExit:
            for err in self.dir.glob("serve-*.err"):
                print(f"--- {err.name}\n{err.read_text()[-6000:]}", file=sys.stderr)
        shutil.rmtree(self.dir, ignore_errors=True)

    def openssl(self, *args):
        subprocess.run(["openssl", *args], check=True, capture_output=True, cwd=self.dir)

    def make_authority(self):
        self.ca = self.dir / "lab-ca.pem"
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                     "-keyout", "lab-ca.key", "-out", "lab-ca.pem", "-subj", "/CN=lab",
                     "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def certificate(self, *names):
        stem = names[0].replace("*", "any")
        pair = self.dir / f"{stem}.pem", self.dir / f"{stem}.key"
        if pair[0].exists():
            return pair
        san = ",".join(("IP:" if n.replace(".", "").isdigit() else "DNS:") + n for n in names)
        (self.dir / f"{stem}.ext").write_text(f"subjectAltName={san}\nextendedKeyUsage=serverAuth\n")
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{stem}.key",
                     "-out", f"{stem}.csr", "-subj", f"/CN={names[0]}")
        self.openssl("x509", "-req", "-in", f"{stem}.csr", "-CA", "lab-ca.pem", "-CAkey", "lab-ca.key", "-days", "30",
                     "-CAcreateserial", "-extfile", f"{stem}.ext", "-out", f"{stem}.pem")
        return pair

    def tls_context(self, *names):
        cert, key = self.certificate(*names)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        context.set_alpn_protocols(["http/1.1"])
        return context

    def origin(self, handler, *names, port=443, ip=ORIGIN_IP):
        """handler: a BaseHTTPRequestHandler class; without names it speaks plain HTTP."""
        server = Origin((ip, port), handler)
        server.context = self.tls_context(*names) if names else None
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.servers.append(server)
        return server

    def bottle(self, name, routes, rest="", root=None):
        """routes: YAML lines of the list; CA stands for the lab's authority, and loopback is allowed where it is named."""
        text = routes.replace("CA", str(self.ca))
        path = (root or self.root) / "bottles" / f"{name}.md"
        path.write_text(f"---\negress:\n  routes:\n{text}\n{rest}---\nA play's bottle.\n")

    def serve(self, bottle, *options, names=("api.example.com",), env=None, prefix=(), ip=ORIGIN_IP):
        port = free_port()
        number = len(self.processes)
        log, err = self.dir / f"access-{number}.jsonl", self.dir / f"serve-{number}.err"
        args = [*prefix, self.binary, "serve", "--root", str(self.root), "--listen", f"{bottle}=127.0.0.1:{port}",
                "--access-log", str(log)]
        for name in names:
            args += ["--resolve", f"{name}={ip}"]
        log.touch()
        process = subprocess.Popen([*args, *options], stderr=err.open("w"), env={**os.environ, "ASAN_OPTIONS": "quarantine_size_mb=1", **(env or {})})
        self.processes.append(process)
        proxy = Proxy(process, port, log, err)
        wait_for(lambda: "serve.ready" in err.read_text() or process.poll() is not None, 150)
        check(process.poll() is None, f"serve ended at once: {err.read_text()}")
        return proxy

    @property
    def proxy_ca(self):
        return self.root / "ca" / "ca.pem"

    def trusting(self):
        """A client context that trusts the proxy's authority alone."""
        context = ssl.create_default_context(cafile=str(self.proxy_ca))
        return context

    def tunnel(self, proxy, host, port=443, context=None):
        """A TLS connection to host through CONNECT."""
        s = proxy.connect()
        s.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        answer = read_head(s)
        check(b" 200 " in answer.split(b"\r\n")[0], f"CONNECT {host}:{port}: {answer!r}")
        return (context or self.trusting()).wrap_socket(s, server_hostname=host)


def read_head(s):
    data = b""
    while b"\r\n\r\n" not in data:
        piece = s.recv(1)
        if not piece:
            break
        data += piece
    return data


def read_response(s):
    """(status, fields, body) of one response with a length, or to the end."""
    head = read_head(s).decode("latin1")
    lines = head.split("\r\n")
    fields = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:] if line)}
    body = b""
    if "content-length" in fields:
        while len(body) < int(fields["content-length"]):
            piece = s.recv(65536)
            if not piece:
                break
            body += piece
    elif fields.get("transfer-encoding") == "chunked":
        while not body.endswith(b"0\r\n\r\n"):
            piece = s.recv(65536)
            if not piece:
                break
            body += piece
    return int(lines[0].split()[1]) if len(lines[0].split()) > 1 else 0, fields, body


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers what it got: method, path, fields and the body's length, as JSON."""
    protocol_version = "HTTP/1.1"

    def body(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            data = b""
            while True:
                size = int(self.rfile.readline().split(b";")[0], 16)
                if size == 0:
                    while self.rfile.readline() not in (b"\r\n", b""):
                        pass
                    return data
                data += self.rfile.read(size)
                self.rfile.readline()
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self):
        body = self.body()
        told = json.dumps({"method": self.command, "path": self.path, "fields": self.headers.items(),
                           "body_bytes": len(body)}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(told)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = answer

    def log_message(self, *_):
        pass


def main(play):
    """Runs every function of the module that is called by its story, in order; prints a line each and the count."""
    import __main__
    failed = skipped = 0
    stories = [f for n, f in vars(__main__).items() if callable(f) and getattr(f, "__module__", "") == "__main__"
               and n.startswith("story_")]
    for story in stories:
        try:
            story()
            print(f"ok    {story.__name__[6:].replace('_', ' ')}", flush=True)
        except Skip as e:
            skipped += 1
            print(f"skip  {story.__name__[6:].replace('_', ' ')}: {e}", flush=True)
        except Exception as e:  # a play goes on to the next story
            failed += 1
            print(f"FAIL  {story.__name__[6:].replace('_', ' ')}: {e!r}", flush=True)
    print(f"{play}: {len(stories) - failed - skipped} stories passed, {failed} failed, {skipped} skipped, {Lab.passed} checks")
    sys.exit(failed > 0)
