"""The table of damaged and hostile model folders. docs/untrusted_files.md has the rules behind it.

A row: the file that the message must name, what is wrong, the damage, words of the message. Each
starts from the folder of damage.make_model. damaged_folders_test.py runs them.
"""

import os
import shutil

from damage import (INDEX, SHARDS, WEIGHTS, append, both, cached, cut, enlarge, filled, header, in_place, link,
                    make_model, moved, numbered, put, remove, replace, sharded, tensor, tensors, with_vocab,
                    write, write_tensors)

CONFIG, MODULES, TOKENIZER = "config.json", "modules.json", "tokenizer.json"
POOLING, DENSE = "1_Pooling/config.json", "2_Dense/config.json"
LENGTHS, SENTENCE = "sentence_bert_config.json", "config_sentence_transformers.json"
TOKENIZER_CONFIG, SPECIAL = "tokenizer_config.json", "special_tokens_map.json"
VOCAB = "vocab.txt"

PAGE = "<!DOCTYPE html>\n<html><head><title>404</title></head></html>"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 90868376\n" % 7
ZIP = b"PK\x03\x04\x14\x00\x00\x00\x08\x00archive/data.pkl"
PICKLES = (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00}\x94.",
           b"\x80\x05\x95\x1a\x00\x00\x00\x00\x00\x00\x00}\x94.")
F32 = '{"dtype":"F32","shape":%s,"data_offsets":%s}'
ADDED = ('{"id":%s,"content":%s,"single_word":false,"lstrip":false,"rstrip":false,"normalized":false,'
         '"special":false}')
OUTPUT = '{"method":"forward","method_output_name":"last_hidden_state"}'
WORDS = "embeddings.word_embeddings.weight"


