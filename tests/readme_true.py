#!/usr/bin/env python3
"""The documents say what the code says: refusals, limits, keys, options, fields, the examples, the tests that are named.

usage: tests/readme_true.py BINARY, from the top folder"""
import pathlib, re, subprocess, sys, tempfile

binary = sys.argv[1]
readme = pathlib.Path("README.md").read_text()
documents = {path: pathlib.Path(path).read_text() for path in ("README.md", "docs/architecture.md", "docs/threat-model.md")}
faults = []


def expect(what, told, true):
    for missing in sorted(set(true) - set(told)):
        faults.append(f"README.md: {what}: {missing} is missing, or not as the code has it")
    for wrong in sorted(set(told) - set(true)):
        faults.append(f"README.md: {what}: {wrong} is not so")
    if not true:
        faults.append(f"readme_true: found no {what} in the code")


def source(path):
    return pathlib.Path(path).read_text()


def table(head):
    """The rows below a table's head, each a list of cells."""
    text = readme.split(f"| {head} |", 1)
    rows = text[1].split("\n")[2:] if len(text) == 2 else []
    for row in rows:
        if not row.startswith("|"):
            return
        yield [cell.strip() for cell in row.strip("|").split(" | ")]


def check_refusals():
    rows = re.findall(r'R\(REASON_\w+,\s*"([\w-]+)",\s*(\d+), (true|false)', source("dlp/policy/verdict.h"))
    true = [(slug, status, "yes" if retry == "true" else "no") for slug, status, retry in rows if slug != "allowed"]
    expect("refusal", [(cells[0].strip("`"), *cells[1:]) for cells in table("slug | status | retryable")], true)


def check_ladder():
    text = source("dlp/scan/rule.h").replace("\\\n", "")
    rows = re.findall(r'R\(RUNG_\w+,\s*"(\w+)",\s*(true|false),\s*"([^"]+)",\s*"([^"]*)",\s*"([^"]*)"\)', text)
    true = [(name, "yes" if stops == "true" else "no", meaning, *[", ".join(f"`{w}`" for w in cell.split(", ") if w) or "nothing" for cell in changes])
            for name, stops, meaning, *changes in rows]
    head = "rung | stops the request | what it is | a bottle's `dlp` may change it by | a route's by"
    expect("rung", [(cells[0].strip("`"), *cells[1:]) for cells in table(head)], true)


def check_limits():
    units = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "s": 1000, "min": 60000}
    calls = {"SECONDS": 1000, "MINUTES": 60000, "KIB": 1 << 10, "MIB": 1 << 20, "": 1}
    true = {}
    for name, call, number in re.findall(r"#define (\w+)\s+(?:(\w+)\()?(\d+)u?l*\)?", source("reactor/base/limits.h")):
        true[name] = calls[call] * int(number)
    told = {}
    for cells in table("bound | value | of"):
        number, unit = (cells[1].replace(",", "").split() + [""])[:2]
        told[cells[0].strip("`")] = int(number) * units[unit]
    expect("limit", told.items(), {(name, true.get(name, "no such limit")) for name in told})


def check_keys():
    true = [name for path in ("bottle", "agent", "route", "dlp", "bindings", "rule_file") for name in
            re.findall(r'^\s*(?:static const struct key list\[\] = \{)?\{"(\w+)",\s*(?:read_\w+|NULL),\s', source(f"backends/manifest/{path}.c"), re.M)]
    expect("manifest key", [key for key in true if f"`{key}`" in readme], true)


def check_options():
    told = {re.match(r"`(--[\w-]+)", cells[0])[1] for cells in table("option | of | what it does")}
    true = set()
    for verb in ("run", "serve", "supervise", "queue", "check", "scan"):
        text = subprocess.run([binary, verb, "--help"], capture_output=True, text=True, check=True).stdout
        true |= set(re.findall(r"^  (--[a-z][\w-]*)", text, re.M))
    expect("option", told, true)


def check_access_fields():
    true = re.findall(r'json_\w+\(&?json, "(\w+)"', source("fsm/access.c"))
    known = re.findall(r"[`\"](\w+)[`\"]", readme.split("## The access line")[1].split("## Limits")[0])
    expect("access field", set(true) & set(known), true)


def check_examples():
    with tempfile.TemporaryDirectory() as root:
        examples = re.findall(r"^`((?:bottles|agents)/\w+\.(?:md|yaml))`:\n\n```\w+\n(.*?)```", readme, re.M | re.S)
        dlp = re.findall(r"^```yaml\n(dlp:\n.*?)```", readme, re.M | re.S)
        own = [(f"bottles/own-{i}.md", f"---\negress: {{routes: []}}\n{text}---\n") for i, text in enumerate(dlp)]
        for name, text in [*examples, *own]:
            path = pathlib.Path(root, name)
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        got = subprocess.run([binary, "check", "--root", root], capture_output=True, text=True)
        if got.returncode != 0 or "agent coder" not in got.stdout:
            faults.append(f"README.md: the examples are no manifests: {got.stdout}{got.stderr}")


def check_tests_named():
    """`tests/x_test.c`: a_story, another_story; `tests/y_test.c`: ..."""
    found = 0
    for path, stories in re.findall(r"`(tests/[\w/]+\.(?:c|py))`: ([\w, ]+)", documents["docs/threat-model.md"]):
        text = source(path) if pathlib.Path(path).exists() else ""
        for story in stories.replace(" ", "").split(","):
            found += 1
            if not re.search(rf"\b(?:story_)?{story}\(", text):
                faults.append(f"docs/threat-model.md: {path} has no {story}")
    if found < 50:
        faults.append(f"readme_true: only {found} stories are named")


def check_paths():
    rooms = "fsm|backends|dlp|reactor|tests|fuzz|bench|docs|examples|\\.ci"
    for document, text in documents.items():
        for path in re.findall(rf"`((?:{rooms})/[\w./-]*)`", text):
            if not pathlib.Path(path).exists():
                faults.append(f"{document}: there is no {path}")


for check in (check_refusals, check_ladder, check_limits, check_keys, check_options, check_access_fields, check_examples, check_tests_named,
              check_paths):
    check()
print("\n".join(faults) or "the documents say what the code says")
sys.exit(bool(faults))
