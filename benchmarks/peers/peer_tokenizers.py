"""Hugging Face `tokenizers` alone, on one thread: encode_batch, and encode_batch_fast, which leaves out the offsets.

Answers `load NAME FILE` and `tokenize NAME METHOD`; embed_bench answers the same for Merle. The check is equal where
the ids of all texts are.
"""

import pathlib
import time

import numpy as np

from contender import Texts, answer, arguments


class Contender:
    def __init__(self, model: pathlib.Path):
        self.tokenizer = Texts(model).tokenizer
        self.tokenizer.no_truncation()
        self.sets = {}

    def load(self, name: str, path: str) -> dict:
        self.sets[name] = pathlib.Path(path).read_text(encoding="utf-8").split("\n")[:-1]
        return {"texts": len(self.sets[name])}

    def tokenize(self, name: str, method: str) -> dict:
        start = time.perf_counter()
        encodings = getattr(self.tokenizer, method)(self.sets[name])
        seconds = time.perf_counter() - start
        ids = np.concatenate([np.array(encoding.ids, np.uint64) for encoding in encodings])
        check = (ids * np.arange(1, len(ids) + 1, dtype=np.uint64)).sum(dtype=np.uint64)
        return {"seconds": seconds, "tokens": len(ids), "check": int(check)}


if __name__ == "__main__":
    answer(Contender(arguments().model), ("load", "tokenize"))
