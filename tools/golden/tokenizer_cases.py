"""Writes tests/golden/tokenizers/."""

import itertools
import shutil

from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import AutoTokenizer

from golden.common import GOLDEN, SPECIALS, expand, write_json, write_lines
from golden.texts import LONG_TEXTS, PAIRS, TEXTS, TRUNCATED_LONG_TEXTS, TRUNCATIONS


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


def decoder(*tokens):
    """Returns an added_tokens_decoder."""
    return {str(i): {"content": token.content, "lstrip": token.lstrip, "rstrip": token.rstrip, "special": token.special,
                     "normalized": token.normalized, "single_word": token.single_word} for i, token in tokens}


def write_configured(root):
    """Writes folders whose tokenizer_config.json says something else than the tokenizer.json beside it."""
    cased = {"normalizer": normalizers.BertNormalizer(lowercase=False)}
    specials = [AddedToken(t, normalized=False, special=True) for t in SPECIALS]
    new_token = AddedToken("NewToken", normalized=False)
    bert, plain = {"tokenizer_class": "BertTokenizer"}, {"tokenizer_class": "PreTrainedTokenizerFast"}
    of_bert = {"config.json": {"model_type": "bert"}}
    both = {"cls_token": "<s>", "sep_token": "</s>"}
    named = both | {"mask_token": "[SEP]", "foo_token": "NewToken", "additional_special_tokens": ["first"]}
    # name -> options of build_tokenizer, tokenizer_config.json, other files
    folders = {
        "flags-default": (cased, bert, {}),
        "flags-by-model-type": (cased, {}, of_bert),
        "flags-cased": ({}, bert | {"do_lower_case": False, "tokenize_chinese_chars": False}, {}),
        "flags-accents": ({}, {"tokenizer_class": "DistilBertTokenizerFast", "strip_accents": False}, {}),
        "flags-ignored": ({}, plain | {"do_lower_case": False, "tokenize_chinese_chars": False}, of_bert),
        "class-unknown": (cased, {"tokenizer_class": "OwnTokenizer"}, of_bert),
        "class-of-model": (cased, {}, {"config.json": {"model_type": "bert", "tokenizer_class": "TokenizersBackend"}}),
        "class-of-bert": ({"processor": "none", "prefix": "@@", "max_characters": 3}, bert, {}),
        "tokens-swapped": ({}, bert | {"cls_token": "[SEP]", "sep_token": "[MASK]", "unk_token": "the"}, {}),
        "tokens-named": ({}, bert | named, {}),
        "tokens-named-plain": ({}, plain | named, {}),
        "tokens-of-map": ({}, bert | {"cls_token": "[SEP]"}, {"special_tokens_map.json": {"cls_token": "[MASK]"}}),
        "tokens-of-decoder": ({"added": specials + [AddedToken("hello")]}, bert | {
            "cls_token": "[SEP]", "added_tokens_decoder": decoder(*enumerate(specials), (600, new_token))},
            {"special_tokens_map.json": {"cls_token": "[MASK]"}}),
        "tokens-of-decoder-plain": ({}, plain | {
            "added_tokens_decoder": decoder((600, new_token), (4, AddedToken("[MASK]", special=True, lstrip=True, normalized=False)))}, {}),
    }
    texts = ADDED_TOKEN_TEXTS + ["<s> </s>", "first [SEP]the NewToken", "\u4e16\u754c"]
    for name, (options, config, files) in folders.items():
        folder = root / f"configured-{name}"
        folder.mkdir()
        build_tokenizer(**options).save(str(folder / "tokenizer.json"), pretty=False)
        for file, content in {"tokenizer_config.json": config, **files}.items():
            write_json(folder / file, content)
        tokenizer = AutoTokenizer.from_pretrained(folder).backend_tokenizer
        cases = [case(f"Configured{i}", text) for i, text in enumerate(texts)]
        write_cases(folder, tokenizer, cases + [case("ConfiguredPair", texts[7], texts[-2])])


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

    write_configured(root)

    folder = root / "added-tokens"
    folder.mkdir()
    tokenizer = build_tokenizer(added=added_tokens())
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    cases = [case(f"AddedTokens{i}", text) for i, text in enumerate(ADDED_TOKEN_TEXTS)]
    cases += [case("AddedTokensPair", ADDED_TOKEN_TEXTS[7], ADDED_TOKEN_TEXTS[15]),
              case("AddedTokensCut", ADDED_TOKEN_TEXTS[9], max_length=5)]
    write_cases(folder, tokenizer, cases + list(text_cases()))
