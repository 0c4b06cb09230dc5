#!/usr/bin/env python3
"""`bottled queue` with the real binary and a proxy's side that is played (tests/proposer.c): every verb, its exit codes, what a script
reads, what an agent's text can't do to a terminal, and people who answer at once."""
import json, os, pathlib, pwd, shutil, signal, sqlite3, subprocess, time
from lab import Lab, check, main, wait_for
from proposer import Proposer

lab = Lab()
ME = pwd.getpwuid(os.getuid()).pw_name


def call(*words, root=lab.root):
    got = subprocess.run([lab.binary, "queue", *words, "--root", str(root)], capture_output=True, text=True, timeout=60)
    return got.returncode, got.stdout, got.stderr


def queue(*words, code=0, root=lab.root):
    """All it prints, when it ends with that code."""
    got = call(*words, root=root)
    check(got[0] == code, f"queue {words}: {str(got)[:2000]}")
    return got[1] + got[2]


def rows(*words, code=0, root=lab.root):
    got = call(*words, "--json", root=root)
    check(got[0] == code and got[2] == "", f"queue {words}: {str(got)[:2000]}")
    return [json.loads(line) for line in got[1].splitlines()]


def ids(*words):
    return [str(row["id"]) for row in rows(*words)]


proxy = Proposer(lab)


def story_a_proposal_is_listed_shown_and_answered():
    check(queue("list") == "" and rows("list") == [], "nothing waits")
    one, other = proxy.propose(), proxy.propose("bottle=prod", "host=b.example.com")
    check(ids("list") == [one, other], "both wait")
    check(ids("list", "--bottle", "prod") == [other] and ids("list", "--bottle", "none") == [], "of one bottle")
    lines = queue("list").splitlines()
    check(len(lines) == 2 and lines[0].split()[0] == one and "github-pat" in lines[0], str(lines))
    check(queue("show", one, other).count("proposal    ") == 2, "in full")
    row = rows("show", one)[0]
    check((row["state"], row["tool"], row["port"]) == ("waiting", "egress-token-allow", 443) and "decision" not in row, str(row))
    told = queue("approve", one, "--reason", "used-in-tests")
    check(told.startswith(f"{one}  approved (value) by {ME} ") and told.endswith("used-in-tests\n"), told)
    row = rows("reject", other, "--reason", "words of my own", "--operator", "bob")[0]
    check(row["state"] == "rejected" and row["decision"]["operator"] == "bob", str(row))
    check(row["decision"]["reason"] == "words of my own", str(row))
    check(proxy.say("answers") == f"{one} value used-in-tests ;{other} no other words of my own;done", "the proxy hears both")
    check(ids("list") == [] and ids("history") == [other, one] and ids("history", "--count", "1") == [other], "the newest first")


def story_an_answer_is_given_once_and_the_second_is_told_by_whom():
    one = proxy.propose()
    queue("approve", one, "--scope", "host", "--reason", "false-positive", "--operator", "alice")
    told = queue("reject", one, "--reason", "fix-later", code=1)
    check(f"{one}: it is decided already: approved (host) by alice " in told and "false-positive" in told, told)
    error = rows("reject", one, "--reason", "fix-later", code=1)[0]
    check(error["id"] == int(one) and error["error"] == "STORE_DECIDED" and "by alice" in error["why"], str(error))
    check(rows("show", one)[0]["decision"]["scope"] == "host", "the first stands")


def story_of_many_who_answer_at_once_one_does():
    many = [proxy.propose() for _ in range(5)]
    words = [[lab.binary, "queue", "approve" if i % 2 else "reject", *many, "--reason", "fix-later", "--operator", f"person-{i}",
              "--json", "--root", str(lab.root)] for i in range(6)]
    people = [subprocess.Popen(w, stdout=subprocess.PIPE, text=True) for w in words]
    told = [json.loads(line) for p in people for line in p.communicate(timeout=60)[0].splitlines()]
    for one in many:
        done = [row for row in told if row["id"] == int(one) and "error" not in row]
        late = [row for row in told if row["id"] == int(one) and "error" in row]
        check(len(done) == 1 and len(late) == 5, f"{one}: {done} {late}")
        who = done[0]["decision"]["operator"]
        check(all(row["error"] == "STORE_DECIDED" and f"by {who} " in row["why"] for row in late), f"{one}: {late}")
    check(sorted(p.returncode for p in people)[1:] == [1] * 5, "whoever was late for one ends with 1")


