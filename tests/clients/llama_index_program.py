"""A program as its users have it: LlamaIndex over OpenAI's embeddings. Usage: FILE.jsonl QUESTION"""

import json
import sys

from llama_index.core import VectorStoreIndex
from llama_index.core.schema import TextNode
from llama_index.embeddings.openai import OpenAIEmbedding

with open(sys.argv[1], encoding="utf-8") as lines:
    passages = [json.loads(line) for line in lines]
nodes = [TextNode(text=passage["text"], metadata={"title": passage["title"]}) for passage in passages]
index = VectorStoreIndex(nodes, embed_model=OpenAIEmbedding(model="text-embedding-3-small"))
for found in index.as_retriever(similarity_top_k=3).retrieve(sys.argv[2]):
    print(f"{found.score:.4f} {found.node.metadata['title']}")
