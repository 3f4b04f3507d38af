"""`merle serve` under more load than it can take, among slow clients, told to end, and over many requests.

benchmarks/serve has the long forms of these, on the real model.
"""

import http.client
import json
import os
import random
import signal
import socket
import statistics
import threading
import time
import unittest

from harness import main
from serving import NAME, Server, ask_at_once, ask_on, assert_same_bits, post, vectors_in, vectors_of_library
from slow_clients import SlowClients, allow_many_files

SANITIZED = bool(os.environ.get("MERLE_SANITIZE"))  # Then times and memory say nothing.
WORDS = "hello world the first second token new sep mask cafe abc a b c able ing".split()


def texts_of(count, seed):
    dice = random.Random(seed)
    return [" ".join(dice.choices(WORDS, k=dice.randint(1, 30))) for _ in range(count)]


class Overload(unittest.TestCase):
    def test_refusals_are_quick_and_what_was_accepted_is_answered_bit_for_bit(self):
        texts = texts_of(64, seed=1)
        expected = vectors_of_library(texts)
        with Server("--queue-tokens", 4000) as server:
            request = post("/v1/embeddings", {"model": NAME, "input": texts, "encoding_format": "base64"}, server.port)
            replies, quick = [], False
            # On a machine that does other things, one burst whose refusals were quick is proof enough.
            while (sum(reply.status == 429 for reply in replies) < 50 or not quick) and len(replies) < 4000:
                burst = ask_at_once(server.port, [request] * 100)
                refused = [reply.seconds for reply in burst if reply.status == 429]
                quick = quick or SANITIZED or bool(refused) and statistics.median(refused) < 0.05
                replies += burst
        self.assertEqual({reply.status for reply in replies}, {200, 429})
        self.assertTrue(quick, "refusals took more than 50 ms")
        for reply in replies:
            if reply.status == 200:
                assert_same_bits(vectors_in(reply.text), expected)
            else:
                self.assertRegex(reply.head, r"\r\nretry-after: \d+")
                self.assertEqual(set(json.loads(reply.text)["error"]), {"message", "type", "param", "code"})

    def test_a_request_that_is_larger_than_the_queue_is_answered_when_it_is_alone(self):
        with Server("--queue-tokens", 100) as server:
            self.assertEqual(len(server.embed(texts_of(50, seed=2))), 50)


class Slow(unittest.TestCase):
    def latencies(self, server, count=400):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        seconds = []
        for text in texts_of(count, seed=3):
            start = time.monotonic()
            self.assertEqual(ask_on(connection, "/v1/embeddings", {"model": NAME, "input": text})[0], 200)
            seconds.append(time.monotonic() - start)
        connection.close()
        return sorted(seconds)

    def test_a_thousand_slow_connections_leave_room_for_honest_ones(self):
        allow_many_files(4096)
        with Server() as server:
            self.latencies(server, 50)
            for _ in range(5):  # On a machine that does other things, one good round is proof enough.
                alone = self.latencies(server)
                with SlowClients(server.port):
                    among_slow = self.latencies(server)
                if SANITIZED or among_slow[-4] < 2 * alone[-4] + 0.01:
                    return
        self.fail(f"p99 {alone[-4]:.4f} s alone, {among_slow[-4]:.4f} s among slow connections")


class Client(threading.Thread):
    """Asks without a pause on one connection until it breaks; keeps (end of sending, status) of each request."""

    def __init__(self, port, texts):
        super().__init__()
        self.port = port
        self.body = json.dumps({"model": NAME, "input": texts})
        self.sent = []
        self.statuses = []

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            while True:
                connection.request("POST", "/v1/embeddings", self.body, {"Content-Type": "application/json"})
                self.sent.append(time.monotonic())
                reply = connection.getresponse()
                reply.read()
                self.statuses.append(reply.status)
                if reply.status != 200:
                    return
        except (OSError, http.client.HTTPException):
            return
        finally:
            connection.close()


class Sigterm(unittest.TestCase):
    def test_no_request_is_lost_when_the_server_is_told_to_end(self):
        for seed in range(3):
            with self.subTest(seed=seed), Server() as server:
                clients = [Client(server.port, texts_of(100, seed=100 * seed + i)) for i in range(16)]
                for client in clients:
                    client.start()
                time.sleep(0.5)
                told = time.monotonic()
                server.process.send_signal(signal.SIGTERM)
                self.assertEqual(server.wait(), 0)
                for client in clients:
                    client.join()
                answered = 0
                for client in clients:
                    before = [sent for sent in client.sent if sent < told]
                    answered += len(before)
                    self.assertGreaterEqual(len(client.statuses), len(before), "a request got no answer")
                    self.assertTrue(set(client.statuses) <= {200, 503}, client.statuses)
                self.assertGreater(answered, 16)

    def test_a_server_with_nothing_to_do_ends_at_once(self):
        with Server() as server:
            server.embed("hello")
            start = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(server.wait(), 0)
            self.assertLess(time.monotonic() - start, 5)

    def test_a_second_signal_does_not_wait(self):
        with Server(ends_well=False) as server, socket.create_connection(("127.0.0.1", server.port)) as connection:
            request = post("/v1/embeddings", {"model": NAME, "input": "hello"}, server.port)
            connection.sendall(request[:-5])  # Under way for as long as the body may take.
            time.sleep(0.2)
            start = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.2)
            if server.process.poll() is None:
                server.process.send_signal(signal.SIGTERM)
            server.wait()
            self.assertLess(time.monotonic() - start, 5)


class Memory(unittest.TestCase):
    def ask_many(self, server, count, seed):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        bodies = [{"model": NAME, "input": texts_of(size, seed)} for size in (1, 1, 1, 30)]
        bodies += [{"model": NAME}, {"model": "nobody", "input": "a"}]
        for i in range(count):
            status, _, _ = ask_on(connection, "/v1/embeddings", bodies[i % len(bodies)])
            self.assertEqual(status, (200, 200, 200, 200, 400, 404)[i % len(bodies)])
            if i % 100 == 0:  # Somebody hangs up in the middle.
                with socket.create_connection(("127.0.0.1", server.port)) as rude:
                    rude.sendall(post("/v1/embeddings", bodies[0], server.port)[: i % 300])
        connection.close()

    def test_it_does_not_grow_with_the_requests(self):
        with Server() as server:
            self.ask_many(server, 1500, seed=4)
            before = server.resident_mb()
            self.ask_many(server, 6000, seed=5)
            after = server.resident_mb()
        if not SANITIZED:
            self.assertLess(after - before, 4)


if __name__ == "__main__":
    main()
