"""The input sets of the end-to-end benchmark, made from the sample and, where it is there, STS-B."""

import json
import pathlib
import random
import re
from dataclasses import dataclass

from tokenizers import Tokenizer

LONG_TOKENS = 256
ONE_TEXTS = 100
SENTENCE_CHARACTERS = (30, 150)


@dataclass
class InputSet:
    name: str
    source: str
    texts: list[str]
    tokens: list[int]  # Of each text, with [CLS] and [SEP], after the model's cut.

    def write(self, folder: pathlib.Path) -> pathlib.Path:
        path = folder / f"{self.name}.jsonl"
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in self.texts), encoding="utf-8")
        return path

    def flops(self, config: dict) -> int:
        """Floating-point operations of the model's matrix products; see `FLOPS_FORMULA`."""
        hidden, inner, layers = config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"]
        matrices = layers * 2 * (4 * hidden**2 + 2 * hidden * inner)
        attention = layers * 2 * 2 * hidden
        return sum(n * matrices + n * n * attention for n in self.tokens)


FLOPS_FORMULA = "layers * (2 * n * (4 h^2 + 2 h i) + 4 * n^2 * h) for a text of n tokens, hidden size h, inner size i"


def sentences_of(passages: list[str]) -> list[str]:
    """Cuts after a full stop before a capital; keeps what has the length of a plain sentence."""
    pieces = [piece for passage in passages for piece in re.split(r"(?<=[a-z)]\.)\s+(?=[A-Z])", passage)]
    low, high = SENTENCE_CHARACTERS
    return list(dict.fromkeys(piece for piece in pieces if low <= len(piece) <= high))


def long_texts(passages: list[str], count: int, count_tokens) -> list[str]:
    """Joins neighbouring passages until there are LONG_TOKENS tokens before the model's cut."""
    texts, now = [], ""
    for passage in passages:
        now = f"{now} {passage}".strip()
        if count_tokens(now) >= LONG_TOKENS:
            texts.append(now)
            now = ""
        if len(texts) == count:
            break
    return texts


def make_inputs(model: pathlib.Path, sample: pathlib.Path, stsb: list[str] | None, scale: float) -> list[InputSet]:
    """Returns short, mixed, long, and one: texts of short to embed one at a time. `scale` 1 is the full size; `stsb` are sentences."""
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    limit = json.loads((model / "sentence_bert_config.json").read_text())["max_seq_length"]

    def count_tokens(text: str) -> int:
        return len(tokenizer.encode(text).ids)

    with open(sample, encoding="utf-8") as lines:
        passages = [json.loads(line)["text"] for line in lines]
    dice = random.Random(3)
    sentences = sentences_of(passages)
    if stsb:
        short, short_source = stsb, "unique sentences of STS-B dev"
    else:
        short, short_source = sentences, "sentences of the sample"
    half = round(100 * scale)
    mixed = dice.sample(passages, half) + dice.sample(sentences, half)
    dice.shuffle(mixed)
    short = dice.sample(short, round(400 * scale))
    sets = [
        ("short", short_source, short),
        ("mixed", "passages of the sample and single sentences of it, half each", mixed),
        ("long", f"passages of the sample joined to at least {LONG_TOKENS} tokens",
         long_texts(passages, round(48 * scale), count_tokens)),
        ("one", "the first of short, one call each", short[:ONE_TEXTS]),
    ]
    return [InputSet(name, source, texts, [min(count_tokens(text), limit) for text in texts])
            for name, source, texts in sets]
