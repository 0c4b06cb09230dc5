#!/usr/bin/env python3
"""`bottled supervise` in a real terminal (tmux): what arrives is seen, answered with a reason, and goes; a report can't be
modified; it survives another size, a lost queue and a faster colleague."""
import json, os, pathlib, shutil, signal, sqlite3, subprocess, sys, threading
from lab import Echo, Lab, check, main, wait_for
from proposer import Proposer

if shutil.which("tmux") is None:
    print("skipped: no tmux")
    sys.exit(0)

HOST, NEW = "api.example.com", "new.example.com"
TOKENS = ["ghp_" + body for body in ("Zx9Qw3Er5Ty7Ui1Op2As4Df6Gh8Jk0LzXcVb", "Rt6vX8nLw2ZqY3uBc1Kd9MfH4sJg7Pe5Ao0W",
                                     "Kd9MfH4sJg7Pe5Ao0WRt6vX8nLw2ZqY3uBc1", "Pe5Ao0WRt6vX8nLw2ZqY3uBc1Kd9MfH4sJg7")]
lab = Lab(low_ports=True).__enter__()
lab.origin(Echo, HOST)
lab.bottle("dev", f"  - {{host: {HOST}, ca: CA, allow_private: [127.0.0.0/8]}}\n", "supervise: {timeout: 60, routes: ask}\n")
proxy = lab.serve("dev", names=(HOST, NEW))


