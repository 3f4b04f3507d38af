"""The programs that take part, as processes that answer commands; peers/contender.py has the protocol."""

import json
import os
import subprocess
import sys
import time

from entrants import Entrant
from exports import ROOT

EMBED_BENCH = ROOT / "build/bench/benchmarks/end_to_end/embed_bench"


def command(entrant: Entrant, options, threads: int) -> list[str]:
    words = ["--model", str(options.model), "--threads", str(threads)]
    if entrant.is_merle:
        return [str(EMBED_BENCH), *words, "--compute", entrant.arithmetic]
    words += ["--arithmetic", entrant.arithmetic] + ["--quick"] * options.quick
    if entrant.export:
        words += ["--exported", str(options.exported[entrant.export])]
    return [sys.executable, str(ROOT / f"benchmarks/peers/{entrant.program}.py"), *words]


def environment(threads: int) -> dict[str, str]:
    """As many threads as asked for in every pool that anybody might open."""
    pools = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS", "TBB_NUM_THREADS")
    return os.environ | dict.fromkeys(pools, str(threads)) | {
        "TOKENIZERS_PARALLELISM": "true",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_VERBOSITY": "error",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }


class Contender:
    """A process on the first `threads` usable cores: nobody gains from threads that we did not ask for."""

    def __init__(self, name: str, words: list[str], threads: int):
        self.name = name
        cores = sorted(os.sched_getaffinity(0))[:threads]
        self.process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(threads),
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )

    def ask(self, *words) -> dict:
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        answer = self.read()
        if answer is None:
            sys.exit(f"{self.name} ended with status {self.process.wait()} at: {' '.join(map(str, words))}")
        return answer

    def read(self) -> dict | None:
        """The next answer; None if the process ends without one."""
        for line in self.process.stdout:
            if line.startswith("{"):  # Libraries may print lines of their own.
                return json.loads(line)
        return None

    def close(self) -> int:
        """Returns the exit status."""
        self.process.stdin.close()
        return self.process.wait()


def first_vector(entrant: Entrant, options, threads: int) -> dict | None:
    """Seconds from process start until one text's vector is there, and the peak of memory; None if it can't run."""
    start = time.perf_counter()
    words = command(entrant, options, threads) + ["--once", "Where does the time go?"]
    process = Contender(entrant.name, words, threads)
    answer = process.read()
    seconds = time.perf_counter() - start
    return answer and {"seconds": seconds, **answer} if process.close() == 0 else None
