#!/usr/bin/env python3
"""Rules by way of the real binary: `bottled scan`, the rules of a bottle, and the compiled ones that are kept."""
import json, pathlib, signal, subprocess
from lab import Echo, Lab, ORIGIN_IP, check, main, rules_root, wait_for

KEY = "acme_" + "7c1e90b4d2a86f35e0917b4cd8f2a663"
PAT = "ghp_" + "Zx9Qw3Er5Ty7Ui1Op2As4Df6Gh8Jk0LzXcVb"
ROUTES = "  - {host: api.example.com, ca: CA, allow_private: [127.0.0.0/8]}"
OWN = "rules:\n  - {id: acme-key, title: Acme key, pattern: '\\bacme_[0-9a-f]{32}\\b', rung: prefix, shown: 4}\n"

lab = Lab(low_ports=True).__enter__()
lab.origin(Echo, "api.example.com")
pad = lab.dir / "pad"
pad.mkdir()


def scan(*args, stdin=""):
    got = subprocess.run([lab.binary, "scan", "--root", str(rules_root(lab.binary)), *args], cwd=pad, input=stdin, text=True,
                         capture_output=True)
    return got.returncode, got.stdout, got.stderr


def write(name, text):
    (pad / name).write_text(text)
    return name


# --- bottled scan ---------------------------------------------------------------------------------------------


def story_what_is_found_is_told_by_path_and_line_and_the_exit_code_is_3():
    write("clean.txt", "nothing to see\n")
    write("key.txt", f"a\nb\nkey = {PAT}\n")
    check(scan("clean.txt") == (0, "", ""), str(scan("clean.txt")))
    code, out, err = scan("clean.txt", "key.txt")
    check((code, err) == (3, "") and out.startswith("key.txt:3: github-pat: GitHub ") and "ghp_… 40 characters" in out, out + err)
    check(PAT[6:] not in out, "no more of it than is public")
    code, out, _ = scan("-", stdin=f"x\n{PAT}\n")
    check(code == 3 and out.startswith("-:2: github-pat: "), out)
    check(scan(stdin="") == (0, "", ""), "no argument: standard input")


def story_json_is_an_object_a_line_and_one_that_sums_up():
    write("key.txt", f"{PAT}\n")
    code, out, _ = scan("--json", "key.txt", "clean.txt")
    rows = [json.loads(line) for line in out.splitlines()]
    check(code == 3 and rows[-1] == {"summary": {"files": 2, "findings": 1, "complete": True}}, out)
    row = rows[0]
    check((row["path"], row["line"], row["rule"]) == ("key.txt", 1, "github-pat") and row["rung"] in ("prefix", "checked"), out)


def story_what_cannot_be_looked_at_is_an_error_whatever_else_is_found():
    write("key.txt", f"{PAT}\n")
    for name, text in ((".", "is a folder"), ("absent", "No such file")):
        code, out, err = scan(name, "key.txt")
        check(code == 2 and text in err and "key.txt:1: github-pat" in out, f"{code} {out}{err}")
    code, out, err = scan("--nonsense")
    check(code == 2 and "bottled scan [--json]" in err, err)


def story_markers_are_honoured_when_asked_alone():
    write("marked.txt", f"{PAT} # gitleaks:allow\n")
    check(scan("marked.txt")[0] == 3 and scan("--honour-markers", "marked.txt") == (0, "", ""), "gitleaks:allow")


def story_git_diff_is_told_by_the_new_files_lines():
    repo = pad / "repo"
    git = lambda *args: subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *args], cwd=repo, check=True,
                                       capture_output=True, text=True).stdout
    repo.mkdir()
    git("init", "-q", ".")
    (repo / "a b.txt").write_text("".join(f"{i}\n" for i in range(40)))
    git("add", ".")
    git("commit", "-qm", "one")
    lines = (repo / "a b.txt").read_text().splitlines()
    lines[30:30] = [f"key = {PAT}"]
    del lines[2]
    (repo / "a b.txt").write_text("\n".join(lines) + "\n")
    code, out, err = scan("-", stdin=git("diff"))
    check(code == 3 and out.startswith("a b.txt:30: github-pat: ") and out.count("\n") == 1, out + err)
    git("commit", "-qam", "two")
    (repo / "a b.txt").write_text("0\n")
    check(scan("-", stdin=git("diff"))[0] == 0, "what a diff takes away is no finding")


