"""A server as many write it: sentence-transformers behind FastAPI and uvicorn, /v1/embeddings of OpenAI's API.

  peer_fastapi.py --model FOLDER --port N [--batching]

With --batching the texts of all requests that wait are embedded in one call, as fast servers do; without it, a call
each. One call runs at a time: two at once on the same cores are slower.
"""

import argparse
import asyncio
import base64
import concurrent.futures

import uvicorn
from fastapi import FastAPI, Response
from pydantic import BaseModel
from sentence_transformers import SentenceTransformer

MOST_TEXTS = 64  # Of one call.


class Query(BaseModel):
    input: str | list[str]
    model: str = ""
    encoding_format: str = "float"


class Embedding:
    """Texts to vectors in a thread of its own."""

    def __init__(self, folder: str, batching: bool):
        self.model = SentenceTransformer(folder, device="cpu")
        self.batching = batching
        self.thread = concurrent.futures.ThreadPoolExecutor(1)
        self.waiting = []  # (texts, future of their vectors)
        self.wakeful = None

    def encode(self, texts: list[str]):
        return self.model.encode(texts, batch_size=MOST_TEXTS, normalize_embeddings=True, show_progress_bar=False)

    async def vectors(self, texts: list[str]):
        loop = asyncio.get_running_loop()
        if not self.batching:
            return await loop.run_in_executor(self.thread, self.encode, texts)
        future = loop.create_future()
        self.waiting.append((texts, future))
        if self.wakeful is None or self.wakeful.done():
            self.wakeful = loop.create_task(self.run_batches())
        return await future

    async def run_batches(self):
        while self.waiting:
            batch = [self.waiting.pop(0)]
            while self.waiting and sum(len(texts) for texts, _ in batch) + len(self.waiting[0][0]) <= MOST_TEXTS:
                batch.append(self.waiting.pop(0))
            texts = [text for some, _ in batch for text in some]
            vectors = await asyncio.get_running_loop().run_in_executor(self.thread, self.encode, texts)
            for some, future in batch:
                future.set_result(vectors[: len(some)])
                vectors = vectors[len(some) :]


def answer(query: Query, vectors) -> dict:
    def written(vector):
        return base64.b64encode(vector.tobytes()).decode() if query.encoding_format == "base64" else vector.tolist()

    return {"object": "list", "model": query.model, "usage": {"prompt_tokens": 0, "total_tokens": 0},
            "data": [{"object": "embedding", "index": i, "embedding": written(vector)}
                     for i, vector in enumerate(vectors)]}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--batching", action="store_true")
    options = parser.parse_args()
    embedding = Embedding(options.model, options.batching)
    app = FastAPI()

    @app.post("/v1/embeddings", response_model=None)
    async def embeddings(query: Query):
        return answer(query, await embedding.vectors([query.input] if isinstance(query.input, str) else query.input))

    @app.get("/health")
    async def health():
        return Response()

    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
