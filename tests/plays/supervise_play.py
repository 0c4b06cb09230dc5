#!/usr/bin/env python3
"""`bottled supervise` in a real terminal (tmux): what arrives is seen, answered with a reason, and goes; a report can't be
modified; it survives another size, a lost queue and a faster colleague."""
import json, os, pathlib, shutil, subprocess, sys, threading, time
from lab import Echo, Lab, check, main, wait_for

if shutil.which("tmux") is None:
    print("skipped: no tmux")
    sys.exit(0)

HOST, NEW = "api.example.com", "new.example.com"
TOKENS = ["ghp_" + body for body in ("Zx9Qw3Er5Ty7Ui1Op2As4Df6Gh8Jk0LzXcVb", "Rt6vX8nLw2ZqY3uBc1Kd9MfH4sJg7Pe5Ao0W",
                                     "Kd9MfH4sJg7Pe5Ao0WRt6vX8nLw2ZqY3uBc1")]
lab = Lab(low_ports=True).__enter__()
lab.origin(Echo, HOST)
lab.bottle("dev", f"  - {{host: {HOST}, ca: CA, allow_private: [127.0.0.0/8]}}\n", "supervise: {timeout: 60, routes: ask}\n")
proxy = lab.serve("dev", names=(HOST, NEW))


class Terminal:
    def __init__(self, name, columns=100, rows=24, *options):
        self.socket = str(lab.dir / f"tmux-{name}")
        words = [lab.binary, "supervise", "--root", str(lab.root), "--operator", name, *options]
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), "TERM=screen " + " ".join(words) + "; echo it ended $?; sleep 60")

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

    def size(self, columns, rows):
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def end(self):
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


def queue(*words):
    return subprocess.run([lab.binary, "queue", *words, "--root", str(lab.root)], capture_output=True, text=True)


def answered(answer):
    return wait_for(lambda: answer and answer[0], 30)


terminal = Terminal("alice")


def story_what_arrives_is_seen_and_goes_with_a_yes_and_a_reason():
    terminal.sees("nothing waits")
    answer = send(f'{{"text": "{TOKENS[0]}"}}')
    terminal.sees("github-pat  POST https://api.example.com/v1/x")
    terminal.keys("j")
    terminal.keys("Enter")
    detail = terminal.sees("rule        github-pat")
    check("ghp_" in detail and TOKENS[0] not in detail and "body" in detail, detail)
    if os.environ.get("BOTTLED_SCREENSHOT"):
        pathlib.Path(os.environ["BOTTLED_SCREENSHOT"]).write_text(detail.rstrip() + "\n")
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
    terminal.sees("new host  POST https://new.example.com/v1/x")
    terminal.keys("j", "m")
    terminal.sees("methods")
    terminal.keys("-l", "POST")
    terminal.keys("Enter")
    terminal.sees("path")
    terminal.keys("-l", "/v1/**")
    terminal.keys("Enter")
    terminal.sees("yes, why?")
    terminal.keys("3")
    check(answered(answer) == "403", "granted, and still no way to a private address")
    row = json.loads(queue("history", "--json").stdout.splitlines()[0])
    check((row["decision"]["methods"], row["decision"]["path"]) == ("POST", "/v1/**"), str(row))


def story_another_size_and_back():
    answer = send(f'{{"text": "{TOKENS[2]}"}}')
    terminal.sees("github-pat")
    for columns, rows in ((40, 10), (20, 5), (10, 3), (100, 24)):
        terminal.size(columns, rows)
        terminal.sees("too small" if rows < 4 else "waiting")
    terminal.sees("github-pat  POST https://api.example.com/v1/x")
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
    terminal.sees("no longer waits")
    bob.keys("h")
    bob.sees("approved")
    bob.keys("Escape")
    bob.keys("q")
    bob.sees("it ended 0")
    bob.end()


def story_a_queue_that_is_lost_is_told_and_had_again():
    shutil.rmtree(lab.root / "queue")
    terminal.sees("the queue can't be had")
    wait_for(lambda: "the queue can't be had" not in terminal.screen(), 20)
    terminal.sees("nothing waits")
    send("{}", HOST)


def story_the_terminal_is_left_as_it_was():
    terminal.keys("?")
    terminal.sees("j/k move")
    terminal.keys("q")
    terminal.sees("waiting")
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
        terminal.end()
        lab.__exit__(None)
