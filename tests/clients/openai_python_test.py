"""The official `openai` package for Python, unmodified, against `merle serve`."""

import asyncio
import concurrent.futures
import json
import os
import pathlib
import random
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

import packages  # noqa: E402
from harness import MODELS, main, run  # noqa: E402
from serving import KEY, NAME, TINY, Server, assert_same_bits, vectors_of_library  # noqa: E402

packages.use_python_packages("openai")
import openai  # noqa: E402

TEXTS = ["hello world", "Hello", "the first token, the second token", "café 世界 😀 \n\t!", "a " * 40]
DIM = 16
SNIPPET = HERE / "snippet.py"


def ids_of(text):
    return json.loads(run("tokenize", "-m", TINY, text, "--json").stdout)["ids"]


def vectors_of(response):
    return [item.embedding for item in response.data]


class ClientTest(unittest.TestCase):
    """One server for all tests of a class, and a client that never tries again."""

    words = ()
    env = {}

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server(*cls.words, env=cls.env))
        cls.client = cls.enterClassContext(cls.new_client())

    @classmethod
    def new_client(cls, make=openai.OpenAI, **settings):
        return make(**{"base_url": cls.server.url + "/v1", "api_key": KEY, "max_retries": 0, **settings})

    def create(self, texts, client=None, **fields):
        return (client or self.client).embeddings.create(**{"model": NAME, "input": texts, **fields})


