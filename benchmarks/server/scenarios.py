"""What is done to a server, each with serve_load and bounded in time and count."""

import json
import pathlib
import statistics
import subprocess
import sys
import time

from servers import DATA, MERLE_KIND, NAME, ROOT, RunningServer, cpu_seconds

sys.path.append(str(ROOT / "tests/integration"))
from slow_clients import SlowClients  # noqa: E402

SERVE_LOAD = ROOT / "build/bench/benchmarks/server/serve_load"
CLIENTS = 64
SLOW = 1000
MOST_CONNECTIONS = 1000  # Of an overload: below the 1,024 that Merle takes.
SIGTERM_ROUNDS = 5
MEMORY_STEPS = 10


class Requests:
    """Texts as a file of requests, `each` texts a request."""

    def __init__(self, name: str, texts: list[str], each: int):
        self.name, self.texts, self.each = name, texts, each
        self.path: pathlib.Path = DATA / f"requests-{name}.jsonl"
        groups = [texts[i : i + each] for i in range(0, len(texts) - each + 1, each)]
        bodies = ({"model": NAME, "input": group[0] if each == 1 else group, "encoding_format": "base64"}
                  for group in groups)
        self.path.write_text("".join(json.dumps(body) + "\n" for body in bodies), encoding="utf-8")

    def texts_path(self) -> pathlib.Path:
        """The same texts as the library reads them."""
        path = DATA / f"texts-{self.name}.jsonl"
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in self.texts), encoding="utf-8")
        return path


def load(server: RunningServer, requests: Requests, seconds: float, **flags) -> dict:
    words = [str(SERVE_LOAD), "--port", str(server.port), "--path", server.kind.path, "--bodies", str(requests.path),
             "--seconds", str(seconds)]
    for name, value in flags.items():
        words += [f"--{name}", str(value)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=seconds + 120)
    if done.returncode != 0:
        sys.exit(f"{server.kind.name}: {done.stderr}")
    return json.loads(done.stdout)


def throughput(server: RunningServer, requests: Requests, seconds: float) -> dict:
    """With CLIENTS clients that each wait for their reply: {"rate" in texts/s, "cpu" of the server in s a text,
    "generator": cores that it took}."""
    before = cpu_seconds(server.process.pid)
    answer = load(server, requests, seconds, connections=CLIENTS)
    texts = answer["requests"] * requests.each
    if set(answer["status"]) != {"200"}:
        print(f"{server.kind.name}, {requests.name}: not only 200: {answer['status']}", file=sys.stderr)
    return {"rate": answer["ok_per_second"] * requests.each, "generator": answer["cpu_share"],
            "cpu": (cpu_seconds(server.process.pid) - before) / texts}


def open_loop(server: RunningServer, requests: Requests, rate: float, seconds: float, connections: int) -> dict:
    """{"p50", "p99" in ms, "other": count of what was not answered with 200}."""
    answer = load(server, requests, seconds, rate=rate, connections=connections)
    other = sum(count for status, count in answer["status"].items() if status != "200")
    return {**answer["milliseconds"].get("200", {}), "other": other}


def overload(server: RunningServer, requests: Requests, capacity: float, seconds: float) -> dict:
    """At ten times `capacity` requests a second."""
    return load(server, requests, seconds, rate=10 * capacity, connections=MOST_CONNECTIONS)


def slow_clients(server: RunningServer, requests: Requests, rate: float, seconds: float, rounds: int) -> dict:
    """Medians of the p99, in ms, of honest clients alone and among SLOW others, in turns."""
    p99 = {"alone": [], "among": []}
    for _ in range(rounds):
        p99["alone"].append(open_loop(server, requests, rate, seconds, connections=20)["p99"])
        with SlowClients(server.port, SLOW):
            time.sleep(2)
            p99["among"].append(open_loop(server, requests, rate, seconds, connections=20)["p99"])
    return {name: statistics.median(values) for name, values in p99.items()}


def sigterm(options, requests: Requests) -> list[dict]:
    """Each round: what became of the requests that were under way at the signal, exit status, seconds to the end."""
    rounds = []
    for _ in range(SIGTERM_ROUNDS):
        with RunningServer(MERLE_KIND, options) as server:
            start = time.monotonic()
            answer = load(server, requests, 3, connections=CLIENTS, terminate=server.process.pid, after=1)
            exit_status = server.wait()
            rounds.append({"under_way": answer["sent_before_signal"], "exit": exit_status,
                           "seconds": time.monotonic() - start - 1})
    return rounds


def memory(server: RunningServer, requests: Requests, count: int) -> list[float]:
    """Resident megabytes at the start and after each tenth of `count` requests."""
    sizes = [server.resident_mb()]
    for _ in range(MEMORY_STEPS):
        load(server, requests, 600, connections=CLIENTS, most=count // MEMORY_STEPS)
        sizes.append(server.resident_mb())
    return sizes
