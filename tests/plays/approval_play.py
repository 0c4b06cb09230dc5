#!/usr/bin/env python3
"""A person at the queue, with the real binary, a real client and a real origin: what is held goes by a yes, byte for byte, and by
nothing else: not when nobody answers, not when the client or the proxy is gone, not when the queue's file is."""
import concurrent.futures, hashlib, json, os, re, shutil, signal, sqlite3, subprocess, time
from lab import Echo, Lab, check, main, wait_for

HOST, ASIDE, NEW = "api.example.com", "b.example.com", "new.example.com"
TOKENS = ["ghp_" + body for body in ("Zx9Qw3Er5Ty7Ui1Op2As4Df6Gh8Jk0LzXcVb", "Rt6vX8nLw2ZqY3uBc1Kd9MfH4sJg7Pe5Ao0W",
                                     "Kd9MfH4sJg7Pe5Ao0WRt6vX8nLw2ZqY3uBc1", "Pe5Ao0WRt6vX8nLw2ZqY3uBc1Kd9MfH4sJg7")]
KNOWN = "known-" + os.urandom(12).hex()
seen = []  # SHA-256 of each body that reached the origin


class Keeping(Echo):
    def body(self):
        data = super().body()
        seen.append(hashlib.sha256(data).hexdigest())
        return data

    do_GET = do_POST = do_PUT = Echo.answer


lab = Lab(low_ports=True).__enter__()
lab.origin(Keeping, HOST, ASIDE, NEW)
ROUTES = "".join(f"  - {{host: {host}, ca: CA, allow_private: [127.0.0.0/8]}}\n" for host in (HOST, ASIDE))
SECRET = "dlp:\n  secrets:\n    - {name: the-known-one, token_ref: env:KNOWN}\n"
lab.bottle("dev", ROUTES, SECRET + "supervise: {timeout: 4, routes: ask}\n")
queue_dir = lab.root / "queue"
proxy = None


def start(bottle="dev"):
    global proxy
    proxy = lab.serve(bottle, names=(HOST, ASIDE, NEW), env={"KNOWN": KNOWN})


def queue(*args, code=0):
    got = subprocess.run([lab.binary, "queue", *args, "--root", str(lab.root)], capture_output=True, text=True)
    check(code is None or got.returncode == code, f"queue {args}: {got.returncode} {got.stdout}{got.stderr}")
    return got.stdout + got.stderr


def rows(*args):
    return [json.loads(line) for line in queue(*args, "--json").splitlines()]


def waiting(count=1):
    """The proposals that wait, once there are count of them."""
    return wait_for(lambda: (lambda r: r if len(r) == count else None)(rows("list")), 20)


def curl(body, host=HOST, *more, seconds=60):
    """A client that sends body; its answer is asked of .result(): (status, slug, problem or None)."""
    words = ["curl", "-sS", "--suppress-connect-headers", "-m", str(seconds), "-x", proxy.url, "--cacert", str(lab.proxy_ca), "--data-binary", "@-", "-D", "/dev/stderr",
             "-H", "Content-Type: application/json", f"https://{host}/v1/x", *more]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def talk():
        out, err = process.communicate(body)
        heads = [part for part in err.decode().split("\r\n\r\n") if part.startswith("HTTP/")]
        status = int(heads[-1].split()[1]) if heads else 0
        slug = next((line.split(": ")[1] for line in heads[-1].split("\r\n") if line.lower().startswith("x-bottled-reason")), "") if heads else ""
        return status, slug, json.loads(out) if slug else None
    future = pool.submit(talk)
    future.process = process
    return future


pool = concurrent.futures.ThreadPoolExecutor(64)


def held(body):
    """A client whose request waits: the queue is had again within a second, or as soon as nobody else is making it."""
    for _ in range(10):
        client = curl(body)
        if wait_for(lambda: client.done() or rows("list"), 20) is not True:
            return client
        time.sleep(0.5)
    raise AssertionError(f"never held: {client.result()}")


def leak(token, more=""):
    return json.dumps({"messages": [{"role": "user", "content": f"the token is {token} {more}"}]}).encode()


def story_a_yes_lets_these_very_bytes_go():
    start()
    body = leak(TOKENS[0], "x" * 300000)  # past what is kept in memory
    client = curl(body)
    row = waiting()[0]
    check((row["tool"], row["bottle"], row["host"], row["rule"]) == ("egress-token-allow", "dev", HOST, "github-pat"), str(row))
    check(TOKENS[0] not in json.dumps(row) and not client.done() and not seen, str(row))
    queue("approve", str(row["id"]), "--reason", "used-in-tests")
    check(client.result(20)[0] == 200 and seen == [hashlib.sha256(body).hexdigest()], "the bytes are those that were held")
    line = proxy.last(1)
    check(line["proposal"] == row["id"] and line["findings"][0]["ruling"] == "safe", str(line))


