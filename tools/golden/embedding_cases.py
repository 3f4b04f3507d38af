"""Writes tests/golden/embedding/: sentence-transformers folders of random weights."""

import json
import shutil

import numpy as np
from safetensors.numpy import save_file
from sentence_transformers import SentenceTransformer
from tokenizers import normalizers
from transformers import BertModel

from golden.common import GOLDEN, SEED, SPECIALS, expand, write_json, write_lines
from golden.model_cases import bert_options, randomize
from golden.tokenizer_cases import build_tokenizer, small_vocabulary

EMBEDDING_TEXTS = {
    "Sentence": "Hello world, the first token.",
    "Empty": "",
    "Whitespace": " \u3000",
    "OneLetter": "a",
    "Accents": "Caf\u00e9 na\u00efve \u4e16\u754c",
    "UpperCase": "HELLO WORLD",
    "SepInText": "first [SEP] second",
    "Unknown": "\U0001f9ff \ua980",
    "Cut": [["hello world, tokens ", 30]],
    "LongWord": [["a", 1000]],
    "EdgeWhitespace": "  the new token \n",
}
OLD_TYPES = {name: f"sentence_transformers.models.{name}" for name in ("Transformer", "Pooling", "Dense", "Normalize", "LayerNorm")}
NEW_TYPES = {
    "Transformer": "sentence_transformers.base.modules.transformer.Transformer",
    "Pooling": "sentence_transformers.sentence_transformer.modules.pooling.Pooling",
    "Dense": "sentence_transformers.base.modules.dense.Dense",
    "Normalize": "sentence_transformers.base.modules.normalize.Normalize",
    "LayerNorm": "sentence_transformers.sentence_transformer.modules.layer_norm.LayerNorm",
}
HIDDEN = 16
OLD_FLAGS = ["cls_token", "max_tokens", "mean_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken"]


def old_pooling(*flags, **more):
    return {"word_embedding_dimension": HIDDEN} | {f"pooling_mode_{flag}": flag in flags for flag in OLD_FLAGS} | more


def new_pooling(mode, **more):
    return {"embedding_dimension": HIDDEN, "pooling_mode": mode, "include_prompt": True} | more


def write_encoder(folder, lowercase=True, max_seq_length=None, do_lower_case=False):
    """Writes the tiny BERT and its tokenizer; every folder gets the same weights."""
    randomize(BertModel(bert_options(vocab_size=len(small_vocabulary()), hidden_size=HIDDEN, num_attention_heads=2,
                                    num_hidden_layers=1, intermediate_size=24)), SEED).save_pretrained(folder)
    vocabulary = small_vocabulary()
    build_tokenizer(vocabulary, normalizer=normalizers.BertNormalizer(lowercase=lowercase)).save(str(folder / "tokenizer.json"), pretty=False)
    write_json(folder / "tokenizer_config.json", {
        "tokenizer_class": "BertTokenizer", "do_lower_case": lowercase, "model_max_length": 64,
        **{f"{t[1:-1].lower()}_token": t for t in SPECIALS}})
    if max_seq_length is not None or do_lower_case:
        write_json(folder / "sentence_bert_config.json", {"max_seq_length": max_seq_length, "do_lower_case": do_lower_case})


def edit_json(path, **members):
    write_json(path, json.loads(path.read_text(encoding="utf-8")) | members)


def write_modules(folder, modules, types=OLD_TYPES):
    """Writes modules.json and the folders of the modules after the Transformer: [(kind, config, weights)]."""
    entries = [{"idx": 0, "name": "0", "path": "", "type": types["Transformer"]}]
    for index, (kind, config, weights) in enumerate(modules, 1):
        path = f"{index}_{kind}"
        (folder / path).mkdir()
        entries.append({"idx": index, "name": str(index), "path": path, "type": types[kind]})
        if config is not None:
            write_json(folder / path / "config.json", config)
        else:
            (folder / path).rmdir()  # git keeps no empty folder; Normalize needs none.
        if weights:
            save_file(weights, folder / path / "model.safetensors")
    write_json(folder / "modules.json", entries)