def safetensors_rows():
    two = '{"a":{"dtype":"U8","shape":[4],"data_offsets":[%s]},"b":{"dtype":"U8","shape":[4],"data_offsets":[%s]}}'
    rows = [
        ("empty", write(WEIGHTS, ""), "0 bytes"),
        ("seven bytes", write(WEIGHTS, b"\x01" * 7), "7 bytes"),
        ("only zeros", write(WEIGHTS, bytes(4096)), "does not start with '{'"),
        ("cut in the header", cut(WEIGHTS, 100), "its header should have"),
        ("cut in the data", cut(WEIGHTS, 31335), "the file has"),
        ("one byte more", append(WEIGHTS, "x"), "the file has"),
        ("header is no object", header("[]"), "does not start with '{'"),
        ("header begins with a blank", header(" {}"), "does not start with '{'"),
        ("header begins with a byte order mark", header("\ufeff{}"), "does not start with '{'"),
        ("header is cut JSON", header('{"a":'), "not valid JSON"),
        ("header is not UTF-8", header(b'{"\xff":1}'), "not valid JSON"),
        ("header holds a surrogate", header(b'{"\xed\xa0\x80":1}'), "not valid JSON"),
        ("header is deep", header('{"a":' + "[" * 100000 + "]" * 100000 + "}"), "deeper than 64"),
        ("header holds nothing", header("{}"), "lacks the tensor"),
        ("tensor is a number", tensor("3"), "must be an object"),
        ("tensor is null", tensor("null"), "must be an object"),
        ("no dtype", tensor('{"shape":[1],"data_offsets":[0,4]}', bytes(4)), "dtype"),
        ("no shape", tensor('{"dtype":"F32","data_offsets":[0,4]}', bytes(4)), "shape"),
        ("no offsets", tensor('{"dtype":"F32","shape":[1]}', bytes(4)), "data_offsets"),
        ("one offset", tensor(F32 % ("[1]", "[4]"), bytes(4)), "two data_offsets"),
        ("size off by one", tensor(F32 % ("[1]", "[0,5]"), bytes(5)), "need 4 bytes"),
        ("offsets reversed", tensor(F32 % ("[1]", "[4,0]"), bytes(4)), "4 to 0"),
        ("gap before a tensor", tensor(F32 % ("[1]", "[4,8]"), bytes(8)), "starts at byte 4"),
        ("overlap", header(two % ("0,4", "2,6"), bytes(6)), "starts at byte 2"),
        ("gap", header(two % ("0,4", "5,9"), bytes(9)), "starts at byte 5"),
        ("same place twice", header(two % ("0,4", "0,4"), bytes(4)), "starts at byte 0"),
        ("shape overflows", tensor(F32 % ("[4294967296,4294967296]", "[0,0]")), "too large to be true"),
        ("bytes overflow", tensor(F32 % ("[4611686018427387905]", "[0,4]"), bytes(4)), "too large"),
        ("overflow times zero", tensor(F32 % ("[4294967296,4294967296,0]", "[0,0]")), "too large"),
        ("end of the sum overflows", tensor(F32 % ("[1]", "[9223372036854775807,3]")), "need 4 bytes"),
        ("dimension of zero", tensors(lambda h, d: (h[WORDS].update(shape=[0, 16]), d.update({WORDS: b""}))),
         "has the shape [0, 16]"),
        ("nine dimensions", tensor(F32 % ("[1,1,1,1,1,1,1,1,1]", "[0,4]"), bytes(4)), "9 dimensions"),
        ("unknown dtype", tensor('{"dtype":"F3","shape":[1],"data_offsets":[0,4]}', bytes(4)), "'F3'"),
        ("dtype below a byte", tensor('{"dtype":"F4","shape":[3],"data_offsets":[0,2]}', bytes(2)), "'F4'"),
        ("dtype is a number", tensor('{"dtype":1,"shape":[1],"data_offsets":[0,4]}', bytes(4)), "must be a string"),
        ("weights of integers", tensors(lambda h, d: h[WORDS].update(dtype="I32")), "I32"),
        ("tensor missing", tensors(lambda h, d: h.pop(WORDS)), "lacks the tensor '" + WORDS),
        ("bias missing", tensors(lambda h, d: h.pop("encoder.layer.0.output.dense.bias")), "output.dense.bias"),
        ("pooler without bias", tensors(lambda h, d: h.pop("pooler.dense.bias")), "pooler.dense.bias"),
        ("transposed", tensors(lambda h, d: h[WORDS].update(shape=[16, 246])), "[16, 246]"),
        ("flat", tensors(lambda h, d: h[WORDS].update(shape=[16 * 246])), "[3936]"),
        ("tensor twice", header('{"a":%s,"a":%s}' % (F32 % ("[1]", "[0,4]"), F32 % ("[1]", "[4,8]")), bytes(8)),
         "stands twice"),
        ("key of a tensor twice", tensor('{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}', bytes(4)),
         "stands twice"),
        ("metadata twice", header('{"__metadata__":{},"__metadata__":{}}'), "stands twice"),
        ("metadata nested", header('{"__metadata__":{"x":{}}}'), "must be a string"),
        ("metadata with a number", header('{"__metadata__":{"x":1}}'), "must be a string"),
        ("metadata null", header('{"__metadata__":null}'), "must be an object"),
        ("a name with control characters", header('{"\\u001b[31m\\u0000\\n":%s}' % (F32 % ("[1]", "[0,9]")), bytes(9)),
         "'\\x1b[31m\\x00\\n'"),
        ("a name of a megabyte", header('{"%s":%s}' % ("x" * (1 << 20), F32 % ("[1]", "[0,9]")), bytes(9)),
         "(1048576 bytes)"),
        ("a million tensors that are none", header("{" + ",".join(f'"{i}":1' for i in range(200000)) + "}"),
         "more than 131072 tensors"),
        ("a header of blanks", header("{" + " " * (8 << 20) + "}"), "lacks the tensor"),
        ("weights of NaN", filled(0xFF), "is not finite"),
        ("weights of infinity", tensors(lambda h, d: d.update({WORDS: b"\0\0\x80\x7f" * (16 * 246)})), "is not finite"),
        ("weights of zeros", both(filled(0), put(MODULES, "2", None)), "is all zeros"),
        ("web page", write(WEIGHTS, PAGE), "is a web page"),
        ("Git LFS pointer", write(WEIGHTS, POINTER), "Git LFS"),
        ("zip", write(WEIGHTS, ZIP), "zip archive"),
        ("gzip", write(WEIGHTS, b"\x1f\x8b\x08" + bytes(30)), "gzip"),
        ("HDF5", write(WEIGHTS, b"\x89HDF\r\n\x1a\n" + bytes(30)), "HDF5"),
        ("GGUF", write(WEIGHTS, b"GGUF\x03" + bytes(30)), "GGUF"),
        ("a terabyte that is a hole", lambda folder: enlarge(folder, 1024, 1 << 24), "its weights have 110"),
        ("absent", remove(WEIGHTS), "has no model.safetensors"),
    ]
    for value in ("-1", "1.5", "1e3", "9223372036854775808", "18446744073709551616", "true", '"1"', "null", "[]"):
        rows.append((f"size {value}", tensor(F32 % (f"[{value}]", "[0,4]"), bytes(4)), "'shape'"))
        rows.append((f"offset {value}", tensor(F32 % ("[1]", f"[0,{value}]"), bytes(4)), "'data_offsets'"))
    for length in (100000001, 1 << 31, 1 << 32, 1 << 53, 1 << 63, 2**64 - 8, 2**64 - 1):
        rows.append((f"header of {length}", header("{}", length=length), "its header should have"))
    rows += [(f"pickle {number}", write(WEIGHTS, pickle), "is a pickle") for number, pickle in enumerate(PICKLES)]
    return [(WEIGHTS, *row) for row in rows]


def other_weights_rows():
    names = ("pytorch_model.bin", "pytorch_model.bin.index.json", "model.pt", "model.pkl", "model.ckpt",
             "tf_model.h5", "flax_model.msgpack", "model.onnx")
    return [(name, "only", both(remove(WEIGHTS), write(name, ZIP)), "convert the model") for name in names]


