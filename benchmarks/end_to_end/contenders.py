"""The programs that take part, as processes that answer commands; peers/contender.py has the protocol."""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEERS = ("PyTorch", "ONNX Runtime", "OpenVINO")
MERLE = "Merle"
PEER_PROGRAMS = {"PyTorch": "pytorch", "ONNX Runtime": "onnxruntime", "OpenVINO": "openvino"}


def command(name: str, options, threads: int) -> list[str]:
    common = ["--model", str(options.model), "--threads", str(threads)]
    if name == MERLE:
        return [str(ROOT / "build/bench/benchmarks/end_to_end/embed_bench"), *common]
    program = ROOT / f"benchmarks/peers/peer_{PEER_PROGRAMS[name]}.py"
    quick = ["--quick"] if options.quick else []
    return [sys.executable, str(program), *common, "--exported", str(options.exported), *quick]


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
    def __init__(self, name: str, options, threads: int):
        self.name = name
        cores = sorted(os.sched_getaffinity(0))[:threads]  # Nobody gains from threads that we did not ask for.
        self.process = subprocess.Popen(
            command(name, options, threads), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=environment(threads), preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )

    def ask(self, *words) -> dict:
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        while True:
            line = self.process.stdout.readline()
            if not line:
                sys.exit(f"{self.name} ended with status {self.process.wait()} at: {' '.join(map(str, words))}")
            if line.startswith("{"):  # Libraries may print lines of their own.
                return json.loads(line)

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def start_up(name: str, options, threads: int, runs: int) -> dict:
    """Seconds from process start until one text's vector is there and the process has ended, and its memory."""
    words = command(name, options, threads) + ["--once", "Where does the time go?"]
    seconds, memory = [], 0.0
    for _ in range(runs + 1):  # The first run fills the page cache.
        start = time.perf_counter()
        done = subprocess.run(words, env=environment(threads), stdout=subprocess.PIPE, check=True, text=True)
        seconds.append(time.perf_counter() - start)
        memory = json.loads(done.stdout.splitlines()[-1])["memory_mb"]
    return {"seconds": statistics.median(seconds[1:]), "memory_mb": memory}