def random_dense(inputs, outputs, bias=True, seed=SEED):
    random = np.random.default_rng(seed)
    weights = {"linear.weight": random.normal(0, 0.3, (outputs, inputs)).astype(np.float32)}
    return weights | ({"linear.bias": random.normal(0, 0.3, outputs).astype(np.float32)} if bias else {})


def write_embedding_cases(folder, prompt_names=(), prompts=()):
    """Runs SentenceTransformer.encode on one text a call."""
    model = SentenceTransformer(str(folder), device="cpu")
    cases = []

    def add(name, text, prompt_name=None, prompt=None, truncate_dim=None, normalize=False):
        embedding = model.encode(expand(text), prompt_name=prompt_name, prompt=prompt, truncate_dim=truncate_dim,
                                 normalize_embeddings=normalize)
        assert np.isfinite(embedding).all()
        cases.append({"name": name, "text": text, "prompt_name": prompt_name, "prompt": prompt, "truncate_dim": truncate_dim,
                      "normalize": normalize, "embedding": [float(f"{x:.9g}") for x in embedding]})

    for name, text in EMBEDDING_TEXTS.items():
        add(name, text)
    for name in ("Sentence", "Empty", "Accents"):
        add(name + "Normalized", EMBEDDING_TEXTS[name], normalize=True)
        add(name + "Cut5", EMBEDDING_TEXTS[name], truncate_dim=5)
        add(name + "Cut5Normalized", EMBEDDING_TEXTS[name], truncate_dim=5, normalize=True)
        add(name + "Cut1000", EMBEDDING_TEXTS[name], truncate_dim=1000)
        for prompt_name in prompt_names:
            add(f"{name}Prompt{prompt_name.capitalize()}", EMBEDDING_TEXTS[name], prompt_name=prompt_name)
        for index, prompt in enumerate(prompts):
            add(f"{name}OwnPrompt{index}", EMBEDDING_TEXTS[name], prompt=prompt)
    write_lines(folder / "cases.jsonl", cases)


def write_modality(folder, pooling):
    """Writes a folder as sentence-transformers saves it since texts are one modality of several."""
    write_encoder(folder)
    write_modules(folder, [pooling], NEW_TYPES)
    output = {"method": "forward", "method_output_name": "last_hidden_state"}
    write_json(folder / "sentence_bert_config.json", {
        "transformer_task": "feature-extraction", "modality_config": {"text": output, "smell": {}},
        "module_output_name": "token_embeddings"})
    write_embedding_cases(folder)


