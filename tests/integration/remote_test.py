"""openai:MODEL, against a server that also misbehaves."""

import json
import os
import signal
import socket
import subprocess
import time

import openai_stand_in as stand_in
from harness import MERLE, CommandTest, environment, main, read_npy, run

KEY = "sk-secret-0123456789"
MODEL = "openai:tiny"


class RemoteTest(CommandTest):
    def setUp(self):
        super().setUp()
        self.server = self.enterContext(stand_in.OpenAiStandIn())

    def env(self, **variables):
        return {"OPENAI_BASE_URL": self.server.base_url, "OPENAI_API_KEY": KEY, "MERLE_REMOTE_TIMEOUT": "20",
                "MERLE_MODEL": MODEL, **variables}

    def merle(self, *words, stdin="", **variables):
        done = run(*words, env=self.env(**variables), stdin=stdin)
        self.assertNotIn(KEY, done.stdout + done.stderr)
        return done

    def vectors(self, *words, stdin="", **variables):
        """Runs embed --json -q --dim 8, which asks for no length before, and returns the vectors."""
        done = self.merle("embed", "--json", "-q", "--dim", stand_in.DIM, *words, stdin=stdin, **variables)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line)["embedding"] for line in done.stdout.splitlines()]

    def assert_fails(self, code, *parts, texts=("hello world",), words=("--dim", stand_in.DIM), requests=None, **variables):
        """One line that has all the parts, and as many requests."""
        before = len(self.server.requests)
        done = self.merle("embed", *texts, *words, **variables)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        for part in parts:
            self.assertIn(part, done.stderr)
        if requests is not None:
            self.assertEqual(len(self.server.requests) - before, requests)
        return done.stderr


class Vectors(RemoteTest):
    def assert_near(self, vectors, texts, dim=stand_in.DIM):
        self.assert_rows_near(vectors, [stand_in.vector_of(text, dim) for text in texts], 1e-7)

    def test_are_the_servers_from_base64_to_the_bit(self):
        self.merle("embed", "one", "two", "-o", self.folder / "v.npy", "-q")
        _, shape, rows = read_npy(self.folder / "v.npy")
        self.assertEqual(shape, (2, stand_in.DIM))
        self.assertEqual(rows, [stand_in.vector_of("one"), stand_in.vector_of("two")])
        self.assertEqual(self.server.requests[-1]["body"]["encoding_format"], "base64")
        self.assertEqual(self.server.requests[-1]["headers"]["content-type"], "application/json")

    def test_are_the_servers_from_numbers_too(self):
        self.server.base64 = False
        self.assert_near(self.vectors("one", "two"), ["one", "two"])

    def test_keep_their_order_over_many_requests_at_once(self):
        texts = [f"text number {i} " + "x" * (i % 700) for i in range(3000)]
        self.server.delay = 0.05
        vectors = self.vectors(stdin="".join(text + "\n" for text in texts))
        self.assert_near(vectors, texts)
        self.assertGreater(self.server.most_at_once, 1)
        self.assertLessEqual(self.server.most_at_once, 4)

    def test_come_in_the_order_of_their_index(self):
        self.server.fault(stand_in.changed(lambda content: content["data"].reverse()))
        self.assert_near(self.vectors("one", "two", "three"), ["one", "two", "three"])

    def test_are_as_short_as_dim_asks(self):
        done = self.merle("embed", "one", "--dim", 3, "--json", "-q")
        self.assert_near([json.loads(done.stdout)["embedding"]], ["one"], 3)
        self.assertEqual([request["body"].get("dimensions") for request in self.server.requests], [3])

    def test_that_a_server_does_not_shorten_are_refused(self):
        self.server.shortens = False
        self.assert_fails(3, "8 components, 3 were asked for", words=("--dim", 3))

    def test_have_length_1_where_that_is_asked_for(self):
        self.server.fault(stand_in.changed(lambda content: content["data"][0].update(embedding=[3, 4] + 6 * [0])))
        self.assert_rows_near(self.vectors("one", "--normalize"), [[0.6, 0.8] + 6 * [0]])

    def test_get_the_prompt_in_front(self):
        self.assert_near(self.vectors("one", "--prompt", "query: "), ["query: one"])

    def test_use_whole_requests(self):
        self.vectors(stdin="a\n" * 4000)
        self.assertLessEqual(max(map(len, self.server.texts())), 2048)
        self.assertLess(len(self.server.requests), 12)

    def test_use_smaller_requests_where_batch_tokens_asks(self):
        self.vectors("--batch-tokens", 100, stdin="0123456789012345678\n" * 50)
        self.assertEqual(max(map(len, self.server.texts())), 10)

    def test_need_no_key_where_the_server_wants_none(self):
        self.vectors("one", OPENAI_API_KEY="")
        self.assertNotIn("authorization", self.server.requests[0]["headers"])

    def test_of_any_text(self):
        texts = ['"quotes" \\ and \t tabs', "ünïcödé 日本語 🙂", "\x01\x1f\x7f", " "]
        self.assert_near(self.vectors("--", *texts), texts)

    def test_are_told_with_the_tokens_they_cost(self):
        done = self.merle("embed", "one two three", "four", "-o", self.folder / "v.npy")
        self.assertRegex(done.stderr, r"^merle: 2 texts in .*openai:tiny used 5 tokens in 2 requests, 0 of them repeated\n$")
        done = self.merle("similarity", "one two three", "four", "-v")
        self.assertRegex(done.stderr, r"used 4 tokens in 1 request,")
        self.assertEqual(self.merle("similarity", "one", "four").stderr, "")
        self.assertEqual(self.merle("embed", "one", "-q").stderr, "")

    def test_do_not_need_that_the_server_counts(self):
        self.server.counts = False
        self.assert_near(self.vectors("one"), ["one"])


