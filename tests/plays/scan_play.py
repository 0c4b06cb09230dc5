#!/usr/bin/env python3
"""`bottled scan`, the real binary: what is found is told by path and line, what can't be looked at is an error, and a terminal
comes to no harm."""
import json, os, pathlib, pty, select, shutil, subprocess, sys, tempfile
from lab import check, main, wait_for

BINARY = os.path.abspath(sys.argv[1])
PAT = "ghp_" + "Zx9Qw3Er5Ty7Ui1Op2As4Df6Gh8Jk0LzXcVb"
TOLD = 'secret = "kf83Jd02mXq7Rt5Lw1Zp"'  # generic: the proxy logs it
pad = pathlib.Path(tempfile.mkdtemp(prefix="bottled-scan-"))


def scan(*args, stdin="", cwd=None):
    got = subprocess.run([BINARY, "scan", *args], cwd=cwd or pad, capture_output=True,
                         input=stdin if isinstance(stdin, bytes) else stdin.encode())
    return got.returncode, got.stdout.decode(), got.stderr.decode()


def bottle(name, rules):
    """The options that scan by these rules and none of ours."""
    root, listed = pad / "root", scan("--list-rules", "--json")[1]
    ids = [row["id"] for row in rows_of(listed)]
    (root / "bottles").mkdir(parents=True, exist_ok=True)
    (root / f"bottles/{name}.yaml").write_text(rules)
    (root / f"bottles/{name}.md").write_text(
        f"---\negress: {{routes: []}}\ndlp: {{rules: [{name}.yaml], off: [{', '.join(ids)}], because: a play}}\n---\n")
    return "--root", str(root), "--bottle", name


def write(name, text):
    path = pad / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return name


def rows_of(out):
    return [json.loads(line) for line in out.splitlines()]


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
    code, out, err = scan("key.txt")  # by all of them
    check((code, err) == (3, "") and out.startswith("key.txt:3: github-pat: GitHub "), out + err)


def story_what_is_only_told_makes_it_3_when_asked_alone():
    write("told.txt", TOLD + "\n")
    code, out, _ = scan("told.txt")
    check(code == 0 and ": generic-" in out and out.endswith(", only told)\n"), out)
    check(scan("--strict", "told.txt")[:2] == (3, out), "--strict")
    check(scan("--strict", "clean.txt")[0] == 0, "nothing at all")


def story_json_is_an_object_a_line_and_one_that_sums_up():
    write("key.txt", f"{PAT}\n{TOLD}\n")
    code, out, _ = scan("--json", "key.txt", "clean.txt")
    rows = rows_of(out)
    size = sum((pad / name).stat().st_size for name in ("key.txt", "clean.txt"))
    check(code == 3 and rows[-1] == {"summary": {"files": 2, "bytes": size, "findings": 2, "stopping": 1, "complete": True}}, out)
    check((rows[0]["path"], rows[0]["line"], rows[0]["rule"], rows[0]["stops"]) == ("key.txt", 1, "github-pat", True), out)
    check(rows[0]["rung"] in ("prefix", "checked") and not rows[1]["stops"], out)


def story_a_folder_is_walked_its_links_are_not_and_its_git_folder_is_left_out():
    for name in ("tree/b", "tree/sub/deep/a", "tree/.git/config", "tree/.github/x", "outside/k"):
        write(name, PAT + "\n")
    os.symlink("../../outside", pad / "tree/sub/link")
    os.symlink("/", pad / "tree/root")
    os.symlink("../outside/k", pad / "tree/file-link")
    os.mkfifo(pad / "tree/pipe")  # whoever opened it would wait for ever
    code, out, err = scan("tree")
    paths = [line.split(":")[0] for line in out.splitlines()]
    check((code, err) == (3, "") and paths == ["tree/.github/x", "tree/b", "tree/sub/deep/a"], out + err)
    check(scan("tree/file-link")[1].startswith("tree/file-link:1: "), "a link that is named is followed")
    check(scan(cwd=pad / "tree", *["."])[1].startswith("./.github/x:1: "), "the folder one is in")


