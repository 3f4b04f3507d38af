"""How far an entrant's vectors are from float32's, and what they are worth: cosines, and STS-B."""

import pathlib

import numpy as np
from scipy.stats import spearmanr


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    a, b = a.astype(np.float64), b.astype(np.float64)
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


class StsPairs:
    """An STS-B file: tab-separated, score in column 5, sentences in 6 and 7."""

    def __init__(self, path: pathlib.Path):
        rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
        rows = [row for row in rows if len(row) >= 7]
        self.scores = [float(row[4]) for row in rows]
        self.sentences = list(dict.fromkeys(sentence for row in rows for sentence in row[5:7]))
        places = {sentence: place for place, sentence in enumerate(self.sentences)}
        self.first = [places[row[5]] for row in rows]
        self.second = [places[row[6]] for row in rows]

    def spearman(self, vectors: np.ndarray) -> float:
        """Rank correlation, times 100, of the people's scores and the cosines; `vectors` are of self.sentences."""
        return 100 * spearmanr(self.scores, cosines(vectors[self.first], vectors[self.second])).statistic
