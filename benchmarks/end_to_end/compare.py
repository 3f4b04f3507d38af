"""Compares Merle with its peers end to end and writes a table; started by benchmarks/run."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

import numpy as np

from contenders import EMBED_BENCH, Contender, command, first_vector
from entrants import ENTRANTS, REFERENCE
from exports import ROOT, export, minilm
from inputs import ONE_TEXTS, make_inputs
from quality import StsPairs, cosines
from report import report, write_report
from results import Results

DATA = ROOT / "build/bench-data"
SAMPLE = ROOT / "sample/wikipedia.jsonl"
TUNED = DATA / "tuned.json"
PARTS = ("short", "mixed", "long", "one", "start", "tokenizer", "sts")
PAUSE = 0.1  # Seconds of rest before each measurement: the last contender's threads stop spinning.
START_RUNS = 6  # The first fills the page cache.
# An entrant whose vectors are further from Merle's has done other work, and the comparison is void.
LEAST_COSINE = {"f32": 0.99999, "bf16": 0.999, "int8": 0.95}
# Share of the texts that a tokenizer of the peer's own may read otherwise; their number is reported.
MOST_READ_OTHERWISE = 0.02


def log(message: str, detail=None) -> None:
    print(message, file=sys.stderr, flush=True)
    if detail and os.environ.get("MERLE_BENCH_SWEEPS"):
        print("   ", json.dumps(detail), file=sys.stderr)


class Comparison:
    def __init__(self, options, sets, pairs):
        self.options = options
        self.sets = sets  # InputSets that are timed.
        self.pairs = pairs  # StsPairs, or None.
        self.entrants = options.entrants
        self.results = Results()
        self.tuned = json.loads(TUNED.read_text()) if TUNED.exists() else {}

    def measure_peaks(self) -> None:
        program = ROOT / "build/bench/benchmarks/kernels/machine_peaks"
        words = [str(program), *map(str, self.options.threads)]
        self.results.add_peaks(subprocess.run(words, capture_output=True, check=True, text=True).stdout)

    def measure_starts(self) -> None:
        """Also finds out who can't run; his own message stands above."""
        for _ in range(START_RUNS if "start" in self.options.only else 1):
            for entrant in list(self.entrants):
                run = first_vector(entrant, self.options, self.options.threads[-1])
                if run:
                    self.results.starts[entrant.slug].append(run)
                elif entrant == REFERENCE:
                    sys.exit("Merle itself does not run")
                else:
                    log(f"{entrant.name}: skipped")
                    self.results.skipped.append(entrant)
                    self.entrants.remove(entrant)

    def measure_tokenizers(self) -> None:
        path = DATA / "lines.txt"
        texts = [json.loads(line)["text"] for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
        path.write_text("".join(" ".join(text.split()) + "\n" for text in texts), encoding="utf-8")
        model = ["--model", str(self.options.model), "--threads", "1"]
        merle = Contender("Merle", [str(EMBED_BENCH), *model], 1)
        peer = Contender("tokenizers", [sys.executable, str(ROOT / "benchmarks/peers/peer_tokenizers.py"), *model], 1)
        merle.ask("load_lines", "lines", path)
        peer.ask("load", "lines", path)
        asked = {"Merle": (merle, ()), "encode_batch": (peer, ("encode_batch",)),
                 "encode_batch_fast": (peer, ("encode_batch_fast",))}
        for _ in range(self.options.rounds):
            checks = set()
            for name, (contender, method) in asked.items():
                time.sleep(PAUSE)
                answer = contender.ask("tokenize", "lines", *method)
                checks.add(answer["check"])
                self.results.tokenizers[name].append(path.stat().st_size / answer["seconds"] * 1e-6)
            if len(checks) > 1:
                sys.exit("Merle's ids are not those of tokenizers: not the same work")
        merle.close()
        peer.close()

    def tune(self, contender: Contender, entrant, name: str, threads: int) -> None:
        """Finds the best setting, or with --tuned takes what was found before."""
        key = f"{entrant.slug} {name} {threads}"
        setting = self.tuned.get(key)
        if setting and self.options.tuned:
            answer = contender.ask("use", name, setting[1], setting[0])
            contender.ask("run", name)
        else:
            answer = contender.ask("tune", name)
            self.tuned[key] = answer["setting"]
            TUNED.write_text(json.dumps(self.tuned, indent=1))
        self.results.settings[entrant.slug, name, threads] = answer["setting"]
        log(f"{threads} threads, {name}, {entrant.name}: {answer['setting']}", answer.get("sweep"))

    def vectors(self, contender: Contender, name: str) -> np.ndarray:
        path = DATA / "vectors.f32"
        shape = contender.ask("vectors", name, path)
        vectors = np.fromfile(path, "<f4").reshape(shape["rows"], shape["cols"])
        path.unlink()
        return vectors

    def check_vectors(self, contenders, name: str) -> None:
        """Cosines to Merle's float32, and whether everybody has done the same work."""
        reference = self.vectors(contenders[REFERENCE], name)
        for entrant, contender in contenders.items():
            found = cosines(self.vectors(contender, name), reference)
            strangers = np.flatnonzero(~(found >= LEAST_COSINE[entrant.group]))
            if len(strangers) > len(found) * (MOST_READ_OTHERWISE if entrant.own_tokenizer else 0):
                sys.exit(f"{entrant.name}: cosine {found.min():.6f} to Merle f32 on {name}: not the same work")
            if len(strangers):
                self.results.read_otherwise[entrant.slug, name] = len(strangers)
                log(f"{entrant.name}: reads {len(strangers)} of the {name} texts otherwise: {strangers.tolist()}")
            if name == "mixed":  # The worse one of the thread counts: their settings differ.
                old = self.results.cosines.get(entrant.slug, (1, 1))
                self.results.cosines[entrant.slug] = (min(old[0], found.mean()), min(old[1], found.min()))

    def score_sts(self, contenders, threads: int) -> None:
        """At the setting of the short texts, which are sentences of the same file."""
        path = DATA / "sts.jsonl"
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in self.pairs.sentences), encoding="utf-8")
        for entrant, contender in contenders.items():
            contender.ask("load", "sts", path)
            setting = self.results.settings.get((entrant.slug, "short", threads))
            if setting:
                contender.ask("use", "sts", setting[1], setting[0])
            else:
                self.tune(contender, entrant, "sts", threads)
            self.results.spearman[entrant.slug] = self.pairs.spearman(self.vectors(contender, "sts"))

    def prepare(self, contenders, threads: int) -> None:
        for inputs in self.sets:
            path = inputs.write(DATA)
            for entrant, contender in contenders.items():
                contender.ask("load", inputs.name, path)
                self.tune(contender, entrant, inputs.name, threads)
            if inputs.name != "one":
                self.check_vectors(contenders, inputs.name)

    def compare(self, threads: int) -> None:
        contenders = {entrant: Contender(entrant.name, command(entrant, self.options, threads), threads)
                      for entrant in self.entrants}
        self.prepare(contenders, threads)
        for round_number in range(self.options.rounds):
            log(f"{threads} threads: round {round_number + 1} of {self.options.rounds}")
            for inputs in self.sets:
                for entrant, contender in contenders.items():
                    time.sleep(PAUSE)
                    self.measure(contender, entrant, inputs.name, threads)
        if self.pairs and threads == self.options.threads[-1]:
            self.score_sts(contenders, threads)
        for contender in contenders.values():
            contender.close()

    def measure(self, contender, entrant, name: str, threads: int) -> None:
        if name == "one":
            answer = contender.ask("latency", name, ONE_TEXTS)
            self.results.latencies[entrant.slug, threads].extend(answer["seconds"])
        else:
            answer = contender.ask("run", name)
            self.results.rates[entrant.slug, name, threads].append(answer["texts"] / answer["seconds"])