class Terminal:
    alive = []

    def __init__(self, name, columns=100, rows=24, env="TERM=screen"):
        self.socket = str(lab.dir / f"tmux-{name}")
        self.alive.append(self)
        words = f"env {env} {lab.binary} supervise --root {lab.root} --operator {name}"
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), f"stty -g; {words}; echo it ended $?; sleep 60")

    def tmux(self, *words):
        return subprocess.run(["tmux", "-S", self.socket, *words], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C.UTF-8"}).stdout

    def screen(self, *options):
        return self.tmux("capture-pane", "-p", *options)

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def sees(self, text, seconds=20):
        try:
            return wait_for(lambda: (lambda s: s if text in s else None)(self.screen()), seconds)
        except AssertionError:
            raise AssertionError(f"never saw {text!r} in:\n{self.screen()}")

    def sees_in_colour(self, text):
        """With its escapes: has it a colour?"""
        self.sees(text)
        line = next(line for line in self.screen("-e").splitlines() if text in line)
        return "\x1b[31m" in line or ";31" in line

    def state(self):
        """The line discipline, whether there is another screen, and whether the cursor is to be seen."""
        tty, *flags = self.tmux("display-message", "-p", "#{pane_tty} #{alternate_on} #{cursor_flag}").split()
        return subprocess.run(["stty", "-F", tty, "-g"], capture_output=True, text=True).stdout, *flags

    def pid(self):
        shell = self.tmux("display-message", "-p", "#{pane_pid}").strip()
        return int(subprocess.run(["pgrep", "-P", shell, "-f", "supervise --root"], capture_output=True, text=True).stdout.split()[0])

    def size(self, columns, rows):
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def end(self):
        self.alive.remove(self)
        self.tmux("kill-server")


def send(body, host=HOST, method="POST"):
    """A request in a thread of its own; its answer will be in the list."""
    answer = []

    def talk():
        got = subprocess.run(["curl", "-sS", "-m", "60", "-x", proxy.url, "--cacert", str(lab.proxy_ca), "-X", method, "--data-binary", body,
                              "-o", "/dev/null", "-w", "%{http_code}", f"https://{host}/v1/x"], capture_output=True, text=True)
        answer.append(got.stdout)
    threading.Thread(target=talk, daemon=True).start()
    return answer


def screenshot(name):
    """The screen with its colours, where somebody wants it: tests/pane_svg.py draws it."""
    folder = os.environ.get("BOTTLED_SCREENSHOTS")
    if folder:
        pathlib.Path(folder, f"{name}.ansi").write_text(terminal.screen("-e"))


def queue(*words):
    return subprocess.run([lab.binary, "queue", *words, "--root", str(lab.root)], capture_output=True, text=True)


def answered(answer):
    return wait_for(lambda: answer and answer[0], 30)


terminal = Terminal("alice", 100, 15)


def story_what_arrives_is_seen_and_goes_with_a_yes_and_a_reason():
    terminal.sees("nothing waits")
    answer = send(f'{{"text": "{TOKENS[0]}"}}')
    terminal.sees("api.example.com")
    terminal.keys("Enter")
    detail = terminal.sees("rule        github-pat")
    check("ghp_" in detail and TOKENS[0] not in detail and "body" in detail, detail)
    screenshot("detail")
    terminal.keys("m")
    terminal.sees("modify is not available")
    check(not answer, "it is still held")
    terminal.keys("a")
    terminal.sees("yes, how far?")
    terminal.keys("2")
    terminal.sees("yes, why?")
    terminal.keys("5")
    terminal.keys("-l", "the deploy key")
    terminal.keys("Enter")
    check(answered(answer) == "200", f"{answer}")
    terminal.sees("approved (host) by alice")
    terminal.sees("nothing waits")
    row = json.loads(queue("history", "--json").stdout.splitlines()[0])
    check(row["decision"]["scope"] == "host" and row["decision"]["operator"] == "alice" and row["decision"]["reason"] == "the deploy key", str(row))


def story_a_no_has_a_reason_too():
    answer = send(f'{{"text": "{TOKENS[1]}"}}')
    terminal.sees("github-pat")
    terminal.keys("j", "r")
    terminal.sees("no, why?")
    terminal.keys("4")
    check(answered(answer) == "403", f"{answer}")


def story_a_route_is_narrowed_before_it_is_granted():
    answer = send("x", NEW)
    terminal.sees("route new host")
    terminal.keys("j", "m")
    terminal.sees("> POST_")
    terminal.keys("Enter")
    terminal.sees("> /v1/x_")
    terminal.keys("BSpace", "*", "*")
    terminal.sees("> /v1/**_")
    terminal.keys("Enter")
    terminal.sees("yes, why?")
    terminal.keys("3")
    check(answered(answer) == "403", "granted, and still no way to a private address")
    row = json.loads(queue("history", "--json").stdout.splitlines()[0])
    check((row["decision"]["methods"], row["decision"]["path"]) == ("POST", "/v1/**"), str(row))


def story_another_size_and_back():
    answer = send(f'{{"text": "{TOKENS[2]}"}}')
    terminal.sees("github-pat")
    # What each of them alone can look like.
    sizes = {(40, 10): "\n  LEFT    WAIT RULE ", (20, 5): "\u2026ample.com\n", (10, 3): "too small", (100, 15): " TOOL "}
    for size, shown in sizes.items():
        terminal.size(*size)
        terminal.sees(shown)
    check(not answer, "it is still held")


def story_the_first_of_two_people_is_heard():
    bob = Terminal("bob")
    bob.sees("github-pat")
    bob.keys("j", "a", "3")
    bob.sees("yes, why?")
    terminal.keys("j", "r")
    terminal.sees("no, why?")
    bob.keys("1")
    bob.sees("approved")
    terminal.sees("approved (once) by bob")
    terminal.keys("1")
    check("rejected" not in queue("history", "--json").stdout.splitlines()[0], "a key that comes too late says nothing")
    bob.keys("h")
    bob.sees("yes once")
    bob.keys("Escape")
    bob.keys("q")
    bob.sees("it ended 0")
    bob.end()


def story_a_busy_queue_is_tried_again():
    answer = send(f'{{"text": "{TOKENS[3]}"}}')
    terminal.sees("github-pat")
    other = sqlite3.connect(lab.root / "queue" / "queue.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    terminal.keys("j", "r", "2")
    terminal.sees("the queue is busy, trying again")
    terminal.keys("?")
    terminal.sees("No single key")  # and the keys are heard meanwhile
    terminal.keys("q")
    other.execute("ROLLBACK")
    other.close()
    terminal.sees("rejected by alice")
    check(answered(answer) == "403", f"{answer}")


def story_no_colour_where_none_is_wanted_or_known():
    for name, env, coloured in (("dora", "TERM=screen", True), ("emil", "TERM=screen NO_COLOR=1", False), ("fred", "TERM=vt100", False),
                                ("gwen", "TERM=screen LC_ALL=C", True)):
        one = Terminal(name, 80, 24, env)
        one.sees("nothing waits")
        one.keys("r")
        check(one.sees_in_colour("select one first") == coloured, f"{env}: {one.screen('-e')}")
        one.keys("q")
        one.sees("it ended 0")
        one.end()


def story_the_terminal_is_given_back_however_it_ends():
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGKILL, signal.SIGSEGV):
        one = Terminal(f"hugo{number}")
        one.sees("nothing waits")
        before = one.state()
        check(before[1:] == ("1", "0"), f"{before}")
        os.kill(one.pid(), number)
        wait_for(lambda: one.state()[1:] == ("0", "1"), 10)
        saved = one.screen().split()[0]  # by the shell, before
        wait_for(lambda: one.state()[0].strip() == saved, 10)
        one.end()


def story_several_wait_and_what_is_over_is_answered_for_the_next_try():
    other = Proposer(lab)
    over = other.propose("bottle=web", "rule=stripe-access-token", "host=uploads.example.net", "path=/v2/files")
    other.propose("bottle=dev", "rule=aws-access-token", "host=api.example.com.somebody-elses-longer-name.example", "path=/collect", "context=key = \u2026")
    other.propose("bottle=web", "tool=egress-route-allow", "host=registry.example.org", "method=GET", "path=/simple/requests/")
    other.propose("bottle=dev", "rule=\\x1b[2Jevil", "host=\\x1b]0;owned\\x07.example.com")
    for shown in ("stripe", "aws", "route new host", "\\x1b[2Jevil", "name.example", "4 wait"):
        terminal.sees(shown)
    terminal.keys("j", "j")
    screenshot("list")
    check(other.say("end", over, "expired") == "done", "it expires")
    terminal.sees("3 wait")
    terminal.keys("h")
    terminal.sees("expired")
    terminal.keys("j", "j", "j", "j")  # the newest is the first
    terminal.sees(f"> {over} ")
    terminal.keys("a", "1", "2")
    terminal.sees(f"{over}: approved (value) by alice")
    check(other.say("answers").startswith(f"{over} value false-positive"), "its proxy hears of it")
    terminal.keys("Escape")
    other.leave()
    terminal.sees("nothing waits")


def story_a_queue_that_is_lost_is_told_and_had_again():
    shutil.rmtree(lab.root / "queue")
    terminal.sees("deleted or replaced")
    wait_for(lambda: "deleted or replaced" not in terminal.screen(), 20)
    terminal.sees("nothing waits")


def story_the_terminal_is_left_as_it_was():
    terminal.keys("?")
    terminal.sees("enter  details")
    terminal.keys("q")
    terminal.sees("nothing waits")
    terminal.keys("q")
    terminal.sees("it ended 0")
    dumb = Terminal("carol", 80, 24)
    dumb.sees("nothing waits")
    dumb.keys("C-c")
    dumb.sees("it ended 0")
    dumb.end()
    got = subprocess.run([lab.binary, "supervise", "--root", str(lab.root)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    check(got.returncode == 3 and "needs a terminal" in got.stderr, got.stderr)


if __name__ == "__main__":
    try:
        main("supervise_play")
    finally:
        for left in Terminal.alive[:]:
            left.end()
        lab.__exit__(None)
