"""Turns what was measured into the Markdown table of benchmarks/results/."""

import datetime
import importlib.metadata
import json
import os
import platform
import re
import statistics
import subprocess
import sys
from collections import defaultdict

from contenders import MERLE, PEERS, ROOT
from inputs import FLOPS_FORMULA

QUICK = "A quick run, for orientation: little input, few rounds, and PyTorch without torch.compile.\n\n"
PACKAGES = ("torch", "transformers", "sentence-transformers", "onnxruntime", "openvino", "tokenizers", "numpy")


class Results:
    def __init__(self):
        self.rates = defaultdict(list)  # (contender, set, threads): texts/s of each round
        self.latencies = defaultdict(list)  # (contender, threads): seconds of each text
        self.settings = {}  # (contender, set or "one", threads): text
        self.agreement = {}  # peer: (largest difference, smallest cosine)
        self.start_up = {}  # contender: seconds, memory_mb
        self.fma_peak = None  # GFLOP/s of a core

    def add_agreement(self, peer: str, difference: float, cosine: float) -> None:
        worst = self.agreement.get(peer, (0.0, 1.0))
        self.agreement[peer] = (max(worst[0], difference), min(worst[1], cosine))


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def names(results, options) -> list[str]:
    return [name for name in (MERLE, *PEERS) if name in options.only]


def comparison_row(label: str, values: dict[str, float], form: str, more_is_better: bool) -> list[str]:
    """A row of values, and Merle's ratio to the best peer: above 1 Merle is faster, or smaller."""
    row = [label] + [format(value, form) for value in values.values()]
    peers = [value for name, value in values.items() if name != MERLE]
    if MERLE in values and peers:
        ratio = values[MERLE] / max(peers) if more_is_better else min(peers) / values[MERLE]
        row.append(f"**{ratio:.2f}**")
    return row


def throughput(results, sets, options) -> str:
    rows = []
    for inputs in sets:
        for threads in options.threads:
            values = {name: statistics.median(results.rates[name, inputs.name, threads])
                      for name in names(results, options)}
            rows.append(comparison_row(f"{inputs.name}, {threads} thr.", values, ".1f", True))
    return table(["texts/s, median", *names(results, options), "Merle / best peer"], rows)


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def latency(results, options) -> str:
    rows = []
    for threads in options.threads:
        for label, share in (("median", 0.5), ("p95", 0.95)):
            values = {name: 1000 * percentile(results.latencies[name, threads], share)
                      for name in names(results, options)}
            rows.append(comparison_row(f"{label}, {threads} thr.", values, ".2f", False))
    return table(["ms for one short text", *names(results, options), "best peer / Merle"], rows)


def start_up(results, options) -> str:
    seconds = {name: 1000 * results.start_up[name]["seconds"] for name in names(results, options)}
    memory = {name: results.start_up[name]["memory_mb"] for name in names(results, options)}
    rows = [comparison_row("start to end with one vector, ms", seconds, ".0f", False),
            comparison_row("peak of resident memory, MB", memory, ".0f", False)]
    return table(["process for one text", *names(results, options), "best peer / Merle"], rows)


def share_of_peak(results, sets, options) -> str:
    config = json.loads((options.model / "config.json").read_text())
    rows = []
    for inputs in sets:
        flops = inputs.flops(config) / len(inputs.texts)
        for threads in options.threads:
            cells = []
            for name in names(results, options):
                gflops = statistics.median(results.rates[name, inputs.name, threads]) * flops * 1e-9
                share = f" ({100 * gflops / (results.fma_peak * threads):.0f} %)" if results.fma_peak else ""
                cells.append(f"{gflops:.0f}{share}")
            rows.append([f"{inputs.name}, {threads} thr.", *cells])
    return table(["GFLOP/s (share of peak)", *names(results, options)], rows)


def settings(results, sets, options) -> str:
    rows = []
    for name in ("short", "mixed", "long", "one"):
        for threads in options.threads:
            cells = [results.settings[peer, name, threads] for peer in names(results, options) if peer != MERLE]
            rows.append([f"{name}, {threads} thr.", *cells])
    return table(["best setting", *(name for name in names(results, options) if name != MERLE)], rows)


def spread(results) -> float:
    """Middle half of the rounds, as a share of the median; the worst over all rows."""
    worst = 0.0
    for rates in results.rates.values():
        worst = max(worst, (percentile(rates, 0.75) - percentile(rates, 0.25)) / statistics.median(rates))
    return worst


def cpu_model() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        fields = dict(line.split(":", 1) for line in info if ":" in line)
    fields = {key.strip(): value.strip() for key, value in fields.items()}
    name = fields.get("model name", platform.machine())
    return f"{name} (family {fields.get('cpu family')}, model {fields.get('model')})"


def revision() -> str:
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def write_report(results, sets, options) -> None:
    cpu = cpu_model()
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    agreement = "; ".join(f"{peer}: {difference:.1e}, {1 - cosine:.1e}"
                          for peer, (difference, cosine) in results.agreement.items())
    average = "\n".join(
        f"- {inputs.name}: {len(inputs.texts)} texts, {statistics.mean(inputs.tokens):.1f} tokens on average "
        f"({min(inputs.tokens)} to {max(inputs.tokens)}); {inputs.source}" for inputs in sets)
    peak = f"{results.fma_peak:.0f} GFLOP/s a core" if results.fma_peak else "not measured"
    compiler = subprocess.run(["c++", "--version"], capture_output=True, text=True).stdout.splitlines()[0]
    text = f"""# Merle and its peers, {datetime.date.today()}

all-MiniLM-L6-v2 in float32, from UTF-8 in memory to normalized vectors in memory.

{throughput(results, sets, options)}
{latency(results, options)}
{start_up(results, options)}
{share_of_peak(results, sets, options)}
FLOPs: {FLOPS_FORMULA}. FMA peak: {peak}.

## Inputs

{average}
- one short text: the first {min(100, len(sets[0].texts))} of short, one call each

## Settings

{QUICK if options.quick else ""}Every peer sorts by tokens, pads each batch to its longest text, and runs at the best of the batch sizes 1 to 64 and
of its engines, chosen for each row before the rounds. N streams: N batches at once, one thread each. All
contenders take turns in every round, on the same cores; {options.rounds} rounds, medians.
The middle half of the rounds spreads over at most {100 * spread(results):.0f} % of the median (worst row).

{settings(results, sets, options)}
Vectors against Merle's, all sets (largest difference of a component, 1 - smallest cosine): {agreement or "not compared"}.

## Machine and versions

- CPU: {cpu}, {len(os.sched_getaffinity(0))} cores usable
- kernel: {platform.system()} {platform.release()}
- Merle: {revision()}, {compiler}
- Python {platform.python_version()}, {versions}
- load before the run (1, 5, 15 minutes): {", ".join(f"{load:.2f}" for load in options.load)}
- command: `benchmarks/run {" ".join(options.words)}`
"""
    options.output.mkdir(parents=True, exist_ok=True)
    slug = re.sub(r"[^a-z0-9]+", "-", cpu.lower()).strip("-")
    quick = "-quick" if options.quick else ""
    path = options.output / f"{datetime.date.today()}-{slug}{quick}.md"
    path.write_text(text, encoding="utf-8")
    print(text)
    print(f"written to {path}", file=sys.stderr)
