#!/usr/bin/env python3
"""Compares the built command with the live reference packages and prints the README's parity table.

  python3 tests/parity/parity.py --merle build/merle --minilm FOLDER [--data DIR] [--corpus-lines N]

run it in a venv with tools/requirements-oracle.txt, from the root of the repository (`make test-long` does).
Vectors: `merle embed` against SentenceTransformer.encode (float32, CPU) on the hard texts, the sample and,
with --data, the sentences of the STS Benchmark's dev set. Tokens: `merle tokenize` (with special tokens,
nothing cut) against the tokenizers package on the hard texts and, with --data, N lines of the corpus: 20,000, or
as many as you have time for (a million take half an hour).
DIR holds sts/stsbenchmark/sts-dev.csv and corpus/wikipedia-en-2014.jsonl.xz; without it, or where a file is
missing, those sets are skipped and the table says so.

Exits with 1 if a component differs by more than 1e-5, a cosine is below 0.999999 or a token differs.
"""

import argparse
import itertools
import json
import lzma
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np  # noqa: E402
import torch  # noqa: E402
from sentence_transformers import SentenceTransformer  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

MAX_DIFFERENCE = 1e-5
MIN_COSINE = 0.999999
CORPUS_LINES = 20000
CORPUS_STRIDE = 20  # One article in twenty, so that so many lines come from all over the corpus.
LINES_AT_ONCE = 20000  # What one run of the command gets; bounds the memory.
SHOWN = 3  # Differences printed of each set.


def expand(text):
    """Returns the string that a list of [STRING, COUNT] of the golden files stands for."""
    return text if isinstance(text, str) else "".join(piece * count for piece, count in text)


def hard_texts():
    """Returns the texts of the golden files, each once."""
    golden = pathlib.Path("tests/golden")
    paths = [golden / "embedding/all-MiniLM-L6-v2/texts.jsonl", golden / "tokenizers/all-MiniLM-L6-v2/cases.jsonl"]
    lines = itertools.chain.from_iterable(path.read_text(encoding="utf-8").splitlines() for path in paths)
    return list(dict.fromkeys(expand(json.loads(line)["text"]) for line in lines))


def sample_texts(path):
    return [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]


def sts_sentences(path):
    """Returns both sentences of each row: columns 6 and 7, separated by tabs, no quoting."""
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").split("\n") if line]
    return [row[column] for row in rows for column in (5, 6)]


def corpus_lines(path, count):
    with lzma.open(path, "rt", encoding="utf-8") as articles:
        chosen = itertools.islice(articles, 0, None, CORPUS_STRIDE if count <= CORPUS_LINES else 1)
        lines = itertools.chain.from_iterable(json.loads(article)["text"].split("\n") for article in chosen)
        return list(itertools.islice(lines, count))