def chosen(parser, text: str | None, known: list[str], option: str) -> list[str]:
    words = known if text is None else [word for word in text.split(",") if word]
    for word in words:
        if word not in known:
            parser.error(f"{option}: no {word}; there are {', '.join(known)}")
    return words


def parse_arguments() -> argparse.Namespace:
    data = os.environ.get("MERLE_DATA")
    parser = argparse.ArgumentParser(prog="benchmarks/run", description=__doc__)
    parser.add_argument("--quick", action="store_true",
                        help="less input, fewer rounds, no torch.compile: for orientation only")
    parser.add_argument("--model", type=pathlib.Path, help="folder of the model; default: MiniLM in the cache")
    parser.add_argument("--data", type=pathlib.Path, default=data and pathlib.Path(data),
                        help="folder with sts/stsbenchmark/sts-dev.csv; default: MERLE_DATA, else the sample alone")
    parser.add_argument("--threads", default="1,2", help="numbers of threads, default 1,2")
    parser.add_argument("--rounds", type=int, help="default 9, with --quick 3")
    parser.add_argument("--only", help="parts: " + ",".join(PARTS))
    parser.add_argument("--peers", help=",".join(e.slug for e in ENTRANTS if not e.is_merle))
    parser.add_argument("--merle", help="f32,bf16,int8; f32 always takes part")
    parser.add_argument("--tuned", action="store_true",
                        help="take the settings that an earlier run found best, where there are some")
    parser.add_argument("--output", type=pathlib.Path,
                        help="folder of the table; default benchmarks/results for a whole run, else none")
    options = parser.parse_args()
    whole = not (options.only or options.peers is not None or options.merle or options.quick or options.tuned)
    options.output = options.output or (ROOT / "benchmarks/results" if whole else None)
    options.only = chosen(parser, options.only, list(PARTS), "--only")
    peers = chosen(parser, options.peers, [e.slug for e in ENTRANTS if not e.is_merle], "--peers")
    merle = chosen(parser, options.merle, [e.arithmetic for e in ENTRANTS if e.is_merle], "--merle")
    options.entrants = [e for e in ENTRANTS if e == REFERENCE or e.slug in peers
                        or e.is_merle and e.arithmetic in merle]
    options.rounds = options.rounds or (3 if options.quick else 9)
    options.load = os.getloadavg()
    options.words = sys.argv[1:]
    cores = len(os.sched_getaffinity(0))
    options.threads = [n for n in map(int, options.threads.split(",")) if n <= cores]
    if not options.threads:
        parser.error(f"--threads: only {cores} cores are usable")
    options.model = options.model or minilm()
    return options


def main() -> None:
    options = parse_arguments()
    DATA.mkdir(parents=True, exist_ok=True)
    needed = {entrant.export for entrant in options.entrants} - {None}
    options.exported = {name: export(name, options.model, SAMPLE, DATA) for name in sorted(needed)}
    stsb = options.data and options.data / "sts/stsbenchmark/sts-dev.csv"
    pairs = StsPairs(stsb) if stsb and stsb.exists() else None
    sets = make_inputs(options.model, SAMPLE, pairs and pairs.sentences, 0.15 if options.quick else 1)
    sets = [inputs for inputs in sets if inputs.name in options.only]
    comparison = Comparison(options, sets, pairs if "sts" in options.only else None)
    comparison.measure_peaks()
    comparison.measure_starts()
    if "tokenizer" in options.only:
        comparison.measure_tokenizers()
    for threads in options.threads if sets or comparison.pairs else ():
        comparison.compare(threads)
    comparison.measure_peaks()
    text = report(comparison.results, sets, options)
    print(text)
    if options.output:
        write_report(text, options)


if __name__ == "__main__":
    main()
