#!/usr/bin/env python3
"""rules_try.py — how good are the rules?  Runs dlp/rules/*.yaml through Hyperscan and PCRE2, as the engine does.

    tests/rules_try.py lint                 every pattern compiles in both, is bounded and short
    tests/rules_try.py benign DIR...        what would be held in ordinary text, per MB
    tests/rules_try.py speed DIR            MB/s of the whole set, and the slowest patterns alone

--rules GLOB narrows the files ('*-2.yaml').  What the rules find is tests/vectors_test.c's question.
"""
import argparse, ast, collections, ctypes, fnmatch, gzip, math, os, pathlib, re, sys, time
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
STOPPING = {"prefix", "context"}  # and checked, which a prefix becomes
WINDOW = 4096  # bytes in front of an end that PCRE2 may look at: RULE_WINDOW
PATTERN_MAX = 1024  # RULE_PATTERN_MAX
KEYS = {"id", "title", "service", "pattern", "names", "value", "keywords", "group", "entropy", "check", "rung", "shown", "nocase",
        "allow", "stop"}
HS = ctypes.CDLL("libhs.so.5")
PCRE = ctypes.CDLL("libpcre2-8.so.0")
ON_MATCH = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint, ctypes.c_ulonglong, ctypes.c_ulonglong, ctypes.c_uint,
                            ctypes.c_void_p)


class Info(ctypes.Structure):
    _fields_ = [("min", ctypes.c_uint), ("max", ctypes.c_uint), ("flags", ctypes.c_char * 3)]


class CompileError(ctypes.Structure):
    _fields_ = [("message", ctypes.c_char_p), ("expression", ctypes.c_int)]


class Hyperscan:
    """A block-mode database of the rules' patterns."""

    def __init__(self, rules):
        n = len(rules)
        patterns = (ctypes.c_char_p * n)(*[r["pattern"].encode() for r in rules])
        flags = (ctypes.c_uint * n)(*[1 if r.get("nocase") else 0 for r in rules])
        self.db, self.scratch = ctypes.c_void_p(), ctypes.c_void_p()
        error = ctypes.POINTER(CompileError)()
        if HS.hs_compile_multi(patterns, flags, (ctypes.c_uint * n)(*range(n)), n, 1, None, ctypes.byref(self.db),
                               ctypes.byref(error)):
            sys.exit(f"{rules[max(error.contents.expression, 0)]['id']}: {error.contents.message.decode()}")
        HS.hs_alloc_scratch(self.db, ctypes.byref(self.scratch))

    def scan(self, text):
        """The (rule, end) pairs, in the order they were reported."""
        found = []
        on = ON_MATCH(lambda rule, start, end, flags, context: found.append((rule, end)) or 0)
        if HS.hs_scan(self.db, ctypes.c_char_p(text), len(text), 0, self.scratch, on, None):
            sys.exit("hs_scan failed")
        return found

    def free(self):
        HS.hs_free_scratch(self.scratch)
        HS.hs_free_database(self.db)


def width(rule):
    """Of its longest match; Hyperscan's compiler must take the pattern."""
    info, error = ctypes.POINTER(Info)(), ctypes.POINTER(CompileError)()
    flags = 1 if rule.get("nocase") else 0
    if HS.hs_expression_info(rule["pattern"].encode(), flags, ctypes.byref(info), ctypes.byref(error)):
        sys.exit(f"{rule['id']}: {error.contents.message.decode()}")
    return info.contents.max


class Pcre:
    PCRE.pcre2_compile_8.restype = PCRE.pcre2_match_data_create_from_pattern_8.restype = ctypes.c_void_p
    PCRE.pcre2_get_ovector_pointer_8.restype = ctypes.POINTER(ctypes.c_size_t)
    PCRE.pcre2_match_8.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_uint,
                                   ctypes.c_void_p, ctypes.c_void_p]

    def __init__(self, pattern, nocase=False):
        pattern, code, at = pattern.encode(), ctypes.c_int(), ctypes.c_size_t()
        self.code = PCRE.pcre2_compile_8(pattern, ctypes.c_size_t(len(pattern)), 8 if nocase else 0,
                                         ctypes.byref(code), ctypes.byref(at), None)
        if not self.code:
            sys.exit(f"PCRE2 error {code.value} at {at.value}: {pattern.decode()}")
        self.data = ctypes.c_void_p(PCRE.pcre2_match_data_create_from_pattern_8(ctypes.c_void_p(self.code), None))

    def spans(self, text, start):
        """The first match at or behind start: (start, end) of each capture."""
        n = PCRE.pcre2_match_8(self.code, text, len(text), start, 0, self.data, None)
        vector = PCRE.pcre2_get_ovector_pointer_8(self.data)
        return [(vector[2 * i], vector[2 * i + 1]) for i in range(n)] if n > 0 else None


def entropy(text):
    return -sum(n / len(text) * math.log2(n / len(text)) for n in collections.Counter(text).values()) if text else 0


