"""Compares Merle with its peers end to end and writes a table; started by benchmarks/run."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

import numpy as np

from contenders import MERLE, PEERS, ROOT, Contender, start_up
from inputs import make_inputs
from report import Results, write_report

PAUSE = 0.1  # Seconds of rest before each measurement: the last contender's threads stop spinning.
LATENCY_TEXTS = 100
# A peer whose vectors are further from Merle's has done other work, and the comparison is void.
MAX_DIFFERENCE = 1e-4


def measure_fma_peak() -> float | None:
    """GFLOP/s of one core, or None where the program is not built."""
    program = ROOT / "build/bench/benchmarks/kernels/peak_bench"
    if not program.exists():
        return None
    command = [str(program), "--benchmark_filter=FmaPeak", "--benchmark_format=json"]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    return max(run["GFLOP/s"] for run in json.loads(done.stdout)["benchmarks"])


def smallest_cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(((a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)).min())


def check_vectors(contenders, name, folder, results) -> None:
    """Compares everybody's vectors of one set with Merle's."""
    vectors = {}
    for contender in contenders:
        path = folder / f"{contender.name.replace(' ', '-')}-{name}.f32"
        shape = contender.ask("vectors", name, path)
        vectors[contender.name] = np.fromfile(path, "<f4").reshape(shape["rows"], shape["cols"])
        path.unlink()
    reference = vectors.pop(MERLE, None)
    for peer, others in vectors.items():
        if reference is None:
            continue
        difference = float(np.abs(others - reference).max())
        cosine = smallest_cosine(others.astype(np.float64), reference.astype(np.float64))
        results.add_agreement(peer, difference, cosine)
        if not difference <= MAX_DIFFERENCE:
            sys.exit(f"{peer} differs from Merle by {difference:.1e} on {name}: not the same work")


def compare_with_threads(threads, sets, options, folder, results) -> None:
    contenders = [Contender(name, options, threads) for name in options.only]
    for inputs in sets:
        path = inputs.write(folder)
        for contender in contenders:
            contender.ask("load", inputs.name, path)
            answer = contender.ask("tune", inputs.name)
            results.settings[contender.name, inputs.name, threads] = answer["setting"]
            log(f"{threads} threads, {inputs.name}, {contender.name}: {answer['setting']}", answer.get("sweep"))
        check_vectors(contenders, inputs.name, folder, results)
    for contender in contenders:
        answer = contender.ask("tune_latency", "short")
        results.settings[contender.name, "one", threads] = answer["setting"]
        log(f"{threads} threads, one short text, {contender.name}: {answer['setting']}", answer.get("sweep"))

    for round_number in range(options.rounds):
        log(f"{threads} threads: round {round_number + 1} of {options.rounds}")
        for inputs in sets:
            for contender in contenders:
                time.sleep(PAUSE)
                answer = contender.ask("run", inputs.name)
                results.rates[contender.name, inputs.name, threads].append(answer["texts"] / answer["seconds"])
        for contender in contenders:
            time.sleep(PAUSE)
            answer = contender.ask("latency", "short", LATENCY_TEXTS)
            results.latencies[contender.name, threads].extend(answer["seconds"])
    for contender in contenders:
        contender.close()


def log(message: str, detail=None) -> None:
    print(message, file=sys.stderr, flush=True)
    if detail and os.environ.get("MERLE_BENCH_SWEEPS"):
        print("   ", json.dumps(detail), file=sys.stderr)


def export_for_peers(options) -> None:
    """Once for each set of pinned versions."""
    if (options.exported / "done").exists():
        return
    log("exporting the model for ONNX Runtime and OpenVINO")
    command = [sys.executable, str(ROOT / "benchmarks/peers/export.py"), str(options.model), str(options.exported)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr + "the export failed")
    (options.exported / "done").touch()


def parse_arguments() -> argparse.Namespace:
    data = os.environ.get("MERLE_DATA")
    parser = argparse.ArgumentParser(prog="benchmarks/run", description=__doc__)
    parser.add_argument("--quick", action="store_true",
                        help="less input, fewer rounds, no torch.compile: minutes, for orientation only")
    parser.add_argument("--model", type=pathlib.Path, help="folder of the model; default: MiniLM in the cache")
    parser.add_argument("--data", type=pathlib.Path, default=data and pathlib.Path(data),
                        help="folder with sts/stsbenchmark/sts-dev.csv; default: MERLE_DATA, else the sample alone")
    parser.add_argument("--threads", default="1,2", help="numbers of threads, default 1,2")
    parser.add_argument("--rounds", type=int, help="default 9, with --quick 3")
    parser.add_argument("--only", default=",".join((MERLE, *PEERS)), help="the contenders that take part")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "benchmarks/results",
                        help="folder of the table")
    options = parser.parse_args()
    options.rounds = options.rounds or (3 if options.quick else 9)
    options.only = options.only.split(",")
    options.load = os.getloadavg()
    options.words = sys.argv[1:]
    cores = len(os.sched_getaffinity(0))
    options.threads = [n for n in map(int, options.threads.split(",")) if n <= cores]
    if not options.threads:
        parser.error(f"--threads: only {cores} cores are usable")
    if MERLE not in options.only:
        log("without Merle: no ratios, and no vectors to compare with")
    if options.model is None:
        from huggingface_hub import snapshot_download

        name = "sentence-transformers/all-MiniLM-L6-v2"
        options.model = pathlib.Path(snapshot_download(name, local_files_only=True))
    return options


def main() -> None:
    options = parse_arguments()
    folder = ROOT / "build/bench-data"
    folder.mkdir(parents=True, exist_ok=True)
    options.exported = folder / "exported"
    export_for_peers(options)
    sets = make_inputs(options.model, ROOT / "sample/wikipedia.jsonl", options.data, 0.15 if options.quick else 1)
    results = Results()
    peaks = [measure_fma_peak()]
    for name in options.only:
        results.start_up[name] = start_up(name, options, options.threads[-1], 2 if options.quick else 5)
    for threads in options.threads:
        compare_with_threads(threads, sets, options, folder, results)
    peaks.append(measure_fma_peak())
    results.fma_peak = max((peak for peak in peaks if peak), default=None)
    write_report(results, sets, options)


if __name__ == "__main__":
    main()