def shard_rows():
    key = "weight_map/" + WORDS
    other = '"%s"' % SHARDS[1]
    rows = [
        (INDEX, "no weight_map", put(INDEX, "weight_map", None), "weight_map"),
        (INDEX, "weight_map is a list", put(INDEX, "weight_map", "[]"), "must be an object"),
        (INDEX, "weight_map is empty", put(INDEX, "weight_map", "{}"), "lacks the tensor"),
        (INDEX, "shard is a number", put(INDEX, key, "1"), "must be a string"),
        (INDEX, "tensor in the wrong shard", put(INDEX, key, other), "names 8 tensors of '%s', which has 9" % SHARDS[0]),
        (INDEX, "tensor not in the index", put(INDEX, key, None), "names 8 tensors of '%s', which has 9" % SHARDS[0]),
        (INDEX, "tensor in no shard", put(INDEX, "weight_map/more", other), "which lacks it"),
        (INDEX, "tensor in both shards", lambda f: tensors(lambda h, d: (
            h.update({WORDS: {"dtype": "F32", "shape": [1]}}), d.update({WORDS: bytes(4)})), SHARDS[1])(f),
         "names 14 tensors of '%s', which has 15" % SHARDS[1]),
        (INDEX, "shard is a pickle by name", put(INDEX, key, '"pytorch_model-00001-of-00002.bin"'), "only .safetensors"),
        (INDEX, "key twice", write(INDEX, '{"weight_map":{"a":"x.safetensors","a":"y.safetensors"}}'), "stands twice"),
        (SHARDS[0] + "/0.safetensors", "below a file", put(INDEX, "weight_map/more", f'"{SHARDS[0]}/0.safetensors"'), "can't open"),
        (INDEX, "one shard under many names", both(
            *[lambda f, i=i: os.link(f / SHARDS[1], f / f"z{i}.safetensors") for i in range(400)],
            *[put(INDEX, f"weight_map/m{i}", f'"z{i}.safetensors"') for i in range(400)]), "which lacks it"),
        (INDEX, "more shards than files may be open", both(
            *[lambda f, i=i: write_tensors(f / f"s{i}.safetensors", {f"{i:03}": {"dtype": "U8", "shape": [0]}}, {f"{i:03}": b""})
              for i in range(513)],
            write(INDEX, '{"weight_map":{%s}}' % ",".join(f'"{i:03}":"s{i}.safetensors"' for i in range(513)))),
         "more than 512 files"),
        (SHARDS[1], "absent", remove(SHARDS[1]), "can't open"),
        (SHARDS[1], "cut", cut(SHARDS[1], 3000), "fetch the file again"),
        (SHARDS[1], "is a zip", write(SHARDS[1], ZIP), "zip archive"),
    ]
    for name, says in PATHS:
        rows.append((INDEX, f"shard at {name[:20]}", put(INDEX, key, name[:-1] + '.safetensors"'), says))
    return [(file, title, both(sharded, damage), says) for file, title, damage, says in rows]


# Names as JSON text that must not name anything, and what is said of them.
PATHS = (
    ('"../x"', "climbs out"), ('"a/../../x"', "climbs out"), ('"/etc"', "absolute"), ('"//x"', "absolute"),
    ('"a//x"', "empty part"), ('"./x"', "empty part"), ('"C:\\\\x"', "backslash"), ('"..\\\\x"', "backslash"),
    ('"a\\u0000b"', "don't print"), ('"a\\nb"', "don't print"), ('"\\u202eb"', "don't print"),
    ('"' + "x" * 4097 + '"', "too long"), ('"' + "x" * 250 + '"', "too long"),
)


def module_rows():
    rows = [
        ("is an object", write(MODULES, "{}"), "must be an array"),
        ("is empty JSON", write(MODULES, "[]"), "0 modules"),
        ("65 modules", write(MODULES, "[" + ",".join(['{"path":"","type":"a.Dropout"}'] * 65) + "]"), "65 modules"),
        ("entry is a number", put(MODULES, "0", "7"), "must be an object"),
        ("no type", put(MODULES, "0/type", None), "'type'"),
        ("type is a number", put(MODULES, "0/type", "1"), "must be a string"),
        ("no path", put(MODULES, "1/path", None), "'path'"),
        ("path is null", put(MODULES, "1/path", "null"), "must be a string"),
        ("first is another class", put(MODULES, "0/type", '"a.BoW"'), "'BoW'"),
        ("class with control characters", put(MODULES, "0/type", '"a.\\u001b[2J"'), "\\x1b[2J"),
        ("key twice", replace(MODULES, '"idx": 0', '"path": ""'), "stands twice"),
        ("not UTF-8", replace(MODULES, "1_Pooling", b"\xc3\x28"), "not valid JSON"),
        ("byte order mark", lambda f: write(MODULES, "\ufeff" + (f / MODULES).read_text())(f), "not valid JSON"),
        ("a comment", write(MODULES, "[] // x"), "not valid JSON"),
    ]
    rows += [(f"path {name[:20]}", put(MODULES, "1/path", name), says) for name, says in PATHS
             if name != '"' + "x" * 250 + '"']
    rows = [(MODULES, *row) for row in rows]
    for name in ("%2e%2e%2fx", "%252e%252e%252fx", "1_Pooling.", "1_Pooling ", "1_POOLING", "1\uff3fPooling"):
        rows.append((name + "/config.json", "path that looks like another", put(MODULES, "1/path", f'"{name}"'), "No such file"))
    rows.append(("2_New", "class after the pooling is unknown", put(MODULES, "2", '{"path":"2_New","type":"a.New"}'), "'New'"))
    rows.append((MODULES, "no pooling", put(MODULES, "1", None), "no Pooling"))
    return rows


NUMBERS = ("-1", "-2147483648", "-9223372036854775808", "4294967296", "9007199254740993", "18446744073709551616",
           "1e308", '"1"', "true", "[]", "null", "2.5")


