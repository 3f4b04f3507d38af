"""Writes the model as the files that the ONNX Runtime and OpenVINO contenders read.

  model.onnx          as torch.onnx exports it: tokens in, normalized vectors out (opset 20: GELU is one operator)
  model-fused.onnx    opset 17, whose patterns ONNX Runtime's transformer optimizer knows, after that optimizer:
                      Attention, SkipLayerNormalization, BiasGelu and EmbedLayerNormalization as one operator each
  openvino-torch.xml  converted from PyTorch
  openvino-onnx.xml   converted from model.onnx

All in float32, weights included. Mean pooling and the norm are part of the graph, so they run in the engine.
"""

import pathlib

import openvino
import torch
from onnxruntime.transformers import optimizer
from onnxruntime.transformers.fusion_options import FusionOptions
from transformers import BertModel

from exporting import arguments


class Embedder(torch.nn.Module):
    """BERT, mean pooling, L2 norm: what modules.json of all-MiniLM-L6-v2 names."""

    def __init__(self, bert: BertModel):
        super().__init__()
        self.bert = bert

    def forward(self, input_ids, attention_mask, token_type_ids):
        states = self.bert(input_ids, attention_mask, token_type_ids).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        pooled = (states * mask).sum(1) / mask.sum(1)
        return torch.nn.functional.normalize(pooled)


def example(texts: int, tokens: int):
    mask = torch.ones(texts, tokens, dtype=torch.int64)
    mask[0, tokens // 2 :] = 0
    return torch.randint(1000, 2000, (texts, tokens)), mask, torch.zeros(texts, tokens, dtype=torch.int64)


def export_onnx(model: torch.nn.Module, path: pathlib.Path, opset: int) -> None:
    names = ["input_ids", "attention_mask", "token_type_ids"]
    axes = {name: {0: "texts", 1: "tokens"} for name in names} | {"vectors": {0: "texts"}}
    # The tracing exporter: the optimizer knows its patterns.
    torch.onnx.export(
        model, example(2, 16), str(path), input_names=names, output_names=["vectors"], dynamic_axes=axes,
        opset_version=opset, dynamo=False,
    )


def fuse(path: pathlib.Path, heads: int, hidden: int) -> None:
    fused = optimizer.optimize_model(
        str(path), "bert", num_heads=heads, hidden_size=hidden, opt_level=0,
        optimization_options=FusionOptions("bert"), use_gpu=False,
    )
    print("fused:", {k: v for k, v in fused.get_fused_operator_statistics().items() if v})
    fused.save_model_to_file(str(path))


def main() -> None:
    options = arguments(__doc__)

    # Eager attention: its matrix products and softmax are what the optimizer fuses.
    bert = BertModel.from_pretrained(options.model, add_pooling_layer=False, attn_implementation="eager").eval()
    model = Embedder(bert)
    with torch.inference_mode():
        export_onnx(model, options.folder / "model.onnx", opset=20)
        export_onnx(model, options.folder / "model-fused.onnx", opset=17)
        config = bert.config
        fuse(options.folder / "model-fused.onnx", config.num_attention_heads, config.hidden_size)
        bert = BertModel.from_pretrained(options.model, add_pooling_layer=False, attn_implementation="sdpa").eval()
        converted = openvino.convert_model(Embedder(bert), example_input=example(2, 16))
    openvino.save_model(converted, options.folder / "openvino-torch.xml", compress_to_fp16=False)
    converted = openvino.convert_model(options.folder / "model.onnx")
    openvino.save_model(converted, options.folder / "openvino-onnx.xml", compress_to_fp16=False)


if __name__ == "__main__":
    main()
