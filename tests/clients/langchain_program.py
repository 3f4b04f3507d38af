"""A program as its users have it: LangChain over OpenAI's embeddings. Usage: FILE.jsonl QUESTION"""

import json
import sys

from langchain_core.vectorstores import InMemoryVectorStore
from langchain_openai import OpenAIEmbeddings

with open(sys.argv[1], encoding="utf-8") as lines:
    passages = [json.loads(line) for line in lines]
store = InMemoryVectorStore(OpenAIEmbeddings(model="text-embedding-3-small", check_embedding_ctx_length=False))
store.add_texts([passage["text"] for passage in passages], metadatas=[{"title": p["title"]} for p in passages])
for document, score in store.similarity_search_with_score(sys.argv[2], k=3):
    print(f"{score:.4f} {document.metadata['title']}")