def config_rows():
    rows = [(CONFIG, f"{field} is {value}", put(CONFIG, field, value), field)
            for field in ("hidden_size", "num_attention_heads", "num_hidden_layers", "intermediate_size",
                          "max_position_embeddings", "vocab_size", "type_vocab_size") for value in NUMBERS]
    rows += [(CONFIG, f"{field} is 0", put(CONFIG, field, "0"), field)
             for field in ("hidden_size", "num_attention_heads", "intermediate_size", "max_position_embeddings",
                           "vocab_size", "type_vocab_size")]
    rows += [(CONFIG, f"layer_norm_eps is {value}", put(CONFIG, "layer_norm_eps", value), "layer_norm_eps")
             for value in ("0", "-1", "1", "1e308", "1e-50", '"1e-12"', "[]", "true")]
    rows += [(CONFIG, f"{value}", put(CONFIG, "layer_norm_eps", value), "not valid JSON")
             for value in ("NaN", "Infinity", "1e999", "01", "+1", "0x1")]
    rows += [
        (CONFIG, "heads do not divide", put(CONFIG, "num_attention_heads", "3"), "not a multiple"),
        (CONFIG, "heads missing", put(CONFIG, "num_attention_heads", None), "num_attention_heads"),
        (WEIGHTS, "hidden_size of another model", put(CONFIG, "hidden_size", "32"), "[246, 32]"),
        (WEIGHTS, "vocab_size of another model", put(CONFIG, "vocab_size", "245"), "[245, 16]"),
        (WEIGHTS, "positions of another model", put(CONFIG, "max_position_embeddings", "512"), "[512, 16]"),
        (WEIGHTS, "one layer more", put(CONFIG, "num_hidden_layers", "2"), "encoder.layer.1"),
        (WEIGHTS, "a thousand layers more", put(CONFIG, "num_hidden_layers", "1024"), "encoder.layer.1"),
        (WEIGHTS, "the largest sizes", both(put(CONFIG, "hidden_size", "65536"), put(CONFIG, "vocab_size", "16777216"),
                                            put(CONFIG, "intermediate_size", "262144")), "[16777216, 65536]"),
        (CONFIG, "model_type missing", put(CONFIG, "model_type", None), "model_type"),
        (CONFIG, "model_type unknown", put(CONFIG, "model_type", '"llama"'), "'llama'"),
        (CONFIG, "model_type is a list", put(CONFIG, "model_type", '["bert"]'), "must be a string"),
        (CONFIG, "model_type is long", put(CONFIG, "model_type", '"%s"' % ("x" * (1 << 20))), "(1048576 bytes)"),
        (CONFIG, "activation unknown", put(CONFIG, "hidden_act", '"mish\\n"'), "'mish\\n'"),
        (CONFIG, "positions relative", put(CONFIG, "position_embedding_type", '"relative_key"'), "relative_key"),
        (CONFIG, "decoder", put(CONFIG, "is_decoder", "true"), "is_decoder"),
        (CONFIG, "is a list", write(CONFIG, "[]"), "must be an object"),
        (CONFIG, "is a string", write(CONFIG, '"x"'), "must be an object"),
        (CONFIG, "is empty", write(CONFIG, ""), "not valid JSON"),
        (CONFIG, "is blank", write(CONFIG, " \n"), "not valid JSON"),
        (CONFIG, "is cut", cut(CONFIG, 300), "not valid JSON"),
        (CONFIG, "is two documents", append(CONFIG, "{}"), "not valid JSON"),
        (CONFIG, "is deep and open", write(CONFIG, "[" * 100000), "not valid JSON"),
        (CONFIG, "is deep", write(CONFIG, "[" * 100000 + "]" * 100000), "deeper than 64"),
        (CONFIG, "is deep objects", write(CONFIG, '{"a":' * 100000 + "0" + "}" * 100000), "deeper than 64"),
        (CONFIG, "is enormous", lambda f: os.truncate(f / CONFIG, 1 << 30), "at most 4194304"),
        (CONFIG, "is large and wide", write(CONFIG, '{"a":[' + "[]," * 1300000 + "[]]}"), "model_type"),
        (CONFIG, "has many keys", write(CONFIG, "{" + ",".join(f'"{i}":0' for i in range(300000)) + "}"), "model_type"),
        (CONFIG, "has a long number", put(CONFIG, "x", "1" * 1000000), "not valid JSON"),
        (CONFIG, "key twice", replace(CONFIG, '"use_cache"', '"is_decoder"'), "stands twice"),
        (CONFIG, "a long key twice", write(CONFIG, '{"%s":1,"%s":2}' % (("\\u0007" * 100000,) * 2)), "stands twice"),
        (CONFIG, "UTF-16", write(CONFIG, "{}".encode("utf-16")), "not valid JSON"),
        (CONFIG, "web page", write(CONFIG, "\n" + PAGE), "is a web page"),
        (CONFIG, "Git LFS pointer", write(CONFIG, POINTER), "Git LFS"),
        (CONFIG, "absent", remove(CONFIG), "No such file"),
    ]
    return rows


