"""What every Python contender of the end-to-end benchmark shares: protocol, tokens, batches, tuning.

A contender is a long-lived process. It is told on standard input, one command a line, and answers each with
one line of JSON on standard output:

  load NAME FILE      reads the input set NAME, JSONL with "text"     {"texts": 400}
  tune NAME           finds its best setting for this set             {"setting": "...", "sweep": {...}}
  run NAME            embeds the set once                             {"seconds": 1.25, "texts": 400}
  tune_latency NAME   as tune, for one text at a time                 {"setting": "..."}
  latency NAME COUNT  embeds the first COUNT texts one by one         {"seconds": [0.004, ...]}
  vectors NAME FILE   writes float32 [texts, dim] and no header       {"rows": 400, "cols": 384}

Time runs from the texts in memory to L2-normalized float32 vectors in memory. With --once TEXT it embeds one
text, prints its peak of resident memory and exits. benchmarks/end_to_end/embed_bench.cc speaks the same.
"""

import argparse
import concurrent.futures
import json
import pathlib
import sys
import time

import numpy as np
from tokenizers import Tokenizer

BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64)
LATENCY_TUNING_TEXTS = 30
GIVE_UP = 1.25  # A batch size this much slower than the engine's best ends the search in its direction.
DROP = 1.6  # An engine this much slower than the best engine at the middle size is not searched further.


class Texts:
    """Tokenizes with the fast tokenizer, whole lists at once (it runs on RAYON_NUM_THREADS threads)."""

    def __init__(self, model: pathlib.Path):
        self.tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
        limit = json.loads((model / "sentence_bert_config.json").read_text())["max_seq_length"]
        self.tokenizer.enable_truncation(limit)
        self.tokenizer.no_padding()

    def ids(self, texts: list[str]) -> list[list[int]]:
        # encode_batch_fast leaves out the offsets.
        return [encoding.ids for encoding in self.tokenizer.encode_batch_fast(texts)]


def pad(ids: list[list[int]], dtype) -> tuple[np.ndarray, np.ndarray]:
    """Returns ids and mask, [texts, longest]; 0 is [PAD]."""
    longest = max(map(len, ids))
    padded = np.zeros((len(ids), longest), dtype)
    mask = np.zeros((len(ids), longest), dtype)
    for row, text in enumerate(ids):
        padded[row, : len(text)] = text
        mask[row, : len(text)] = 1
    return padded, mask


class Engine:
    """One way to run the model: embeds a padded batch. Subclasses give ids_dtype and forward."""

    ids_dtype = np.int64
    streams = 1  # Batches in flight at once; each then has threads / streams threads.

    def forward(self, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """[texts, dim], normalized. With streams > 1 several threads call it at once."""
        raise NotImplementedError

    def start_stream(self) -> None:
        """Called once in each thread that will call forward when streams > 1."""

    def embed(self, texts: Texts, sentences: list[str], batch_size: int) -> np.ndarray:
        """Sorts by tokens, longest first, runs the batches, and puts the vectors back in order."""
        ids = texts.ids(sentences)
        order = sorted(range(len(ids)), key=lambda i: -len(ids[i]))
        parts = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]

        def run(part):
            return self.forward(*pad([ids[i] for i in part], self.ids_dtype))

        rows = self.executor().map(run, parts) if self.streams > 1 and len(parts) > 1 else map(run, parts)
        vectors = None
        for part, vectors_of_part in zip(parts, rows):
            if vectors is None:
                vectors = np.empty((len(sentences), vectors_of_part.shape[1]), np.float32)
            vectors[part] = vectors_of_part
        return vectors

    def executor(self) -> concurrent.futures.ThreadPoolExecutor:
        if not hasattr(self, "_executor"):
            self._executor = concurrent.futures.ThreadPoolExecutor(self.streams, initializer=self.start_stream)
        return self._executor


