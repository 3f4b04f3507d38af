"""Turns what benchmarks/serve measured into the Markdown of benchmarks/results/."""

import datetime
import importlib.metadata
import os
import platform
import re
import statistics
import subprocess
import sys

from report import cpu_model, revision, table
from scenarios import CLIENTS, MEMORY_STEPS, MOST_CONNECTIONS, SLOW
from servers import MERLE_KIND

MERLE = MERLE_KIND.name
PACKAGES = ("torch", "sentence-transformers", "fastapi", "uvicorn", "llama-cpp-python")


def servers_of(results) -> list[str]:
    return list(dict.fromkeys(name for name, _ in results.rates if name != "library"))


def throughput_table(results, sets) -> str:
    if not results.rates["library", sets[0].name]:
        return ""
    peers = [name for name in servers_of(results) if name != MERLE]
    rows = [["Merle's library, the texts in memory", *(f"{results.rate('library', s.name):.0f}" for s in sets)]]
    rows += [[name, *(f"{results.rate(name, s.name):.0f}" for s in sets)] for name in (MERLE, *peers)]
    rows += [[f"{name}: skipped", *("–" for _ in sets)] for name in results.skipped]
    rows.append(["**Merle's server / library**", *(paired_ratio(results, s.name) for s in sets)])
    if peers:
        rows.append(["**Merle / best peer**", *(
            f"**{results.rate(MERLE, s.name) / max(results.rate(name, s.name) for name in peers):.2f}**"
            for s in sets)])
    heads = [f"{s.name.split('-')[0]}, {s.each} a request" for s in sets]
    costs = [[name, *(f"{1000 * statistics.median(results.cpu[name, s.name]):.2f}" for s in sets)]
             for name in ("library", MERLE, *peers)]
    return (table([f"texts/s, {CLIENTS} clients", *heads], rows) + "\n" +
            table(["CPU ms a text, all cores", *heads], costs) + "\n")


def paired_ratio(results, name: str) -> str:
    """The median of the rounds' ratios: noise that lasts for a round does not count."""
    pairs = zip(results.rates[MERLE, name], results.rates["library", name])
    return f"**{statistics.median(ours / library for ours, library in pairs):.3f}**"


def latency_table(results) -> str:
    rows = []
    for name, rounds in results.latencies.items():
        p50, p99 = (statistics.median(answer[key] for answer in rounds if key in answer) for key in ("p50", "p99"))
        rows.append([name, f"{results.latency_rates[name]:.0f}", f"{p50:.1f}", f"{p99:.1f}", f"{p99 / p50:.1f}",
                     f"{sum(answer['other'] for answer in rounds)}"])
    heads = ["one short text a request, at 80 % of the server's own rate above", "requests/s", "p50, ms", "p99, ms",
             "p99 / p50", "not answered with 200"]
    return table(heads, rows) + "\n" if rows else ""


def overload_table(results) -> str:
    rows = []
    for name, answer in results.overload.items():
        times = answer["milliseconds"]
        ok, refused = times.get("200", {}), times.get("429", {})
        other = {status: count for status, count in answer["status"].items() if status not in ("200", "429")}
        rows.append([name, f"{answer['rate']:.0f}", str(answer["status"].get("200", 0)), f"{ok.get('p99', 0):.0f}",
                     str(answer["status"].get("429", 0)), f"{refused.get('p50', 0):.1f}",
                     f"{refused.get('p99', 0):.1f}", f"{refused.get('max', 0):.1f}", str(other or "none"),
                     f"{answer['cpu_share']:.2f}"])
    heads = [f"Merle at 10 times its rate, {MOST_CONNECTIONS} connections", "requests/s", "accepted", "p99, ms",
             "refused", "p50, ms", "p99, ms", "longest, ms", "other", "cores of the generator"]
    return table(heads, rows) + "\n" if rows else ""


def stress_lines(results) -> list[str]:
    lines = []
    if results.slow:
        alone, among = results.slow["alone"], results.slow["among"]
        lines.append(f"p99 of honest clients at half load: {alone:.1f} ms alone, {among:.1f} ms among {SLOW} idle or "
                     f"slow connections: {among / alone:.2f} times.")
    for answer in results.sigterm or ():
        lines.append(f"SIGTERM under load: of the requests under way (status: count; 0 is none) {answer['under_way']}; "
                     f"exit status {answer['exit']} after {answer['seconds']:.1f} s.")
    if results.memory:
        sizes = ", ".join(f"{size:.0f}" for size in results.memory)
        lines.append(f"Resident memory, MB, at the start and after each of {MEMORY_STEPS} equal parts of the requests: "
                     f"{sizes}.")
    return lines


def version(package: str) -> str:
    try:
        return f"{package} {importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        return f"{package} not there"


def report(results, sets, texts, options) -> str:
    compiler = subprocess.run(["c++", "--version"], capture_output=True, text=True).stdout.splitlines()[0]
    inputs = "\n".join(
        f"- {name}: {len(texts[name].texts)} texts, {statistics.mean(texts[name].tokens):.1f} tokens on average; "
        f"{texts[name].source}" for name in ("short", "mixed"))
    share = f"{statistics.median(results.generator):.2f}" if results.generator else "–"
    skipped = "".join(f"- {name}: skipped: {why}\n" for name, why in results.skipped.items())
    return f"""# merle serve and other servers, {datetime.date.today()}

all-MiniLM-L6-v2 in float32, OpenAI's /v1/embeddings with base64, over loopback. Servers and load generator share
the cores.

{throughput_table(results, sets)}{latency_table(results)}{overload_table(results)}
{"".join(f"- {line}{chr(10)}" for line in stress_lines(results))}
## How

{CLIENTS} clients: each asks again when it was answered. At 80 %: requests come at random times (Poisson), latency counts from
then. All servers are started before the first round, are warm, and take turns in every round; {options.rounds} rounds of
{options.seconds:g} s, medians; {options.threads} threads each. While Merle's throughput was measured the load generator took
{share} cores.

{inputs}
{skipped}
## Machine and versions

- CPU: {cpu_model()}, {len(os.sched_getaffinity(0))} cores usable
- kernel: {platform.system()} {platform.release()}
- Merle: {revision()}, {compiler}
- Python {platform.python_version()}, {", ".join(map(version, PACKAGES))}
- load before the run (1, 5, 15 minutes): {", ".join(f"{load:.2f}" for load in options.load)}
- command: `{" ".join(["benchmarks/serve", *options.words])}`
"""


def write_report(text: str, options) -> None:
    options.output.mkdir(parents=True, exist_ok=True)
    slug = re.sub(r"[^a-z0-9]+", "-", cpu_model().lower()).strip("-")
    path = options.output / f"{datetime.date.today()}-serve-{slug}{'-quick' if options.quick else ''}.md"
    path.write_text(text, encoding="utf-8")
    print(f"written to {path}", file=sys.stderr)