def place_rows():
    """What stands where a file should be."""
    rows = []
    for name in (WEIGHTS, CONFIG, MODULES, TOKENIZER, POOLING, DENSE, LENGTHS, SENTENCE, TOKENIZER_CONFIG, SPECIAL):
        rows += [
            (name, "is a folder", in_place(name, lambda path: path.mkdir()), "is a folder"),
            (name, "is a pipe", in_place(name, os.mkfifo), "not a regular file"),
            (name, "is a link to nothing", link(name, "none"), "is a link to nothing"),
        ]
    outside = "which may lead out"
    rows += [
        (CONFIG, "is a link to /dev/zero", link(CONFIG, "/dev/zero"), outside),
        (WEIGHTS, "is a link to /dev/stdin", link(WEIGHTS, "/dev/stdin"), outside),
        (TOKENIZER, "is a link to itself", link(TOKENIZER, TOKENIZER), "without end"),
        (CONFIG, "is an absolute link into the folder", lambda f: link(CONFIG, f / LENGTHS)(f), outside),
        (CONFIG, "is a link out of the folder", moved(CONFIG, "../outside.json"), "leads out of"),
        (WEIGHTS, "is a link out of the folder", moved(WEIGHTS, "../outside"), "leads out of"),
        (POOLING, "is behind a link out of the folder", moved("1_Pooling", "../outside"), "leads out of"),
        (POOLING, "is behind an absolute link", lambda f: (shutil.move(f / "1_Pooling", f.parent / "p"), link(
            "1_Pooling", f.parent / "p")(f)), outside),
        (POOLING, "is behind a file", lambda f: (shutil.rmtree(f / "1_Pooling"), write("1_Pooling", "x")(f)), "can't open"),
    ]
    return rows


def cache_rows():
    """The same in a cache of Hugging Face, where links may lead into blobs."""
    def in_cache(target):
        return lambda f: link(CONFIG, target)(cached(f))
    return [
        (CONFIG, "leads out of the cache", both(lambda f: write("../outside.json", "{}")(f),
                                                in_cache("../../../outside.json")), "leads out of"),
        (CONFIG, "leads out of the cache and back", in_cache("../../../models--org--name/blobs/0"), "leads out of"),
        (CONFIG, "leads to a blob that is gone", in_cache("../../blobs/none"), "is a link to nothing"),
        (CONFIG, "leads to the folder of blobs", in_cache("../../blobs"), "leads out of"),
        (CONFIG, "leads to another revision", both(lambda f: write("../models--org--name/snapshots/b/x", "{}")(f),
                                                   in_cache("../b/x")), "leads out of"),
        (CONFIG, "leads to refs", both(lambda f: write("../models--org--name/refs/main", "{}")(f),
                                       in_cache("../../refs/main")), "leads out of"),
        (CONFIG, "leads through a link in blobs", lambda f: (cached(f), (f.parent / "models--org--name/blobs/x").symlink_to(
            "/etc/passwd"), link(CONFIG, "../../blobs/x")(f.parent / "models--org--name/snapshots" / ("a" * 40))),
         "which may lead out"),
    ]


