"""Writes tests/golden/models/: encoders of random weights."""

import shutil

import numpy as np
import torch
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_torch_file
from transformers import BertConfig, BertForMaskedLM, BertModel

from golden.common import GOLDEN, SEED, WEIGHT_DEVIATION


def randomize(model, seed):
    """Fills all weights: layer norms around 1, everything else around 0."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.normal_(1.0 if "LayerNorm.weight" in name else 0.0, WEIGHT_DEVIATION, generator=generator)
    return model.eval()


def run_texts(model, texts, type_ids, layers=True):
    """Runs each text alone and returns the tensors of expected.safetensors."""
    states, pooled = [], []
    with torch.no_grad():
        for ids, types in zip(texts, type_ids):
            output = model(input_ids=torch.tensor([ids]), token_type_ids=torch.tensor([types]), output_hidden_states=True)
            states.append([state[0].numpy() for state in output.hidden_states])
            if output.pooler_output is not None:
                pooled.append(output.pooler_output[0].numpy())
    result = {
        "input_ids": np.concatenate([np.array(ids, np.int32) for ids in texts]),
        "type_ids": np.concatenate([np.array(types, np.int32) for types in type_ids]),
        "lengths": np.array([len(ids) for ids in texts], np.int32),
    }
    for layer in range(len(states[0])):
        result[f"hidden_states.{layer}"] = np.ascontiguousarray(np.concatenate([state[layer] for state in states]))
    if pooled:
        result["pooler_output"] = np.stack(pooled)
    return result


def bert_options(**options):
    return BertConfig(**({"vocab_size": 120, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
                          "intermediate_size": 64, "max_position_embeddings": 64, "attn_implementation": "eager"} | options))


def write_models():
    """Writes tests/golden/models/."""
    root = GOLDEN / "models"
    shutil.rmtree(root, ignore_errors=True)
    options = {
        "bert-tiny-3heads": {"hidden_size": 48, "num_attention_heads": 3, "num_hidden_layers": 1, "intermediate_size": 100},
        "bert-tiny-512": {"max_position_embeddings": 512, "vocab_size": 60, "intermediate_size": 40},
        "bert-tiny-odd": {"hidden_size": 20, "num_attention_heads": 5, "num_hidden_layers": 3, "intermediate_size": 37,
                          "type_vocab_size": 3, "layer_norm_eps": 1e-5},
        "bert-tiny-gelu-new": {"hidden_act": "gelu_new"},
        "bert-tiny-relu": {"hidden_act": "relu"},
        "bert-tiny-prefix": {},
        "bert-tiny-gamma-beta": {},
        "bert-tiny-f16": {},
        "bert-tiny-bf16": {},
    }
    for seed, (name, config_options) in enumerate(options.items(), SEED):
        folder = root / name
        folder.mkdir(parents=True)
        config = bert_options(**config_options)
        masked = name == "bert-tiny-prefix"
        model = randomize((BertForMaskedLM if masked else BertModel)(config), seed)
        dtype = {"bert-tiny-f16": torch.float16, "bert-tiny-bf16": torch.bfloat16}.get(name, torch.float32)
        model.to(dtype).save_pretrained(folder)
        model.to(torch.float32)
        if name == "bert-tiny-gamma-beta":
            weights = {k.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): v.contiguous()
                       for k, v in model.state_dict().items()}
            weights["embeddings.position_ids"] = torch.arange(config.max_position_embeddings)[None]
            save_torch_file(weights, folder / "model.safetensors", metadata={"format": "pt"})

        random = np.random.default_rng(seed)
        lengths = [512, 1, 33, 7, 2] if name == "bert-tiny-512" else [1, 2, 3, 5, 8, 13, 17, 31, 64]
        texts = [random.integers(0, config.vocab_size, n).tolist() for n in lengths]
        types = [np.sort(random.integers(0, config.type_vocab_size, n)).tolist() for n in lengths]
        save_file(run_texts(model.bert if masked else model, texts, types), folder / "expected.safetensors")
