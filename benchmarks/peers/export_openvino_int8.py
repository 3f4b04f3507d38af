"""Writes OpenVINO's int8 models: NNCF's quantization of what export_f32.py wrote, openvino-{torch,onnx}.xml.

Post-training quantization as NNCF advises for transformers: SmoothQuant, symmetric weights by channel, asymmetric
activations, bias correction, calibrated on 300 texts of the sample, the number that NNCF takes by itself.
"""

import json
import random

import nncf
import numpy as np
import openvino
from tokenizers import Tokenizer

from contender import most_tokens
from exporting import arguments

CALIBRATION_TEXTS = 300


def calibration_inputs(model, sample) -> list[list[np.ndarray]]:
    """Ids, mask and segments of one text each, in the order of the model's inputs."""
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    tokenizer.enable_truncation(most_tokens(model))
    tokenizer.no_padding()
    with open(sample, encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    inputs = []
    for text in random.Random(7).sample(texts, CALIBRATION_TEXTS):
        ids = np.array([tokenizer.encode(text).ids])
        inputs.append([ids, np.ones_like(ids), np.zeros_like(ids)])
    return inputs


def main() -> None:
    options = arguments(__doc__)
    inputs = calibration_inputs(options.model, options.sample)
    for name in ("openvino-torch.xml", "openvino-onnx.xml"):
        quantized = nncf.quantize(
            openvino.Core().read_model(options.source / name), nncf.Dataset(inputs),
            model_type=nncf.ModelType.TRANSFORMER, preset=nncf.QuantizationPreset.MIXED,
            subset_size=CALIBRATION_TEXTS,
        )
        openvino.save_model(quantized, options.folder / name, compress_to_fp16=False)


if __name__ == "__main__":
    main()