def story_the_rules_can_be_listed():
    code, out, _ = scan("--list-rules")
    check(code == 0 and "github-pat" in out and "prefix" in out, out[:200])
    rows = [json.loads(line) for line in scan("--list-rules", "--json")[1].splitlines()]
    check(len(rows) == out.count("\n") and {"id", "service", "rung", "title"} == set(rows[0]), str(rows[0]))


# --- a bottle's -----------------------------------------------------------------------------------------------


def off(*kept):
    """All of our rules but these: what is left compiles at once."""
    ids = [json.loads(line)["id"] for line in scan("--list-rules", "--json")[1].splitlines()]
    return f"off: [{', '.join(i for i in ids if i not in kept)}], because: a play needs few"


def post(p, body):
    got = subprocess.run(["curl", "-sS", "--max-time", "60", "-x", p.url, "--cacert", str(lab.proxy_ca), "-o", "/dev/null", "-w",
                          "%{http_code}", "-d", body, "https://api.example.com/"], capture_output=True, text=True)
    return got.stdout


def cached():
    return sorted((lab.root / "cache").glob("rules-*.bin"))


def story_a_bottle_is_scanned_by_its_rules_and_a_reload_takes_new_ones():
    lab.bottle("b", ROUTES, f"dlp: {{{off('github-pat')}}}\n")
    before = cached()
    p = lab.serve("b", env={})
    check("app.compiled" in p.errors() and "app.rules bottle=b count=1 engine=cached" in p.errors(), p.errors())
    check(len(cached()) == len(before) + 1, "the compiled rules are kept")
    check(post(p, f"x={PAT}") == "403" and post(p, f"x={KEY}") == "200", "a rule of ours, and none yet of the bottle's")
    line = p.access()[0]
    check(line["reason"] == "secret-found" and line["findings"][0]["rule"] == "github-pat" and PAT not in json.dumps(line), str(line))

    (lab.root / "bottles" / "own.yaml").write_text(OWN)
    lab.bottle("b", ROUTES, f"dlp: {{rules: [own.yaml], {off()}}}\n")
    p.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "app.reloaded" in p.errors(), 60)
    check(p.errors().count("app.compiled") == 2, "compiled by a child")
    check(post(p, f"x={PAT}") == "200" and post(p, f"x={KEY}") == "403", "ours is off, the bottle's is on")

    compiled = p.errors().count("app.rules")
    p.process.send_signal(signal.SIGHUP)
    wait_for(lambda: p.errors().count("app.reloaded") == 2)
    check(p.errors().count("app.rules") == compiled, "the same rules keep their engine")
    check(post(p, f"x={KEY}") == "403", "and find what they found")


def story_a_damaged_cache_is_noticed_and_made_anew():
    lab.bottle("b", ROUTES, f"dlp: {{{off('github-pat')}}}\n")
    p = lab.serve("b", env={})
    p.process.terminate()
    for path in cached():
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    damaged = {path: path.read_bytes() for path in cached()}
    p = lab.serve("b", env={})
    check("engine=rebuilt" in p.errors() and "rules.damaged" in p.errors(), p.errors())
    check(post(p, f"x={PAT}") == "403", "the rules are whole")
    check(sum(path.read_bytes() != old for path, old in damaged.items()) == 1, "and the file is")


def story_a_reload_with_a_bad_rule_keeps_the_old_ones():
    lab.bottle("b", ROUTES, f"dlp: {{{off('github-pat')}}}\n")
    p = lab.serve("b", env={})
    (lab.root / "bottles" / "own.yaml").write_text(OWN.replace("\\bacme_", "(acme_"))
    lab.bottle("b", ROUTES, f"dlp: {{rules: [own.yaml], {off('github-pat')}}}\n")
    p.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "app.kept" in p.errors(), 60)
    check("bottles/own.yaml:2:" in p.errors() and "this pattern is not taken" in p.errors(), p.errors())
    check(post(p, f"x={PAT}") == "403", "the old rules go on")


def story_check_shows_what_is_off():
    lab.bottle("b", ROUTES, "dlp: {off: [github-pat], because: the tests use dead ones}\n")
    got = subprocess.run([lab.binary, "check", "--root", str(lab.root)], capture_output=True, text=True)
    check(got.returncode == 0 and "OPENING: rules off: github-pat; because: the tests use dead ones" in got.stdout, got.stdout + got.stderr)


try:
    main("rules")
finally:
    lab.__exit__(None)