def story_a_reason_is_asked_for_and_what_does_not_fit_is_refused():
    one, route = proxy.propose(), proxy.propose("tool=egress-route-allow", "method=GET")
    blind = proxy.propose("fingerprint=no")
    for words, why in [
            ((one,), "used-in-tests, false-positive, legitimate-use, fix-later"),
            ((one, "--reason", "fix-later", "--methods", "GET"), "only a route can be modified"),
            ((one, "--reason", "fix-later", "--path", "/v1/**"), "only a route can be modified"),
            ((route, "--scope", "host"), "a route is for its host"),
            ((route, "--methods", "get"), "capital letters"),
            ((route, "--path", "v1"), "begins with /"),
            ((blind, "--reason", "fix-later"), "say once"),
            ((one, "--scope", "no"), "queue reject"), ((one, "--scope", "everything"), "--scope: takes value, host or once"),
            ((one, "--reason", ""), "--reason: takes"), ((one, "--reason", "x" * 513), "512"), ((one, "--operator", ""), "--operator: takes")]:
        told = queue("approve", *words, code=2)
        check(why in told, f"{words}: {told}")
    check(rows("approve", one, code=2)[0]["error"] == "STORE_REFUSED", "a script is told as well")
    check("used-in-tests" in queue("reject", one, code=2), "a no has a reason too")
    check(ids("list") == [one, route, blind], "nothing was decided")
    granted = rows("approve", route, "--methods", "GET HEAD", "--path", "/v1/**")[0]["decision"]
    check((granted["methods"], granted["path"]) == ("GET HEAD", "/v1/**"), str(granted))
    queue("approve", blind, "--scope", "once", "--reason", "legitimate-use")
    queue("reject", one, "--reason", "fix-later")


def story_one_of_several_that_fails_does_not_keep_the_others_back():
    one, other = proxy.propose(), proxy.propose("bottle=prod")
    told = rows("approve", "99999", one, other, "--bottle", "dev", "--reason", "fix-later", code=1)
    check([row.get("error") for row in told] == ["STORE_UNKNOWN", None, "STORE_UNKNOWN"], str(told))
    check(ids("list") == [other], "that of another bottle is not spoken of")
    queue("reject", other, "--reason", "fix-later")


def story_what_is_remembered_is_listed_and_taken_back():
    one = proxy.propose("bottle=kept")
    queue("approve", one, "--reason", "legitimate-use")
    check(ids("remembered", "--bottle", "kept") == [one], "remembered")
    check(rows("forget", one)[0]["state"] == "forgotten" and ids("remembered", "--bottle", "kept") == [], "taken back")
    check(f"{one} forgotten;" in proxy.say("answers"), "the proxy hears it")
    check("can't be said" in queue("forget", one, code=1), "once")
    check("no such proposal" in queue("forget", "99999", code=1), "what there is")


def story_who_asks_no_more_is_not_answered():
    other = Proposer(lab)
    one, gone = proxy.propose(), other.propose()
    check(proxy.say("end", one, "expired") == "done", "nobody answered in time")
    queue("approve", one, "--reason", "fix-later")  # it counts for the next try
    other.leave()
    check("gone" in queue("approve", gone, "--reason", "fix-later", code=1), "abandoned")
    check(rows("show", gone)[0]["state"] == "abandoned", "abandoned")


