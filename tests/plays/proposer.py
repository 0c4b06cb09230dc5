"""The side of a proxy at a real queue (tests/proposer.c), for plays about those who answer."""
import pathlib, subprocess
from lab import check


class Proposer:
    """A proxy at the queue; it lives until it leaves."""

    def __init__(self, lab):
        self.process = subprocess.Popen([pathlib.Path(lab.binary).with_name("proposer"), str(lab.root)], text=True, bufsize=1,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        lab.processes.append(self.process)

    def say(self, *words):
        print(*words, sep="\t", file=self.process.stdin, flush=True)
        return self.process.stdout.readline().strip()

    def propose(self, *words):
        answer = self.say("propose", *words)
        check(answer.isdigit(), f"propose {words}: {answer}")
        return answer

    def leave(self):
        self.process.stdin.close()
        check(self.process.wait(20) == 0, "it left")
