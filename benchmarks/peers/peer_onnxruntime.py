"""The ONNX Runtime contender, float32: the exported graph, and the one with fused transformer operators."""

import numpy as np
import onnxruntime

from contender import Engine, arguments, serve


class Session(Engine):
    ids_dtype = np.int64

    def __init__(self, path, threads, streams=1):
        self.streams = streams
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.intra_op_num_threads = threads // streams
        options.inter_op_num_threads = 1
        # Between calls the threads sleep: a contender that waits must not slow down the one that runs.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def forward(self, ids, mask):
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        return self.session.run(None, inputs)[0]


def main():
    options = arguments()
    folder, threads = options.exported, options.threads
    engines = {
        "fused": lambda: Session(folder / "model-fused.onnx", threads),
        "exported": lambda: Session(folder / "model.onnx", threads),
    }
    if threads > 1:
        engines[f"fused, {threads} streams"] = lambda: Session(folder / "model-fused.onnx", threads, threads)
    serve(options, engines)


if __name__ == "__main__":
    main()
