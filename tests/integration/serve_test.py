"""`merle serve` as a process: how it starts, who may ask, what it logs, how it ends."""

import http.client
import json
import os
import re
import signal
import socket
import ssl
import stat
import subprocess
import threading
import time

from harness import MERLE, MODELS, CommandTest, environment, main, run
from serving import NAME, TINY, Server, ask_on, vectors_of_library, assert_same_bits

OTHER = MODELS / "st-prompts"

# (further words, exit code, pattern on standard error): none of these starts.
REFUSALS = [
    ("--host 0.0.0.0", 2, r"--host 0\.0\.0\.0 lets other machines ask: .*--allow-anyone"),
    ("--host example.org --allow-anyone", 2, r"example\.org"),
    ("--port 65536", 2, r"a whole number from 0 to 65535 is wanted"),
    ("--port http", 2, r"--port can't be 'http'"),
    ("--alias small", 2, r"--alias can't be 'small': NAME=MODEL is wanted"),
    ("--alias =x", 2, r"NAME=MODEL is wanted"),
    ("--alias {tiny}={other}", 2, r"'{tiny}' stands for two models"),
    ("--alias small=org/none", 3, r"org/none"),
    ("--tls-cert cert.pem", 2, r"--tls-cert and --tls-key go together"),
    ("--tls-cert {empty} --tls-key {empty}", 3, r"empty"),
    ("--api-key-file /nonexistent", 1, r"/nonexistent"),
    ("--api-key-file {empty}", 2, r"there is no key in"),
    ("--max-body 0", 2, r"--max-body can't be '0'"),
    ("--log-format xml", 2, r"text or json is wanted"),
    ("/nonexistent/model", 3, r"nonexistent"),
]


