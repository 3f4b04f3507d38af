"""The OpenVINO contender, float32: models converted from PyTorch and from ONNX, latency and throughput hints."""

import threading

import numpy as np
import openvino

from contender import Engine, arguments, serve


class Compiled(Engine):
    ids_dtype = np.int64

    def __init__(self, path, threads, hint, streams=1):
        self.streams = streams
        core = openvino.Core()
        settings = {
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": hint,
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": streams,
        }
        self.compiled = core.compile_model(core.read_model(path), "CPU", settings)
        self.requests = threading.local()  # One for each thread that calls forward.

    def forward(self, ids, mask):
        if not hasattr(self.requests, "mine"):
            self.requests.mine = self.compiled.create_infer_request()
        # In the order of the model's inputs; the arrays are read in place.
        outputs = self.requests.mine.infer([ids, mask, np.zeros_like(ids)], share_inputs=True, share_outputs=True)
        return outputs[0].copy()


def main():
    options = arguments()
    folder, threads = options.exported, options.threads
    engines = {}
    for name in ("torch", "onnx"):
        file = folder / f"openvino-{name}.xml"
        engines[f"latency, from {name}"] = lambda file=file: Compiled(file, threads, "LATENCY")
        if threads > 1:
            engines[f"throughput, {threads} streams, from {name}"] = lambda file=file: Compiled(
                file, threads, "THROUGHPUT", threads
            )
    serve(options, engines)


if __name__ == "__main__":
    main()