def tokenizer_rows():
    vocab = "model/vocab/a"
    step = '{"type":"Sequence","normalizers":[%s]}'
    grow = '{"type":"Replace","pattern":{"String":"a"},"content":"aa"}'
    nested = "null"
    for _ in range(60):
        nested = step % ("" if nested == "null" else nested)
    part = '{"SpecialToken":{"id":"[CLS]","type_id":0}}'
    rows = [
        ("is empty", write(TOKENIZER, ""), "not valid JSON"),
        ("is cut", cut(TOKENIZER, 2000), "not valid JSON"),
        ("is a list", write(TOKENIZER, "[]"), "must be an object"),
        ("is deep", write(TOKENIZER, '{"model":' + "[" * 100000 + "]" * 100000 + "}"), "deeper than 64"),
        ("is enormous", lambda f: os.truncate(f / TOKENIZER, 1 << 30), "at most 67108864"),
        ("web page", write(TOKENIZER, PAGE), "is a web page"),
        ("Git LFS pointer", write(TOKENIZER, POINTER), "Git LFS"),
        ("version unknown", put(TOKENIZER, "version", '"2.0"'), "'2.0'"),
        ("no model", put(TOKENIZER, "model", None), "'model'"),
        ("model is a list", put(TOKENIZER, "model", "[]"), "must be an object"),
        ("model unknown", put(TOKENIZER, "model/type", '"Magic\\u0000"'), "'Magic\\x00'"),
        ("no vocabulary", put(TOKENIZER, "model/vocab", None), "'vocab'"),
        ("vocabulary is a list", put(TOKENIZER, "model/vocab", "[]"), "must be an object"),
        ("vocabulary is empty", put(TOKENIZER, "model/vocab", "{}"), "unknown token"),
        ("id twice", put(TOKENIZER, vocab, "6"), "the same id 6"),
        ("token twice", replace(TOKENIZER, '"b"', '"a"'), "stands twice"),
        ("id far away", put(TOKENIZER, vocab, "16777215"), "ids of 246 tokens must be"),
        ("no unknown token", put(TOKENIZER, "model/unk_token", '"[NONE]"'), "'[NONE]'"),
        ("a token of a megabyte", put(TOKENIZER, "model/vocab/" + "x" * (1 << 20), "246"), "longer than 256"),
        ("prefix is a number", put(TOKENIZER, "model/continuing_subword_prefix", "1"), "must be a string"),
        ("normalizer unknown", put(TOKENIZER, "normalizer/type", '"Evil"'), "'Evil'"),
        ("normalizer is a string", put(TOKENIZER, "normalizer", '"x"'), "must be an object"),
        ("normalizer has a regular expression", put(
            TOKENIZER, "normalizer", '{"type":"Replace","pattern":{"Regex":"(a+)+$"},"content":""}'), "regular expression"),
        ("normalizer replaces nothing", put(TOKENIZER, "normalizer", '{"type":"Replace","pattern":{"String":""},"content":"x"}'),
         "must not be empty"),
        ("normalizer has too many steps", put(TOKENIZER, "normalizer", step % ",".join(['{"type":"NFC"}'] * 100000)), "at most 256"),
        ("normalizer is deep", put(TOKENIZER, "normalizer", nested), "deeper than 64"),
        ("normalizer grows without end", put(TOKENIZER, "normalizer", step % ",".join([grow] * 64)), "of a text of"),
        ("normalizer puts in a long text", put(TOKENIZER, "normalizer", '{"type":"Prepend","prepend":"%s"}' % ("x" * 100000)),
         "100000 bytes"),
        ("pre-tokenizer unknown", put(TOKENIZER, "pre_tokenizer/type", '"Split"'), "'Split'"),
        ("decoder unknown", put(TOKENIZER, "decoder", '{"type":"X"}'), "'X'"),
        ("decoder is a list", put(TOKENIZER, "decoder", "[]"), "must be an object"),
        ("post-processor unknown", put(TOKENIZER, "post_processor/type", '"X"'), "'X'"),
        ("template names a token that is none", put(TOKENIZER, "post_processor/special_tokens/[CLS]", None), "'[CLS]'"),
        ("template adds an id beyond the table", put(TOKENIZER, "post_processor/special_tokens/[CLS]/ids", "[246]"), "246"),
        ("template has not as many ids as tokens", put(TOKENIZER, "post_processor/special_tokens/[CLS]/ids", "[]"), "as many"),
        ("template uses B for one text", put(TOKENIZER, "post_processor/single", '[{"Sequence":{"id":"B","type_id":0}}]'), "sequence A once"),
        ("template uses A and B for one text", put(
            TOKENIZER, "post_processor/single",
            '[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":0}}]'), "not use the sequence B"),
        ("template uses C", put(TOKENIZER, "post_processor/single", '[{"Sequence":{"id":"C","type_id":0}}]'), "'C'"),
        ("template is long", put(TOKENIZER, "post_processor/single", "[%s]" % ",".join([part] * 100000)), "more than 1024"),
        ("template multiplies", both(
            put(TOKENIZER, "post_processor/special_tokens/[CLS]/ids", "[%s]" % ",".join(["2"] * 100000)),
            put(TOKENIZER, "post_processor/special_tokens/[CLS]/tokens", "[%s]" % ",".join(['"x"'] * 100000)),
            put(TOKENIZER, "post_processor/single", "[%s]" % ",".join([part] * 1000))), "more than 1024"),
        ("template leaves no room for the text", put(
            TOKENIZER, "post_processor/single",
            "[%s]" % ",".join([part] * 40 + ['{"Sequence":{"id":"A","type_id":0}}'])), "no room"),
        ("40,000 long added tokens", put(TOKENIZER, "added_tokens", "[%s]" % ",".join(
            '{"id":%d,"content":"%0200d","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":false}'
            % (100 + i, i) for i in range(40000))), "more than 4194304 bytes"),
        ("added tokens are an object", put(TOKENIZER, "added_tokens", "{}"), "must be an array"),
        ("added token lacks its flags", put(TOKENIZER, "added_tokens/0/lstrip", None), "'lstrip'"),
        ("added id twice", put(TOKENIZER, "added_tokens/1/id", "0"), "for both"),
        ("a thousand added tokens beyond the table", put(TOKENIZER, "added_tokens", "[%s]" % ",".join(
            ADDED % (246 + i, f'"<{i}>"') for i in range(1000))), "the embedding table has 246 rows"),
        ("one added token beyond the table", put(TOKENIZER, "added_tokens", "[%s]" % (ADDED % (246, '"<new>"'))),
         "the embedding table has 246 rows"),
        ("added token of a megabyte", put(TOKENIZER, "added_tokens", "[%s]" % (ADDED % (246, '"%s"' % ("x" * (1 << 20))))),
         "longer than 256"),
        ("token beyond the table", both(put(TOKENIZER, "model/vocab/more", "246")), "the embedding table has 246 rows"),
        ("padding of nothing", put(TOKENIZER, "padding", '{"pad_to_multiple_of":0}'), "pad_to_multiple_of"),
        ("padding before the table", put(TOKENIZER, "padding", '{"pad_id":-1}'), "pad_id"),
        ("truncation to less than nothing", put(TOKENIZER, "truncation", '{"max_length":-1}'), "max_length"),
        ("truncation of neither side", put(TOKENIZER, "truncation", '{"direction":"Up"}'), "'Up', not Left or Right"),
        ("truncation without end", put(TOKENIZER, "truncation", '{"stride":1e9}'), "stride"),
    ]
    for value in NUMBERS[:11]:
        rows.append((f"id {value}", put(TOKENIZER, vocab, value), "'a'"))
        if value != "null":
            rows.append((f"added id {value}", put(TOKENIZER, "added_tokens/0/id", value), "'id'"))
    rows += [(f"type id {value}", put(TOKENIZER, "post_processor/single/0/SpecialToken/type_id", value), says)
             for value, says in (("-1", "type_id"), ("65536", "type_id"), ("1", "the segment 1"), ("2", "the segment 2"))]
    rows += [(f"longest word {value}", put(TOKENIZER, "model/max_input_chars_per_word", value), "max_input_chars")
             for value in ("-1", "1e9", '"9"')]
    plain = put(TOKENIZER_CONFIG, "tokenizer_class", '"PreTrainedTokenizerFast"')  # Takes all parts from the file.
    return [(TOKENIZER, title, both(plain, damage), says) for title, damage, says in rows]