class Command:
    """The built command with one model."""

    def __init__(self, merle, model):
        self.merle, self.model = merle, model

    def run(self, name, texts, *arguments):
        """Runs `merle NAME` over the texts as JSONL and returns its standard output."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "texts.jsonl"
            path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="ascii")
            command = [self.merle, name, "-m", self.model, "-i", path, "--field", "text", *arguments]
            done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}\nexited with {done.returncode}: {done.stderr.decode(errors='replace')}")
        return done.stdout

    def embed(self, texts):
        with tempfile.TemporaryDirectory() as folder:
            output = pathlib.Path(folder) / "vectors.npy"
            self.run("embed", texts, "-o", output, "-q")
            return np.load(output)

    def tokenize(self, texts):
        # Split at the line feed only: a token may hold U+2028.
        return [json.loads(line) for line in self.run("tokenize", texts, "--json").decode().rstrip("\n").split("\n")]


def compare_vectors(name, texts, command, reference):
    """Prints a row of the table and says whether the set passes."""
    expected = reference.encode(texts, show_progress_bar=False).astype(np.float64)
    actual = command.embed(texts)
    if actual.shape != expected.shape:
        print(f"| {name} | {len(texts)} | shape {actual.shape}, expected {expected.shape} | |")
        return False
    actual = actual.astype(np.float64)
    differences = np.abs(actual - expected).max(axis=1)
    norms = np.linalg.norm(actual, axis=1) * np.linalg.norm(expected, axis=1)
    cosines = (actual * expected).sum(axis=1) / norms
    print(f"| {name} | {len(texts)} | {differences.max():.1e} | {cosines.min():.9f} |")
    # Written so that a NaN fails.
    bad = [i for i in range(len(texts)) if not (differences[i] <= MAX_DIFFERENCE and cosines[i] >= MIN_COSINE)]
    for i in bad[:SHOWN]:
        print(f"{name}: |difference| {differences[i]:.2e}, cosine {cosines[i]:.9f}: {texts[i][:200]!r}", file=sys.stderr)
    return not bad


def compare_tokens(name, texts, command, tokenizer):
    """Prints a row of the table and says whether all ids, tokens and offsets agree."""
    tokens = bad = 0

    def pairs():
        for first in range(0, len(texts), LINES_AT_ONCE):
            part = texts[first : first + LINES_AT_ONCE]
            yield from zip(part, command.tokenize(part), tokenizer.encode_batch(part), strict=True)

    for text, line, encoding in pairs():
        expected = {"ids": encoding.ids, "tokens": encoding.tokens, "offsets": [list(offset) for offset in encoding.offsets]}
        tokens += len(encoding.ids)
        for key, value in expected.items():
            if line[key] != value:
                bad += 1
                if bad <= SHOWN:
                    print(f"{name}: {key} of {text[:200]!r}\n  expected {str(value)[:300]}\n  found    {str(line[key])[:300]}", file=sys.stderr)
                break
    print(f"| {name} | {len(texts)} | {tokens} | {bad} |")
    return bad == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--merle", type=pathlib.Path, default=pathlib.Path("build/merle"))
    parser.add_argument("--minilm", type=pathlib.Path, required=True, help="the folder of all-MiniLM-L6-v2")
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--corpus-lines", type=int, default=CORPUS_LINES, metavar="N")
    parser.add_argument("--sample", type=pathlib.Path, default=pathlib.Path("sample/wikipedia.jsonl"))
    arguments = parser.parse_args()
    if not arguments.merle.exists():
        sys.exit(f"{arguments.merle} does not exist: run `make build` first")

    skipped = []

    def from_data(relative, read):
        """Returns what `read` makes of a file of --data, or None, with the reason noted."""
        if arguments.data is None:
            skipped.append(f"{relative}: no --data DIR given")
        elif not (arguments.data / relative).exists():
            skipped.append(f"{relative}: not in {arguments.data}")
        else:
            return read(arguments.data / relative)
        return None

    def read_corpus(path):
        return corpus_lines(path, arguments.corpus_lines)

    command = Command(arguments.merle.resolve(), arguments.minilm)
    hard = hard_texts()
    vector_sets = {
        "hard texts": hard,
        "sample": sample_texts(arguments.sample),
        "STS-B dev sentences": from_data("sts/stsbenchmark/sts-dev.csv", sts_sentences),
    }
    token_sets = {"hard texts": hard, "corpus lines": from_data("corpus/wikipedia-en-2014.jsonl.xz", read_corpus)}
    passed = True

    reference = SentenceTransformer(str(arguments.minilm), device="cpu", model_kwargs={"dtype": torch.float32})
    print("| vectors of all-MiniLM-L6-v2 | texts | largest difference | smallest cosine |\n|---|--:|--:|--:|")
    for name, texts in vector_sets.items():
        passed &= texts is None or compare_vectors(name, texts, command, reference)

    tokenizer = Tokenizer.from_file(str(arguments.minilm / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    print("\n| tokens of all-MiniLM-L6-v2 | texts | tokens | texts that differ |\n|---|--:|--:|--:|")
    for name, texts in token_sets.items():
        passed &= texts is None or compare_tokens(name, texts, command, tokenizer)

    for reason in skipped:
        print(f"\nSkipped: {reason}")
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
