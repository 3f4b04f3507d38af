#!/usr/bin/env python3
r"""Writes tests/golden/: what the reference packages answer, for the C++ tests to compare with.

Run it in a venv with tools/requirements-oracle.txt, from the root of the repository:

  python3 tools/make_golden.py all --minilm FOLDER --multilingual-vocab VOCAB.txt

FOLDER is all-MiniLM-L6-v2 (model.safetensors, tokenizer.json, modules.json, ...), VOCAB.txt is that of
bert-base-multilingual-cased. Instead of `all`: tokenizers, models, embedding, minilm; each has its file in
tools/golden/. Two runs on one machine write the same bytes; another CPU may change the last bits of the floats.

tests/golden/tokenizers/NAME/: the tokenizer's files and
  cases.jsonl  One case a line: name, text and pair (see below; pair may be null), add_special_tokens,
               max_length (or null for no truncation), strategy ("longest_first", "only_first",
               "only_second") and side ("right", "left") of the truncation; then the answer: ids, tokens,
               offsets ([begin, end] in characters of the text, as the reference gives them), type_ids,
               special_tokens_mask; or "error": true where the reference raises.
  sweep.txt    What happens to every character C from U+0000 to U+2FFFF between two letters: "x" + C + "y",
               without special tokens. A line is "FIRST LAST TOKENS|OFFSETS": each character of the range
               gives this. FIRST and LAST are hexadecimal; TOKENS are separated by blanks, and "~" in them
               stands for C itself; OFFSETS are "begin,end", separated by blanks.
tests/golden/models/NAME/: config.json, model.safetensors (random weights) and
  expected.safetensors  input_ids, type_ids I32 [tokens]: the texts one after another, without padding;
               lengths I32 [texts]; hidden_states.0 ... hidden_states.L F32 [tokens, hidden], each text run
               alone in float32; pooler_output F32 [texts, hidden] where the model has a pooler.
tests/golden/embedding/NAME/: a sentence-transformers folder and
  cases.jsonl  name, text, prompt_name, prompt, truncate_dim, normalize (encode's normalize_embeddings),
               embedding: what SentenceTransformer.encode gives for this text alone.
tests/golden/embedding/all-MiniLM-L6-v2/: no model (tests find it themselves), but
  texts.jsonl  {"text"}, and expected.safetensors: embeddings F32 [texts, 384]; input_ids, type_ids, lengths,
               hidden_states.N as above for the first 8 texts.

A text is a string, or, where it is long, a list of [STRING, COUNT]: each string repeated so many times, joined.
"""

import argparse
import os
import pathlib

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import torch  # noqa: E402

from golden.common import SEED  # noqa: E402
from golden.embedding_cases import write_embedding  # noqa: E402
from golden.minilm_cases import write_mini_lm  # noqa: E402
from golden.model_cases import write_models  # noqa: E402
from golden.tokenizer_cases import write_tokenizers  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["all", "tokenizers", "models", "embedding", "minilm"])
    parser.add_argument("--minilm", type=pathlib.Path, required=True)
    parser.add_argument("--multilingual-vocab", type=pathlib.Path, help="needed for tokenizers")
    parser.add_argument("--sample", type=pathlib.Path, default=pathlib.Path("sample/wikipedia.jsonl"))
    arguments = parser.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    if arguments.what in ("all", "tokenizers"):
        if arguments.multilingual_vocab is None:
            parser.error("tokenizers needs --multilingual-vocab")
        write_tokenizers(arguments.minilm, arguments.multilingual_vocab)
    if arguments.what in ("all", "models"):
        write_models()
    if arguments.what in ("all", "embedding"):
        write_embedding()
    if arguments.what in ("all", "minilm"):
        write_mini_lm(arguments.minilm, arguments.sample)


if __name__ == "__main__":
    main()
