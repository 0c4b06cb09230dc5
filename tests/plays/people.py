"""People who run bottles: `bottled run` as whoever starts the play and, where that is root, as somebody who is not.

  for person in people(lab, routes, names, ip):
      run = person.run("curl", "-sS", URL)          # in the bottle `play`; run.code, .out, .err
      run.access()                                  # the access lines of this run alone
      with person.terminal("sh") as tty: ...        # the same in a terminal of its own
"""
import fcntl, functools, json, os, pathlib, pty, select, shutil, signal, struct, subprocess, termios, time
from lab import check, wait_for

SOMEBODY = 54321  # a user of no name and no privilege
TOKEN = "play-t0ken-" + os.urandom(8).hex()  # what PLAY_TOKEN holds outside


class Run:
    """One `bottled run` that has begun."""

    def __init__(self, person, command, options, env, agent, prefix=(), **streams):
        stem = f"run-{len(person.runs)}"
        person.runs.append(self)
        self.person, self.command = person, command
        self.access_log, self.log_file = person.dir / f"{stem}.jsonl", person.dir / f"{stem}.log"
        self.project = person.dir / f"{stem}-project"
        person.make_folder(self.project)
        words = [*prefix, str(person.binary), "run", *agent, "--root", str(person.root), "--access-log", str(self.access_log),
                 "--log", str(self.log_file), *person.pins, *options]
        words += ["--", *command] if command else []
        self.process = subprocess.Popen(words, env={**person.environment, **(env or {})}, cwd=self.project, **person.identity,
                                        **streams)

    def wait(self, seconds=60, stdin=None):
        out, err = self.process.communicate(stdin, timeout=seconds)
        self.out, self.err, self.code = (out or b"").decode(), (err or b"").decode(), self.process.returncode
        return self

    def access(self, count=1):
        """The access lines, once there are count of them."""
        lines = lambda: self.access_log.read_text().splitlines() if self.access_log.exists() else []
        wait_for(lambda: len(lines()) >= count, 10)
        return [json.loads(line) for line in lines()]

    def log(self):
        return self.log_file.read_text() if self.log_file.exists() else ""

    def good(self):
        """It ended well; says everything there is to know otherwise."""
        check(self.code == 0, f"{self.command}: exit {self.code}\n{self.out}{self.err}{self.log()}")
        return self


class Terminal(Run):
    """A run in a terminal of its own; we hold the keyboard and see the screen."""

    def __init__(self, person, command, options, env, agent, size=(24, 80)):
        self.keyboard, self.line = pty.openpty()
        self.resize(*size)
        self.before, self.screen = termios.tcgetattr(self.line), ""
        take = lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        super().__init__(person, command, options, env, agent, stdin=self.line, stdout=self.line, stderr=self.line,
                         start_new_session=True, preexec_fn=take)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.keyboard)
        os.close(self.line)

    def resize(self, rows, columns):
        fcntl.ioctl(self.keyboard, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.keyboard, text.encode())

    def read(self, seconds=0.05):
        if select.select([self.keyboard], [], [], seconds)[0]:
            self.screen += os.read(self.keyboard, 65536).decode(errors="replace")

    def expect(self, text, seconds=20):
        """Waits for text on the screen; what was before it and itself is forgotten."""
        end = time.time() + seconds
        while text not in self.screen:
            if time.time() > end:
                raise AssertionError(f"waited for {text!r}, saw {self.screen!r}")
            self.read()
        self.screen = self.screen.partition(text)[2]

    def is_restored(self):
        return termios.tcgetattr(self.line) == self.before

    def end(self, seconds=20):
        ends = time.time() + seconds
        while self.process.poll() is None:
            if time.time() > ends:
                raise AssertionError(f"waited for the end, saw {self.screen!r}")
            self.read()
        return self.process.returncode


class Person:
    def __init__(self, lab, uid, bottle, names, ip, folder=None):
        self.lab, self.uid, self.runs = lab, uid, []
        self.dir = lab.dir / (folder or f"user-{uid}")
        self.root = self.dir / "root"
        other = uid != os.geteuid()
        self.identity = {"user": uid, "group": uid, "extra_groups": []} if other else {}
        for folder in (self.dir, self.dir / "home", self.root, self.root / "bottles", self.root / "agents"):
            self.make_folder(folder)
        self.binary = lab.binary
        if other:  # a build folder may be somewhere that others can't see
            self.binary = self.dir / "bottled"
            shutil.copy(lab.binary, self.binary)
        self.pins = [word for name in names for word in ("--resolve", f"{name}={ip}")]
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.dir / "home"), "TERM": "xterm", "PLAY_TOKEN": TOKEN,
                            "ASAN_OPTIONS": "quarantine_size_mb=1"}
        bottle(self.root)
        self.agent("play", "bottle: play\n")

    def __str__(self):
        return f"uid {self.uid}"

    def make_folder(self, path):
        path.mkdir()
        os.chown(path, self.uid, self.uid if self.identity else -1)

    def agent(self, name, front):
        (self.root / "agents" / f"{name}.md").write_text(f"---\n{front}---\nA play's agent.\n")

    def start(self, *command, options=(), env=None, agent=("play",), **streams):
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
        return Run(self, command, options, env, agent, **streams)

    def run(self, *command, **how):
        return self.start(*command, **how).wait()

    def terminal(self, *command, options=(), env=None, agent=("play",), **how):
        return Terminal(self, command, options, env, agent, **how)


def people(lab, bottle, names, ip):
    """bottle: writes the bottle `play` below the root that it is given."""
    lab.dir.chmod(0o755)
    uids = [os.geteuid()] + ([SOMEBODY] if os.geteuid() == 0 else [])
    return [Person(lab, uid, bottle, names, ip) for uid in uids]


def everybody(story):
    """A story that each person of the play's `everyone` goes through."""
    @functools.wraps(story)
    def told():
        import __main__
        for person in __main__.everyone:
            try:
                story(person)
            except AssertionError as e:
                raise AssertionError(f"{person}: {e}") from e
    return told