def story_what_cannot_be_looked_at_is_an_error_and_the_rest_is_looked_at():
    write("key.txt", f"{PAT}\n")
    os.symlink("nowhere", pad / "dangling")
    for name in ("absent", "dangling", "", "key.txt/x"):
        code, out, err = scan("--", name, "key.txt")
        check(code == 2 and (name in err) and "key.txt:1: github-pat" in out, f"{name}: {code} {out}{err}")
    os.chmod(pad / write("shut/closed.txt", PAT), 0)
    (pad / "shut/open.txt").write_text(PAT)
    if os.geteuid() != 0:
        code, out, err = scan("shut")
        check(code == 2 and "shut/closed.txt: Permission denied" in err and "shut/open.txt:1: " in out, out + err)
    code, out, err = scan("--json", "/proc/self/mem", "key.txt")  # opens, and can't be read
    check(code == 2 and "/proc/self/mem: " in err and rows_of(out)[-1]["summary"]["complete"] is False, out + err)
    for args in (("--nonsense",), ("--rules",), ("--rules", "a", "--bottle", "b")):
        code, out, err = scan(*args)
        check(code == 2 and out == "" and "bottled scan" in err, err)


def story_standard_output_that_is_gone_is_an_error():
    with open("/dev/full", "w") as full:
        got = subprocess.run([BINARY, "scan", "key.txt"], cwd=pad, stdout=full,
                             stderr=subprocess.PIPE, text=True)
    check(got.returncode == 2 and "No space left" in got.stderr, f"{got.returncode} {got.stderr}")


def story_names_and_texts_do_a_terminal_no_harm():
    name = b"tree2/\x1b[31mred\n\xff\xe2\x80\xae\xc2\x9bx"
    (pad / "tree2").mkdir()
    with open(os.path.join(os.fsencode(pad), name), "w") as file:
        file.write(PAT + "\n")
    code, out, err = scan("tree2")
    check(code == 3 and out.startswith(r"tree2/\x1b[31mred\x0a\xff\xe2\x80\xae\xc2\x9bx:1: github-pat: "), repr(out))
    row = rows_of(scan("--json", "tree2")[1])[0]
    check(row["path"].startswith("tree2/\x1b[31mred\n"), str(row))  # as JSON escapes it
    check("\x1b" not in scan("--json", "tree2")[1], "no escape in JSON's own bytes")
    code, out, err = scan("no\x1b[2Jfile")
    check(code == 2 and r"no\x1b[2Jfile: No such" in err, repr(err))
    write("evil.yaml", 'rules:\n  - {id: evil, title: "\\e[31mA", pattern: \'evil-[0-9]{4}-key\', rung: prefix}\n')
    write("evil.txt", "evil-0471-key\n")
    code, out, err = scan(*bottle("evil", (pad / "evil.yaml").read_text()), "evil.txt")
    check(code == 2 and "a title may not hold a control character" in err and "\x1b" not in err, repr(out + err))


def story_any_bytes_are_read_however_long_their_lines_are():
    far = 3_000_000
    for what, text, line in (("one line", b"x" * far + b" " + PAT.encode() + b" " + b"y" * far, 1),
                             ("no UTF-8", b"\xff\xfe\x80\n" * 1000 + PAT.encode() + b"\n\xc3", 1001),
                             ("NUL bytes", b"\0" * far + b"\n\0" + PAT.encode() + b"\0", 2),
                             ("short lines", b"\n" * far + PAT.encode(), far + 1),
                             ("carriage returns", b"a\r\n" * 9 + PAT.encode() + b"\r\n", 10)):
        code, out, err = scan("--json", write("any", text))
        rows = rows_of(out)
        check(code == 3 and (rows[0]["rule"], rows[0]["line"]) == ("github-pat", line) and len(rows) == 2, f"{what}: {out}{err}")


def story_markers_are_honoured_when_asked_alone():
    markers = ("gitleaks:allow", "bottled:allow", "pragma: allowlist secret", "secretlint-disable-line", "trufflehog:ignore",
               "pipelock:ignore")
    write("marked.txt", "".join(f"{PAT} # {marker}\n" for marker in markers))
    check(scan("marked.txt")[1].count("\n") == len(markers) and scan("--honour-markers", "marked.txt") == (0, "", ""), "markers")
    check(scan("--honour-markers", write("marked.txt", f"# gitleaks:allow\n{PAT}\n"))[0] == 3, "of its own line alone")


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
    code, out, err = scan("-", stdin=git("log", "-p"))
    check(code == 3 and out.startswith("a b.txt:30: github-pat: ") and out.count("\n") == 1, out + err)


def story_the_rules_can_be_listed():
    code, out, _ = scan("--list-rules")
    check(code == 0 and [line for line in out.splitlines() if line.split()[:2] == ["github-pat", "prefix"]], out[:200])
    rows = rows_of(scan("--list-rules", "--json")[1])
    check(len(rows) == out.count("\n") and {"id", "service", "rung", "stops", "title"} == set(rows[0]), str(rows[0]))


