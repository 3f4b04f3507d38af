"""What every Python contender of the end-to-end benchmark shares: protocol, tokens, batches, tuning.

A contender is a long-lived process. It is told on standard input, one command a line, and answers each with
one line of JSON on standard output:

  load NAME FILE          reads the input set NAME, JSONL with "text"   {"texts": 400}
  tune NAME               finds its best setting for this set           {"setting": ["fused", 8], "sweep": {...}}
  use NAME BATCH ENGINE   takes this setting instead                    {"setting": ["fused", 8]}
  run NAME                embeds the set once                           {"seconds": 1.25, "texts": 400}
  latency NAME COUNT      embeds the first COUNT texts one by one       {"seconds": [0.004, ...]}
  vectors NAME FILE       writes float32 [texts, dim] and no header     {"rows": 400, "cols": 384}

A set is embedded as it was tuned; `tune one` is for one text at a time. Time runs from the texts in memory to
L2-normalized float32 vectors in memory. With --once TEXT it embeds one text, prints its peak of resident memory
and exits. benchmarks/end_to_end/embed_bench.cc speaks the same.
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
ONE = "one"  # The set that is embedded one text at a time.
TUNING_TEXTS = 120  # Of a set: enough to choose by.
GIVE_UP = 1.25  # A batch size this much slower than the engine's best ends the search in its direction.
DROP = 1.6  # An engine this much slower than the best engine at the middle size is not searched further.


def most_tokens(model: pathlib.Path) -> int:
    return json.loads((model / "sentence_bert_config.json").read_text())["max_seq_length"]


class Texts:
    """Tokenizes with the fast tokenizer, whole lists at once (it runs on RAYON_NUM_THREADS threads)."""

    def __init__(self, model: pathlib.Path):
        self.tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
        self.tokenizer.enable_truncation(most_tokens(model))
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
    """One way to run the model. Subclasses give forward, or forward_ids if they don't pad."""

    ids_dtype = np.int64
    streams = 1  # Batches in flight at once; each then has threads / streams threads.

    def forward(self, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """[texts, dim], normalized. With streams > 1 several threads call it at once."""
        raise NotImplementedError

    def forward_ids(self, ids: list[list[int]]) -> np.ndarray:
        return self.forward(*pad(ids, self.ids_dtype))

    def start_stream(self) -> None:
        """Called once in each thread that will call forward when streams > 1."""

    def embed(self, texts: Texts, sentences: list[str], batch_size: int) -> np.ndarray:
        """Sorts by tokens, longest first, runs the batches, and puts the vectors back in order."""
        ids = texts.ids(sentences)
        order = sorted(range(len(ids)), key=lambda i: -len(ids[i]))
        parts = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]

        def run(part):
            return self.forward_ids([ids[i] for i in part])

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

    def engine(self, name: str) -> Engine:
        if name not in self.made:
            self.made[name] = self.makers[name]()
        return self.made[name]

    def load(self, name: str, path: str) -> dict:
        with open(path, encoding="utf-8") as lines:
            self.sets[name] = [json.loads(line)["text"] for line in lines]
        return {"texts": len(self.sets[name])}

    def timed(self, engine: str, batch_size: int, sentences: list[str]) -> float:
        start = time.perf_counter()
        self.engine(engine).embed(self.texts, sentences, batch_size)
        return time.perf_counter() - start

    def tune(self, name: str) -> dict:
        """Climbs from the middle batch size to larger and smaller ones, for each engine."""
        sentences = self.sets[name][:TUNING_TEXTS]
        sizes = [1] if name == ONE else [size for size in BATCH_SIZES if size <= len(sentences)]
        middle = len(sizes) // 2
        sweep = {}
        for engine in self.makers:
            sweep[engine, sizes[middle]] = self.try_setting(engine, sizes[middle], name, sweep)
            if sweep[engine, sizes[middle]] > DROP * min(sweep.values()):
                continue
            for direction in (sizes[middle + 1 :], sizes[:middle][::-1]):
                for batch_size in direction:
                    sweep[engine, batch_size] = self.try_setting(engine, batch_size, name, sweep)
                    best = min(seconds for (other, _), seconds in sweep.items() if other == engine)
                    if sweep[engine, batch_size] > GIVE_UP * best:
                        break
        engine, batch_size = min(sweep, key=sweep.get)
        rates = {f"{tried}, {size}": round(len(sentences) / sweep[tried, size], 1) for tried, size in sweep}
        return self.use(name, batch_size, engine) | {"sweep": rates}

    def try_setting(self, engine: str, batch_size: int, name: str, sweep: dict) -> float:
        """Seconds after a warm-up that sees every shape; one more run if it may be the best of all."""
        def attempt():
            sentences = self.sets[name][:TUNING_TEXTS]
            if name == ONE:
                return sum(self.one_by_one(engine, sentences))
            return self.timed(engine, batch_size, sentences)

        attempt()
        seconds = attempt()
        if seconds > GIVE_UP * min(sweep.values(), default=seconds):
            return seconds
        return min(seconds, attempt())

    def use(self, name: str, batch_size: int, *engine: str) -> dict:
        self.settings[name] = (" ".join(engine), int(batch_size))
        return {"setting": self.settings[name]}

    def run(self, name: str) -> dict:
        return {"seconds": self.timed(*self.settings[name], self.sets[name]), "texts": len(self.sets[name])}

    def one_by_one(self, engine: str, sentences: list[str]) -> list[float]:
        return [self.timed(engine, 1, [sentence]) for sentence in sentences]

    def latency(self, name: str, count: str) -> dict:
        return {"seconds": self.one_by_one(self.settings[name][0], self.sets[name][: int(count)])}

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
    parser.add_argument("--exported", type=pathlib.Path, help="folder that the contender's export script wrote")
    parser.add_argument("--arithmetic", default="f32", help="f32, bf16, f16 or int8")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--quick", action="store_true", help="leave out engines that take minutes to start")
    parser.add_argument("--once", help="embed this text, print the peak of memory, exit")
    return parser.parse_args()


def serve(options: argparse.Namespace, engines: dict, texts=None) -> None:
    """Answers commands until the input ends. `engines`: the first is the one for --once."""
    contender = Contender(texts or Texts(options.model), engines)
    if options.once is not None:
        contender.engine(next(iter(engines))).embed(contender.texts, [options.once], 1)
        print(json.dumps({"memory_mb": peak_memory_mb()}))
        return
    answer(contender, ("load", "tune", "use", "run", "latency", "vectors"))


def answer(contender, commands: tuple[str, ...]) -> None:
    """Calls the method that each line of the input names, and prints what it returns."""
    for line in sys.stdin:
        command, *words = line.split()
        if command not in commands:
            sys.exit(f"unknown command: {line}")
        print(json.dumps(getattr(contender, command)(*words)), flush=True)
