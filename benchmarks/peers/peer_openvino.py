"""The OpenVINO contender, float32, bf16 or int8: models converted from PyTorch and from ONNX, latency and throughput.

bf16 is the float32 model with the precision hint; in the int8 model the same hint says how the rest is calculated.
"""

import threading

import numpy as np
import openvino

from contender import Engine, arguments, serve

REST = {"f32": ["f32"], "bf16": ["bf16"], "int8": ["f32", "bf16"]}


class Compiled(Engine):
    def __init__(self, path, precision, threads, streams=1, cache=None):
        self.streams = streams
        settings = {
            "INFERENCE_PRECISION_HINT": precision,
            "PERFORMANCE_HINT": "LATENCY" if streams == 1 else "THROUGHPUT",
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": streams,
        }
        core = openvino.Core()
        if cache:
            core.set_property({"CACHE_DIR": str(cache)})
        self.compiled = core.compile_model(core.read_model(path), "CPU", settings)
        self.requests = threading.local()  # One for each thread that calls forward.

    def forward(self, ids, mask):
        if not hasattr(self.requests, "mine"):
            self.requests.mine = self.compiled.create_infer_request()
        # In the order of the model's inputs; the arrays are read in place.
        outputs = self.requests.mine.infer([ids, mask, np.zeros_like(ids)], share_inputs=True, share_outputs=True)
        return outputs[0].copy()


def add_engines(engines: dict, name: str, path, precision: str, options) -> None:
    threads = options.threads
    cache = options.exported / "cache" if options.once else None  # Compiled once: a third of the start-up time.
    engines[name] = lambda: Compiled(path, precision, threads, cache=cache)
    if threads > 1:
        engines[f"{name}, {threads} streams"] = lambda: Compiled(path, precision, threads, threads)


def main():
    options = arguments()
    if options.arithmetic == "bf16" and "BF16" not in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise SystemExit("this CPU has no bf16")
    engines = {}
    for source in ("onnx", "torch"):
        path = options.exported / f"openvino-{source}.xml"
        for precision in REST[options.arithmetic]:
            name = f"from {source}" + (f", rest {precision}" if options.arithmetic == "int8" else "")
            add_engines(engines, name, path, precision, options)
    serve(options, engines)


if __name__ == "__main__":
    main()