def story_an_agents_text_does_not_reach_the_terminal():
    nasty = r"\x1b[2J\x1b]0;x\x07\x0a999  1 s  waiting\x9b\xe2\x80\xae"
    one = proxy.propose(f"host={nasty}", f"path=/{nasty}", f"rule={nasty}", f"context={nasty}", f"bottle={nasty}")
    for words in (("list",), ("show", one), ("history",), ("watch", "--count", "1")):
        text = queue(*words)
        check(all(c == "\n" or " " <= c <= "~" or c == "…" for c in text), f"{words}: {text!r}")
        check(not any(line.startswith("999") for line in text.splitlines()), text)
    check(rows("show", one)[0]["context"].startswith("\x1b[2J"), "a script gets what it is")
    check("\x1b" not in queue("reject", one, "--reason", "\x1b[31m", "--operator", "\x1b[32m"), "nor does a person's")
    check("\x1b" not in queue("reject", one, "--reason", "fix-later", code=1), "told again")


def watch(*words):
    """One that has begun; what it told so far is in .told()."""
    path = lab.dir / f"watch-{len(lab.processes)}"
    process = subprocess.Popen([lab.binary, "queue", "watch", "--json", *words, "--root", str(lab.root)], stdout=path.open("w"))
    process.told = lambda: [json.loads(line) for line in path.read_text().splitlines(True) if line.endswith("\n")]
    lab.processes.append(process)
    return process


def story_who_watches_sees_all_that_happens_once_and_in_order():
    waits = proxy.propose("bottle=watched")
    mine, all_ = watch("--bottle", "watched"), watch()
    wait_for(lambda: mine.told() and all_.told())
    new = [proxy.propose("bottle=watched" if i % 2 else "bottle=aside") for i in range(40)]
    wait_for(lambda: len(all_.told()) == 41)
    queue("approve", *new[:10], "--reason", "used-in-tests")
    queue("reject", waits, "--reason", "used-in-tests")
    proxy.say("end", new[39], "retracted")
    wait_for(lambda: len(all_.told()) >= 53)
    told = [(str(row["id"]), row["state"]) for row in all_.told()]
    check(told[:41] == [(waits, "waiting")] + [(one, "waiting") for one in new], f"as they came: {told}")
    check(told[41:] == [(one, "approved") for one in new[:10]] + [(waits, "rejected"), (new[39], "retracted")], f"and went: {told}")
    wait_for(lambda: len(mine.told()) == 1 + 20 + 5 + 2)
    check(all(row["bottle"] == "watched" for row in mine.told()), "of one bottle")
    for process in (mine, all_):
        process.send_signal(signal.SIGINT)
        check(process.wait(10) == -signal.SIGINT, "until interrupted")
    queue("reject", *new[10:39], "--reason", "used-in-tests")


def story_a_watch_ends_when_it_has_seen_enough_or_long_enough():
    check(ids("list") == [], "nothing waits")
    check(queue("watch", "--count", "1", "--timeout", "1", code=1) == "", "nothing came")
    check(queue("watch", "--timeout", "1") == "", "it was to look for so long")
    one, other = proxy.propose(), proxy.propose()
    check(ids("watch", "--count", "1") == [one], "what waits already is the first")
    check(ids("watch", "--count", "2") == [one, other], "two")
    queue("reject", one, other, "--reason", "fix-later")


def story_a_reader_who_leaves_ends_it():
    process = subprocess.Popen([lab.binary, "queue", "audit", "--root", str(lab.root)], stdout=subprocess.PIPE)
    process.stdout.close()
    check(process.wait(20) == 3, "nobody reads")