def vocab_rows():
    rows = [
        ("is empty", write(VOCAB, ""), "the unknown token"),
        ("not UTF-8", write(VOCAB, b"[PAD]\n[UNK]\n\xff\n"), "byte 12 is not UTF-8"),
        ("a line of a megabyte", write(VOCAB, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n" + "x" * (1 << 20)), "longer than 256"),
        ("is enormous", lambda f: os.truncate(f / VOCAB, 1 << 30), "at most 18874368"),
        ("two million tokens", numbered(VOCAB, "{:05x}\n", 2_200_000), "at most 2097152"),
        ("tokens of 17 MB", numbered(VOCAB, "{:0100x}\n", 175_000), "at most 16777216"),
        ("Git LFS pointer", write(VOCAB, POINTER), "Git LFS"),
        ("web page", write(VOCAB, PAGE), "is a web page"),
        ("a pickle", write(VOCAB, PICKLES[1]), "is a pickle"),
        ("one line more than the table", append(VOCAB, "one\nmore\n"), "the embedding table"),
        ("absent", remove(VOCAB), "no vocab.txt"),
    ]
    return [(VOCAB, title, both(with_vocab, damage), says) for title, damage, says in rows]


def tried_rows():
    """What int8 and auto meet already while they load, when the model runs on texts of their own."""
    def one_nan(name, place):
        def damage(h, d):
            old = d[name]
            d[name] = old[:4 * place] + b"\0\0\xc0\x7f" + old[4 * place + 4:]
        return tensors(damage)

    def cls_is(number):
        return both(*(put(TOKENIZER, keys, value) for keys, value in (
            ("model/vocab/[CLS]", number), ("added_tokens/2/id", number),
            ("post_processor/special_tokens/[CLS]/ids", f"[{number}]"))))

    inner = "encoder.layer.0.intermediate.dense."
    rows = [(CONFIG, f"too small for the tokenizer's {number}", cls_is(number), "vocab_size")
            for number in ("246", "300", "4587")]
    rows += [(WEIGHTS, f"NaN at {place} of {name}", one_nan(inner + name, place), "weights are damaged")
             for name, places in (("weight", (0, 1, 15, 16, 17, 31, 33, 383)), ("bias", (0, 5))) for place in places]
    return rows


def small_json_rows():
    rows = [
        (POOLING, "is a list", write(POOLING, "[]"), "must be an object"),
        (POOLING, "mode unknown", put(POOLING, "pooling_mode", '"soft"'), "'soft'"),
        (POOLING, "mode is a number", put(POOLING, "pooling_mode", "1"), "pooling_mode"),
        (POOLING, "a million modes", put(POOLING, "pooling_mode", "[%s]" % ",".join(['"mean"'] * 100000)), "100000 modes"),
        (POOLING, "flag is a string", put(POOLING, "pooling_mode_mean_tokens", '"yes"'), "true or false"),
        (POOLING, "absent", remove(POOLING), "No such file"),
        (DENSE, "is empty JSON", write(DENSE, "{}"), "in_features"),
        (DENSE, "takes other vectors", put(DENSE, "in_features", "17"), "the module before gives 16"),
        ("2_Dense/model.safetensors", "gives other vectors", put(DENSE, "out_features", "9"), "[8, 16]"),
        (DENSE, "activation unknown", put(DENSE, "activation_function", '"torch.nn.Evil"'), "torch.nn.Evil"),
        (DENSE, "bias is a number", put(DENSE, "bias", "1"), "true or false"),
        ("2_Dense/model.safetensors", "is a pickle", write("2_Dense/model.safetensors", PICKLES[0]), "is a pickle"),
        ("2_Dense/pytorch_model.bin", "alone", both(remove("2_Dense/model.safetensors"),
                                                    write("2_Dense/pytorch_model.bin", ZIP)), "convert the model"),
        ("2_Dense/model.safetensors", "holds NaN", lambda f: tensors(lambda h, d: d.update(
            {"linear.bias": b"\xff" * 32}), "2_Dense/model.safetensors")(f), "is not finite"),
        ("2_Dense/model.safetensors", "holds zeros", lambda f: tensors(lambda h, d: d.update(
            {name: bytes(len(d[name])) for name in d}), "2_Dense/model.safetensors")(f), "is all zeros"),
        (LENGTHS, "is a list", write(LENGTHS, "[]"), "must be an object"),
        (LENGTHS, "no room for a text", put(LENGTHS, "max_seq_length", "2"), "no room"),
        (LENGTHS, "another task", put(LENGTHS, "transformer_task", '"fill-mask"'), "'transformer_task' must be"),
        (LENGTHS, "takes no texts", put(LENGTHS, "modality_config", '{"image":%s}' % OUTPUT), "takes no texts"),
        (LENGTHS, "takes chats", put(LENGTHS, "modality_config", '{"text":%s,"message":%s}' % (OUTPUT, OUTPUT)), "a chat"),
        (LENGTHS, "another output", both(put(LENGTHS, "module_output_name", '"token_embeddings"'), put(
            LENGTHS, "modality_config", '{"text":%s}' % OUTPUT.replace("last_hidden_state", "pooler_output"))),
         "must be 'last_hidden_state'"),
        (LENGTHS, "another method", put(LENGTHS, "modality_config", '{"text":%s}' % OUTPUT.replace("forward", "get")),
         "must be 'forward'"),
        (LENGTHS, "no name of the output", put(LENGTHS, "modality_config", '{"text":%s}' % OUTPUT), "module_output_name"),
        (LENGTHS, "modality without method", put(LENGTHS, "modality_config", '{"text":{}}'), "lacks the key 'method'"),
        (LENGTHS, "modalities are a list", put(LENGTHS, "modality_config", '[]'), "must be an object"),
        (LENGTHS, "hands options to the tokenizer", put(LENGTHS, "processing_kwargs", '{"text":{"max_length":3}}'), "not supported"),
        (LENGTHS, "flag is a number", put(LENGTHS, "do_lower_case", "1"), "true or false"),
        (SENTENCE, "is a list", write(SENTENCE, "[]"), "must be an object"),
        (SENTENCE, "another kind of model", put(SENTENCE, "model_type", '"CrossEncoder"'), "'CrossEncoder'"),
        (SENTENCE, "prompts are a list", put(SENTENCE, "prompts", "[]"), "must be an object"),
        (SENTENCE, "prompt is a number", put(SENTENCE, "prompts/query", "1"), "must be a string"),
        (SENTENCE, "default prompt is none", put(SENTENCE, "default_prompt_name", '"\\u001bx"'), "'\\x1bx'"),
        (SENTENCE, "many prompts, and another default", both(
            put(SENTENCE, "prompts", "{%s}" % ",".join(f'"{i}":""' for i in range(100000))),
            put(SENTENCE, "default_prompt_name", '"x"')), "'x'"),
        (TOKENIZER_CONFIG, "cuts on neither side", put(TOKENIZER_CONFIG, "truncation_side", '"up"'), "'up', not left or right"),
        (LENGTHS, "hands arguments on", put(LENGTHS, "tokenizer_args", '{"truncation_side":"left"}'), "not supported"),
        ("adapter_config.json", "there", write("adapter_config.json", "{}"), "adapter"),
        (TOKENIZER_CONFIG, "does not find special tokens", put(TOKENIZER_CONFIG, "split_special_tokens", "true"), "not supported"),
        (TOKENIZER, "unknown token not in the vocabulary", put(SPECIAL, "unk_token", '"<none>"'), "the unknown token '<none>'"),
        (TOKENIZER_CONFIG, "class is a number", put(TOKENIZER_CONFIG, "tokenizer_class", "1"), "tokenizer_class"),
        (TOKENIZER_CONFIG, "is a list", write(TOKENIZER_CONFIG, "[]"), "must be an object"),
        (TOKENIZER_CONFIG, "is deep", write(TOKENIZER_CONFIG, "[" * 100000 + "]" * 100000), "deeper than 64"),
        (TOKENIZER_CONFIG, "is cut", cut(TOKENIZER_CONFIG, 100), "not valid JSON"),
        (TOKENIZER_CONFIG, "token is a number", put(TOKENIZER_CONFIG, "cls_token", "1"), "cls_token"),
        (TOKENIZER_CONFIG, "token is empty", put(TOKENIZER_CONFIG, "cls_token", '""'), "cls_token"),
        (TOKENIZER_CONFIG, "id is a word", both(with_vocab, put(
            TOKENIZER_CONFIG, "added_tokens_decoder", '{"x":%s}' % ADDED % (0, '"a"'))), "must have an id as its key"),
        (VOCAB, "with 350,000 special tokens", both(with_vocab, numbered(
            TOKENIZER_CONFIG, '"t{}",', 350_000, '{"additional_special_tokens":[', '"t"]}')), "at most 65536"),
        (VOCAB, "with 90,000 tokens by name", both(with_vocab, numbered(
            TOKENIZER_CONFIG, '"{0}_token":"x{0}",', 90_000, "{", '"k_token":"t"}')), "at most 65536"),
        (SPECIAL, "is a list", write(SPECIAL, "[]"), "must be an object"),
        (SPECIAL, "is cut", cut(SPECIAL, 5), "not valid JSON"),
        (SPECIAL, "token is a list", both(put(TOKENIZER_CONFIG, "unk_token", None), put(SPECIAL, "unk_token", "[]")), "unk_token"),
    ]
    for name, field in ((LENGTHS, "max_seq_length"), (SENTENCE, "truncate_dim"), (DENSE, "in_features"),
                        (DENSE, "out_features")):
        rows += [(name, f"{field} is {value}", put(name, field, value), field)
                 for value in ("-1", "0", "2147483648", "1e308", '"1"', "true", "[]")]
    rows += [(TOKENIZER_CONFIG, f"model_max_length is {value}", put(TOKENIZER_CONFIG, "model_max_length", value), "model_max_length")
             for value in ("-1", "0", '"1"', "true", "[]")]
    return rows