class Start(CommandTest):
    def test_what_cannot_be_served_is_said_in_one_line(self):
        empty = self.write("empty", "")
        for words, code, pattern in REFUSALS:
            with self.subTest(words):
                words = words.format(other=OTHER, tiny=TINY.name, empty=empty).split()
                done = run("serve", TINY, "--port", "0", *words)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertRegex(done.stderr, pattern.replace("{tiny}", TINY.name))
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                self.assertNotIn("serving", done.stdout)

    def test_quiet_writes_the_address_alone(self):
        process = subprocess.Popen([MERLE, "serve", "-q", "--port", "0", str(TINY)], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
        self.assertRegex(process.stdout.readline(), r"^http://127\.0\.0\.1:\d+\n$")
        process.send_signal(signal.SIGINT)
        out, messages = process.communicate(timeout=30)
        self.assertEqual((process.returncode, out, messages), (0, "", ""))

    def test_a_port_in_use_is_named(self):
        with Server() as server:
            done = run("serve", TINY, "--port", server.port)
            self.assertEqual(done.returncode, 1)
            self.assertIn(str(server.port), done.stderr)

    def test_a_damaged_model_ends_it(self):
        for name in ("config.json", "modules.json", "tokenizer.json", "tokenizer_config.json", "1_Pooling/config.json"):
            self.write(f"broken/{name}", (TINY / name).read_text(encoding="utf-8"))
        self.write("broken/model.safetensors", "no weights")
        done = run("serve", self.folder / "broken", "--port", "0")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("model.safetensors", done.stderr)

    def test_ready_comes_by_itself(self):
        with Server() as server:
            until = time.monotonic() + 20
            while server.ask("/ready")[0] != 200:
                self.assertLess(time.monotonic(), until)
                time.sleep(0.01)


class Names(CommandTest):
    def test_models_and_aliases_are_listed_and_answer(self):
        with Server(OTHER, "--alias", f"other={OTHER}") as server:
            listed = [model["id"] for model in json.loads(server.ask("/v1/models")[2])["data"]]
            self.assertEqual(listed, [TINY.name, NAME, OTHER.name, "other"])
            for name, model in ((NAME, TINY), (TINY.name, TINY), ("other", OTHER)):
                status, _, text = server.ask("/v1/embeddings", {"model": name, "input": "hello world"})
                self.assertEqual(status, 200, text)
                assert_same_bits([json.loads(text)["data"][0]["embedding"]], vectors_of_library(["hello world"], model=model))

    def test_no_path_can_be_named_or_is_shown(self):
        with Server() as server:
            for name in (str(TINY), f"../{TINY.name}", "org/none"):
                status, _, text = server.ask("/v1/embeddings", {"model": name, "input": "a"})
                self.assertEqual((status, json.loads(text)["error"]["code"]), (404, "model_not_found"))
            for path in ("/v1/models", "/info", "/openapi.json", "/metrics"):
                self.assertNotIn(str(MODELS), server.ask(path)[2])


class Access(CommandTest):
    def test_keys_of_file_and_environment_open_all_but_health(self):
        keys = self.write("keys", "# of the team\nfirst-key\n\n  second-key\r\n")
        with Server("--api-key-file", keys, env={"MERLE_API_KEY": "third-key"}) as server:
            def status(path, key=None):
                return server.ask(path, headers={"Authorization": f"Bearer {key}"} if key else {})[0]
            for key in ("first-key", "second-key", "third-key"):
                self.assertEqual(status("/v1/models", key), 200, key)
            for key in (None, "first-ke", "first-keyy", "# of the team", " "):
                self.assertEqual(status("/v1/models", key), 401, key)
            for path in ("/metrics", "/docs", "/openapi.json", "/nope"):
                self.assertEqual(status(path), 401, path)
            for path in ("/health", "/ready"):
                self.assertIn(status(path), (200, 503), path)
            log = server.log()
        for key in ("first-key", "second-key", "third-key"):
            self.assertNotIn(key, log)

    def test_foreign_hosts_and_origins_are_refused(self):
        with Server("--allow-host", "box.lan", "--cors-origin", "https://app.example") as server:
            def ask(**headers):
                return server.ask("/health", headers=headers)
            self.assertEqual(ask(Host="evil.example")[0], 403)
            self.assertEqual(ask(Host="box.lan:80")[0], 200)
            self.assertEqual(ask(Origin="https://evil.example")[0], 403)
            status, headers, _ = ask(Origin="https://app.example")
            self.assertEqual((status, headers["access-control-allow-origin"]), (200, "https://app.example"))
            status, headers, _ = server.ask("/v1/embeddings", method="OPTIONS", headers={
                "Origin": "https://app.example", "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization,x-stainless-lang"})
            self.assertEqual(status, 204)
            self.assertIn("x-stainless-lang", headers["access-control-allow-headers"])


class Log(CommandTest):
    TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
    HEADERS = {"x-request-id": "my-request.1", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}

    def ask(self, *words):
        with Server(*words) as server:
            _, headers, _ = server.ask("/v1/embeddings", {"model": NAME, "input": "a"}, headers=self.HEADERS)
            self.assertEqual(headers["x-request-id"], "my-request.1")
            server.ask("/v1/embeddings", "{")
            server.process.send_signal(signal.SIGTERM)
            server.wait()
            return server.log().splitlines()[1:]

    def test_a_line_for_people(self):
        first, second = self.ask()
        self.assertRegex(first, r"^\d{4}-\d\d-\d\dT\S+Z 200 POST /v1/embeddings [\d.]+ ms \d+ B in \d+ B out "
                                rf"127\.0\.0\.1:\d+ id=my-request\.1 trace={self.TRACE}$")
        self.assertRegex(second, r" 400 POST /v1/embeddings .* id=[0-9a-f]{32}$")

    def test_an_object_for_programs(self):
        first, second = map(json.loads, self.ask("--log-format", "json"))
        self.assertEqual((first["request_id"], first["trace_id"], first["status"]), ("my-request.1", self.TRACE, 200))
        self.assertEqual((second["path"], second["status"], second["request_bytes"]), ("/v1/embeddings", 400, 1))


class Transport(CommandTest):
    def test_a_unix_socket_answers_its_owner(self):
        path = self.folder / "merle.sock"
        with Server("--unix-socket", path) as server:
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
            connection = http.client.HTTPConnection("localhost")
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(str(path))
            status, _, text = ask_on(connection, "/embed", {"inputs": "hello"})
            connection.close()
            self.assertEqual(status, 200, text)
            server.process.send_signal(signal.SIGTERM)
            server.wait()  # The log is whole then.
            self.assertIn(" unix ", server.log())
        self.assertFalse(path.exists())

    def test_tls_answers_with_its_certificate(self):
        cert, key = self.folder / "cert.pem", self.folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
        with Server("--tls-cert", cert, "--tls-key", key) as server:
            self.assertTrue(server.url.startswith("https://"), server.url)
            connection = http.client.HTTPSConnection("localhost", int(server.url.rsplit(":", 1)[1]),
                                                     context=ssl.create_default_context(cafile=cert))
            status, _, text = ask_on(connection, "/v1/embeddings", {"model": NAME, "input": ["hello"]})
            connection.close()
            self.assertEqual(status, 200, text)
            with self.assertRaises((http.client.HTTPException, ConnectionError)):
                server.ask("/health")  # Without TLS there is no answer.


class End(CommandTest):
    def test_a_signal_lets_requests_finish(self):
        with Server() as server:
            texts = ["hello world the first token " * 2] * 2000
            answers = []
            asking = [threading.Thread(target=lambda: answers.append(server.ask("/embed", {"inputs": texts})[0]))
                      for _ in range(8)]
            for thread in asking:
                thread.start()
            while len(re.findall(r"\nmerle_queue_tokens [1-9]", server.ask("/metrics")[2])) == 0:
                if answers:
                    break
            server.process.send_signal(signal.SIGTERM)
            for thread in asking:
                thread.join()
            self.assertEqual(server.wait(), 0)
            self.assertIn(200, answers)
            self.assertLessEqual(set(answers), {200, 503})

    def test_an_idle_server_ends_at_once(self):
        with Server() as server:
            connection = http.client.HTTPConnection("127.0.0.1", server.port)
            ask_on(connection, "/health")  # And stays connected.
            start = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(server.wait(), 0)
            self.assertLess(time.monotonic() - start, 5)
            connection.close()

    def test_a_second_signal_ends_it_now(self):
        with Server("--drain-timeout", 60, "--body-timeout", 60, ends_well=False) as server:
            waiting = socket.create_connection(("127.0.0.1", server.port))
            waiting.sendall(b"POST /embed HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                            b"Content-Length: 100\r\n\r\n{")
            server.ask("/health")
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            self.assertIsNone(server.process.poll())
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(server.wait(), 128 + signal.SIGTERM)
            waiting.close()


if __name__ == "__main__":
    main()
