"""A small valid model folder, and ways to damage it: functions that make a function of the folder."""

import json
import math
import os
import shutil
import struct

from harness import MODELS

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")


def make_model(folder):
    """Transformer, Pooling, Dense, with every file that Merle reads but vocab.txt."""
    shutil.copytree(MODELS / "st-dense-tanh", folder)
    (folder / "cases.jsonl").unlink()
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 32, "do_lower_case": false}')
    (folder / "config_sentence_transformers.json").write_text(
        '{"prompts": {"query": "a "}, "default_prompt_name": null, "truncate_dim": 8}')
    (folder / "special_tokens_map.json").write_text('{"unk_token": "[UNK]"}')


def with_vocab(folder):
    """vocab.txt in the place of tokenizer.json."""
    vocab = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in sorted(vocab, key=vocab.get)))


def read_tensors(path):
    """Returns (header without offsets, {name: bytes})."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    begin = 8 + length
    return header, {name: data[begin + t["data_offsets"][0]:begin + t["data_offsets"][1]]
                    for name, t in header.items()}


def write_tensors(path, header, data):
    header, at = {name: dict(tensor) for name, tensor in header.items()}, 0
    for name, tensor in header.items():
        tensor["data_offsets"] = [at, at + len(data[name])]
        at += len(data[name])
    write_raw(path, json.dumps(header), b"".join(data[name] for name in header))


def write_raw(path, header, data=b"", length=None):
    header = header if isinstance(header, bytes) else header.encode()
    path.write_bytes(struct.pack("<Q", len(header) if length is None else length) + header + data)


def enlarge(folder, times, vocab_size):
    """A model of so many times the width and another vocabulary, its weights a hole in the file."""
    header, _ = read_tensors(folder / WEIGHTS)
    config = json.loads((folder / "config.json").read_text())
    narrow, tokens = config["hidden_size"], config["vocab_size"]
    config.update(hidden_size=narrow * times, vocab_size=vocab_size)
    (folder / "config.json").write_text(json.dumps(config))
    at = 0
    for tensor in header.values():
        tensor["shape"] = [vocab_size if size == tokens else size * times if size == narrow else size
                           for size in tensor["shape"]]
        tensor["data_offsets"] = [at, at := at + 4 * math.prod(tensor["shape"])]
    write_raw(folder / WEIGHTS, json.dumps(header))
    os.truncate(folder / WEIGHTS, (folder / WEIGHTS).stat().st_size + at)


def sharded(folder):
    """The weights in two shards behind an index."""
    header, data = read_tensors(folder / WEIGHTS)
    names = list(header)
    weight_map = {}
    for shard, part in zip(SHARDS, (names[:9], names[9:])):
        write_tensors(folder / shard, {name: header[name] for name in part}, data)
        weight_map.update({name: shard for name in part})
    (folder / WEIGHTS).unlink()
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))


def cached(folder):
    """As huggingface_hub keeps it: a snapshot of links into blobs. Returns the snapshot."""
    snapshot = folder.parent / "models--org--name" / "snapshots" / ("a" * 40)
    blobs = snapshot.parent.parent / "blobs"
    blobs.mkdir(parents=True)
    for number, path in enumerate(sorted(p for p in folder.rglob("*") if p.is_file())):
        blob, name = blobs / str(number), snapshot / path.relative_to(folder)
        path.rename(blob)
        name.parent.mkdir(parents=True, exist_ok=True)
        name.symlink_to(os.path.relpath(blob, name.parent))
    return snapshot


# --- damages --------------------------------------------------------------------------------------

def write(name, content):
    """Puts text or bytes into a file."""
    def damage(folder):
        data = content.encode() if isinstance(content, str) else content
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return damage


def numbered(name, pattern, count, before="", after=""):
    """Fills a file with `pattern` of 0, 1, … count - 1, piece by piece: a child begins with this process's peak of memory."""
    def damage(folder):
        with (folder / name).open("w") as file:
            file.write(before)
            file.writelines(pattern.format(i) for i in range(count))
            file.write(after)
    return damage


def append(name, text):
    def damage(folder):
        with (folder / name).open("a") as file:
            file.write(text)
    return damage


def replace(name, old, new):
    """Replaces text or bytes that must be there."""
    def damage(folder):
        before = (folder / name).read_bytes()
        after = before.replace(old.encode() if isinstance(old, str) else old,
                               new.encode() if isinstance(new, str) else new)
        assert after != before, (name, old)
        (folder / name).write_bytes(after)
    return damage


def put(name, keys, value):
    """Sets the member at `keys` ("a/b/0") of a JSON file to `value`: JSON text; None removes it."""
    def damage(folder):
        document = json.loads((folder / name).read_text())
        at = document
        *path, last = [int(key) if key.isdigit() and not isinstance(at, dict) else key
                       for key in keys.split("/")]
        for key in path:
            at = at[int(key) if isinstance(at, list) else key]
        if value is None:
            del at[last]
        else:
            at[int(last) if isinstance(at, list) else last] = "@VALUE@"
        (folder / name).write_text(json.dumps(document).replace('"@VALUE@"', value or ""))
    return damage


def cut(name, size):
    return lambda folder: os.truncate(folder / name, size)


def remove(name):
    return lambda folder: (folder / name).unlink()


def in_place(name, make):
    """Puts what make(path) makes in the place of a file."""
    def damage(folder):
        path = folder / name
        if path.exists():
            path.unlink()
        path.parent.mkdir(exist_ok=True)
        make(path)
    return damage


def link(name, target, then=None):
    def damage(folder):
        if then:
            then(folder)
        in_place(name, lambda path: path.symlink_to(target))(folder)
    return damage


def moved(name, target):
    """Moves a file to `target`, seen from the folder, and leaves a relative link in its place."""
    def damage(folder):
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).rename(folder / target)
        (folder / name).symlink_to(os.path.relpath(folder / target, (folder / name).parent))
    return damage


def header(text, data=b"", length=None):
    """Weights of this header text and data."""
    return lambda folder: write_raw(folder / WEIGHTS, text, data, length)


def tensor(entry, data=b""):
    """Weights of one tensor "a"."""
    return header('{"a":%s}' % entry, data)


def tensors(change, name=WEIGHTS):
    """Calls change(header, data) on the tensors, each with its bytes, and lays them out again."""
    def damage(folder):
        head, data = read_tensors(folder / name)
        change(head, data)
        write_tensors(folder / name, head, data)
    return damage


def filled(byte):
    """All numbers of all weights are made of this byte."""
    def change(_, data):
        for name in data:
            data[name] = bytes([byte]) * len(data[name])
    return tensors(change)


def both(*damages):
    return lambda folder: [damage(folder) for damage in damages]