def write_embedding():
    """Writes tests/golden/embedding/ but for all-MiniLM-L6-v2."""
    root = GOLDEN / "embedding"
    for path in root.glob("st-*"):
        shutil.rmtree(path)
    mean = ("Pooling", old_pooling("mean_tokens"), None)
    identity = "torch.nn.modules.linear.Identity"

    def dense(inputs, outputs, bias=True, **more):
        return ("Dense", {"in_features": inputs, "out_features": outputs, "bias": bias} | more, random_dense(inputs, outputs, bias))

    folders = {f"st-pooling-{flag.replace('_tokens', '').replace('_token', '').replace('_', '-')}": [("Pooling", old_pooling(flag), None)]
               for flag in OLD_FLAGS}
    folders |= {
        "st-pooling-none-set": [("Pooling", old_pooling(), None)],
        "st-pooling-joined": [("Pooling", old_pooling("cls_token", "max_tokens", "mean_tokens", "mean_sqrt_len_tokens"), None)],
        "st-dense-tanh": [mean, dense(HIDDEN, 8)],
        "st-dense-tanh-named": [mean, dense(HIDDEN, 24, activation_function="torch.nn.modules.activation.Tanh"), ("Normalize", None, None)],
        "st-dense-relu": [mean, dense(HIDDEN, 12, activation_function="torch.nn.modules.activation.ReLU")],
        "st-dense-gelu": [mean, dense(HIDDEN, 12, activation_function="torch.nn.modules.activation.GELU")],
        "st-dense-two": [mean, dense(HIDDEN, 40, activation_function=identity), dense(40, HIDDEN, False, activation_function=identity)],
        "st-normalize": [mean, ("Normalize", None, None)],
        "st-layer-norm": [mean, ("LayerNorm", {"dimension": HIDDEN}, {
            "norm.weight": np.random.default_rng(1).normal(1, 0.3, HIDDEN).astype(np.float32),
            "norm.bias": np.random.default_rng(2).normal(0, 0.3, HIDDEN).astype(np.float32)})],
    }
    for name, modules in folders.items():
        folder = root / name
        write_encoder(folder)
        write_modules(folder, modules)
        write_embedding_cases(folder)

    new = {
        "st-new-mode": [("Pooling", new_pooling("lasttoken"), None)],
        "st-new-modes": [("Pooling", new_pooling(["weightedmean", "cls", "max"]), None)],
        "st-new-dense": [("Pooling", new_pooling("mean"), None), dense(HIDDEN, 8, False, activation_function=identity), ("Normalize", None, None)],
    }
    for name, modules in new.items():
        folder = root / name
        write_encoder(folder, max_seq_length=32)
        write_modules(folder, modules, NEW_TYPES)
        write_embedding_cases(folder)

    prompts = {"query": "query: ", "document": "the document: ", "other": "Hello \u4e16"}
    for name, pooling, default in (
        ("st-prompts", old_pooling("mean_tokens"), None),
        ("st-prompts-default", old_pooling("mean_tokens"), "other"),
        ("st-prompts-not-pooled", old_pooling("mean_tokens", include_prompt=False), None),
        ("st-prompts-not-pooled-weighted", old_pooling("weightedmean_tokens", "cls_token", "max_tokens", include_prompt=False), "query"),
    ):
        folder = root / name
        write_encoder(folder)
        write_modules(folder, [("Pooling", pooling, None)])
        write_json(folder / "config_sentence_transformers.json", {
            "__version__": {"sentence_transformers": "3.0.0"}, "prompts": prompts, "default_prompt_name": default, "similarity_fn_name": "cosine"})
        write_embedding_cases(folder, prompts, ("first: ", "", "  own "))

    folder = root / "st-truncate-dim"
    write_encoder(folder)
    write_modules(folder, [mean, ("Normalize", None, None)])
    write_json(folder / "config_sentence_transformers.json", {"truncate_dim": 6})
    write_embedding_cases(folder)

    folder = root / "st-short"
    write_encoder(folder, max_seq_length=8)
    write_modules(folder, [mean])
    write_embedding_cases(folder)

    # Who cuts on which side: tokenizer.json says it, and tokenizer_config.json says it better.
    for name, side in (("st-cut-left", None), ("st-cut-left-named", "left"), ("st-cut-right-named", "right")):
        folder = root / name
        write_encoder(folder, max_seq_length=8)
        edit_json(folder / "tokenizer.json", truncation={
            "direction": "Right" if side == "left" else "Left", "max_length": 128, "strategy": "LongestFirst", "stride": 0})
        if side is not None:
            edit_json(folder / "tokenizer_config.json", truncation_side=side)
        write_modules(folder, [mean])
        write_embedding_cases(folder)

    write_modality(root / "st-modality", mean)

    folder = root / "st-no-modules"
    write_encoder(folder)
    write_embedding_cases(folder)

    folder = root / "st-lower-case"
    write_encoder(folder, lowercase=False, max_seq_length=32, do_lower_case=True)
    write_modules(folder, [mean])
    write_embedding_cases(folder)

    folder = root / "st-cased"
    write_encoder(folder, lowercase=False)
    write_modules(folder, [mean])
    write_embedding_cases(folder)
