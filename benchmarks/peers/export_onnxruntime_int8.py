"""Writes ONNX Runtime's int8 models: its dynamic quantization of what export_f32.py wrote.

  exported.onnx   of the exported graph
  fused.onnx      of the graph with fused transformer operators

Weights are signed, one scale a column (per_channel); activations get one scale a tensor at run time. Signed weights
run on VNNI; unsigned ones measured slower. Without VNNI, sums of 16 bits may saturate: reduce_range is for that.
"""

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic

from exporting import arguments


def main() -> None:
    options = arguments(__doc__)
    for source, name in (("model.onnx", "exported.onnx"), ("model-fused.onnx", "fused.onnx")):
        quantize_dynamic(
            options.source / source, options.folder / name, per_channel=True, weight_type=QuantType.QInt8,
            # Shape inference doesn't know the fused operators.
            extra_options={"MatMulConstBOnly": True, "DefaultTensorType": onnx.TensorProto.FLOAT},
        )


if __name__ == "__main__":
    main()
