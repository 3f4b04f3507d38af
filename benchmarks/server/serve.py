"""Compares `merle serve` with its library and with other servers under load; started by benchmarks/serve."""

import argparse
import os
import pathlib
import signal
import statistics
import sys
import time
from collections import defaultdict

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "benchmarks/end_to_end"))
sys.path.append(str(ROOT / "tests/integration"))

import scenarios  # noqa: E402
from contenders import EMBED_BENCH, Contender  # noqa: E402
from exports import export, minilm  # noqa: E402
from inputs import make_inputs  # noqa: E402
from quality import StsPairs, cosines  # noqa: E402
from serve_report import report, write_report  # noqa: E402
from servers import DATA, MERLE_KIND, PEERS, CannotStart, RunningServer, cpu_seconds  # noqa: E402
from slow_clients import allow_many_files  # noqa: E402

SAMPLE = ROOT / "sample/wikipedia.jsonl"
PARTS = ("throughput", "latency", "overload", "slow", "sigterm", "memory")
LOAD = 0.8  # Of a server's own highest throughput, where its latency is measured.
SLOW_LOAD = 0.5
LEAST_COSINE = 0.99  # Mean, to Merle's vectors: who is further off has done other work.
MEMORY_REQUESTS = 200_000


def log(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


class Results:
    """Keys are names of servers ("library" is none) and of sets of requests."""

    def __init__(self):
        self.rates = defaultdict(list)  # server, requests: texts/s of each round
        self.cpu = defaultdict(list)  # server, requests: CPU seconds a text, of each round
        self.generator = []  # Cores that the load generator took while Merle was measured.
        self.latencies = defaultdict(list)  # server: {"p50", "p99", "other"} of each round
        self.latency_rates = {}  # server: requests/s at which these were measured
        self.skipped = {}  # server: why
        self.overload = {}  # requests: the answer of serve_load, and "rate"
        self.slow = None
        self.sigterm = None
        self.memory = None

    def rate(self, server: str, requests: str) -> float | None:
        rates = self.rates.get((server, requests))
        return statistics.median(rates) if rates else None


class Comparison:
    def __init__(self, options, sets):
        self.options, self.sets, self.results = options, sets, Results()
        self.one = sets[0]  # One text a request.
        self.servers = []

    def start_all(self) -> None:
        for kind in (MERLE_KIND, *self.options.peers):
            log(f"starting {kind.name}")
            try:
                self.servers.append(RunningServer(kind, self.options))
            except CannotStart as error:
                if kind == MERLE_KIND:
                    sys.exit(f"Merle itself does not start: {error}")
                log(f"{kind.name}: skipped: {error}")
                self.results.skipped[kind.name] = str(error)
        reference = self.servers[0].vectors(self.one.texts[:64])
        for server in self.servers:
            cosine = cosines(server.vectors(self.one.texts[:64]), reference).mean()
            if not cosine >= LEAST_COSINE:
                sys.exit(f"{server.kind.name}: mean cosine {cosine:.4f} to Merle: not the same work")
            for requests in self.sets:
                scenarios.load(server, requests, 2, connections=scenarios.CLIENTS)  # To be warm.

    def measure_library(self, contender: Contender, requests) -> None:
        texts, seconds, before = 0, 0.0, cpu_seconds(contender.process.pid)
        while seconds < self.options.seconds:
            answer = contender.ask("run", requests.name)
            texts, seconds = texts + answer["texts"], seconds + answer["seconds"]
        self.results.rates["library", requests.name].append(texts / seconds)
        self.results.cpu["library", requests.name].append((cpu_seconds(contender.process.pid) - before) / texts)

    def measure_server(self, server, requests) -> None:
        answer = scenarios.throughput(server, requests, self.options.seconds)
        self.results.rates[server.kind.name, requests.name].append(answer["rate"])
        self.results.cpu[server.kind.name, requests.name].append(answer["cpu"])
        if server.kind == MERLE_KIND:
            self.results.generator.append(answer["generator"])

    def measure_throughput(self) -> None:
        words = [str(EMBED_BENCH), "--model", str(self.options.model), "--threads", str(self.options.threads)]
        library = Contender("Merle's library", words, self.options.threads)
        for requests in self.sets:
            library.ask("load", requests.name, requests.texts_path())
            library.ask("run", requests.name)
        for number in range(self.options.rounds):
            log(f"throughput: round {number + 1} of {self.options.rounds}")
            for requests in self.sets:
                self.measure_library(library, requests)
                for server in self.servers:
                    time.sleep(0.2)
                    self.measure_server(server, requests)
        library.close()

    def capacity(self, server, requests) -> float:
        """Requests a second."""
        if self.results.rate(server.kind.name, requests.name) is None:
            self.measure_server(server, requests)
        return self.results.rate(server.kind.name, requests.name) / requests.each

    def measure_latency(self) -> None:
        for number in range(self.options.rounds):
            log(f"latency: round {number + 1} of {self.options.rounds}")
            for server in self.servers:
                rate = LOAD * self.capacity(server, self.one)
                self.results.latency_rates[server.kind.name] = rate
                self.results.latencies[server.kind.name].append(
                    scenarios.open_loop(server, self.one, rate, 2 * self.options.seconds, connections=500))

    def measure_overload(self) -> None:
        for requests in self.sets:
            log(f"overload: {requests.name}")
            capacity = self.capacity(self.servers[0], requests)
            self.results.overload[requests.name] = {"rate": 10 * capacity, **scenarios.overload(
                self.servers[0], requests, capacity, 2 * self.options.seconds)}

    def measure_slow(self) -> None:
        log("slow clients")
        rate = SLOW_LOAD * self.capacity(self.servers[0], self.one)
        self.results.slow = scenarios.slow_clients(self.servers[0], self.one, rate, 2 * self.options.seconds,
                                                   self.options.rounds)

    def measure_sigterm(self) -> None:
        log("SIGTERM")
        self.results.sigterm = scenarios.sigterm(self.options, self.one)

    def measure_memory(self) -> None:
        log("memory")
        count = MEMORY_REQUESTS // (20 if self.options.quick else 1)
        self.results.memory = scenarios.memory(self.servers[0], self.one, count)

    def run(self) -> None:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))  # So that the servers end too.
        try:
            self.start_all()
            for part in self.options.only:
                if part in ("overload", "sigterm"):  # The peers would only be in the way.
                    self.stop_peers()
                getattr(self, f"measure_{part}")()
        finally:
            for server in self.servers:
                server.stop()

    def stop_peers(self) -> None:
        while len(self.servers) > 1:
            self.servers.pop().stop()