class Vectors(ClientTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.expected = vectors_of_library(TEXTS)
        cls.ids = [ids_of(text) for text in TEXTS]

    def test_every_form_of_input_gives_the_vectors_of_the_library(self):
        for name, given, expected in (
                ("a string", TEXTS[0], self.expected[:1]),
                ("a list of one", TEXTS[:1], self.expected[:1]),
                ("a list", TEXTS, self.expected),
                ("the same text twice", [TEXTS[1], TEXTS[0], TEXTS[1]], [self.expected[i] for i in (1, 0, 1)]),
                ("ids", self.ids[0], self.expected[:1]),
                ("a list of ids", self.ids, self.expected)):
            with self.subTest(name):
                assert_same_bits(vectors_of(self.create(given)), expected)

    def test_both_encodings(self):
        assert_same_bits(vectors_of(self.create(TEXTS, encoding_format="float")), self.expected)
        base64 = vectors_of(self.create(TEXTS, encoding_format="base64"))
        self.assertEqual({(type(vector), len(vector)) for vector in base64}, {(str, 4 * ((4 * DIM + 2) // 3))})

    def test_dimensions_cut_and_renormalize(self):
        for dimensions in (1, 5, DIM):
            with self.subTest(dimensions=dimensions):
                expected = vectors_of_library(TEXTS, "--dim", dimensions)
                for encoding in ({}, {"encoding_format": "float"}):
                    got = vectors_of(self.create(TEXTS, dimensions=dimensions, user="somebody", **encoding))
                    assert_same_bits(got, expected)

    def test_the_rest_of_the_response(self):
        response = self.create(TEXTS)
        tokens = sum(map(len, self.ids))
        self.assertEqual(response.object, "list")
        self.assertEqual(response.model, NAME)
        self.assertEqual([(item.object, item.index) for item in response.data],
                         [("embedding", i) for i in range(len(TEXTS))])
        self.assertEqual(response.usage.model_dump(), {"prompt_tokens": tokens, "total_tokens": tokens})
        self.assertTrue(response._request_id)

    def test_models_are_listed(self):
        listed = self.client.models.list()
        self.assertIn(NAME, [model.id for model in listed])
        for model in listed:
            self.assertEqual(self.client.models.retrieve(model.id), model)
        with self.assertRaises(openai.NotFoundError):
            self.client.models.retrieve("nobody")

    def test_2048_inputs(self):
        texts = random.Random(1).choices(TEXTS, k=2048)
        by_text = dict(zip(TEXTS, self.expected))
        assert_same_bits(vectors_of(self.create(texts)), [by_text[text] for text in texts])

    def test_64_clients_at_once(self):
        def ask(seed):
            with self.new_client() as client:
                for _ in range(10):
                    places = random.Random(seed).choices(range(len(TEXTS)), k=1 + seed % 7)
                    got = vectors_of(self.create([TEXTS[i] for i in places], client))
                    assert_same_bits(got, [self.expected[i] for i in places])
        with concurrent.futures.ThreadPoolExecutor(64) as threads:
            list(threads.map(ask, range(64)))

    def test_the_async_client(self):
        async def ask_all():
            async with self.new_client(openai.AsyncOpenAI) as client:
                return await asyncio.gather(*(client.embeddings.create(model=NAME, input=TEXTS[i % len(TEXTS)])
                                              for i in range(256)))
        responses = asyncio.run(ask_all())
        assert_same_bits([vectors_of(response)[0] for response in responses],
                         [self.expected[i % len(TEXTS)] for i in range(256)])


INVALID = "'$.input' is invalid"
BELOW, ABOVE = "integer_below_min_value", "integer_above_max_value"
# (name, the field to blame, its value, code, part of the message)
REFUSED = (
    ("empty text", "input", "", None, INVALID),
    ("no texts", "input", [], None, INVALID),
    ("an empty text in a list", "input", ["a", ""], None, INVALID),
    ("an empty list of ids", "input", [[1], []], None, INVALID),
    ("a number", "input", 7, None, INVALID),
    ("null", "input", None, "missing_required_parameter", "input"),
    ("texts and ids", "input", ["a", [1, 2]], None, INVALID),
    ("ids and texts", "input", [[1, 2], "a"], None, INVALID),
    ("an id that the vocabulary lacks", "input", [2, 100_277, 3], None, "check_embedding_ctx_length=False"),
    ("a negative id", "input", [2, -1, 3], None, INVALID),
    ("2,049 texts", "input", ["a"] * 2049, None, "2048"),
    ("a text that is too long", "input", "a " * 500, "context_length_exceeded",
     "maximum context length is 64 tokens, however you requested 502 tokens"),
    ("too many ids", "input", [7] * 65, "context_length_exceeded",
     "maximum context length is 64 tokens, however you requested 65 tokens"),
    ("no dimensions", "dimensions", 0, BELOW, "0"),
    ("too many dimensions", "dimensions", DIM + 1, ABOVE, f"{DIM}"),
    ("many too many dimensions", "dimensions", 2**62, ABOVE, f"{DIM}"),
    ("half a dimension", "dimensions", 1.5, "invalid_type", "integer"),
    ("an encoding", "encoding_format", "hex", "invalid_value", "'float', 'base64'"),
    ("another model", "model", "text-embedding-ada-002", "model_not_found",
     "The model `text-embedding-ada-002` does not exist"),
    ("a path", "model", str(TINY) + "/", "model_not_found", "does not exist"),
    ("no model", "model", "", "model_not_found", "does not exist"),
    ("a list for a model", "model", [NAME], "invalid_type", "string"),
)


class Refusals(ClientTest):
    def test_each_refusal_has_its_exception(self):
        for name, field, value, code, part in REFUSED:
            kind = openai.NotFoundError if code == "model_not_found" else openai.BadRequestError
            with self.subTest(name):
                with self.assertRaises(kind) as caught:
                    self.client.embeddings.create(**{"model": NAME, "input": "hello", field: value})
                error = caught.exception
                self.assertEqual((error.param, error.code, error.type), (field, code, "invalid_request_error"))
                self.assertIn(part, error.message)
                self.assertTrue(error.request_id)
                self.assertNotIn(str(MODELS), error.message.replace(str(value), ""))

    def test_300_000_tokens_are_the_most(self):
        ids = [[7] * 64] * 2048  # 131,072 tokens: allowed.
        self.assertEqual(len(self.create(ids, timeout=120).data), 2048)
        with self.assertRaises(openai.BadRequestError) as caught:
            self.create_on(Server("--max-request-tokens", 1000), [[7] * 50] * 21)
        self.assertEqual((caught.exception.code, caught.exception.type), ("max_tokens_per_request",) * 2)
        self.assertIn("Requested 1050 tokens, max 1000 tokens per request", caught.exception.message)

    def create_on(self, server, texts):
        with server, openai.OpenAI(base_url=server.url + "/v1", api_key=KEY, max_retries=0) as client:
            return self.create(texts, client)

    def test_a_route_that_is_not_there(self):
        with self.assertRaisesRegex(openai.NotFoundError, r"Invalid URL \(POST /v1/chat/completions\)"):
            self.client.chat.completions.create(model=NAME, messages=[{"role": "user", "content": "hello"}])

    def test_a_body_that_is_too_large(self):
        with self.assertRaises(openai.APIStatusError) as caught:
            self.create("a" * (17 << 20))
        self.assertEqual(caught.exception.status_code, 413)

    def test_a_foreign_host(self):
        with self.new_client(default_headers={"Host": "evil.example"}) as client:
            with self.assertRaises(openai.PermissionDeniedError):
                self.create("hello", client)

    def test_the_connection_lives_on_behind_a_refusal(self):
        for _ in range(3):
            with self.assertRaises(openai.BadRequestError):
                self.create("")
            assert_same_bits(vectors_of(self.create(TEXTS[:1])), vectors_of_library(TEXTS[:1]))


class Keys(unittest.TestCase):
    def test_a_wrong_key_and_a_right_one(self):
        with tempfile.NamedTemporaryFile("w", suffix=".keys") as keys:
            keys.write(f"sk-another\n{KEY}\n")
            keys.flush()
            with Server("--api-key-file", keys.name) as server:
                for key in ("sk-wrong", KEY[:-1], KEY + "x"):
                    with openai.OpenAI(base_url=server.url + "/v1", api_key=key, max_retries=0) as client:
                        with self.assertRaises(openai.AuthenticationError) as caught:
                            client.embeddings.create(model=NAME, input="hello")
                        self.assertEqual(caught.exception.code, "invalid_api_key")
                        self.assertNotIn(key, str(caught.exception))
                for key in ("sk-another", KEY):
                    with openai.OpenAI(base_url=server.url + "/v1", api_key=key, max_retries=0) as client:
                        self.assertEqual(len(client.embeddings.create(model=NAME, input="hello").data), 1)
                self.assertNotIn(KEY[3:], server.log())


class Busy(ClientTest):
    words = ("--queue-tokens", 2000)

    def ask_all(self, count, **settings):
        async def ask_all():
            async with self.new_client(openai.AsyncOpenAI, **settings) as client:
                return await asyncio.gather(*(client.embeddings.create(model=NAME, input=TEXTS * 60)
                                              for _ in range(count)), return_exceptions=True)
        return asyncio.run(ask_all())

    def test_refusals_are_rate_limit_errors_and_the_rest_is_right(self):
        expected = vectors_of_library(TEXTS) * 60
        refused = []
        for _ in range(20):
            for answer in self.ask_all(64):
                if isinstance(answer, openai.RateLimitError):
                    refused.append(answer)
                else:
                    assert_same_bits(vectors_of(answer), expected)
            if refused:
                break
        self.assertTrue(refused, "nothing was refused")
        self.assertGreater(float(refused[0].response.headers["retry-after"]), 0)
        self.assertEqual(refused[0].status_code, 429)

    def test_clients_that_try_again_get_through(self):
        for answer in self.ask_all(24, max_retries=20):
            self.assertEqual(len(answer.data), len(TEXTS) * 60)


class TooSlow(ClientTest):
    env = {"MERLE_CPU": "plain"}
    words = ("--reply-timeout", 1, "--max-inputs", 100_000, "--max-request-tokens", 100_000_000, "--threads", 1)

    def test_a_reply_that_takes_too_long_is_an_error_of_the_server(self):
        with self.assertRaises(openai.InternalServerError) as caught:
            self.create([[7] * 64] * 80_000)
        self.assertEqual(caught.exception.status_code, 504)
        # What was given up is dropped a batch later: all of it would take many seconds.
        deadline = time.monotonic() + 5
        while True:
            try:
                self.assertEqual(len(self.create("hello").data), 1)
                return
            except openai.RateLimitError:
                self.assertLess(time.monotonic(), deadline, "what was given up is worked on")
                time.sleep(0.05)


class NotReady(unittest.TestCase):
    def test_a_model_that_is_not_there_anymore_is_an_error_of_the_server(self):
        with tempfile.TemporaryDirectory() as folder:
            model = pathlib.Path(folder) / "model"
            subprocess.run(["cp", "-r", TINY, model], check=True)
            second = [str(model), "--alias", f"gone={model}"]
            with Server(*second) as server:
                (model / "model.safetensors").unlink()
                with openai.OpenAI(base_url=server.url + "/v1", api_key=KEY, max_retries=0) as client:
                    with self.assertRaises(openai.InternalServerError) as caught:
                        client.embeddings.create(model="gone", input="hello")
                    self.assertEqual(caught.exception.status_code, 503)
                    self.assertNotIn(folder, str(caught.exception))
                    self.assertEqual(len(client.embeddings.create(model=NAME, input="hello").data), 1)

    def test_a_server_that_is_not_there_is_a_connection_error(self):
        with Server() as server:
            url = server.url
        with openai.OpenAI(base_url=url + "/v1", api_key=KEY, max_retries=0) as client:
            with self.assertRaises(openai.APIConnectionError):
                client.embeddings.create(model=NAME, input="hello")


class OtherSockets(unittest.TestCase):
    def test_a_unix_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "merle.sock"
            with Server("--unix-socket", path):
                transport = sys.modules["httpx2"].HTTPTransport(uds=str(path))
                with openai.OpenAI(base_url="http://localhost/v1", api_key=KEY,
                                   http_client=openai.DefaultHttpxClient(transport=transport)) as client:
                    response = client.embeddings.create(model=NAME, input=TEXTS)
            assert_same_bits(vectors_of(response), vectors_of_library(TEXTS))


    def test_tls(self):
        if not shutil.which("openssl"):
            self.skipTest("there is no openssl to make a certificate")
        with tempfile.TemporaryDirectory() as folder:
            certificate, key = f"{folder}/certificate.pem", f"{folder}/key.pem"
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                            "-nodes", "-days", "2", "-subj", "/CN=merle", "-addext", "subjectAltName=IP:127.0.0.1",
                            "-keyout", key, "-out", certificate], check=True, capture_output=True)
            with Server("--tls-cert", certificate, "--tls-key", key) as server:
                self.assertTrue(server.url.startswith("https://"))
                trusting = openai.DefaultHttpxClient(verify=ssl.create_default_context(cafile=certificate))
                with openai.OpenAI(base_url=server.url + "/v1", api_key=KEY, http_client=trusting) as client:
                    response = client.embeddings.create(model=NAME, input=TEXTS)
                with openai.OpenAI(base_url=server.url + "/v1", api_key=KEY, max_retries=0) as client:
                    with self.assertRaises(openai.APIConnectionError):  # It trusts nobody's certificate.
                        client.embeddings.create(model=NAME, input=TEXTS)
            assert_same_bits(vectors_of(response), vectors_of_library(TEXTS))


class Snippet(unittest.TestCase):
    """The post's, unchanged, with nothing but the two variables."""

    def run_snippet(self, server):
        done = subprocess.run([sys.executable, SNIPPET], capture_output=True, text=True, check=False, timeout=120,
                              env={"PATH": os.environ["PATH"], "PYTHONPATH": sys.path[0], "OPENAI_API_KEY": KEY,
                                   "OPENAI_BASE_URL": server.url + "/v1"})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_it_runs(self):
        with Server() as server:
            self.assertEqual(self.run_snippet(server), f"{DIM}\n")

    def test_it_runs_with_all_minilm_l6_v2(self):
        cache = {name: value for name, value in os.environ.items() if name.startswith(("HF_", "XDG_"))}
        cache.setdefault("HF_HUB_CACHE", "")  # Empty is as unset; see minilm_test.py.
        model = "sentence-transformers/all-MiniLM-L6-v2"
        if run("models", "show", model, "-q", env=cache).returncode != 0:
            self.skipTest(f"{model} is not in the Hugging Face cache (make run puts it there)")
        with Server(model=model, env=cache) as server:
            self.assertEqual(self.run_snippet(server), "384\n")


if __name__ == "__main__":
    main()
