#!/usr/bin/env python3
"""The rules of a bottle by way of the real binary, and the compiled ones that are kept."""
import json, os, pathlib, signal, subprocess
from lab import Echo, Lab, ORIGIN_IP, check, free_port, main, rules_root, wait_for

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


def story_a_secret_that_no_route_is_given_does_not_leave_and_is_told_by_name():
    token = pad / "kube-token"
    token.write_text("kube.7Hq2-token-value\n")
    token.chmod(0o600)
    lab.bottle("b", ROUTES, f"dlp: {{secrets: [{{name: prod-db, token_ref: env:PLAY_DB}}, "
               f"{{name: kube, token_ref: 'file:{token}'}}], {off('github-pat')}}}\n")
    p = lab.serve("b", env={"PLAY_DB": "correct-horse-battery"})
    check(post(p, "x=correct-horse-battery") == "403" and post(p, "x=kube.7Hq2-token-value") == "403", "both are known")
    check(post(p, "x=correct horse") == "200", "and nothing else is")
    told = [line["findings"][0]["secret"] for line in p.access() if line["verdict"] == "refused"]
    check(told == ["prod-db", "kube"], str(told))
    check("horse" not in json.dumps(p.access()) + p.errors() and "7Hq2" not in json.dumps(p.access()) + p.errors(), "no value is logged")


def story_without_a_secret_that_must_be_known_nothing_is_served():
    lab.bottle("b", ROUTES, f"dlp: {{secrets: [{{name: prod-db, token_ref: env:PLAY_SHORT}}], {off('github-pat')}}}\n")
    for env, why in (({"PLAY_SHORT": "7-bytes"}, "less than 8 bytes"), ({}, "the variable is not set")):
        got = subprocess.run([lab.binary, "serve", "--root", str(lab.root), "--listen", f"b=127.0.0.1:{free_port()}"], capture_output=True,
                             text=True, timeout=60, env={**os.environ, **env})
        told = got.stderr.replace("\\x20", " ")
        check(got.returncode != 0 and "secret.missing" in told and "secret=prod-db" in told and why in told, told)
        check("7-bytes" not in got.stderr, got.stderr)


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
