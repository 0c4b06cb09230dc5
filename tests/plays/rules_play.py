#!/usr/bin/env python3
"""The rules of a bottle by way of the real binary, and the compiled ones that are kept."""
import json, os, pathlib, signal, subprocess
from lab import Echo, Lab, ORIGIN_IP, check, free_port, main, wait_for

KEY = "acme_" + "7c1e90b4d2a86f35e0917b4cd8f2a663"
PAT = "ghp_" + "Zx9Qw3Er5Ty7Ui1Op2As4Df6Gh8Jk0LzXcVb"
OTHER = "glpat-" + "Zx9Qw3Er5Ty7Ui1Op2As"
ROUTES = "  - {host: api.example.com, ca: CA, allow_private: [127.0.0.0/8]}"
OWN = "rules:\n  - {id: acme-key, title: Acme key, pattern: '\\bacme_[0-9a-f]{32}\\b', rung: prefix, shown: 4}\n"

lab = Lab(low_ports=True).__enter__()
lab.origin(Echo, "api.example.com")
pad = lab.dir / "pad"
pad.mkdir()


OFF = "off: [github-pat], because: the tests use dead ones"


def post(p, body):
    got = subprocess.run(["curl", "-sS", "--max-time", "60", "-x", p.url, "--cacert", str(lab.proxy_ca), "-o", "/dev/null", "-w",
                          "%{http_code}", "-d", body, "https://api.example.com/"], capture_output=True, text=True)
    return got.stdout


def cached():
    return sorted((lab.root / "cache").glob("rules-*.bin"))


def reload(p, times):
    p.process.send_signal(signal.SIGHUP)
    wait_for(lambda: p.errors().count("app.reloaded") == times, 60)


def story_a_bottle_does_without_a_rule_and_nothing_is_compiled():
    lab.bottle("b", ROUTES)
    p = lab.serve("b", env={})
    check(post(p, f"x={PAT}") == "403", "what we ship")
    line = p.access()[0]
    check(line["reason"] == "dlp-token" and line["findings"][0]["rule"] == "github-pat" and PAT not in json.dumps(line), str(line))
    lab.bottle("b", ROUTES, f"dlp: {{{OFF}}}\n")
    reload(p, 1)
    check(post(p, f"x={PAT}") == "200" and post(p, f"x={OTHER}") == "403", "one of ours is off, and no other is")
    check(p.errors().count("engine=shipped") == 2 and "app.compiled" not in p.errors() and cached() == [], p.errors())


def story_a_bottles_own_rules_are_compiled_by_a_child_and_kept():
    lab.bottle("b", ROUTES)
    p = lab.serve("b", env={})
    (lab.root / "bottles" / "own.yaml").write_text(OWN)
    lab.bottle("b", ROUTES, f"dlp: {{rules: [own.yaml], {OFF}}}\n")
    check(post(p, f"x={PAT}") == "403" and post(p, f"x={KEY}") == "200", "what we ship")
    reload(p, 1)
    check("app.compiled" in p.errors() and "engine=cached" in p.errors() and len(cached()) == 1, p.errors())
    check(cached()[0].stat().st_size < 1 << 20, "they alone are compiled, and not ours once more")
    check(post(p, f"x={PAT}") == "200" and post(p, f"x={OTHER}") == "403" and post(p, f"x={KEY}") == "403", "ours, one of them off, and its own")

    opened = p.errors().count("app.rules")
    reload(p, 2)
    check(p.errors().count("app.rules") == opened, "the same rules keep their engine")
    check(post(p, f"x={KEY}") == "403", "and find what they found")


def story_compiled_rules_that_are_damaged_are_thrown_away_and_made_anew_by_a_child():
    p = lab.serve("b", env={})
    check("engine=cached" in p.errors() and "app.compiled" not in p.errors(), "they were kept")
    p.process.terminate()
    [path] = cached()
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    p = lab.serve("b", env={})
    check("rules.damaged" in p.errors() and "app.compiled" in p.errors() and "engine=cached" in p.errors(), p.errors())
    check(post(p, f"x={KEY}") == "403", "the rules are whole")
    check(cached() == [path] and path.read_bytes() == whole, "and the file is")


