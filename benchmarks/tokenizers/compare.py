#!/usr/bin/env python3
"""Compares Merle's WordPiece with the Hugging Face package `tokenizers`: the same ids, and the speed of one thread.

  benchmarks/tokenizers/compare.py --model FOLDER --corpus wikipedia-en-2014.jsonl.xz [--lines N] [--timed-lines N]

run it with the Python of the benchmarks' virtual environment, after
`cmake --preset bench -DMERLE_TESTS=OFF && cmake --build build/bench --target tokenizer_bench`.

First all ids of N lines of the corpus (a million) and of as many texts of random bytes and characters as a tenth
of that must be equal, or it exits with 1. Then both sides take the same lines in turns, ROUNDS times; what stands in
the table is the best CPU time of each. The peer's best of `encode_batch_fast`, which leaves the offsets out, and
batch sizes stands beside Merle's ids alone, its best of `encode_batch` and `encode` beside Merle's whole encodings.
"""

import argparse
import itertools
import json
import lzma
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import numpy as np  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROUNDS = 5
BATCH_SIZES = (10, 100, 1000)
CHECKED_AT_ONCE = 10000
SHOWN = 3  # Differences that are printed.


def corpus_lines(path, count):
    with lzma.open(path, "rt", encoding="utf-8") as articles:
        lines = itertools.chain.from_iterable(json.loads(article)["text"].split("\n") for article in articles)
        return list(itertools.islice(filter(None, lines), count))


def random_texts(count):
    """Words of many scripts, marks, controls and special tokens in disorder; and bytes, repaired to UTF-8."""
    chance = random.Random(1)
    ends = (0x80, 0x80, 0x250, 0x800, 0x3400, 0x10000, 0x30000, 0x110000)
    pieces = ("[CLS]", "[SEP]", "[MASK", " ", ".", "playing", "Unaffable", "\u0301", "\u0327", "\u302e", "\u4e2d", "\u00e9")

    def character():
        value = chance.randrange(chance.choice(ends))
        return chr(value) if not 0xD800 <= value <= 0xDFFF and value != 0x0A else " "

    def text():
        if chance.random() < 0.2:
            return chance.randbytes(chance.randrange(1, 80)).decode("utf-8", errors="replace").replace("\n", " ")
        length = chance.randrange(1, 60)
        return "".join(character() if chance.random() < 0.6 else chance.choice(pieces) for _ in range(length))

    return [text() for _ in range(count)]


class Merle:
    """The program tokenizer_bench with some lines."""

    def __init__(self, program, model, lines, folder):
        path = folder / "lines.txt"
        path.write_bytes("\n".join(lines).encode())
        command = [str(program), "--model", str(model), "--input", str(path)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"tokenizer_bench ended with status {self.process.wait()} at: {command}")
        return float(answer)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def count_differences(lines, merle, tokenizer, folder):
    """Prints the first lines whose ids differ. Returns how many do, and the number of tokens."""
    path = folder / "ids.bin"
    merle.ask(f"dump {path}")
    ids = np.fromfile(path, np.int32)
    ends = np.flatnonzero(ids == -1)
    if len(ends) != len(lines):
        sys.exit(f"tokenizer_bench gave the ids of {len(ends)} texts, not of {len(lines)}")
    starts = np.concatenate(([0], ends[:-1] + 1))
    different = 0
    for first in range(0, len(lines), CHECKED_AT_ONCE):
        batch = lines[first : first + CHECKED_AT_ONCE]
        for i, encoding in enumerate(tokenizer.encode_batch_fast(batch, add_special_tokens=False), first):
            found = ids[starts[i] : ends[i]]
            if np.array_equal(found, encoding.ids):
                continue
            different += 1
            if different <= SHOWN:
                print(f"{lines[i][:200]!r}\n  expected {encoding.ids}\n  found    {found.tolist()}", file=sys.stderr)
    return different, len(ids) - len(ends)


def cpu_seconds(work):
    start = time.process_time()
    work()
    return time.process_time() - start


def peer_ways(tokenizer, lines):
    """The peer's ways to tokenize all lines: name, what Merle does beside it, work."""

    def in_batches(encode, size):
        for first in range(0, len(lines), size):
            encode(lines[first : first + size], add_special_tokens=False)

    for size in BATCH_SIZES:
        yield f"encode_batch_fast, {size} texts", "ids", lambda size=size: in_batches(tokenizer.encode_batch_fast, size)
        yield f"encode_batch, {size} texts", "encoding", lambda size=size: in_batches(tokenizer.encode_batch, size)
    yield "encode", "encoding", lambda: [tokenizer.encode(line, add_special_tokens=False) for line in lines]


def compare_speed(lines, merle, tokenizer):
    megabytes = sum(len(line.encode()) for line in lines) / 1e6
    ways = list(peer_ways(tokenizer, lines))
    ours = {"ids": [], "encoding": []}
    theirs = {name: [] for name, _, _ in ways}
    for _ in range(ROUNDS):
        for name, beside, work in ways:
            theirs[name].append(cpu_seconds(work))
            ours[beside].append(merle.ask(beside))
    print(f"\n| MB/s of one thread, {megabytes:.1f} MB | Merle | tokenizers | ratio |\n|---|--:|--:|--:|")
    for beside, seconds in ours.items():
        best, name = min((min(theirs[name]), name) for name, other, _ in ways if other == beside)
        rate, peer_rate = megabytes / min(seconds), megabytes / best
        print(f"| {beside}; peer: {name} | {rate:.0f} | {peer_rate:.2f} | **{rate / peer_rate:.0f}** |")


def compare_loading(model, merle):
    seconds = min(cpu_seconds(lambda: Tokenizer.from_file(str(model / "tokenizer.json"))) for _ in range(ROUNDS))
    print(f"\nLoading: Merle {merle.ask('load') * 1e3:.1f} ms, tokenizers {seconds * 1e3:.1f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--corpus", type=pathlib.Path, required=True)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--timed-lines", type=int, default=20_000)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/bench/benchmarks/tokenizers/tokenizer_bench")
    options = parser.parse_args()
    tokenizer = Tokenizer.from_file(str(options.model / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    corpus = corpus_lines(options.corpus, options.lines)
    passed = True
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        print("| ids | texts | tokens | texts that differ |\n|---|--:|--:|--:|")
        for name, lines in (("corpus lines", corpus), ("random texts", random_texts(options.lines // 10))):
            merle = Merle(options.program, options.model, lines, folder)
            different, tokens = count_differences(lines, merle, tokenizer, folder)
            print(f"| {name} | {len(lines)} | {tokens} | {different} |", flush=True)
            passed &= different == 0
            merle.close()
        timed = corpus[: options.timed_lines]
        merle = Merle(options.program, options.model, timed, folder)
        compare_speed(timed, merle, tokenizer)
        compare_loading(options.model, merle)
        merle.close()
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