def parse_arguments() -> argparse.Namespace:
    data = os.environ.get("MERLE_DATA")
    parser = argparse.ArgumentParser(prog="benchmarks/serve", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short rounds: for orientation only")
    parser.add_argument("--model", type=pathlib.Path, help="folder of the model; default: MiniLM in the cache")
    parser.add_argument("--data", type=pathlib.Path, default=data and pathlib.Path(data),
                        help="folder with sts/stsbenchmark/sts-dev.csv; default: MERLE_DATA, else the sample alone")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="default: all cores")
    parser.add_argument("--rounds", type=int, help="default 5, with --quick 2")
    parser.add_argument("--seconds", type=float, help="of each measurement; default 5, with --quick 2")
    parser.add_argument("--only", default=",".join(PARTS), help="parts: " + ",".join(PARTS))
    parser.add_argument("--peers", default=",".join(kind.slug for kind in PEERS), help="default: %(default)s")
    parser.add_argument("--infinity", type=pathlib.Path, default=os.environ.get("MERLE_INFINITY", "infinity_emb"),
                        help="the command infinity_emb; default: MERLE_INFINITY")
    parser.add_argument("--output", type=pathlib.Path,
                        help="folder of the table; default benchmarks/results for a whole run, else none")
    options = parser.parse_args()
    whole = len(sys.argv) == 1 or sys.argv[1] == "--data" and len(sys.argv) == 3
    options.output = options.output or (ROOT / "benchmarks/results" if whole else None)
    options.only = [part for part in PARTS if part in options.only.split(",")]
    options.peers = [kind for kind in PEERS if kind.slug in options.peers.split(",")]
    options.rounds = options.rounds or (2 if options.quick else 5)
    options.seconds = options.seconds or (2 if options.quick else 5)
    options.load, options.words = os.getloadavg(), sys.argv[1:]
    options.model = options.model or minilm()
    return options


def main() -> None:
    options = parse_arguments()
    DATA.mkdir(parents=True, exist_ok=True)
    allow_many_files(4096)
    options.gguf = None
    if any(kind.slug == "llamacpp" for kind in options.peers):
        options.gguf = export("gguf", options.model, SAMPLE, DATA) / "minilm-f32.gguf"
    stsb = options.data and options.data / "sts/stsbenchmark/sts-dev.csv"
    pairs = StsPairs(stsb) if stsb and stsb.exists() else None
    texts = {inputs.name: inputs for inputs in make_inputs(options.model, SAMPLE, pairs and pairs.sentences, 1)}
    sets = [scenarios.Requests("short-1", texts["short"].texts, 1),
            scenarios.Requests("short-16", texts["short"].texts, 16),
            scenarios.Requests("mixed-1", texts["mixed"].texts, 1)]
    comparison = Comparison(options, sets)
    comparison.run()
    text = report(comparison.results, sets, texts, options)
    print(text)
    if options.output:
        write_report(text, options)


if __name__ == "__main__":
    main()
