#!/usr/bin/env python3
"""The HTTP/1 corpora with known answers, through the real proxy: requests inside TLS and in absolute-form, responses of a
hostile origin.  Without the corpora it says so and passes."""
import json, os, pathlib, subprocess, sys, tempfile
from lab import Lab, check, free_port

corpora = pathlib.Path(os.environ.get("BOTTLED_CORPORA", "../shared/corpora")).resolve()
if not corpora.is_dir():
    print(f"skipped: no corpora at {corpora}")
    sys.exit(0)

ROUTES = """  - {host: api.example.com, ca: CA, allow_private: [127.0.0.0/8]}
  - {host: api.example.com, port: 80, allow_private: [127.0.0.0/8]}"""
SOFT = {"pass", "soft-no-answer", "soft-other-status", "soft-incomplete-waits", "soft-good-part-not-served"}


def outcomes(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def requests(lab, mode, ip):
    proxy = lab.serve("b", ip=ip)
    cert, key = lab.certificate("api.example.com")
    out = lab.dir / f"requests-{mode}.jsonl"
    return out, subprocess.Popen(
        [sys.executable, str(corpora / "tools/run_http1.py"), "--proxy", f"127.0.0.1:{proxy.port}", "--mode", mode,
         "--cases", str(corpora / "http1-requests.jsonl"), "--out", str(out), "--origin-http", f"{ip}:80", "--origin-https",
         f"{ip}:443", "--cert", str(cert), "--key", str(key)], stdout=(lab.dir / f"{mode}.out").open("w"),
        stderr=subprocess.STDOUT)


def responses(lab, ip):
    proxy = lab.serve("b", ip=ip)
    out = lab.dir / "responses.jsonl"
    return out, subprocess.Popen(
        [sys.executable, str(corpora / "tools/run_http1_resp.py"), "--proxy", f"127.0.0.1:{proxy.port}", "--mode", "forward",
         "--origin", f"{ip}:80", "--out", str(out)], stdout=(lab.dir / "responses.out").open("w"), stderr=subprocess.STDOUT)


def judge(name, rows):
    counts, wrong = {}, []
    for row in rows:
        counts[row["outcome"]] = counts.get(row["outcome"], 0) + 1
        if row["outcome"].startswith(("FAIL", "hang", "setup")):
            wrong.append(row)
    print(f"{name}: {len(rows)} rows, {json.dumps(counts, sort_keys=True)}")
    for row in wrong[:20]:
        print("   ", json.dumps(row)[:400])
    return len(wrong)


with Lab(low_ports=True) as lab:
    lab.bottle("b", ROUTES)
    runs = [("requests in a tunnel", requests(lab, "tunnel", "127.77.1.1")),
            ("requests in absolute-form", requests(lab, "forward", "127.77.1.2")),
            ("responses", responses(lab, "127.77.1.3"))]
    wrong = 0
    for name, (out, process) in runs:
        process.wait()
        check(out.exists(), f"{name}: no result: {process.args} {[p.read_text()[-800:] for p in lab.dir.glob('*.out')]}")
        wrong += judge(name, outcomes(out))
    print(f"corpus: {len(runs)} passed, {wrong} failed")
    sys.exit(wrong > 0)
