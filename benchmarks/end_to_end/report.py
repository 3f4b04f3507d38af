"""Turns what was measured into the Markdown tables of benchmarks/results/."""

import datetime
import importlib.metadata
import json
import os
import platform
import re
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from entrants import ENTRANTS, GROUPS
from exports import ROOT
from inputs import FLOPS_FORMULA

QUICK = "A quick run, for orientation: little input, few rounds, and PyTorch without torch.compile.\n\n"
PACKAGES = ("torch", "transformers", "sentence-transformers", "onnxruntime", "openvino", "nncf", "llama-cpp-python",
            "gguf", "tokenizers", "numpy")
PEAKS = {"f32": "FMA", "bf16": "vdpbf16ps", "int8": "VNNI"}


@dataclass
class Column:
    head: str
    value: Callable[[str], float | None]  # Of a slug.
    form: str
    better: int = 0  # 1: more is better; -1: less is; 0: no ratio.
    at_peak: Callable[[str], float | None] = lambda group: None  # What the group's peak would give.

    def ratio(self, merle: str, peers: list[str]) -> str:
        """Of Merle to the best peer: above 1 Merle is faster, or smaller."""
        ours = self.value(merle)
        values = [value for value in map(self.value, peers) if value]
        if not (self.better and ours and values):
            return ""
        return f"**{ours / max(values) if self.better > 0 else min(values) / ours:.2f}**"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def cell(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def flops_a_text(inputs, options) -> float:
    config = json.loads((options.model / "config.json").read_text())
    return inputs.flops(config) / len(inputs.texts)


def rate_columns(results, sets, options) -> list[Column]:
    columns = []
    for inputs in (inputs for inputs in sets if inputs.name != "one"):
        flops = flops_a_text(inputs, options)
        for n in options.threads:
            columns.append(Column(
                f"{inputs.name}, {n} thr.", lambda slug, name=inputs.name, n=n: results.rate(slug, name, n), ".1f", 1,
                lambda group, flops=flops, n=n: results.peaks[n][group] / flops))
    return columns


def main_columns(results, sets, options) -> list[Column]:
    columns = rate_columns(results, sets, options)
    if "one" in options.only:
        for n in options.threads:
            for label, share in (("median", 0.5), ("p95", 0.95)):
                columns.append(Column(f"one text, {n} thr., {label}, ms",
                                      lambda slug, n=n, share=share: results.latency(slug, n, share), ".2f", -1))
    if "start" in options.only:
        columns.append(Column("process start to first vector, ms", results.first_vector, ".0f", -1))
    columns.append(Column("peak resident memory, MB", results.memory_mb, ".0f", -1))
    for place, label in enumerate(("mean", "worst")):
        columns.append(Column(f"{label} cosine to f32",
                              lambda slug, place=place: results.cosines.get(slug, (None, None))[place], ".6f"))
    columns.append(Column("STS-B dev", results.spearman.get, ".2f"))
    return columns


def main_table(results, sets, options) -> str:
    columns = main_columns(results, sets, options)
    rows = []
    for group in GROUPS:
        members = [entrant for entrant in options.entrants if entrant.group == group]
        for entrant in members:
            rows.append([entrant.name, *(cell(column.value(entrant.slug), column.form) for column in columns)])
        rows += [[f"{entrant.name}: skipped", *("–" for _ in columns)] for entrant in results.skipped
                 if entrant.group == group]
        for merle in (entrant for entrant in members if entrant.is_merle):
            peers = [entrant.slug for entrant in members if not entrant.is_merle]
            if peers:
                rows.append([f"**{merle.name} / best peer of {GROUPS[group]}**",
                             *(column.ratio(merle.slug, peers) for column in columns)])
        if members and columns[0].at_peak(group):
            peaks = (column.at_peak(group) for column in columns)
            rows.append([f"the CPU's {PEAKS[group]} peak allows",
                         *("" if peak is None else f"{peak:.0f}" for peak in peaks)])
    return table(["texts/s", *(column.head for column in columns)], rows)


def share_table(results, sets, options) -> str:
    timed = [inputs for inputs in sets if inputs.name != "one"]
    rows = []
    for entrant in options.entrants:
        cells = []
        for inputs in timed:
            for n in options.threads:
                rate, peak = results.rate(entrant.slug, inputs.name, n), results.peaks[n][entrant.group]
                done = rate and rate * flops_a_text(inputs, options)
                share = f" ({100 * done / peak:.0f} %)" if done and peak else ""
                cells.append(f"{done * 1e-9:.0f}{share}" if done else "–")
        rows.append([entrant.name, *cells])
    heads = [f"{inputs.name}, {n} thr." for inputs in timed for n in options.threads]
    return table(["GOP/s (share of the peak of this arithmetic)", *heads], rows) if heads else ""


def machine_table(results) -> str:
    names = {"f32": "FMA float32, GFLOP/s", "bf16": "vdpbf16ps, GFLOP/s", "int8": "VNNI, GOP/s",
             "read": "memory read, GB/s", "copy": "memory copied (read + written), GB/s"}
    rows = [[f"{n} thr.", *(f"{peaks[name] * 1e-9:.0f}" if peaks[name] else "not there" for name in names)]
            for n, peaks in sorted(results.peaks.items())]
    return table(["measured peaks of the CPU", *names.values()], rows)


def tokenizer_table(results) -> str:
    if not results.tokenizers:
        return ""
    rates = {name: statistics.median(values) for name, values in results.tokenizers.items()}
    ratio = rates["Merle"] / max(rate for name, rate in rates.items() if name != "Merle")
    row = ["WordPiece, 1 thr., the sample's passages", *(f"{rate:.2f}" for rate in rates.values()), f"**{ratio:.1f}**"]
    heads = ["Merle", *(f"tokenizers {name}" for name in rates if name != "Merle")]
    return table(["10^6 bytes/s, equal ids", *heads, "Merle / best peer"], [row]) + "\n"


def settings_table(results, sets, options) -> str:
    keys = [(inputs.name, n) for inputs in sets for n in options.threads]
    rows = []
    for entrant in options.entrants:
        found = [results.settings.get((entrant.slug, *key)) for key in keys]
        if any(found):
            rows.append([entrant.name, *("; ".join(map(str, setting)) if setting else "–" for setting in found)])
    return table(["best engine; batch size", *(f"{name}, {n} thr." for name, n in keys)], rows) if rows else ""


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


def read_otherwise(results) -> str:
    names = {entrant.slug: entrant.name for entrant in ENTRANTS}
    counts = [f"{names[slug]} {count} of {name}" for (slug, name), count in results.read_otherwise.items()]
    return f" Texts that a peer's own tokenizer reads otherwise: {', '.join(counts)}." if counts else ""


def report(results, sets, options) -> str:
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    inputs = "\n".join(
        f"- {inputs.name}: {len(inputs.texts)} texts, {statistics.mean(inputs.tokens):.1f} tokens on average "
        f"({min(inputs.tokens)} to {max(inputs.tokens)}); {inputs.source}" for inputs in sets)
    compiler = subprocess.run(["c++", "--version"], capture_output=True, text=True).stdout.splitlines()[0]
    return f"""# Merle and its peers, {datetime.date.today()}

all-MiniLM-L6-v2, from UTF-8 in memory to normalized float32 vectors in memory.

{main_table(results, sets, options)}
Memory: of a process that embeds one text. Cosines: over the texts of mixed, at the setting used for them. STS-B dev:
Spearman times 100. The peak's row: texts/s if all matrix products ran at the CPU's peak in this arithmetic.{read_otherwise(results)}

{tokenizer_table(results)}{machine_table(results)}
{share_table(results, sets, options)}
Operations: {FLOPS_FORMULA}.

## Inputs

{inputs}

## Settings

{QUICK if options.quick else ""}Every peer sorts by tokens and runs at the best of the batch sizes 1 to 64 and of its engines, chosen for each
column before the rounds. N streams: N batches at once, one thread each. All take turns in every round, on the same
cores; {options.rounds} rounds, medians. The middle half of the rounds spreads over at most {100 * results.spread():.0f} % of the median (worst
row).

{settings_table(results, sets, options)}
## Machine and versions

- CPU: {cpu_model()}, {len(os.sched_getaffinity(0))} cores usable
- kernel: {platform.system()} {platform.release()}
- Merle: {revision()}, {compiler}
- Python {platform.python_version()}, {versions}
- load before the run (1, 5, 15 minutes): {", ".join(f"{load:.2f}" for load in options.load)}
- command: `{" ".join(["benchmarks/run", *options.words])}`
"""


def write_report(text: str, options) -> None:
    options.output.mkdir(parents=True, exist_ok=True)
    slug = re.sub(r"[^a-z0-9]+", "-", cpu_model().lower()).strip("-")
    quick = "-quick" if options.quick else ""
    path = options.output / f"{datetime.date.today()}-{slug}{quick}.md"
    path.write_text(text, encoding="utf-8")
    print(f"written to {path}", file=sys.stderr)
