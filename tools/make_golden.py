#!/usr/bin/env python3
r"""Writes tests/golden/: what the reference packages answer, for the C++ tests to compare with.

Run it in a venv with tools/requirements-oracle.txt, from the root of the repository:

  python3 tools/make_golden.py all --minilm FOLDER --multilingual-vocab VOCAB.txt

FOLDER is all-MiniLM-L6-v2 (model.safetensors, tokenizer.json, modules.json, ...), VOCAB.txt is that of
bert-base-multilingual-cased. Instead of `all`: tokenizers, models, embedding, minilm. Two runs on one machine
write the same bytes; another CPU may change the last bits of the floats.

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
import itertools
import json
import os
import pathlib
import shutil

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import numpy as np  # noqa: E402
import torch  # noqa: E402
from safetensors.numpy import save_file  # noqa: E402
from safetensors.torch import save_file as save_torch_file  # noqa: E402
from sentence_transformers import SentenceTransformer  # noqa: E402
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors  # noqa: E402
from transformers import AutoTokenizer, BertConfig, BertForMaskedLM, BertModel  # noqa: E402

GOLDEN = pathlib.Path("tests/golden")
SEED = 20260101
WEIGHT_DEVIATION = 0.2  # Ten times BERT's own: errors in a layer then show in the result.
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def expand(text):
    """Returns the string that a list of [STRING, COUNT] stands for."""
    return text if isinstance(text, str) or text is None else "".join(piece * count for piece, count in text)


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def write_lines(path, objects):
    """Writes JSONL in ASCII, so that every odd character of a text can be seen."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="ascii") as output:
        for value in objects:
            output.write(json.dumps(value, separators=(",", ":")) + "\n")


# --- Texts ------------------------------------------------------------------------------------------

