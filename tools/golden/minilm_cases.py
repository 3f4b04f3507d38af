"""Writes tests/golden/embedding/all-MiniLM-L6-v2/."""

import json
import shutil

import numpy as np
import torch
from safetensors.numpy import save_file
from sentence_transformers import SentenceTransformer

from golden.common import GOLDEN, expand, write_lines
from golden.model_cases import run_texts
from golden.texts import TEXTS


def mini_lm_texts(sample):
    """Returns 64 hard texts and 236 passages of the sample; the first 8 show every kind of length."""
    first = ["The quick brown fox jumps over the lazy dog.", "", TEXTS["Chinese"], TEXTS["EmojiZwj"], TEXTS["SepGlued"],
             TEXTS["AccentsDecomposed"], "How many people live in Berlin?", TEXTS["OneLetter"]]
    long = [[["a", 100000]], [["word and another ", 1000]], [["\u5929\u6c14 ", 500]], [["Hello! ", 127]], [["Hello! ", 128]], [["a ", 254]], [["a ", 255]],
            [["[SEP]", 300]]]
    names = ["OneSpace", "IdeographicSpace", "NextLine", "ManyWhitespaces", "TabLineFeedCarriageReturn", "Nul", "NulOnly", "Controls", "ReplacementCharacter",
             "SoftHyphen", "ZeroWidth", "VariationSelectors", "Unassigned", "Sentence", "UpperCase", "LongEnglishWords", "Numbers", "Url", "Python", "Json",
             "Html", "Latex", "AsciiPunctuation", "UnicodePunctuation", "CjkPunctuation", "Symbols", "NewPunctuation", "NewMarks", "ChineseAndEnglish", "Japanese",
             "Korean", "HangulJamo", "CjkExtensionBorders", "AccentsComposed", "LoneMarkOnly", "Vietnamese", "GreekFinalSigma", "German", "Turkish",
             "Russian", "Arabic", "Hindi", "Thai", "Emoji", "EmojiFlags", "MixedScripts", "SepOnly", "Code"]
    texts = first + long + [TEXTS[name] for name in names]
    assert len(texts) == 64
    passages = [json.loads(line)["text"] for line in sample.read_text(encoding="utf-8").splitlines()]
    return texts + passages[:: len(passages) // 236][:236]


def write_mini_lm(minilm, sample):
    """Writes tests/golden/embedding/all-MiniLM-L6-v2/."""
    folder = GOLDEN / "embedding" / "all-MiniLM-L6-v2"
    shutil.rmtree(folder, ignore_errors=True)
    texts = mini_lm_texts(sample)
    write_lines(folder / "texts.jsonl", ({"text": text} for text in texts))
    model = SentenceTransformer(str(minilm), device="cpu", model_kwargs={"attn_implementation": "eager", "dtype": torch.float32})
    encoded = [model.tokenizer(expand(text), truncation=True, max_length=model.max_seq_length) for text in texts[:8]]
    expected = run_texts(model[0].auto_model if hasattr(model[0], "auto_model") else model[0].model,
                        [e["input_ids"] for e in encoded], [e["token_type_ids"] for e in encoded])
    expected.pop("pooler_output", None)
    expected["embeddings"] = np.stack([model.encode(expand(text)) for text in texts])
    save_file(expected, folder / "expected.safetensors")