class Commands(RemoteTest):
    def test_that_need_vectors_take_the_model(self):
        notes = self.folder / "notes"
        notes.mkdir()
        (notes / "a.txt").write_text("a passage about the sea\n\n" * 60, encoding="utf-8")
        (notes / "b.txt").write_text("why is the sea salty?", encoding="utf-8")
        found = self.merle("search", "why is the sea salty?", "-i", notes, "--json", "-k", 1)
        self.assertEqual(found.returncode, 0, found.stderr)
        self.assertEqual(json.loads(found.stdout)["file"], str(notes / "b.txt"))
        self.assertEqual(self.merle("similarity", "one", "one").stdout, "1.0000\n")
        pairs = self.write("pairs.csv", "sentence1,sentence2,score\none,one,5\none,two,1\ntwo,three,0\n")
        score = self.merle("eval", "sts", pairs, "--json")
        self.assertEqual(json.loads(score.stdout)["pairs"], 3, score.stderr)

    def test_search_takes_vectors_that_embed_kept(self):
        texts = self.write("texts.txt", "one\ntwo\nthree\n")
        self.merle("embed", "-i", texts, "-o", self.folder / "v.npy", "--prompt-name", "document")
        self.server.requests.clear()
        found = self.merle("search", "two", "-i", texts, "--vectors", self.folder / "v.npy", "-k", 1, "--json")
        self.assertEqual((json.loads(found.stdout)["text"], found.stderr), ("two", ""))
        self.assertEqual(self.server.texts(), [["two"], ["one"]])  # The question, and a check of the first.

    def test_that_need_the_insides_say_so(self):
        for words in (["explain", "hello"], ["tokenize", "hello"], ["models", "show"], ["models", "show", MODEL],
                      ["pull"], ["pull", MODEL]):
            with self.subTest(words=words):
                done = self.merle(*words)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertRegex(done.stderr, r"^merle: openai:tiny is behind a server, which gives only vectors .*\n$")
        self.assertEqual(self.server.requests, [])

    def test_resume_goes_on_and_asks_for_no_text_twice(self):
        texts = [f"text {i}" for i in range(600)]
        path = self.write("in.txt", "".join(text + "\n" for text in texts))
        words = ("embed", "-i", path, "-o", self.folder / "v.npy", "--resume")
        self.server.fault(stand_in.right, stand_in.right, stand_in.status(401))  # The length, a block, then the key goes.
        done = self.merle(*words)
        self.assertEqual(done.returncode, 3)
        self.assertRegex(done.stderr, r"(?s)256 texts are kept in .*\n.*refuses the key")
        self.assertRegex(self.merle(*words, OPENAI_BASE_URL=self.server.base_url + "/x").stderr, "/v1/x")
        other = self.merle(*words, "-m", "openai:other", "--dim", 8)
        self.assertIn("the model was 'tiny', now it is 'other'", other.stderr)
        self.server.requests.clear()
        self.assertEqual(self.merle(*words).returncode, 0)
        self.assertEqual(sum(map(len, self.server.texts()[1:])), 600 - 256)
        self.assertEqual(read_npy(self.folder / "v.npy")[2], [stand_in.vector_of(text) for text in texts])

    def test_resume_does_not_go_on_with_another_server(self):
        path = self.write("in.txt", "a\n" * 600)
        words = ("embed", "-i", path, "-o", self.folder / "v.npy", "--resume", "--dim", 8)
        self.server.fault(stand_in.right, stand_in.status(403))
        self.assertEqual(self.merle(*words).returncode, 3)
        journal = (self.folder / "v.npy.partial.journal").read_text(encoding="utf-8")
        self.assertIn(self.server.base_url, journal)
        self.assertNotIn(KEY, journal)
        other = self.merle(*words, OPENAI_BASE_URL="http://127.0.0.1:9/v1")
        self.assertEqual(other.returncode, 1)
        self.assertIn("can't go on, the server was", other.stderr)

    def test_shards_divide_the_work(self):
        vectors = self.vectors("--shard", "2/3", stdin="a\nb\nc\nd\ne\n")
        self.assertEqual(len(vectors), 2)
        self.assertEqual(self.server.texts(), [["b", "e"]])


