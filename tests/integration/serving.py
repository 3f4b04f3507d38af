"""`merle serve` as a process that tests talk to, and what it should answer. Standard library only."""

import base64
import http.client
import json
import pathlib
import re
import selectors
import signal
import socket
import struct
import subprocess
import tempfile
import time

from harness import MERLE, MODELS, environment, read_npy, run

TINY = MODELS / "st-pooling-mean"  # 16 components, 1 layer, at most 64 tokens.
NAME = "text-embedding-3-small"  # What clients call the first model of a Server.
KEY = "sk-merle-tests"
START_SECONDS = 60
STOP_SECONDS = 40


class Server:
    """`with Server() as server:` serves `model` as NAME on a free port until the block ends.

    `words` are further arguments. Leaving the block ends the server as a user would, and fails if it
    does not end well and should."""

    def __init__(self, *words, model=TINY, env=None, ends_well=True):
        self.words = ["serve", str(model), "--alias", f"{NAME}={model}", "--port", "0", *map(str, words)]
        self.env = env or {}
        self.ends_well = ends_well

    def __enter__(self):
        self.messages = tempfile.NamedTemporaryFile("w+", suffix=".log")
        self.process = subprocess.Popen([MERLE, *self.words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=self.messages, env=environment(**self.env))
        self.url = self._wait_for_url()
        self.port = int(self.url.rsplit(":", 1)[1]) if re.search(r":\d+$", self.url) else None
        return self

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.wait()
        log = self.log()
        self.messages.close()
        if kind is None and self.ends_well and code != 0:
            raise AssertionError(f"merle serve ended with {code}:\n{log[-4000:]}")

    def _wait_for_url(self):
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            found = re.search(r"serving .* at (\S+)\n", self.log())
            if found:
                return found.group(1)
            time.sleep(0.01)
        self.process.kill()
        raise AssertionError(f"merle serve did not start: {' '.join(self.words)}\n{self.log()}")

    def log(self):
        return pathlib.Path(self.messages.name).read_text(encoding="utf-8")

    def wait(self):
        """The exit code of a server that was told to end. Kills one that does not."""
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return "no end within %d s of SIGTERM" % STOP_SECONDS

    def resident_mb(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1000

    def ask(self, path, body=None, method=None, headers=None, timeout=60):
        """Returns (status, headers, text). A body that is no text or bytes goes as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            return ask_on(connection, path, body, method, headers)
        finally:
            connection.close()

    def embed(self, texts, **fields):
        """The vectors that /v1/embeddings gives, as lists of floats."""
        status, _, text = self.ask("/v1/embeddings", {"model": NAME, "input": texts, **fields})
        if status != 200:
            raise AssertionError(f"{status}: {text}")
        return vectors_in(text)


def ask_on(connection, path, body=None, method=None, headers=None):
    if body is not None and not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    headers = {"Content-Type": "application/json", **(headers or {})}
    connection.request(method or ("GET" if body is None else "POST"), path, body, headers)
    reply = connection.getresponse()
    return reply.status, dict((name.lower(), value) for name, value in reply.getheaders()), reply.read().decode()


def vectors_in(text):
    """The vectors of a reply of /v1/embeddings in either encoding, in order."""
    vectors = []
    for place, item in enumerate(json.loads(text)["data"]):
        assert item["index"] == place and item["object"] == "embedding", item
        vector = item["embedding"]
        if isinstance(vector, str):
            data = base64.b64decode(vector, validate=True)
            vector = list(struct.unpack(f"<{len(data) // 4}f", data))
        vectors.append(vector)
    return vectors


def float32(vectors):
    """As the nearest float32 numbers: JSON's are parsed as doubles."""
    return [list(struct.unpack(f"<{len(vector)}f", struct.pack(f"<{len(vector)}f", *vector))) for vector in vectors]


def assert_same_bits(got, expected):
    """As assertEqual, which would write a difference of megabytes for minutes."""
    got = float32(got)
    if got != expected:
        wrong = [i for i, (a, b) in enumerate(zip(got, expected)) if a != b]
        raise AssertionError(f"{len(got)} vectors, {len(expected)} expected; {len(wrong)} differ"
                             + (f", as number {wrong[0]}: {got[wrong[0]]}, not {expected[wrong[0]]}" if wrong else ""))


def vectors_of_library(texts, *flags, model=TINY, env=None):
    """What `merle embed` gives for these texts, with length 1 as the API's."""
    with tempfile.TemporaryDirectory() as folder:
        rows = pathlib.Path(folder) / "texts.jsonl"
        rows.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
        out = pathlib.Path(folder) / "vectors.npy"
        done = run("embed", "-m", model, "-i", rows, "-o", out, "--normalize", "-q", *flags, env=env)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return read_npy(out)[2]


def post(path, body, port):
    """The bytes of a request."""
    body = json.dumps(body).encode()
    head = (f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n")
    return head.encode() + body


class Reply:
    """What came back on one connection: status 0 is none."""

    def __init__(self):
        self.received = b""
        self.seconds = None  # From the request's first byte on.

    @property
    def whole(self):
        head, found, body = self.received.partition(b"\r\n\r\n")
        return bool(found) and len(body) >= int(re.search(rb"(?i)content-length: *(\d+)", head).group(1))

    @property
    def status(self):
        return int(self.received[9:12]) if self.whole else 0

    @property
    def head(self):
        return self.received.partition(b"\r\n\r\n")[0].decode().lower()

    @property
    def text(self):
        return self.received.partition(b"\r\n\r\n")[2].decode()


def ask_at_once(port, requests, timeout=60):
    """Sends all requests in one burst, a connection each, from one thread. Returns a Reply for each."""
    waiting = selectors.DefaultSelector()
    replies = [Reply() for _ in requests]
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in requests]
    starts = []
    for reply, connection, request in zip(replies, sockets, requests):
        starts.append(time.monotonic())
        connection.sendall(request)
        waiting.register(connection, selectors.EVENT_READ, (reply, starts[-1]))
    until = time.monotonic() + timeout
    while waiting.get_map() and time.monotonic() < until:
        for event, _ in waiting.select(1):
            reply, start = event.data
            try:
                piece = event.fileobj.recv(1 << 20)
            except ConnectionError:
                piece = b""
            reply.received += piece
            if not piece or reply.whole:
                reply.seconds = time.monotonic() - start
                waiting.unregister(event.fileobj)
    for connection in sockets:
        connection.close()
    waiting.close()
    return replies
