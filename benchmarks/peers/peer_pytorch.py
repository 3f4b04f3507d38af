"""The PyTorch contender: sentence-transformers, and transformers' BertModel without its overhead."""

import torch
import torch._inductor.config
from transformers import BertModel

from contender import Engine, arguments, serve


class PlainBert(Engine):
    """BertModel, mean pooling, L2 norm."""

    def __init__(self, model, threads, attention, streams=1):
        self.streams = streams
        self.threads = threads // streams
        self.bert = BertModel.from_pretrained(model, add_pooling_layer=False, attn_implementation=attention).eval()

    def start_stream(self):
        torch.set_num_threads(self.threads)  # Of the calling thread.

    def forward(self, ids, mask):
        with torch.inference_mode():
            mask = torch.from_numpy(mask)
            # Without padding there is nothing to mask, and attention takes a faster path.
            full = bool(mask.all())
            states = self.bert(torch.from_numpy(ids), None if full else mask).last_hidden_state
            weights = mask.unsqueeze(-1).to(states.dtype)
            pooled = (states * weights).sum(1) / weights.sum(1)
            return torch.nn.functional.normalize(pooled).numpy()


class CompiledBert(PlainBert):
    """The same through torch.compile, with the weights frozen: constants that oneDNN may pack."""

    def __init__(self, model, threads):
        super().__init__(model, threads, "sdpa")
        torch._inductor.config.freezing = True
        self.bert = torch.compile(self.bert, dynamic=True)


class SentenceTransformers(Engine):
    """SentenceTransformer.encode as its users call it; it tokenizes and sorts by itself."""

    def __init__(self, model):
        from sentence_transformers import SentenceTransformer  # Seconds of start-up that BertModel doesn't need.

        self.model = SentenceTransformer(str(model), device="cpu")

    def embed(self, texts, sentences, batch_size):
        return self.model.encode(sentences, batch_size=batch_size, show_progress_bar=False)


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    torch.set_num_interop_threads(1)
    model, threads = options.model, options.threads
    engines = {
        "BertModel sdpa": lambda: PlainBert(model, threads, "sdpa"),
        "BertModel eager": lambda: PlainBert(model, threads, "eager"),
        "SentenceTransformer": lambda: SentenceTransformers(model),
    }
    if threads > 1:
        engines[f"BertModel sdpa, {threads} streams"] = lambda: PlainBert(model, threads, "sdpa", threads)
    if not options.quick:
        engines["BertModel compiled"] = lambda: CompiledBert(model, threads)
    serve(options, engines)


if __name__ == "__main__":
    main()