TEXTS = {
    "Empty": "",
    "OneSpace": " ",
    "Spaces": "     ",
    "AsciiWhitespace": " \t\n\r\f\v ",
    "NoBreakSpace": "\u00a0",
    "IdeographicSpace": "\u3000",
    "LineAndParagraphSeparator": "\u2028\u2029",
    "NextLine": "\u0085",
    "ManyWhitespaces": "a\u00a0b\u1680c\u2000d\u2009e\u200af\u202fg\u205fh\u3000i\u2028j\u2029k",
    "MongolianVowelSeparatorIsNoSpace": "a\u180eb",
    "TabLineFeedCarriageReturn": "one\ttwo\nthree\r\nfour\rfive",
    "VerticalTabAndFormFeed": "one\vtwo\fthree",
    "NextLineInWord": "a\u0085b",
    "Nul": "a\u0000b",
    "NulOnly": "\u0000",
    "Controls": "".join(map(chr, range(32))) + "x",
    "DeleteAndC1Controls": "a\u007fb\u0080c\u009fd",
    "ReplacementCharacter": "a\ufffdb \ufffd c",
    "SoftHyphen": "co\u00adop soft\u00adware \u00ad",
    "ZeroWidth": "a\u200bb\u200cc\u200dd\u2060e\ufefff",
    "ByteOrderMark": "\ufeffhello",
    "BidiMarks": "a\u200eb\u200fc\u202ad\u202ee\u2066f\u2069g",
    "ArabicLetterMark": "a\u061cb",
    "MongolianFreeVariationSelectors": "a\u180bb\u180fc",
    "VariationSelectors": "\u2764\ufe0f \u2764\ufe0e \u845b\U000e0100",
    "TagCharacters": "a\U000e0001\U000e0061\U000e007fb",
    "InterlinearAnnotation": "a\ufff9b\ufffac\ufffbd",
    "ObjectReplacement": "a\ufffcb",
    "Noncharacters": "a\ufdd0b\ufffec\uffffd\U0001fffee\U0010fffff",
    "PrivateUse": "a\ue000b\uf8ffc\U000f0000d\U0010fffde",
    "Unassigned": "a\u0378b\u0379c\u2fe0d\U0001fffae\U000e0fff",
    "English": "The quick brown fox jumps over the lazy dog.",
    "Sentence": "Mr. O'Neill's co-workers didn't re-elect him (in 1998); they'd had \"enough\"!",
    "UpperCase": "HELLO WORLD",
    "CamelCase": "HelloWorld helloWorld HELLOworld",
    "LongEnglishWords": "antidisestablishmentarianism floccinaucinihilipilification unbelievably tokenization",
    "Numbers": "3.14159 1,000,000 007 1e-5 -42 +7 50% \u00bd \u00b2 \u2167 \u0663\u0664 \u096a",
    "Dates": "2024-02-29T12:34:56Z 29/02/2024",
    "Url": "https://example.com/a/b?c=d&e=f#g_h user@example.org",
    "Code": "int main(int argc, char** argv) { return argv[0] != nullptr ? x->y : a[i]++; }  // done",
    "Python": "def f(x):\n\treturn {k: v for k, v in x.items() if k is not None}\n",
    "Json": '{"key": [1, 2.5, null, true], "k\\"2": "\\u00e9"}',
    "Html": "<p class=\"a\">caf&eacute;</p><!-- comment -->",
    "Latex": "$\\sum_{i=0}^{n} x_i^2 \\leq \\frac{1}{2}$",
    "Markdown": "# Title\n\n* *item* `code` **bold** [link](url)",
    "AsciiPunctuation": "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
    "AsciiPunctuationInWord": "x".join("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
    "RepeatedPunctuation": "wow!!! what??? ... --- ===",
    "UnicodePunctuation": "\u00a1Hola! \u00bfqu\u00e9? \u00abguillemets\u00bb \u201ccurly\u201d \u2018single\u2019 a\u2013b\u2014c\u2026 \u00b7 \u2022 \u00a7 \u00b6",
    "CjkPunctuation": "\u300c\u4f60\u597d\u300d\u3001\u4e16\u754c\u3002\uff01\uff1f\uff08\uff09\u3010\u3011",
    "FullwidthPunctuation": "\uff01\uff02\uff03\uff05\uff06\uff07\uff08\uff09\uff3f\uff5b\uff5d a\uff0bb\uff1cc\uff3ed",
    "Symbols": "\u00a9 \u00ae \u2122 \u00b0 \u00b1 \u00d7 \u00f7 \u20ac \u00a3 \u00a5 \u2190 \u2211 \u221e \u2264 \u25a0 \u2605 \u266b",
    "SymbolsInWord": "a\u00a9b a\u20acb a\u00d7b a\u2192b a^b a`b a\u02c6b a\u00b4b",
    "NewPunctuation": "a\u2e43b\u2e44c\u2e49d\u2e4fe\u2e52f\u2e5dg\u09fdh\u0a76i\u0c77j\u0c84k\U00010f55l\U00011a9am\U00016e97n\U0001e95eo",
    "NewPunctuationAlone": "\u2e43 \u2e44 \u2e49 \u2e4f \u2e52 \u2e5d \u09fd \u0a76 \u0c77 \u0c84 \U00016e97 \U0001e95e",
    "NewMarks": "a\u08d3b\u08d4c\u0bfcd\u0d00e\u0d3bf\u1df6g\u1df9h\u1dfbi\u0afaj\u0afbk\ua8c5l\u1ac0m\u1acen\u0898o\u0cf3p",
    "NewFormatCharacters": "a\u061cb\u08e2c\u0890d\u110bde\U000110cdf\U00013430g\U00013438h\U0001343fi",
    "NewLetters": "a\u0560b\u0588c\u10fdd\u1c80e\u1c90f\ua7aeg\ua7cah\ua7f2i\u0870j\u1c89k",
    "NewUpperCase": "\u1c90\u1cba \ua7ae \ua7c2 \ua7f5 \u2c2f \U0001e900 \U000104b0 \U00016e40 \u13a0 \uab70",
    "Chinese": "\u4eca\u5929\u5929\u6c14\u5f88\u597d\uff0c\u6211\u4eec\u53bb\u516c\u56ed\u5427\u3002",
    "ChineseAndEnglish": "\u6211\u7231Python\u7f16\u7a0b2024\u5e74",
    "ChineseTraditional": "\u7e41\u9ad4\u4e2d\u6587\u8207\u53f0\u7063",
    "Japanese": "\u6771\u4eac\u30bf\u30ef\u30fc\u306f\u3068\u3066\u3082\u9ad8\u3044\u3067\u3059\u3002\u304c\u304e\u3050 \uff76\uff9e\uff77 \u30f4",
    "JapaneseDecomposed": "\u304b\u3099\u30cf\u309a",
    "Korean": "\ud55c\uad6d\uc5b4 \uc785\ub2c8\ub2e4. \uac00\uac01\uac13\ud7a3",
    "HangulJamo": "\u1112\u1161\u11ab\u1100\u116e\u11a8 \u1100 \u1161 \u11a8",
    "HangulCompatibilityJamo": "\u314e\u314f\u3134 \u3131\u3161",
    "CjkBorders": "".join("x%cy " % c for c in (
        0x33ff, 0x3400, 0x4dbf, 0x4dc0, 0x4dff, 0x4e00, 0x9fff, 0xa000, 0xf8ff, 0xf900, 0xfaff, 0xfb00)),
    "CjkExtensionBorders": "".join("x%cy " % c for c in (
        0x1ffff, 0x20000, 0x2a6df, 0x2a6e0, 0x2a6ff, 0x2a700, 0x2b73f, 0x2b740, 0x2b81f, 0x2b820, 0x2b91f, 0x2b920,
        0x2ceaf, 0x2ceb0, 0x2ebe0, 0x2ebf0, 0x2f7ff, 0x2f800, 0x2fa1f, 0x2fa20, 0x30000, 0x31350)),
    "CjkCompatibilityDecomposes": "\uf900\uf9d0\ufa10\U0002f800\U0002fa1d",
    "KangxiRadicalsAndStrokes": "\u2e80\u2f00\u31c0\u3105\u3021\u3007\u3005",
    "AccentsComposed": "caf\u00e9 na\u00efve \u00c0\u00c9\u00ce\u00d5\u00dc \u00e5ngstr\u00f6m \u00c7a va? \u017d\u016f\u0159",
    "AccentsDecomposed": "cafe\u0301 nai\u0308ve A\u0300E\u0301I\u0302O\u0303U\u0308",
    "AccentsStacked": "a\u0301\u0302\u0303\u0304\u0305b Z\u0351\u036b\u0343a\u0321\u0322l\u0334\u0335go",
    "LoneMarks": "\u0301 \u0308\u0301 x \u20dd \u0483",
    "LoneMarkOnly": "\u0301",
    "MarkAfterPunctuation": "(\u0301) !\u0308 .\u0327a",
    "EnclosingAndSpacingMarks": "a\u20ddb\u0488c \u0903 \u093e",
    "Vietnamese": "Ti\u1ebfng Vi\u1ec7t \u0111\u1eb9p l\u1eafm, \u01a0i \u01b0",
    "StrokesDoNotDecompose": "\u0142\u00f8\u0111\u0127\u0167 \u0141\u00d8\u0110 \u00e6\u0153\u00fe\u00f0",
    "NfdSingletons": "\u2126 \u212b \u212a \u1fef \u037e \u0387 \u2000 \u2329",
    "GreekFinalSigma": "\u039f\u0394\u03a5\u03a3\u03a3\u0395\u03a5\u03a3 \u03a3 \u039f\u03a3. \u03c3\u03c2",
    "GreekAccents": "\u0386\u0388\u03ac\u03ad\u1f00\u1fb3\u1fbc\u1f88\u0390\u03b0",
    "German": "Stra\u00dfe STRASSE \u1e9e \u00df gr\u00f6\u00dfer \u00c4\u00d6\u00dc",
    "Turkish": "\u0130stanbul I\u011fd\u0131r \u0131i \u0130I i\u0307",
    "Lithuanian": "i\u0307\u0301 \u012e\u0307 \u0128",
    "LatinDigraphs": "\u01c4\u01c5\u01c6 \u01c7\u01c8 \u01f1\u01f2",
    "Ligatures": "\ufb01 \ufb02 \ufb00 \ufb03 \ufb05 \ufb13 \u0133 \u0132",
    "FullwidthLatin": "\uff28\uff25\uff2c\uff2c\uff2f \uff48\uff49 \uff11\uff12",
    "MathematicalLetters": "\U0001d400\U0001d41a\U0001d504\U0001d56c \u210c \u2119 \u24b6\u24d0",
    "Superscripts": "x\u00b2 H\u2082O \u2075 a\u1d43\u02b0",
    "Russian": "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440! \u0401\u043b\u043a\u0430 \u0439 \u0418\u0306",
    "Ukrainian": "\u0407\u0436\u0430\u043a \u0404\u0432\u0440\u043e\u043f\u0430 \u0490",
    "Arabic": "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645\u060c \u0643\u064e\u062a\u064e\u0628\u064e \u0623\u0625\u0622 \u0640 \u061f",
    "Hebrew": "\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd \u05e2\u05d5\u05dc\u05dd \u05be \ufb2a",
    "Hindi": "\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e\u0964 \u0915\u093c \u0958",
    "Bengali": "\u09ac\u09be\u0982\u09b2\u09be \u09ad\u09be\u09b7\u09be \u09cb \u09c7\u09be",
    "Tamil": "\u0ba4\u0bae\u0bbf\u0bb4\u0bcd \u0bae\u0bca\u0bb4\u0bbf",
    "Thai": "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35\u0e0a\u0e32\u0e27\u0e42\u0e25\u0e01 \u0e19\u0e49\u0e33 \u0e33",
    "Lao": "\u0eaa\u0eb0\u0e9a\u0eb2\u0e8d\u0e94\u0eb5",
    "Tibetan": "\u0f56\u0f7c\u0f51\u0f0b\u0f66\u0f90\u0f51\u0f0d \u0f77 \u0f73",
    "Khmer": "\u1797\u17b6\u179f\u17b6\u1781\u17d2\u1798\u17c2\u179a",
    "Burmese": "\u1019\u103c\u1014\u103a\u1019\u102c\u1018\u102c\u101e\u102c",
    "Georgian": "\u10e5\u10d0\u10e0\u10d7\u10e3\u10da\u10d8 \u10a0 \u1c90",
    "Armenian": "\u0540\u0561\u0575\u0565\u0580\u0565\u0576 \u0587",
    "Cherokee": "\u13e3\u13b3\u13a9 \uab70 \u13f8",
    "Ethiopic": "\u12a0\u121b\u122d\u129b\u1362",
    "Gothic": "\U00010330\U00010331\U00010332",
    "Deseret": "\U00010400\U00010428",
    "MusicalSymbolsDecompose": "\U0001d15e \U0001d1bb \U0001d160",
    "Emoji": "I \u2764 you \U0001f600\U0001f602 \U0001f44d",
    "EmojiInWord": "good\U0001f600morning",
    "EmojiZwj": "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 \U0001f3f3\ufe0f\u200d\U0001f308",
    "EmojiSkinTones": "\U0001f44d\U0001f3fb\U0001f44d\U0001f3ff",
    "EmojiFlags": "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7 \U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "EmojiKeycaps": "1\ufe0f\u20e3 #\ufe0f\u20e3 *\u20e3",
    "EmojiNew": "\U0001f9ff\U0001fa70\U0001fae0\U0001fae8\U0001fac6",
    "MixedScripts": "Hello\u4e16\u754c\u041f\u0440\u0438\u0432\u0435\u0442\u05e9\u05dc\u05d5\u05dd123\ud55c\uae00abc",
    "SepWithSpaces": "first [SEP] second",
    "SepGlued": "first[SEP]second",
    "SepLowerCase": "first [sep] second [Sep]",
    "SepTwice": "[SEP][SEP] [SEP]",
    "SepOnly": "[SEP]",
    "SepBroken": "[SEP [ SEP] SEP] [[SEP]]",
    "SepAccented": "[SE\u0301P] [SEP\u0301]",
    "SepInvisible": "[SE\u200bP] [\u00adSEP]",
    "MaskWithSpaces": "the [MASK] sat on the mat",
    "MaskGlued": "un[MASK]able",
    "MaskLowerCase": "the [mask] sat",
    "ClsInText": "[CLS] hello [CLS]",
    "PadAndUnkInText": "a [PAD] b[UNK]c [unk]",
    "UnusedInText": "[unused0] [unused1]",
    "SpecialBesideWhitespace": "\u00a0[MASK]\u3000[SEP]\n[CLS]\t",
    "HashesAreNoPrefix": "##ing # #a ##",
    "UnknownLetter": "\U00010330 abc \ua980",
    "UnknownInsideWord": "abc\ua980def",
    "OneLetter": "a",
    "ApostropheKinds": "don't don\u2019t don\u02bct don\uff07t",
    "HyphenKinds": "a-b a\u2010b a\u2011b a\u2012b a\u2212b a\u00adb",
    "ZalgoOnPunctuation": "?\u0321\u0322\u0489!\u0336",
    "HangulAndMarks": "\uac00\u0301 \u1100\u0301\u1161",
    "ReorderedMarks": "a\u0323\u0307 a\u0307\u0323 d\u0307\u0323\u0301",
    "ReorderedNukta": "\u0915\u094d\u093c \u05d1\u05bc\u05bf",
    "SpacesInside": "  leading  and   trailing   ",
}

LONG_TEXTS = {
    "Word99": [["a", 99]],
    "Word100": [["a", 100]],
    "Word101": [["a", 101]],
    "Word200": [["ab", 100]],
    "Word100BetweenWords": [["the ", 1], ["x", 100], [" end", 1]],
    "Word101BetweenWords": [["the ", 1], ["x", 101], [" end", 1]],
    "MultiByteWord100": [["\u0436", 100]],
    "MultiByteWord101": [["\u0436", 101]],
    "AccentsComposed100": [["\u00e9", 100]],
    "AccentsComposed101": [["\u00e9", 101]],
    "AccentsDecomposed100": [["e\u0301", 100]],
    "AccentsDecomposed101": [["e\u0301", 101]],
    "Hangul33SyllablesAre99Jamo": [["\ud55c", 33]],
    "Hangul34SyllablesAre102Jamo": [["\ud55c", 34]],
    "Astral100": [["\U00010428", 100]],
    "Astral101": [["\U00010428", 101]],
    "RemovedCharactersDoNotCount": [["a\u200b", 100]],
    "HundredThousandLetters": [["a", 100000]],
    "HundredThousandCyrillic": [["\u0436", 100000]],
    "HundredThousandMarks": [["a", 1], ["\u0301", 100000], ["b", 1]],
    "HundredThousandSpaces": [["a", 1], [" ", 100000], ["b", 1]],
    "HundredThousandControls": [["a", 1], ["\u0000", 100000], ["b", 1]],
    "HundredThousandEmoji": [["\U0001f600", 100000]],
}

TRUNCATED_LONG_TEXTS = {  # Given max_length 16, because the whole answer would be long.
    "LongEnglish": [["the quick brown fox ", 2000]],
    "LongChinese": [["\u5929\u6c14", 20000]],
    "LongPunctuation": [["!", 50000]],
    "LongSeps": [["[SEP]", 5000]],
    "LongMasks": [["a [MASK]", 5000]],
    "LongUnknowns": [["\ua980 ", 5000]],
}

PAIRS = {
    "Both": ("How many people live in Berlin?", "Berlin has 3,520,031 registered inhabitants."),
    "BothEmpty": ("", ""),
    "FirstEmpty": ("", "hello world"),
    "SecondEmpty": ("hello world", ""),
    "WhitespaceOnly": (" ", "\u3000"),
    "SepInBoth": ("a [SEP] b", "[CLS] c [MASK]"),
    "Accents": ("caf\u00e9 \u4e16\u754c", "e\u0301t\u00e9 \ud55c"),
    "Emoji": ("\U0001f600 a", "b \U0001f468\u200d\U0001f469"),
    "Same": ("same text", "same text"),
}

TRUNCATIONS = {  # Numbers of words: a b c ... are one token each.
    "Text": ("a b c d e f g h", None),
    "Word": ("unbelievably tokenization of words", None),
    "EmptyText": ("", None),
    "LongShort": ("a b c d e f g h", "x y z"),
    "ShortLong": ("x y z", "a b c d e f g h"),
    "BothLong": ("a b c d e f g h i", "q r s t u v w x y z"),
    "Equal": ("a b c d e", "v w x y z"),
    "PairWithEmpty": ("a b c d e f", ""),
    "EmptyWithPair": ("", "a b c d e f"),
}


# --- Tokenizers -------------------------------------------------------------------------------------


def encode(tokenizer, case):
    """Returns the case with the reference's answer."""
    text, pair = expand(case["text"]), expand(case["pair"])
    tokenizer.no_padding()
    tokenizer.no_truncation()
    try:
        if case["max_length"] is not None:
            tokenizer.enable_truncation(case["max_length"], strategy=case["strategy"], direction=case["side"])
        encoding = tokenizer.encode(text, pair, add_special_tokens=case["add_special_tokens"])
    except BaseException as error:  # A Rust panic is no Exception.
        if isinstance(error, KeyboardInterrupt):
            raise
        return case | {"error": True}
    return case | {
        "ids": encoding.ids,
        "tokens": encoding.tokens,
        "offsets": encoding.offsets,
        "type_ids": encoding.type_ids,
        "special_tokens_mask": encoding.special_tokens_mask,
    }


def case(name, text, pair=None, add_special_tokens=True, max_length=None, strategy="longest_first", side="right"):
    return {"name": name, "text": text, "pair": pair, "add_special_tokens": add_special_tokens,
            "max_length": max_length, "strategy": strategy, "side": side}


def text_cases(names=None):
    """Returns the hard texts with and without special tokens, then the pairs."""
    for name, text in itertools.chain(TEXTS.items(), LONG_TEXTS.items()):
        if names is None or name in names:
            yield case(name, text)
    for name in ("Empty", "OneSpace", "English", "SepGlued", "Chinese", "AccentsDecomposed", "NulOnly"):
        yield case(name + "WithoutSpecialTokens", TEXTS[name], add_special_tokens=False)
    for name, text in TRUNCATED_LONG_TEXTS.items():
        yield case(name, text, max_length=16)
    for name, (text, pair) in PAIRS.items():
        yield case("Pair" + name, text, pair)
        yield case("Pair" + name + "WithoutSpecialTokens", text, pair, add_special_tokens=False)


def truncation_cases():
    """Returns each truncation text at each border, with each strategy and side."""
    for name, (text, pair) in TRUNCATIONS.items():
        for strategy in ("longest_first", "only_first", "only_second"):
            for side in ("right", "left"):
                for max_length in (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 13, 16):
                    label = "".join(word.capitalize() for word in strategy.split("_")) + side.capitalize()
                    yield case(f"Truncate{name}To{max_length}{label}", text, pair, True, max_length, strategy, side)
        for max_length in (0, 1, 3, 6):
            yield case(f"Truncate{name}To{max_length}WithoutSpecialTokens", text, pair, False, max_length)


def write_cases(folder, tokenizer, cases):
    write_lines(folder / "cases.jsonl", (encode(tokenizer, case) for case in cases))


def write_sweep(folder, tokenizer):
    """Writes sweep.txt; the head of this file says how to read it."""
    tokenizer.no_padding()
    tokenizer.no_truncation()
    characters = [c for c in range(0x30000) if not 0xD800 <= c < 0xE000]
    encodings = tokenizer.encode_batch([f"x{chr(c)}y" for c in characters], add_special_tokens=False)
    runs = []  # [first, last, answer]
    for code, encoding in zip(characters, encodings):
        tokens = " ".join(encoding.tokens)
        if chr(code) not in "xy# [UNK]":  # These would replace more than C.
            tokens = tokens.replace(chr(code), "~")
        answer = tokens + "|" + " ".join(f"{begin},{end}" for begin, end in encoding.offsets)
        if runs and runs[-1][1:] == [code - 1, answer]:
            runs[-1][1] = code
        else:
            runs.append([code, code, answer])
    lines = (f"{first:04X} {last:04X} {answer}\n" for first, last, answer in runs)
    (folder / "sweep.txt").write_text("".join(lines), encoding="utf-8", newline="\n")


def cut_vocabulary(path):
    """Returns about 12,000 entries of the multilingual vocabulary: all scripts, whole and in pieces."""
    quotas = {"CJK": 1200, "HANGUL": 700, "ASCII": 2000, "LATIN": 700}
    kept, counts = [], {}
    for token in path.read_text(encoding="utf-8").split("\n"):
        piece = token.removeprefix("##")
        if not piece or token.startswith("[unused"):
            continue
        if token in SPECIALS or len(piece) == 1 and not 0x3400 <= ord(piece) < 0xD7B0:
            kept.append(token)
            continue
        code = max(map(ord, piece))
        script = ("ASCII" if code < 0x80 else "LATIN" if code < 0x250 else
                  "CJK" if 0x3400 <= code < 0xA000 else "HANGUL" if 0xAC00 <= code < 0xD7B0 else code >> 7)
        key = (token != piece, script)
        counts[key] = counts.get(key, 0) + 1
        if counts[key] <= quotas.get(script, 120):
            kept.append(token)
    return kept


def small_vocabulary(prefix="##", unknown="[UNK]"):
    """Returns some 600 entries: letters, digits, marks, a few words and pieces, some Chinese."""
    letters = list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    letters += list("\u00e9\u00e8\u00ef\u00fc\u00c9\u00df\u0131\u0436\u0416\u03c3\u03c2\u00e7\u0130\u1100\u1161\u11ab\ud55c")
    marks = list("\u0301\u0300\u0308\u0307\u0327")
    others = list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\u00a1\u2014\u2026\u3002\u4e16\u754c\u5929\u6c14\U0001f600\u200b\u00ad\u0000\ufffd")
    words = ["the", "hello", "Hello", "HELLO", "world", "World", "caf\u00e9", "cafe", "cafe\u0301", "new", "token", "newtoken", "first",
             "second", "sep", "mask", "\u4e16\u754c", "hello\u4e16"]
    pieces = ["ing", "able", "ization", "world", "ed", "s", "\u754c", "\u4e16", "\u4e16\u754c", "abc", "e\u0301"]
    entries = ["[PAD]", unknown, "[CLS]", "[SEP]", "[MASK]"] + letters + marks + others + words
    entries += [prefix + piece for piece in letters + marks + pieces]
    return list(dict.fromkeys(entries))


def build_tokenizer(vocabulary=None, unknown="[UNK]", prefix="##", max_characters=100, normalizer=None,
                   added=tuple(AddedToken(t, normalized=False, special=True) for t in SPECIALS), processor=None):
    """Returns a BERT tokenizer over the small vocabulary."""
    vocabulary = vocabulary or small_vocabulary(prefix, unknown)
    ids = {token: i for i, token in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token=unknown, max_input_chars_per_word=max_characters,
                                           continuing_subword_prefix=prefix))
    if normalizer != "none":
        tokenizer.normalizer = normalizer or normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    for token in added:
        (tokenizer.add_special_tokens if token.special else tokenizer.add_tokens)([token])
    if processor != "none":
        tokenizer.post_processor = processor or processors.TemplateProcessing(
            single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return tokenizer


def added_tokens():
    """Returns added tokens of every kind, in the order of their ids."""
    specials = [AddedToken(t, normalized=False, special=True) for t in SPECIALS]
    specials[-1] = AddedToken("[MASK]", normalized=False, special=True, lstrip=True)
    return specials + [
        AddedToken("NewToken", normalized=True),  # Found after lower-casing, in any case.
        AddedToken("RawToken", normalized=False),  # Found in the text as it is.
        AddedToken("caf\u00e9\u00e9", normalized=True),
        AddedToken("<left>", normalized=False, lstrip=True),
        AddedToken("<right>", normalized=False, rstrip=True),
        AddedToken("<both>", normalized=False, lstrip=True, rstrip=True),
        AddedToken("<bothnorm>", normalized=True, lstrip=True, rstrip=True),
        AddedToken("cat", normalized=False, single_word=True),
        AddedToken("dog", normalized=True, single_word=True),
        AddedToken("<a>", normalized=False),
        AddedToken("<a>b", normalized=False),
        AddedToken("<a>bc", normalized=True),
        AddedToken("two words", normalized=True),
        AddedToken("\u4e2d\u6587", normalized=False),
        AddedToken("hello", normalized=True),  # In the vocabulary already: keeps its id.
    ]


ADDED_TOKEN_TEXTS = [
    "newtoken NewToken NEWTOKEN N\u00e9wToken", "xNewTokeny", "rawtoken RawToken RAWTOKEN xRawTokeny", "caf\u00e9\u00e9 cafeee cafe\u0301e\u0301 CAF\u00c9\u00c9",
    "a  <left>  b", "a  <right>  b", "a  <both>  b", "a\t\n<both>\u3000\u00a0b", "a  <BothNorm>  b", "a <both> <both> <left> <right> b",
    "<left>", " <left> ", " <right> ", "  <both>  ", "cat", "cat cats concat (cat) cat. _cat cat_ cat1 \u00e9cat cat\u0301 \u4e16cat",
    "dog Dog dogs (DOG) hotdog dog-dog \u4e16dog", "<a> <a>b <a>bc <a>bcd <a><a>b", "<A>bc", "two words Two  words TWO WORDS twowords", "\u4e2d\u6587\u4e2d \u6587\u4e2d\u6587",
    "hello HELLO helloworld", "a [MASK] b  [MASK][MASK] c", "[CLS] [SEP]  [PAD]", "a\u00a0[MASK]\u00a0b", "RawTokenRawToken RawRawToken", "", "  ",
    "<a", "<a>>b", "cat<a>cat", "\u200bcat\u200b", "\u0000<both>\u0000 a", "new\u00adtoken", "NEW\u200bTOKEN", "[MASK] NewToken RawToken <both> x",
]


def write_tokenizers(minilm, multilingual_vocabulary):
    """Writes tests/golden/tokenizers/."""
    root = GOLDEN / "tokenizers"
    shutil.rmtree(root, ignore_errors=True)

    folder = root / "all-MiniLM-L6-v2"
    folder.mkdir(parents=True)
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        shutil.copyfile(minilm / name, folder / name)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    write_cases(folder, tokenizer, itertools.chain(text_cases(), truncation_cases()))
    write_sweep(folder, tokenizer)

    folder = root / "bert-vocab-only"
    folder.mkdir()
    shutil.copyfile(minilm / "vocab.txt", folder / "vocab.txt")
    write_json(folder / "tokenizer_config.json", {"do_lower_case": True, "tokenizer_class": "BertTokenizer", "model_max_length": 512})
    write_cases(folder, AutoTokenizer.from_pretrained(folder).backend_tokenizer, text_cases())

    folder = root / "bert-cased"
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(cut_vocabulary(multilingual_vocabulary)) + "\n", encoding="utf-8", newline="\n")
    write_json(folder / "tokenizer_config.json", {
        "do_lower_case": False, "strip_accents": None, "tokenize_chinese_chars": True, "tokenizer_class": "BertTokenizer",
        "model_max_length": 512})
    tokenizer = AutoTokenizer.from_pretrained(folder).backend_tokenizer
    write_cases(folder, tokenizer, text_cases())
    write_sweep(folder, tokenizer)

    for name, options in {
        "no-strip": {"do_lower_case": True, "strip_accents": False, "tokenize_chinese_chars": False},
        "strip-cased": {"do_lower_case": False, "strip_accents": True, "tokenize_chinese_chars": True},
    }.items():
        folder = root / f"bert-vocab-only-{name}"
        folder.mkdir()
        (folder / "vocab.txt").write_text("".join(t + "\n" for t in small_vocabulary() if t.isprintable()), encoding="utf-8", newline="\n")
        write_json(folder / "tokenizer_config.json", options | {"tokenizer_class": "BertTokenizer", "model_max_length": 512})
        write_cases(folder, AutoTokenizer.from_pretrained(folder).backend_tokenizer, text_cases())

    bert = normalizers.BertNormalizer
    template = processors.TemplateProcessing
    variants = {
        "bert-variants-keep-control": {"normalizer": bert(clean_text=False)},
        "bert-variants-no-chinese": {"normalizer": bert(handle_chinese_chars=False)},
        "bert-variants-strip-cased": {"normalizer": bert(strip_accents=True, lowercase=False)},
        "bert-variants-accents-lower": {"normalizer": bert(strip_accents=False, lowercase=True)},
        "bert-variants-cased": {"normalizer": bert(lowercase=False)},
        "bert-variants-all-off": {"normalizer": bert(False, False, False, False)},
        "bert-variants-no-normalizer": {"normalizer": "none"},
        "wordpiece-prefix": {"prefix": "@@", "unknown": "<unk>", "added": [AddedToken(t, normalized=False, special=True) for t in
                                                                         ("[PAD]", "<unk>", "[CLS]", "[SEP]", "[MASK]")]},
        "wordpiece-empty-prefix": {"prefix": ""},
        "wordpiece-ten-characters": {"max_characters": 10},
        "wordpiece-no-added-tokens": {"added": [], "processor": "none"},
        "post-processor-none": {"processor": "none"},
        "post-processor-bert": {"processor": processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))},
        "post-processor-template": {"processor": template(
            single="[CLS]:2 $A:3 [SEP]:4 [MASK]", pair="[SEP] $B:1 [SEP]:1 $A:5 [CLS]:1",
            special_tokens=[("[CLS]", 2), ("[SEP]", 3), ("[MASK]", 4)])},
        "post-processor-template-ids": {"processor": template(
            single="start $A end", pair="start $A end $B:1 end:1",
            special_tokens=[{"id": "start", "ids": [2, 4], "tokens": ["[CLS]", "[MASK]"]}, {"id": "end", "ids": [3], "tokens": ["[SEP]"]}])},
    }
    truncations = [case for case in truncation_cases() if case["max_length"] in (0, 2, 3, 4, 5, 8)]
    for name, options in variants.items():
        folder = root / name
        folder.mkdir()
        tokenizer = build_tokenizer(**options)
        tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
        cases = itertools.chain(text_cases(), truncations) if name.startswith("post-processor") else text_cases()
        write_cases(folder, tokenizer, cases)

    folder = root / "added-tokens"
    folder.mkdir()
    tokenizer = build_tokenizer(added=added_tokens())
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    cases = [case(f"AddedTokens{i}", text) for i, text in enumerate(ADDED_TOKEN_TEXTS)]
    cases += [case("AddedTokensPair", ADDED_TOKEN_TEXTS[7], ADDED_TOKEN_TEXTS[15]),
              case("AddedTokensCut", ADDED_TOKEN_TEXTS[9], max_length=5)]
    write_cases(folder, tokenizer, cases + list(text_cases()))


# --- Models -----------------------------------------------------------------------------------------


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


# --- Embedding --------------------------------------------------------------------------------------

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