def story_what_was_allowed_is_not_asked_about_again():
    check(curl(leak(TOKENS[0], "again")).result(20)[0] == 200, "the same value, another body")
    check(curl(leak(TOKENS[0]), ASIDE).result(20)[0] == 200, "wherever the routes let it go")
    check(rows("list") == [], "nothing waits")
    remembered = rows("remembered")
    check(len(remembered) == 1 and remembered[0]["rule"] == "github-pat", str(remembered))
    queue("forget", str(remembered[0]["id"]))
    client = curl(leak(TOKENS[0], "forgotten"))
    queue("reject", str(waiting()[0]["id"]), "--reason", "fix-later")
    status, slug, problem = client.result(20)
    check((status, slug, problem["retryable"]) == (403, "approval-rejected", False) and problem["proposal"], str(problem))


def story_nobody_answers_in_time_and_a_late_yes_counts_for_the_retry():
    client = curl(leak(TOKENS[1]))
    row = waiting()[0]
    status, slug, problem = client.result(20)
    check((status, slug, problem["proposal"], problem["retryable"]) == (503, "approval-timeout", row["id"], True), str(problem))
    check(rows("show", str(row["id"]))[0]["state"] == "expired", "it is nobody's no")
    queue("approve", str(row["id"]), "--scope", "host", "--reason", "the deploy key, it is rotated tonight")
    check(curl(leak(TOKENS[1])).result(20)[0] == 200, "the retry")
    client = curl(leak(TOKENS[1]), ASIDE)
    check(waiting()[0]["host"] == ASIDE, "to another host it is another question")
    queue("approve", str(waiting()[0]["id"]), "--scope", "once", "--reason", "false-positive")
    check(client.result(20)[0] == 200, "once")
    client = curl(leak(TOKENS[1]), ASIDE)
    queue("reject", str(waiting()[0]["id"]), "--reason", "fix-later")
    check(client.result(20)[1] == "approval-rejected", "once was once")


def story_a_client_that_leaves_takes_the_question_along():
    client = curl(leak(TOKENS[2]))
    row = waiting()[0]
    client.process.kill()
    client.result(20)
    wait_for(lambda: rows("list") == [])
    check(rows("show", str(row["id"]))[0]["state"] == "retracted", "retracted")


def story_one_of_two_secrets_is_not_enough():
    client = curl(leak(TOKENS[2], KNOWN))
    both = waiting(2)
    check(sorted(row["rule"] for row in both) == ["github-pat", "known-secret"], str(both))
    check([row["secret"] for row in both if row["rule"] == "known-secret"] == ["the-known-one"], str(both))
    before = len(seen)
    queue("approve", str(both[0]["id"]), "--scope", "once", "--reason", "used-in-tests")
    check(len(waiting(1)) == 1 and not client.done() and len(seen) == before, "one is not enough")
    queue("approve", str(both[1]["id"]), "--scope", "once", "--reason", "used-in-tests")
    check(client.result(20)[0] == 200 and len(seen) == before + 1, "both are")


def story_500_requests_with_one_value_are_one_question():
    import socket, ssl
    lab.bottle("many", ROUTES, "supervise: {timeout: 120}\n")
    start("many")
    context, body, clients = lab.trusting(), leak(TOKENS[3]), []
    head = f"POST /v1/x HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    for _ in range(500):
        s = lab.tunnel(proxy, HOST, context=context)
        s.sendall(head + body)
        clients.append(s)
    row = wait_for(lambda: (lambda r: r if len(r) == 1 and r[0]["waiting"] == 500 else None)(rows("list")), 60)[0]
    before = len(seen)
    queue("approve", str(row["id"]), "--reason", "used-in-tests")
    for s in clients:
        s.settimeout(60)
        check(s.recv(12) == b"HTTP/1.1 200", "released together")
        s.close()
    check(len(seen) == before + 500, f"{len(seen) - before} arrived")
    check(sum(r["event"] == "released" for r in rows("audit")) >= 500, "each is on record")


def story_a_proxy_that_is_killed_leaves_nothing_and_its_question_is_abandoned():
    start()
    client = curl(leak(TOKENS[3]))
    row = waiting()[0]
    limits = open(f"/proc/{proxy.process.pid}/limits").read()
    check(re.search(r"Max core file size +0 +0 ", limits), "no core is dumped, in which the held bytes would be")
    proxy.process.kill()
    proxy.process.wait()
    before = len(seen)
    check(client.result(20)[0] == 0 and len(seen) == before, "nothing went")
    start()
    check(rows("show", str(row["id"]))[0]["state"] == "abandoned", "abandoned")
    check("gone" in queue("approve", str(row["id"]), "--reason", "used-in-tests", code=1), "too late")


