from openai import OpenAI
client = OpenAI()
response = client.embeddings.create(model="text-embedding-3-small", input="The dog is playing in the park.")
embedding = response.data[0].embedding
print(len(embedding))
