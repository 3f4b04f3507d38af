"""The llama.cpp contender through llama-cpp-python: f32, f16 or q8_0 weights, many texts packed into one batch.

llama.cpp lets every token of a batch attend to all of it and masks the other texts, so a long batch wastes work:
the best number of texts is small. Its own tokenizer is used: faster than `tokenizers`, and nearly always the same.
"""

import ctypes

import llama_cpp
import numpy as np

from contender import Engine, arguments, most_tokens, serve

MOST_TOKENS = 2048  # Of one batch; more were always slower.
FILES = {"f32": "minilm-f32.gguf", "f16": "minilm-f16.gguf", "int8": "minilm-q8_0.gguf"}
QUIET = llama_cpp.llama_log_callback(lambda level, text, data: None)


class OwnTokens:
    """llama.cpp's tokenizer, in place of contender.Texts; one text after another."""

    def __init__(self, model, limit: int):
        self.vocabulary = llama_cpp.llama_model_get_vocab(model)
        self.limit = limit

    def ids(self, texts: list[str]) -> list[list[int]]:
        return [self.ids_of(text.encode()) for text in texts]

    def ids_of(self, text: bytes) -> list[int]:
        most = len(text) + 2  # No token is shorter than a byte; two are special.
        tokens = (ctypes.c_int32 * most)()
        count = llama_cpp.llama_tokenize(self.vocabulary, text, len(text), tokens, most, True, False)
        if count > self.limit:
            return tokens[: self.limit - 1] + [tokens[count - 1]]
        return tokens[:count]


class Context:
    """One computation at a time on a shared model, and the arrays of its batch."""

    def __init__(self, model, threads: int, flash: bool):
        self.dim = llama_cpp.llama_model_n_embd(model)
        settings = llama_cpp.llama_context_default_params()
        settings.n_ctx = settings.n_batch = settings.n_ubatch = MOST_TOKENS
        settings.n_seq_max = 64
        settings.n_threads = settings.n_threads_batch = threads
        settings.embeddings = True
        settings.pooling_type = llama_cpp.LLAMA_POOLING_TYPE_MEAN
        settings.flash_attn_type = (llama_cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED if flash
                                    else llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED)
        self.context = llama_cpp.llama_init_from_model(model, settings)
        if not self.context:
            raise RuntimeError("llama.cpp made no context")
        self.batch = llama_cpp.llama_batch_init(MOST_TOKENS, 0, 1)
        self.texts = np.zeros(MOST_TOKENS, np.int32)
        start, step = self.texts.ctypes.data, self.texts.itemsize
        pointer = ctypes.POINTER(ctypes.c_int32)
        self.pointers = (pointer * MOST_TOKENS)(
            *(ctypes.cast(start + i * step, pointer) for i in range(MOST_TOKENS)))
        self.batch.seq_id = self.pointers  # Text of token i: self.texts[i].
        self.tokens, self.positions, self.counts = (
            np.ctypeslib.as_array(field, (MOST_TOKENS,))
            for field in (self.batch.token, self.batch.pos, self.batch.n_seq_id))
        self.counts[:] = 1
        np.ctypeslib.as_array(self.batch.logits, (MOST_TOKENS,))[:] = 1

    def embed(self, ids: list[list[int]]) -> np.ndarray:
        """[texts, dim], not normalized."""
        end = 0
        for text, tokens in enumerate(ids):
            begin, end = end, end + len(tokens)
            self.tokens[begin:end] = tokens
            self.positions[begin:end] = np.arange(end - begin)
            self.texts[begin:end] = text
        self.batch.n_tokens = end
        if llama_cpp.llama_encode(self.context, self.batch) != 0:
            raise RuntimeError("llama.cpp could not encode")
        rows = (llama_cpp.llama_get_embeddings_seq(self.context, text) for text in range(len(ids)))
        return np.stack([np.ctypeslib.as_array(row, (self.dim,)) for row in rows])


class Packed(Engine):
    def __init__(self, model, threads: int, flash: bool, streams=1):
        self.streams = streams
        self.free = [Context(model, threads // streams, flash) for _ in range(streams)]

    def forward_ids(self, ids):
        context = self.free.pop()
        parts, part, tokens = [], [], 0
        for text in ids:
            if tokens + len(text) > MOST_TOKENS:
                parts.append(context.embed(part))
                part, tokens = [], 0
            part.append(text)
            tokens += len(text)
        parts.append(context.embed(part))
        self.free.append(context)
        vectors = np.concatenate(parts)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def main():
    options = arguments()
    llama_cpp.llama_log_set(QUIET, None)
    llama_cpp.llama_backend_init()
    path = str(options.exported / FILES[options.arithmetic]).encode()
    model = llama_cpp.llama_model_load_from_file(path, llama_cpp.llama_model_default_params())
    threads = options.threads
    engines = {}
    for name, flash in (("flash attention", True), ("plain attention", False)):
        engines[name] = lambda flash=flash: Packed(model, threads, flash)
        if threads > 1:
            engines[f"{name}, {threads} streams"] = lambda flash=flash: Packed(model, threads, flash, threads)
    serve(options, engines, OwnTokens(model, most_tokens(options.model)))


if __name__ == "__main__":
    main()
