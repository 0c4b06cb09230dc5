#!/usr/bin/env python3
"""The rules of a bottle by way of the real binary, and the compiled ones that are kept."""
import json, pathlib, signal, subprocess
from lab import Echo, Lab, ORIGIN_IP, check, main, rules_root, wait_for

KEY = "acme_" + "7c1e90b4d2a86f35e0917b4cd8f2a663"
PAT = "ghp_" + "Zx9Qw3Er5Ty7Ui1Op2As4Df6Gh8Jk0LzXcVb"
ROUTES = "  - {host: api.example.com, ca: CA, allow_private: [127.0.0.0/8]}"
OWN = "rules:\n  - {id: acme-key, title: Acme key, pattern: '\\bacme_[0-9a-f]{32}\\b', rung: prefix, shown: 4}\n"

lab = Lab(low_ports=True).__enter__()
lab.origin(Echo, "api.example.com")


def off(*kept):
    """All of our rules but these: what is left compiles at once."""
    listed = subprocess.run([lab.binary, "scan", "--list-rules", "--json"], capture_output=True, text=True).stdout
    ids = [json.loads(line)["id"] for line in listed.splitlines()]
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
    check(line["reason"] == "dlp-token" and line["findings"][0]["rule"] == "github-pat" and PAT not in json.dumps(line), str(line))

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