def story_a_host_without_a_route_may_be_proposed_and_granted_in_part():
    client = curl(b'{"a": 1}', NEW)
    row = waiting()[0]
    check((row["tool"], row["host"], row["method"]) == ("egress-route-allow", NEW, "POST"), str(row))
    queue("approve", str(row["id"]), "--methods", "POST", "--path", "/v1/**")
    status, slug, problem = client.result(20)
    check((status, slug) == (403, "address-not-allowed"), f"granted, and still no way to a private address: {problem}")
    client = curl(b"", NEW, "-X", "DELETE")
    check(waiting()[0]["method"] == "DELETE", "what was granted is narrower")
    queue("reject", str(waiting()[0]["id"]), "--reason", "fix-later")
    check(client.result(20)[1] == "approval-rejected", "no")


def spoil(how):
    """A request is held; the queue's file is spoilt; whatever comes, nothing goes."""
    client = curl(leak(TOKENS[2], how.__name__))
    waiting()
    before = len(seen)
    how()
    status, slug, problem = client.result(30)
    check(status == 503 and slug in ("approval-unavailable", "approval-timeout"), f"{how.__name__}: {status} {slug}")
    check(len(seen) == before, "nothing went")
    again = curl(leak(TOKENS[2], "after")).result(30)
    check(again[0] == 503, f"{how.__name__}: {again}")
    return slug


def delete():
    for path in queue_dir.glob("queue.db*"):
        path.unlink()


def garbage():
    with (queue_dir / "queue.db").open("r+b") as file:
        file.write(os.urandom(4096))


def locked():
    held = sqlite3.connect(queue_dir / "queue.db", isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    locked.held = held


def story_a_queue_that_is_spoilt_refuses_and_is_had_again():
    start()
    check(spoil(delete) == "approval-unavailable", "deleted")
    time.sleep(1.1)  # POLL_LOST_MS
    wait_for(lambda: queue("list", code=None) is not None)
    client = held(leak(TOKENS[2], "new"))
    queue("approve", str(waiting()[0]["id"]), "--scope", "once", "--reason", "used-in-tests")
    check(client.result(20)[0] == 200, "a new queue was made")
    spoil(locked)
    locked.held.execute("ROLLBACK")
    locked.held.close()
    time.sleep(1.1)
    client = held(leak(TOKENS[2], "unlocked"))
    row = wait_for(lambda: [r for r in rows("list") if r["waiting"]], 20)[0]
    queue("approve", str(row["id"]), "--scope", "once", "--reason", "used-in-tests")
    check(client.result(20)[0] == 200, "unlocked")


def story_a_queue_that_was_overwritten_lets_nothing_go():
    spoil(garbage)
    delete()
    check(curl(leak(TOKENS[2], "missed")).result(20)[0] == 503, "whoever comes first learns that it is gone")
    time.sleep(1.1)  # POLL_LOST_MS
    client = held(leak(TOKENS[2], "mended"))
    queue("approve", str(waiting()[0]["id"]), "--scope", "once", "--reason", "used-in-tests")
    check(client.result(20)[0] == 200, "a new queue was made")


def story_the_audit_is_whole_and_finds_what_was_changed():
    client = held(leak(TOKENS[2], "audited"))
    queue("reject", str(waiting()[0]["id"]), "--reason", "fix-later")
    check(client.result(20)[0] == 403, "something to look at")
    check(queue("audit", "--verify").startswith("sound: ") and len(rows("audit")) > 2, "sound")
    copy = lab.dir / "copy"
    shutil.copytree(lab.root, copy, ignore=lambda folder, names: [n for n in names if n.endswith(".bell")])
    db = sqlite3.connect(copy / "queue/queue.db")
    db.execute("UPDATE rows SET at = at + 1 WHERE number = 1")
    db.commit()
    db.close()
    got = subprocess.run([lab.binary, "queue", "audit", "--verify", "--root", str(copy)], capture_output=True, text=True)
    check(got.returncode == 1 and got.stdout.startswith("not sound: this row was changed, or is not ours: 1;"), got.stdout + got.stderr)
    lines = (queue_dir / "audit.jsonl").read_text().splitlines()
    check({json.loads(line)["mac"] for line in lines} >= {row["mac"] for row in rows("audit")}, "each row is a line in the log too")


def story_a_reader_of_all_that_is_kept_finds_no_token():
    proxy.process.send_signal(signal.SIGTERM)
    check(proxy.process.wait(40) == 0, "it ended as asked")
    for path in [p for p in lab.root.rglob("*") if p.is_file()] + list(lab.dir.glob("*.jsonl")) + list(lab.dir.glob("serve-*.err")):
        data = path.read_bytes()
        for token in [*TOKENS, KNOWN]:
            check(token.encode() not in data and token[8:30].encode() not in data, f"{path} holds a token")


if __name__ == "__main__":
    try:
        main("approval_play")
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        lab.__exit__(None)
