"""The ONNX Runtime contender, float32 or int8: the exported graph, and the one with fused transformer operators."""

import numpy as np
import onnxruntime

from contender import Engine, arguments, serve

FILES = {  # First the one that loads faster.
    "f32": {"exported": "model.onnx", "fused": "model-fused.onnx"},
    "int8": {"fused": "fused.onnx", "exported": "exported.onnx"},
}


class Session(Engine):
    def __init__(self, path, threads, streams=1):
        self.streams = streams
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.intra_op_num_threads = threads // streams
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.set_denormal_as_zero", "1")
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def forward(self, ids, mask):
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        return self.session.run(None, inputs)[0]


def main():
    options = arguments()
    folder, threads = options.exported, options.threads
    engines = {}
    for name, file in FILES[options.arithmetic].items():
        engines[name] = lambda file=file: Session(folder / file, threads)
        if threads > 1:
            engines[f"{name}, {threads} streams"] = lambda file=file: Session(folder / file, threads, threads)
    serve(options, engines)


if __name__ == "__main__":
    main()
