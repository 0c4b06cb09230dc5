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
"""The rules of a bottle by way of the real binary, and the compiled ones that are kept."""
import json, os, pathlib, signal, subprocess
from lab import Echo, Lab, ORIGIN_IP, check, free_port, main, wait_for


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
"""The rules of a bottle by way of the real binary, and the compiled ones that are kept."""
import json, os, pathlib, signal, subprocess
from lab import Echo, Lab, ORIGIN_IP, check, free_port, main, wait_for


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


"""The rules of a bottle by way of the real binary, and the compiled ones that are kept."""
import json, os, pathlib, signal, subprocess
from lab import Echo, Lab, ORIGIN_IP, check, free_port, main, wait_for
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
