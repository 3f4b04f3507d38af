// The tests of openai_node_test.py, which starts the servers and says where they are.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import OpenAI from "openai";

// {"url", "busy_url", "locked_url", "key", "model", "texts", "ids", "vectors", "cut": {"5": vectors}}
const given = JSON.parse(readFileSync(process.env.MERLE_GIVEN, "utf8"));
const { texts, ids, model } = given;

function client(url = given.url, settings = {}) {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: given.key, maxRetries: 0, ...settings });
}

async function vectors(input, fields = {}) {
  const response = await client().embeddings.create({ model, input, ...fields });
  return response.data.map((item) => item.embedding);
}

const float32 = (rows) => rows.map((row) => Array.from(row, Math.fround));

test("every form of input gives the vectors of the library", async () => {
  for (const [input, expected] of [
    [texts[0], given.vectors.slice(0, 1)],
    [texts, given.vectors],
    [ids[0], given.vectors.slice(0, 1)],
    [ids, given.vectors],
  ]) {
    assert.deepEqual(float32(await vectors(input)), expected);
  }
});

test("both encodings", async () => {
  assert.deepEqual(float32(await vectors(texts, { encoding_format: "float" })), given.vectors);
  const base64 = await vectors(texts, { encoding_format: "base64" });
  const bytes = Buffer.from(base64[1], "base64");
  const numbers = Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
  assert.deepEqual(numbers, given.vectors[1]);
});

test("dimensions cut and renormalize", async () => {
  for (const [dimensions, expected] of Object.entries(given.cut)) {
    const fields = { dimensions: Number(dimensions), user: "somebody" };
    assert.deepEqual(float32(await vectors(texts, fields)), expected);
    assert.deepEqual(float32(await vectors(texts, { ...fields, encoding_format: "float" })), expected);
  }
});

test("models are listed", async () => {
  const names = [];
  for await (const listed of client().models.list()) names.push(listed.id);
  assert.ok(names.includes(model), names);
  assert.equal((await client().models.retrieve(model)).id, model);
});

test("64 clients at once", async () => {
  const clients = Array.from({ length: 64 }, () => client());
  const asked = clients.map(async (one, i) => {
    for (let turn = 0; turn < 5; ++turn) {
      const place = (i + turn) % texts.length;
      const response = await one.embeddings.create({ model, input: [texts[place]] });
      assert.deepEqual(float32([response.data[0].embedding]), [given.vectors[place]]);
    }
  });
  await Promise.all(asked);
});

const hello = { model, input: "hello" };
for (const [name, ask, kind, fields] of [
  ["bad input", () => client().embeddings.create({ model, input: "" }), OpenAI.BadRequestError,
    { status: 400, param: "input", code: null, type: "invalid_request_error" }],
  ["a text that is too long", () => client().embeddings.create({ model, input: "a ".repeat(500) }),
    OpenAI.BadRequestError, { status: 400, param: "input", code: "context_length_exceeded" }],
  ["a wrong key", () => client(given.locked_url, { apiKey: "sk-wrong" }).embeddings.create(hello),
    OpenAI.AuthenticationError, { status: 401, code: "invalid_api_key" }],
  ["another model", () => client().embeddings.create({ ...hello, model: "nobody" }), OpenAI.NotFoundError,
    { status: 404, code: "model_not_found" }],
  ["a route that is not there", () => client().chat.completions.create({ model, messages: [] }),
    OpenAI.NotFoundError, { status: 404 }],
]) {
  test(`${name} is its exception`, async () => {
    await assert.rejects(ask, (error) => {
      assert.ok(error instanceof kind, error);
      for (const [field, value] of Object.entries(fields)) assert.equal(error[field], value, field);
      assert.ok(error.requestID);
      return true;
    });
  });
}

test("the right key opens", async () => {
  assert.equal((await client(given.locked_url).embeddings.create(hello)).data.length, 1);
});

test("a busy server's refusals are rate-limit errors", async () => {
  const input = Array.from({ length: 300 }, (_, i) => texts[i % texts.length]);
  let refused = 0;
  for (let round = 0; round < 20 && refused === 0; ++round) {
    const asked = Array.from({ length: 64 }, () => client(given.busy_url).embeddings.create({ model, input }));
    for (const { status, reason } of await Promise.allSettled(asked)) {
      if (status === "fulfilled") continue;
      assert.ok(reason instanceof OpenAI.RateLimitError, reason);
      assert.ok(Number(reason.headers.get("retry-after")) > 0);
      ++refused;
    }
  }
  assert.ok(refused > 0, "nothing was refused");
});