def story_the_audit_is_printed_and_verified():
    audit = rows("audit")
    check([row["number"] for row in audit] == list(range(1, len(audit) + 1)), "every row")
    check({"proposed", "decided", "forgotten", "expired", "retracted", "abandoned"} <= {row["event"] for row in audit}, "of every kind")
    lines = queue("audit").splitlines()
    check(len(lines) == len(audit) and lines[0].split()[2:] == ["proposed", "1"] and lines[0].split()[1].endswith("Z"), lines[0])
    sound = rows("audit", "--verify")[0]
    check(sound == {"sound": True, "rows": len(audit), "mac": audit[-1]["mac"]}, str(sound))
    check(queue("audit", "--verify") == f"sound: {len(audit)} rows, the last one's MAC is {audit[-1]['mac']}\n", "in words")
    spoilt = lab.dir / "spoilt"
    shutil.copytree(lab.root, spoilt, ignore=lambda _, names: [name for name in names if name.endswith(".bell")])
    with sqlite3.connect(spoilt / "queue/queue.db") as db:
        db.execute("DELETE FROM rows WHERE number = 7")
    got = rows("audit", "--verify", code=1, root=spoilt)[0]
    check((got["sound"], got["at"], got["rows"]) == (False, 8, 6) and "missing" in got["why"], str(got))
    check(queue("audit", "--verify", code=1, root=spoilt).startswith("not sound: a row is missing in front of this one: 8; "), "in words")


def story_calls_that_mean_nothing_are_refused():
    for words in [(), ("lists",), ("list", "1"), ("show",), ("approve", "--reason", "fix-later"), ("show", "1x"), ("show", "-1"), ("show", "0"),
                  ("show", "99999999999999999999"), ("list", "--scope", "once"), ("reject", "1", "--scope", "once"), ("watch", "--count", "0"),
                  ("watch", "--timeout", "soon"), ("audit", "--bottle", "dev"), ("list", "--nonsense"), ("list", "--bottle")]:
        got = subprocess.run([lab.binary, "queue", *words], capture_output=True, text=True, env={**os.environ, "HOME": str(lab.dir)})
        check(got.returncode == 2 and got.stdout == "" and got.stderr, f"{words}: {got}")
    got = subprocess.run([lab.binary, "queue", "list", "--help"], capture_output=True, text=True)
    check(got.returncode == 0 and "approve 17" in got.stdout and got.stderr == "", "help is no error")
    check(not (lab.dir / ".bottled").exists(), "nothing was made")


def story_a_queue_that_cannot_be_had_says_what_and_where():
    root = lab.dir / "other"
    (root / "queue").mkdir(parents=True)
    (root / "queue").chmod(0o700)
    check(queue("list", root=root) == "", "it is made")
    database = root / "queue/queue.db"
    (root / "queue").chmod(0o755)
    told = queue("list", root=root, code=3)
    check(f"{database}: " in told and "chmod" in told, told)
    check(rows("list", root=root, code=3)[0]["error"] == "STORE_DENIED", "a script is told as well")
    (root / "queue").chmod(0o700)
    key = (root / "queue/audit.key").read_bytes()
    (root / "queue/audit.key").write_bytes(bytes(32))
    check("put audit.key back" in queue("list", root=root, code=3), "the key is another")
    (root / "queue/audit.key").write_bytes(key)
    for path in (root / "queue").glob("queue.db-*"):
        path.unlink()
    database.write_bytes(b"no database" * 1000)
    check("move the file away" in queue("list", root=root, code=3), "foreign")
    got = subprocess.run([lab.binary, "queue", "list", "--root", "/proc/none"], capture_output=True, text=True)
    check(got.returncode == 3 and "/proc/none/queue" in got.stderr, str(got))


def story_a_queue_that_is_busy_is_waited_for():
    one = proxy.propose()
    held = sqlite3.connect(lab.root / "queue/queue.db", isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    told = queue("reject", one, "--reason", "fix-later", code=3)
    check("try again" in told and str(lab.root) in told and time.monotonic() - began > 4, told)
    process = subprocess.Popen([lab.binary, "queue", "reject", one, "--reason", "fix-later", "--root", str(lab.root)])
    time.sleep(0.5)  # mostly it has found the queue locked by then; it must do either way
    held.execute("ROLLBACK")
    held.close()
    check(process.wait(20) == 0 and rows("show", one)[0]["state"] == "rejected", "done once it could be")


if __name__ == "__main__":
    try:
        main("queue_play")
    finally:
        proxy.leave()
        lab.__exit__(None)
