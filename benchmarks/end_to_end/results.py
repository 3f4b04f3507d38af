"""What a run measured, by entrant: medians, cosines, settings."""

import json
import statistics
from collections import defaultdict


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


class Results:
    """Keys are slugs of entrants, names of input sets and numbers of threads."""

    def __init__(self):
        self.rates = defaultdict(list)  # slug, set, threads: texts/s of each round
        self.latencies = defaultdict(list)  # slug, threads: seconds of each text
        self.settings = {}  # slug, set, threads: [engine, batch size], None for Merle
        self.read_otherwise = {}  # slug, input: texts whose vectors show other tokens
        self.cosines = {}  # slug: (mean, worst) to Merle f32
        self.spearman = {}  # slug: 100 times Spearman's rank correlation on STS-B dev
        self.starts = defaultdict(list)  # slug: {"seconds", "memory_mb"} of each run
        self.peaks = {}  # threads: what machine_peaks printed, the best of its runs
        self.tokenizers = defaultdict(list)  # name: 10^6 bytes/s of each round
        self.skipped = []  # Entrants that could not run.

    def rate(self, slug: str, name: str, threads: int) -> float | None:
        rates = self.rates.get((slug, name, threads))
        return statistics.median(rates) if rates else None

    def latency(self, slug: str, threads: int, share: float) -> float | None:
        """Milliseconds."""
        seconds = self.latencies.get((slug, threads))
        return 1000 * percentile(seconds, share) if seconds else None

    def first_vector(self, slug: str) -> float | None:
        """Milliseconds, without the first run, which fills the page cache."""
        runs = self.starts[slug][1:]
        return 1000 * statistics.median(run["seconds"] for run in runs) if runs else None

    def memory_mb(self, slug: str) -> float | None:
        return self.starts[slug][-1]["memory_mb"] if self.starts[slug] else None

    def add_peaks(self, lines: str) -> None:
        for line in lines.splitlines():
            new = json.loads(line)
            old = self.peaks.get(new["threads"], new)
            self.peaks[new["threads"]] = {name: max(value, old[name]) for name, value in new.items()}

    def spread(self) -> float:
        """Middle half of the rounds, as a share of the median; the worst over all rows."""
        return max(((percentile(rates, 0.75) - percentile(rates, 0.25)) / statistics.median(rates)
                    for rates in self.rates.values()), default=0.0)
