"""The servers that benchmarks/serve compares, as processes: Merle's and those that others would start."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "benchmarks/server"
DATA = ROOT / "build/bench-data"
MERLE = ROOT / "build/bench/merle"
START_SECONDS = 180
STOP_SECONDS = 60


@dataclass(frozen=True)
class Kind:
    slug: str  # As --peers names it.
    name: str
    path: str = "/v1/embeddings"


MERLE_KIND = Kind("merle", "Merle")
PEERS = (
    Kind("fastapi", "sentence-transformers, FastAPI"),
    Kind("fastapi-batching", "sentence-transformers, FastAPI, batching"),
    Kind("infinity", "infinity, torch", "/embeddings"),
    Kind("llamacpp", "llama-cpp-python's server"),
)
NAME = "all-MiniLM-L6-v2"  # In requests; who serves one model takes any name.


def command(kind: Kind, options, port: int) -> list[str]:
    model, threads = str(options.model), str(options.threads)
    words = {
        "merle": [str(MERLE), "serve", model, "--alias", f"{NAME}={model}", "--port", str(port), "--threads", threads,
                  "-q"],
        "fastapi": [sys.executable, str(HERE / "peer_fastapi.py"), "--model", model, "--port", str(port)],
        "infinity": [str(options.infinity), "v2", "--model-id", model, "--served-model-name", NAME, "--port", str(port),
                     "--host", "127.0.0.1", "--device", "cpu", "--dtype", "float32", "--engine", "torch",
                     "--no-bettertransformer", "--log-level", "warning"],
        "llamacpp": [sys.executable, "-m", "llama_cpp.server", "--model", str(options.gguf), "--embedding", "true",
                     "--n_threads", threads, "--n_ctx", "512", "--n_batch", "512", "--verbose", "false",
                     "--host", "127.0.0.1", "--port", str(port)],
    }
    words["fastapi-batching"] = words["fastapi"] + ["--batching"]
    return words[kind.slug]


def environment(kind: Kind, threads: int) -> dict[str, str]:
    """As many threads as asked for; infinity has packages of its own. PASSIVE: else the threads of torch spin while
    the event loop wants their core, and halve the rate."""
    own = {name: value for name, value in os.environ.items() if kind.slug != "infinity" or name != "PYTHONPATH"}
    return own | dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), str(threads)) | {
        "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "OMP_WAIT_POLICY": "PASSIVE", "DO_NOT_TRACK": "1",
        "INFINITY_ANONYMOUS_USAGE_STATS": "0",
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid: int) -> float:
    """That the process has taken so far, on all cores."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class CannotStart(Exception):
    """Why a server is not there."""


class RunningServer:
    """A server on the first `threads` usable cores, which has answered a request. `with` ends it."""

    def __init__(self, kind: Kind, options):
        self.kind = kind
        self.port = free_port()
        self.log = DATA / f"serve-{kind.slug}.log"
        cores = sorted(os.sched_getaffinity(0))[: options.threads]
        words = command(kind, options, self.port)
        try:
            with open(self.log, "wb") as log:
                self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                env=environment(kind, options.threads),
                                                preexec_fn=lambda: os.sched_setaffinity(0, cores))
        except OSError as error:
            raise CannotStart(str(error)) from error
        self.wait_until_it_answers()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def wait_until_it_answers(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            try:
                self.vectors(["hello"])
                return
            except (OSError, urllib.error.URLError):
                time.sleep(0.1)
        self.stop()
        lines = self.log.read_text(errors="replace").strip().splitlines() or ["it says nothing"]
        raise CannotStart(lines[-1])

    def vectors(self, texts: list[str]) -> np.ndarray:
        body = json.dumps({"input": texts, "model": NAME, "encoding_format": "float"}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{self.kind.path}", body,
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as reply:
            return np.array([item["embedding"] for item in json.load(reply)["data"]], np.float32)

    def resident_mb(self) -> float:
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1000

    def stop(self) -> int | None:
        """The exit status; None if it had to be killed."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int | None:
        """The same for a server that was told to end: a second signal would not let it finish."""
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None