def beside():
    """What a rule's names and value become: RULE_BESIDE, with its C string literals read as Python's."""
    macro = re.search(r"#define RULE_BESIDE((?:.*\\\n)+.*)", (ROOT / "backends/manifest/rule_file.h").read_text())[1]
    return ast.literal_eval("(" + macro.replace("\\\n", "\n") + ")").replace("%.*s", "%s")


def load(pattern):
    rules, form = [], beside()
    for path in sorted((ROOT / "dlp/rules").glob("*.yaml")):
        if fnmatch.fnmatch(path.name, pattern):
            rules += [dict(rule, file=path.name) for rule in yaml.safe_load(path.read_text())["rules"]]
    for rule in rules:
        if "names" in rule:
            rule.update(pattern=form % (rule["names"], rule["value"]), group=1)
        rule["confirm"] = Pcre(rule["pattern"], rule.get("nocase"))
        rule["allowed"] = [Pcre(rf"\A(?:{allow})\z") for allow in rule.get("allow", [])]
    return rules


def is_finding(rule, secret):
    return (entropy(secret) > rule.get("entropy", -1)
            and not any(allow.spans(secret, 0) for allow in rule["allowed"])
            and not any(word.encode() in secret.lower() for word in rule.get("stop", [])))


def find(hs, rules, text):
    """The (rule, start, end) of the secrets that stop a request."""
    found = set()
    for index, end in hs.scan(text):
        rule, at = rules[index], max(0, end - WINDOW)
        while rule["rung"] in STOPPING and (spans := rule["confirm"].spans(text, at)) and spans[0][0] < end:
            if spans[0][1] == end:
                start, stop = spans[rule.get("group", 0)]
                if is_finding(rule, text[start:stop]):
                    found.add((rule["id"], start, stop))
                break
            at = spans[0][0] + 1
    return found


def lint(rules):
    bad = []
    for rule in rules:
        longest, name = width(rule), rule["file"] + ": " + rule["id"]
        words = str(rule.get("keywords", []))
        checks = {
            "unknown key": set(rule) - KEYS - {"file", "confirm", "allowed"},
            "no id, title, rung": not all(key in rule for key in ("id", "title", "rung")),
            "id twice": [r["id"] for r in rules].count(rule["id"]) > 1,
            f"width {longest}": longest > WINDOW,
            "pattern too long": len(rule["pattern"]) > PATTERN_MAX,
            "a keyword that is not lower case": words != words.lower(),
            "no such group": rule.get("group", 0) and not re.compile(rule["pattern"]).groups >= rule["group"],
        }
        bad += [f"{name}: {what}" for what, wrong in checks.items() if wrong]
    print("\n".join(bad + [f"{len(rules)} rules, {len(bad)} faults"]))
    return not bad


def texts(paths, limit=None):
    size = 0
    for top in paths:
        for path in sorted(pathlib.Path(top).rglob("*") if os.path.isdir(top) else [pathlib.Path(top)]):
            if path.is_file() and not path.is_symlink():
                data = gzip.open(path).read() if path.suffix == ".gz" else path.read_bytes()
                size += len(data)
                yield path, data
                if limit and size > limit:
                    return


def benign(hs, rules, paths):
    size, by_rule = 0, collections.defaultdict(set)
    for path, data in texts(paths):
        size += len(data)
        for rule, start, end in find(hs, rules, data):
            by_rule[rule].add((path, data[start:end][:60]))
    n = sum(map(len, by_rule.values()))
    for rule, hits in sorted(by_rule.items(), key=lambda item: -len(item[1])):
        print(f"{len(hits):6} {rule}", *[f"\n         {path}: {secret!r}" for path, secret in sorted(hits)[:4]])
    print(f"{size / 1e6:.0f} MB, {n} held, {n / (size / 1e6):.3f} per MB")


def speed(hs, rules, paths):
    text = b"".join(data for _, data in texts(paths, 10e6))[:10_000_000]

    def rate(db):
        begin = time.perf_counter()
        count = len(db.scan(text))
        return len(text) / 1e6 / (time.perf_counter() - begin), count

    rate(hs)
    print("whole set: %.0f MB/s, %d reports in %.0f MB" % (*rate(hs), len(text) / 1e6))
    alone = []
    for rule in rules:
        one = Hyperscan([rule])
        alone.append((*max(rate(one) for _ in range(2)), rule["id"]))
        one.free()
    for fast, count, name in sorted(alone)[:15]:
        print(f"{fast:8.0f} MB/s {count:6} reports  {name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["lint", "benign", "speed"])
    parser.add_argument("paths", nargs="*")
    parser.add_argument("--rules", default="*.yaml")
    args = parser.parse_args()
    rules = load(args.rules)
    if args.what == "lint":
        return 0 if lint(rules) else 1
    hs = Hyperscan(rules)
    {"benign": benign, "speed": speed}[args.what](hs, rules, args.paths)
    return 0


if __name__ == "__main__":
    sys.exit(main())