def story_a_secret_that_no_route_is_given_does_not_leave_and_is_told_by_name():
    token = pad / "kube-token"
    token.write_text("kube.7Hq2-token-value\n")
    token.chmod(0o600)
    lab.bottle("b", ROUTES, f"dlp: {{secrets: [{{name: prod-db, token_ref: env:PLAY_DB}}, "
               f"{{name: kube, token_ref: 'file:{token}'}}]}}\n")
    p = lab.serve("b", env={"PLAY_DB": "correct-horse-battery"})
    check(post(p, "x=correct-horse-battery") == "403" and post(p, "x=kube.7Hq2-token-value") == "403", "both are known")
    check(post(p, "x=correct horse") == "200", "and nothing else is")
    p.last(3)
    told = [line["findings"][0]["secret"] for line in p.access() if line["verdict"] == "refused"]
    check(told == ["prod-db", "kube"], str(told))
    check("horse" not in json.dumps(p.access()) + p.errors() and "7Hq2" not in json.dumps(p.access()) + p.errors(), "no value is logged")


def story_without_a_secret_that_must_be_known_nothing_is_served():
    lab.bottle("b", ROUTES, f"dlp: {{secrets: [{{name: prod-db, token_ref: env:PLAY_SHORT}}]}}\n")
    for env, why in (({"PLAY_SHORT": "7-bytes"}, "less than 8 bytes"), ({}, "the variable is not set")):
        got = subprocess.run([lab.binary, "serve", "--root", str(lab.root), "--listen", f"b=127.0.0.1:{free_port()}"], capture_output=True,
                             text=True, timeout=60, env={**os.environ, **env})
        told = got.stderr.replace("\\x20", " ")
        check(got.returncode != 0 and "secret.missing" in told and "secret=prod-db" in told and why in told, told)
        check("7-bytes" not in got.stderr, got.stderr)


def story_a_bottle_binds_a_credential_and_leaves_a_routes_bodies_unscanned():
    lab.bottle("b", "  - {host: api.example.com, ca: CA, allow_private: [127.0.0.0/8], path: /raw, "
               "dlp: {body: off, because: a play, body_max: 64K}}\n" + ROUTES,
               "dlp: {bindings: {add: [{service: github, host: api.example.com, in: [x-token]}]}, because: a play}\n")
    p = lab.serve("b", env={})

    def curl(path, *args, data=""):
        got = subprocess.run(["curl", "-sS", "--max-time", "60", "-x", p.url, "--cacert", str(lab.proxy_ca), "-o", "/dev/null", "-w",
                              "%{http_code}", "--data-binary", "@-", *args, f"https://api.example.com{path}"],
                             input=data, capture_output=True, text=True)
        return got.stdout

    check(curl("/", "-H", f"X-Token: {PAT}") == "200" and curl("/", "-H", f"X-Other: {PAT}") == "403", "bound to one field")
    check(curl("/", "-H", f"X-Token: {PAT}", data=PAT) == "403", "a second time, elsewhere")
    p.last(3)
    check([f["ruling"] for f in p.access()[0]["findings"]] == ["bound", "told"], str(p.access()[0]))
    check(curl("/raw", data=PAT) == "200" and curl("/raw", "-H", f"X-Other: {PAT}") == "403", "bodies alone")
    p.last(5)
    check(p.access()[3].get("body_unscanned") is True, str(p.access()[3]))
    check(curl("/raw", data="x" * 65537) == "413" and curl("/raw", data="x" * 65536) == "200", "as large as the route says")
    got = subprocess.run([lab.binary, "check", "--root", str(lab.root), "b"], capture_output=True, text=True).stdout
    for text in ("bodies unscanned (a play)", "bodies up to 64K", "OPENING: binding added: github to api.example.com in x-token",
                 "pypi to upload.pypi.org"):
        check(text in got, got)


def story_a_reload_with_a_bad_rule_keeps_the_old_ones():
    lab.bottle("b", ROUTES)
    p = lab.serve("b", env={})
    (lab.root / "bottles" / "own.yaml").write_text(OWN.replace("\\bacme_", "(acme_"))
    lab.bottle("b", ROUTES, f"dlp: {{rules: [own.yaml], {OFF}}}\n")
    p.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "app.kept" in p.errors(), 60)
    check("bottles/own.yaml:2:" in p.errors() and "this pattern is not taken" in p.errors(), p.errors())
    check(post(p, f"x={PAT}") == "403", "the old rules go on")


def story_check_shows_what_is_off():
    lab.bottle("b", ROUTES, f"dlp: {{{OFF}}}\n")
    got = subprocess.run([lab.binary, "check", "--root", str(lab.root)], capture_output=True, text=True)
    check(got.returncode == 0 and "OPENING: rules off: github-pat; because: the tests use dead ones" in got.stdout, got.stdout + got.stderr)


try:
    main("rules")
finally:
    lab.__exit__(None)