def story_rules_of_ones_own_stand_beside_ours():
    write("own.yaml", "rules:\n  - {id: acme-key, title: Acme key, pattern: '\\bacme_[0-9a-f]{32}\\b', rung: prefix, shown: 4}\n")
    rows = rows_of(scan("--list-rules", "--json", "--rules", "own.yaml")[1])
    check({"acme-key", "github-pat"} <= {row["id"] for row in rows}, "beside ours")
    write("bad.yaml", "rules:\n  - {id: acme-key, title: Acme key, pattern: '(acme_', rung: prefix}\n")
    for name, text in (("bad.yaml", "bad.yaml:2:"), ("absent.yaml", "absent.yaml: ")):
        code, out, err = scan("--rules", name, "key.txt")
        check(code == 2 and out == "" and text in err, out + err)
    code, _, err = scan("--rules", "own.yaml", "--rules", "own.yaml", "key.txt")
    check(code == 2 and "the id `acme-key` is taken" in err, err)


def story_a_bottles_rules_take_the_place_of_ours():
    options = bottle("own", (pad / "own.yaml").read_text())
    (pad / "root/bottles/bad.md").write_text("---\negress: {routes: [}\n---\n")
    write("both.txt", f"{PAT} acme_{'7c1e90b4d2a86f35e0917b4cd8f2a663'}\n")
    code, out, err = scan(*options, "both.txt")
    check(code == 3 and out.startswith("both.txt:1: acme-key: ") and out.count("\n") == 1, out + err)
    code, out, err = scan(*options[:3], "none", "both.txt")
    check(code == 2 and "there is no bottle `none`" in err, err)
    code, out, err = scan(*options[:3], "bad", "both.txt")
    check(code == 2 and "bottles/bad.md:" in err, err)


def story_a_gitleaks_configuration_is_imported_and_its_rules_are_rules():
    source = pathlib.Path(__file__).resolve().parent.parent / "data/gitleaks.toml"
    code, out, err = scan("--import-gitleaks", str(source))
    check(code == 0 and "rule `look-around`: left out: " in err and "7 rules written, 4 left out" in err, err)
    write("imported.txt", 'wmb_0f9a8b7c6d5e4f3a2b1c\n{"QUOKKA_KEY":"a8f3k29dkf03jf82lsk10dfa"}\nbilby_a9s8d7f6\nbilby_test8d7f6\n')
    rows = rows_of(scan("--json", *bottle("imported", out), "imported.txt")[1])
    check([(row["line"], row["rule"]) for row in rows[:-1] if row["stops"]] ==
          [(1, "wombat-token"), (2, "quokka-key"), (3, "with-allowlists")], str(rows))
    for text, why in (("a = \n", "bad.toml:1:5: the line ends here"), ("a = 1\n", "bad.toml:1:1: the file has no rules"), (None, "absent.toml: ")):
        code, out, err = scan("--import-gitleaks", write("bad.toml", text) if text else "absent.toml")
        check(code == 2 and out == "" and why in err, out + err)


def story_a_terminal_is_shown_how_far_it_is_and_nothing_else_is():
    ours, theirs = pty.openpty()
    process = subprocess.Popen([BINARY, "scan"], stdin=subprocess.PIPE, stderr=theirs,
                               stdout=subprocess.PIPE)
    os.close(theirs)
    shown = b""

    def is_shown():
        nonlocal shown
        process.stdin.write(b"some text\n" * 7000)
        process.stdin.flush()
        while select.select([ours], [], [], 0)[0]:
            shown += os.read(ours, 4096)
        return b" MB: -" in shown

    wait_for(is_shown, 60)
    process.stdin.write(PAT.encode() + b"\n")
    out, _ = process.communicate()
    while select.select([ours], [], [], 1)[0]:
        try:
            shown += os.read(ours, 4096)
        except OSError:
            break
    check(process.returncode == 3 and b"github-pat" in out and b"MB" not in out, repr(out))
    check(shown.startswith(b"1 files, ") and shown.endswith(b"\r\x1b[K"), repr(shown[-80:]))


def story_help_teaches():
    code, out, err = scan("--help")
    check((code, err) == (0, "") and "git diff --cached | bottled scan -" in out and "Exit codes" in out, out)


try:
    main("scan")
finally:
    shutil.rmtree(pad, ignore_errors=True)
