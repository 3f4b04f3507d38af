"""Writes the model as GGUF for llama.cpp: minilm-f32.gguf, minilm-f16.gguf and minilm-q8_0.gguf.

Matrices and the token table are in that type; biases, norms, positions and segments stay float32, as llama.cpp's
own converter has them.
"""

import json

import gguf
import numpy as np
from safetensors.numpy import load_file

from exporting import arguments

TYPES = {"f32": gguf.GGMLQuantizationType.F32, "f16": gguf.GGMLQuantizationType.F16,
         "q8_0": gguf.GGMLQuantizationType.Q8_0}
FILE_TYPES = {"f32": gguf.LlamaFileType.ALL_F32, "f16": gguf.LlamaFileType.MOSTLY_F16,
              "q8_0": gguf.LlamaFileType.MOSTLY_Q8_0}
ALWAYS_F32 = ("token_types.weight", "position_embd.weight")


def add_config(writer: gguf.GGUFWriter, config: dict) -> None:
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)


def add_vocabulary(writer: gguf.GGUFWriter, vocabulary: dict[str, int]) -> None:
    """llama.cpp marks the start of a word, where WordPiece marks what continues one."""
    def marked(token: str) -> str:
        if token.startswith("[") and token.endswith("]"):
            return token
        return token[2:] if token.startswith("##") else "\u2581" + token

    tokens = sorted(vocabulary, key=vocabulary.get)
    special = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("jina-v2-en")  # The name of lower-casing BERT there.
    writer.add_token_type_count(2)
    writer.add_token_list([marked(token) for token in tokens])
    writer.add_token_types([gguf.TokenType.CONTROL if token in special else gguf.TokenType.NORMAL
                            for token in tokens])
    writer.add_bos_token_id(vocabulary["[CLS]"])
    writer.add_eos_token_id(vocabulary["[SEP]"])
    writer.add_sep_token_id(vocabulary["[SEP]"])
    writer.add_pad_token_id(vocabulary["[PAD]"])
    writer.add_unk_token_id(vocabulary["[UNK]"])
    writer.add_mask_token_id(vocabulary["[MASK]"])


def tensors(model, layers: int):
    """Names as GGUF has them; what llama.cpp doesn't use, the pooler, is left out."""
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.BERT, layers)
    for name, values in load_file(model / "model.safetensors").items():
        ours = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if ours and not name.startswith("pooler."):
            yield ours, values.astype(np.float32)


def main() -> None:
    options = arguments(__doc__)
    config = json.loads((options.model / "config.json").read_text())
    vocabulary = json.loads((options.model / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    for name, wanted in TYPES.items():
        writer = gguf.GGUFWriter(options.folder / f"minilm-{name}.gguf", "bert")
        add_config(writer, config)
        writer.add_file_type(FILE_TYPES[name])
        add_vocabulary(writer, vocabulary)
        for tensor, values in tensors(options.model, config["num_hidden_layers"]):
            kept = values.ndim == 1 or tensor in ALWAYS_F32
            kind = gguf.GGMLQuantizationType.F32 if kept else wanted
            writer.add_tensor(tensor, gguf.quants.quantize(values, kind), raw_dtype=kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


if __name__ == "__main__":
    main()