class Contender:
    """Chooses among the engines of one peer; `engines` maps a name to a function that makes the engine."""

    def __init__(self, texts: Texts, engines: dict):
        self.texts = texts
        self.makers = engines
        self.made = {}
        self.sets = {}
        self.settings = {}
        self.latency_engine = None

    def engine(self, name: str) -> Engine:
        if name not in self.made:
            self.made[name] = self.makers[name]()
        return self.made[name]

    def load(self, name: str, path: str) -> dict:
        with open(path, encoding="utf-8") as lines:
            self.sets[name] = [json.loads(line)["text"] for line in lines]
        return {"texts": len(self.sets[name])}

    def timed(self, engine: str, name: str, batch_size: int) -> float:
        start = time.perf_counter()
        self.engine(engine).embed(self.texts, self.sets[name], batch_size)
        return time.perf_counter() - start

    def tune(self, name: str) -> dict:
        """Climbs from the middle batch size to larger and smaller ones, for each engine."""
        sweep = {}
        sizes = [size for size in BATCH_SIZES if size <= len(self.sets[name])]
        middle = len(sizes) // 2
        for engine in self.makers:
            sweep[engine, sizes[middle]] = self.try_setting(engine, name, sizes[middle], sweep)
            if sweep[engine, sizes[middle]] > DROP * min(sweep.values()):
                continue
            for direction in (sizes[middle + 1 :], sizes[:middle][::-1]):
                for batch_size in direction:
                    sweep[engine, batch_size] = self.try_setting(engine, name, batch_size, sweep)
                    best = min(seconds for (other, _), seconds in sweep.items() if other == engine)
                    if sweep[engine, batch_size] > GIVE_UP * best:
                        break
        self.settings[name] = min(sweep, key=sweep.get)
        count = len(self.sets[name])
        rates = {f"{engine}, batch {size}": round(count / sweep[engine, size], 1) for engine, size in sweep}
        return {"setting": "{}, batch {}".format(*self.settings[name]), "sweep": rates}

    def try_setting(self, engine: str, name: str, batch_size: int, sweep: dict) -> float:
        """Seconds after a warm-up that sees every shape; one more run if it may be the best of all."""
        self.timed(engine, name, batch_size)
        seconds = self.timed(engine, name, batch_size)
        if seconds > GIVE_UP * min(sweep.values(), default=seconds):
            return seconds
        return min(seconds, self.timed(engine, name, batch_size))

    def run(self, name: str) -> dict:
        engine, batch_size = self.settings[name]
        return {"seconds": self.timed(engine, name, batch_size), "texts": len(self.sets[name])}

    def one_by_one(self, engine: str, sentences: list[str]) -> list[float]:
        seconds = []
        for sentence in sentences:
            start = time.perf_counter()
            self.engine(engine).embed(self.texts, [sentence], 1)
            seconds.append(time.perf_counter() - start)
        return seconds

    def tune_latency(self, name: str) -> dict:
        sentences = self.sets[name][:LATENCY_TUNING_TEXTS]
        medians = {}
        for engine in self.makers:
            self.one_by_one(engine, sentences)
            medians[engine] = float(np.median(self.one_by_one(engine, sentences)))
        self.latency_engine = min(medians, key=medians.get)
        sweep = {engine: round(median * 1000, 2) for engine, median in medians.items()}
        return {"setting": self.latency_engine, "sweep": sweep}

    def latency(self, name: str, count: str) -> dict:
        return {"seconds": self.one_by_one(self.latency_engine, self.sets[name][: int(count)])}

    def vectors(self, name: str, path: str) -> dict:
        engine, batch_size = self.settings[name]
        vectors = self.engine(engine).embed(self.texts, self.sets[name], batch_size)
        vectors.astype("<f4").tofile(path)
        return {"rows": vectors.shape[0], "cols": vectors.shape[1]}


def peak_memory_mb() -> float:
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1000


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=pathlib.Path, required=True, help="folder of the model")
    parser.add_argument("--exported", type=pathlib.Path, help="folder that export.py wrote")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--quick", action="store_true", help="leave out engines that take minutes to start")
    parser.add_argument("--once", help="embed this text, print the peak of memory, exit")
    return parser.parse_args()


def serve(options: argparse.Namespace, engines: dict) -> None:
    """Answers commands until the input ends. `engines`: the first is the one for --once."""
    contender = Contender(Texts(options.model), engines)
    if options.once is not None:
        contender.engine(next(iter(engines))).embed(contender.texts, [options.once], 1)
        print(json.dumps({"memory_mb": peak_memory_mb()}))
        return
    commands = {"load", "tune", "run", "tune_latency", "latency", "vectors"}
    for line in sys.stdin:
        command, *words = line.split()
        if command not in commands:
            sys.exit(f"unknown command: {line}")
        print(json.dumps(getattr(contender, command)(*words)), flush=True)