class Failures(RemoteTest):
    def test_that_pass_are_tried_again(self):
        for code in (408, 409, 429, 500, 502, 503, 529):
            with self.subTest(code=code):
                self.server.requests.clear()
                self.server.fault(stand_in.status(code), stand_in.status(code))
                self.assertEqual(len(self.vectors("one")), 1)
                self.assertEqual(len(self.server.requests), 3)

    def test_that_do_not_pass_end_after_eight_tries(self):
        self.server.fault(stand_in.always(stand_in.status(503, "overloaded, sorry")))
        self.assert_fails(3, "has a fault (status 503): 'overloaded, sorry'; it was asked 8 times; try again later", requests=8)

    def test_that_the_server_calls_final_are_not_tried_again(self):
        self.server.fault(stand_in.status(500, "never", x_should_retry="false"))
        self.assert_fails(3, "refuses (status 500): 'never'", requests=1)

    def test_that_the_server_calls_passing_are_tried_again(self):
        self.server.fault(stand_in.status(404, x_should_retry="true", retry_after_ms="1"))
        self.vectors("one")
        self.assertEqual(len(self.server.requests), 2)

    def test_of_the_connection_are_tried_again(self):
        self.server.fault(stand_in.hang_up, stand_in.cut_off)
        self.assertEqual(len(self.vectors("one")), 1)
        self.assertEqual(len(self.server.requests), 3)

    def test_wait_as_long_as_the_server_asks(self):
        for header, value in (("retry_after", "1"), ("retry_after_ms", "900")):
            with self.subTest(header=header):
                self.server.requests.clear()
                self.server.fault(stand_in.status(429, **{header: value}))
                done = self.merle("embed", "one", "-v", "--dim", 8)
                self.assertRegex(done.stderr, r"gets too many requests \(status 429\): 'no'; trying again in (1\.|0\.9)")
                first, second = (request["time"] for request in self.server.requests)
                self.assertGreater(second - first, 0.89)
                self.assertLess(second - first, 5)

    def test_do_not_wait_longer_than_two_minutes(self):
        self.server.fault(stand_in.status(429, "slow down", retry_after="121"))
        self.assert_fails(3, "'slow down'; it asks for a long wait; try again later", requests=1)

    def test_of_an_account_without_quota_are_not_tried_again(self):
        self.server.fault(stand_in.status(429, "You exceeded your current quota", "insufficient_quota"))
        self.assert_fails(3, "has no quota left", "You exceeded your current quota", "billing", requests=1)

    def test_of_a_server_that_is_silent_end(self):
        self.server.fault(stand_in.hang(3))
        self.vectors("one", MERLE_REMOTE_TIMEOUT="1")
        self.assertEqual(len(self.server.requests), 2)

    def test_to_reach_a_server_are_told_at_once(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            address = "http://127.0.0.1:%d/v1" % unused.getsockname()[1]
            begun = time.monotonic()
            self.assert_fails(3, address, "can't be asked", "OPENAI_BASE_URL", OPENAI_BASE_URL=address)
            self.assertLess(time.monotonic() - begun, 5)

    def test_of_the_key_are_told_without_it(self):
        self.server.key = "another"
        self.assert_fails(3, "refuses the key that is in OPENAI_API_KEY (status 401)", requests=1)
        self.assert_fails(3, "wants a key (status 401); set OPENAI_API_KEY", OPENAI_API_KEY="", requests=1)

    def test_never_show_the_key(self):
        for code, requests in ((400, 1), (401, 1), (403, 1), (404, 1), (418, 1), (500, 8)):
            with self.subTest(code=code):
                self.server.faults = [stand_in.always(stand_in.echo_key(code))]
                done = self.merle("embed", "one", "-v", "--dim", 8)  # Looks for the key.
                self.assertIn(f"status {code}", done.stderr)
        self.server.faults = [stand_in.redirect(f"/{KEY}", 302)]
        self.merle("embed", "one", "--dim", 8)
        self.server.faults = [stand_in.text('{"%s":1,"%s":2}' % (KEY, KEY))]
        self.assert_fails(3, "the key '…' stands twice")

    def test_for_an_unknown_model_are_told(self):
        self.assert_fails(3, "openai:none", "has no such model", "The model `none` does not exist",
                          words=("-m", "openai:none", "--dim", 8), requests=1)

    def test_for_an_address_that_is_no_api_are_told(self):
        self.assert_fails(3, "mostly ends in /v1", "Invalid URL", requests=1,
                          OPENAI_BASE_URL=self.server.base_url.removesuffix("/v1"))

    def test_of_a_request_show_the_servers_words_escaped_and_shortened(self):
        self.server.fault(stand_in.status(400, "bad\n\x1b[31m input " + "x" * 5000))
        message = self.assert_fails(1, "text 1 can't be embedded", "refuses (status 400): 'bad [31m input xxx", requests=1)
        self.assertLess(len(message), 600)
        self.server.fault(stand_in.status(422, "no dimensions"))
        self.assert_fails(1, "one of text 1 to text 3 can't be embedded", texts=("a", "b", "c"))

    def test_of_a_text_that_is_too_long_name_it(self):
        self.server.context = 5
        path = self.write("in.txt", "one\n" + "word " * 6 + "\n")
        self.assert_fails(1, "text 1 is longer than the model takes", "maximum context length is 5",
                          texts=("one two three four five six",), requests=1)
        self.assert_fails(1, "one of", f"{path}:1 to {path}:2, perhaps {path}:2, the longest, is longer than the model",
                          texts=("-i", path), requests=1)

    def test_of_empty_texts_name_them_before_anything_is_sent(self):
        path = self.write("in.txt", "one\n\ntwo\n")
        self.assert_fails(1, f"{path}:2: is empty", texts=("-i", path), requests=0)
        self.vectors("-i", path, "--prompt", "query: ")

    def test_of_a_huge_text_name_it(self):
        path = self.write("in.txt", "one\n" + "x" * (1 << 20) + "y\n")
        self.assert_fails(1, f"{path}:2: has 1048577 bytes", texts=("-i", path), requests=0)

    def test_for_the_size_of_a_request_send_it_in_two(self):
        texts = [f"word {i}" for i in range(200)]
        for limit, value in (("most_texts", 32), ("most_tokens", 70), ("most_bytes", 900)):
            with self.subTest(limit=limit):
                self.setUp()
                setattr(self.server, limit, value)
                self.assert_rows_near(self.vectors(stdin="".join(text + "\n" for text in texts * 2)),
                                      [stand_in.vector_of(text) for text in texts * 2], 1e-7)

    def test_for_the_size_of_a_request_are_met_once(self):
        self.server.most_texts = 100
        self.vectors(stdin="a\n" * 2000)
        refused = [texts for texts in self.server.texts() if len(texts) > 100]
        self.assertEqual([len(texts) for texts in refused], [256, 128, 128])  # Of the first block.

    def test_for_the_size_of_one_text_name_it(self):
        self.server.most_bytes = 1000
        self.assert_fails(1, "text 2 is longer than the model takes", "(status 413)", texts=("a", "b" * 1000, "c"))

    def test_of_answers_that_are_none_are_told(self):
        first = "the answer of " + self.server.base_url + "/embeddings"
        change = stand_in.changed
        for name, fault, says in (
                ("a page", stand_in.text("<html>hello</html>"), "not valid JSON"),
                ("half of it", stand_in.text('{"data":[{"index":0'), "not valid JSON"),
                ("nothing", stand_in.text(""), "not valid JSON"),
                ("another object", stand_in.text('{"answer":42}'), "lacks the key 'data'"),
                ("too few", change(lambda answer: answer["data"].pop()), "has 1 vectors for 2 texts"),
                ("one twice", change(lambda answer: answer["data"][1].update(index=0)), "'index' 0 stands twice"),
                ("a wrong index", change(lambda answer: answer["data"][1].update(index=2)), "is 2, must be 0 to 1"),
                ("two lengths", change(lambda answer: answer["data"][1].update(embedding=[1, 2])), "2 components, another has 8"),
                ("no base64", change(lambda answer: answer["data"][0].update(embedding="AAAA*AAA")), "is not 32-bit numbers"),
                ("other bytes", change(lambda answer: answer["data"][0].update(embedding="AAAA")), "is not 32-bit numbers"),
                ("words", change(lambda answer: answer["data"][0].update(embedding=["1"] * 8)), "must be a number"),
                ("null", change(lambda answer: answer["data"][0].update(embedding=[None] * 8)), "must be a number"),
                ("NaN", change(lambda answer: answer["data"][0].update(embedding="AADAfw==")), "not finite"),
                ("infinity", change(lambda answer: answer["data"][0].update(embedding=[1e300] * 8)), "not finite")):
            with self.subTest(name=name):
                self.server.fault(fault)
                self.assert_fails(3, first, says, texts=("one", "two"), requests=1)

    def test_of_vectors_whose_length_changes_are_told(self):
        self.server.fault(stand_in.right, stand_in.changed(
            lambda answer: [item.update(embedding=[1, 2, 3]) for item in answer["data"]]))
        self.assert_fails(3, "sends vectors of 3 components, those before had 8", words=())

    def test_of_answers_without_end_end(self):
        for code in (200, 500):
            with self.subTest(code=code):
                self.server.fault(stand_in.endless(code))
                self.assert_fails(3, f"the answer (status {code}) is larger than", requests=1)

    def test_to_another_origin_are_not_followed_and_get_no_key(self):
        with stand_in.OpenAiStandIn() as other:
            for code in (301, 302, 303, 307, 308):
                with self.subTest(code=code):
                    self.server.fault(stand_in.redirect(other.base_url + "/embeddings?key=" + KEY, code))
                    self.assert_fails(3, f"sends elsewhere, to {other.base_url}/embeddings (status {code})", requests=1)
            self.assertEqual(other.requests, [])

    def test_of_a_place_on_the_same_server_are_followed_with_the_body(self):
        self.server.fault(stand_in.redirect("/v1/embeddings", 307), stand_in.redirect("/v1/embeddings", 308))
        self.assertEqual(len(self.vectors("one")), 1)
        self.assertEqual(self.server.texts(), [["one"]] * 3)
        self.server.fault(stand_in.redirect("/v1/embeddings", 303))  # Would become a GET.
        self.assert_fails(3, "sends elsewhere", requests=1)

    def test_of_variables_are_told(self):
        for says, words, variables in (
                ("OPENAI_BASE_URL can't be 'localhost:8000/v1'", (), {"OPENAI_BASE_URL": "localhost:8000/v1"}),
                ("can't have a user", (), {"OPENAI_BASE_URL": "http://me:pa55@127.0.0.1/v1"}),
                ("can't have a user, a password or a query", (), {"OPENAI_BASE_URL": "http://127.0.0.1/v1?x=y"}),
                ("OPENAI_API_KEY is no key", (), {"OPENAI_API_KEY": "sk-1\r\nX-Evil: 1"}),
                ("MERLE_REMOTE_TIMEOUT can't be 'soon'", (), {"MERLE_REMOTE_TIMEOUT": "soon"}),
                ("openai: wants a model's name behind it", ("-m", "openai:"), {}),
                ("the model has no prompt 'passage'", ("--prompt-name", "passage"), {})):
            with self.subTest(says=says):
                message = self.assert_fails(2, says, words=words, requests=0, **variables)
                self.assertNotIn("pa55", message)

    def test_of_proxies_can_not_befall_this_machine(self):
        self.vectors("one", http_proxy="http://127.0.0.1:9", all_proxy="http://127.0.0.1:9", no_proxy="")

    def test_leave_no_file(self):
        self.server.fault(stand_in.right, stand_in.status(403))
        self.assertEqual(self.merle("embed", "one", "-o", self.folder / "v.npy").returncode, 3)
        self.assertEqual(list(self.folder.iterdir()), [])


class Interrupts(RemoteTest):
    def interrupt(self, *faults, words=()):
        """Sends Ctrl-C while a request is answered by `faults`. Returns (exit code, seconds it took, messages)."""
        self.server.fault(*faults)
        command = [MERLE, "embed", "one", "-o", str(self.folder / "v.npy"), "--dim", "8", *words]
        with subprocess.Popen(command, env=environment(**self.env()), stderr=subprocess.PIPE) as process:
            deadline = time.monotonic() + 30
            while not self.server.requests and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            begun = time.monotonic()
            messages = process.stderr.read().decode()
            return process.wait(), time.monotonic() - begun, messages

    def test_end_it_while_it_waits_for_an_answer(self):
        code, seconds, messages = self.interrupt(stand_in.hang(15))
        self.assertEqual((code, messages), (130, ""))
        self.assertLess(seconds, 3)
        self.assertEqual(os.listdir(self.folder), [])

    def test_end_it_while_it_waits_to_ask_again(self):
        code, seconds, _ = self.interrupt(stand_in.status(429, retry_after="60"))
        self.assertEqual(code, 130)
        self.assertLess(seconds, 1)

    def test_say_for_what_it_waits_so_long(self):
        _, _, messages = self.interrupt(stand_in.status(429, "too fast", retry_after="60"))
        self.assertRegex(messages, r"^merle: openai:tiny: .*'too fast'; trying again in 6\d\.\d s\n$")


if __name__ == "__main__":
    main()
