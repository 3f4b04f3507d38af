"""A server on this machine that answers /v1/embeddings as OpenAI's does, and misbehaves where a test asks for it.

The vector of a text is a function of the text alone: `vector_of`. Standard library only.
"""

import base64
import hashlib
import http.server
import json
import math
import socket
import struct
import threading
import time

DIM = 8


def vector_of(text, dim=DIM):
    """Numbers of length 1 that a 32-bit float holds, from the text's hash."""
    seed = hashlib.sha256(text.encode()).digest() * (4 * dim // 32 + 1)
    numbers = [byte / 128 - 1 + 1 / 256 for byte in seed[:dim]]
    length = math.sqrt(sum(x * x for x in numbers))
    return list(struct.unpack(f"<{dim}f", struct.pack(f"<{dim}f", *(x / length for x in numbers))))


def in_base64(vector):
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


class OpenAiStandIn:
    """`with OpenAiStandIn() as server:` answers on server.base_url until the block ends."""

    def __init__(self):
        self.key = None           # The key that it wants.
        self.models = {"tiny"}
        self.base64 = True        # Whether it knows encoding_format.
        self.shortens = True      # Whether it knows dimensions.
        self.counts = True        # Whether it counts tokens: the words of a text.
        self.most_texts = 2048
        self.most_tokens = 300_000
        self.most_bytes = 64 << 20
        self.context = 8192       # Most words of a text.
        self.delay = 0            # Seconds before an answer.
        self.requests = []        # What was asked: dictionaries with path, headers, body and time.
        self.faults = []          # Functions of (handler, request), one for each next request.
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()

    def __enter__(self):
        stand_in = self

        class Handler(_Handler):
            server_of = stand_in

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # A client that was interrupted has hung up.
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.base_url = "http://127.0.0.1:%d/v1" % self.server.server_address[1]
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def fault(self, *answers):
        """The next requests get these answers, one each; one that is `always` stays."""
        self.faults.extend(answers)

    def next_fault(self):
        if not self.faults:
            return None
        return self.faults[0] if getattr(self.faults[0], "always", False) else self.faults.pop(0)

    def texts(self):
        """The inputs of each request, in the order of their coming."""
        return [request["body"]["input"] for request in self.requests]


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        with self.server_of.lock:
            self.server_of.requests.append({"path": self.path, "method": "GET", "headers": dict(self.headers.items()),
                                            "body": {}, "time": time.monotonic()})
        self.refuse(405, "only POST")

    def do_POST(self):
        server = self.server_of
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = {"path": self.path, "method": "POST", "headers": {name.lower(): value for name, value in self.headers.items()},
                   "bytes": len(body), "body": json.loads(body), "time": time.monotonic()}
        with server.lock:
            server.requests.append(request)
            fault = server.next_fault()
            server.at_once += 1
            server.most_at_once = max(server.most_at_once, server.at_once)
        try:
            time.sleep(server.delay)
            if fault:
                fault(self, request)
            else:
                self.answer(request)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with server.lock:
                server.at_once -= 1

    def answer(self, request):
        server, body = self.server_of, request["body"]
        if server.key and request["headers"].get("authorization") != f"Bearer {server.key}":
            return self.refuse(401, "Incorrect API key provided.", "invalid_api_key")
        if request["path"] != "/v1/embeddings":
            return self.refuse(404, f"Invalid URL (POST {request['path']})")
        if body["model"] not in server.models:
            return self.refuse(404, f"The model `{body['model']}` does not exist or you do not have access to it.",
                               "model_not_found")
        words = [len(text.split()) for text in body["input"]]
        if request["bytes"] > server.most_bytes:
            return self.refuse(413, "the body is too large")
        if len(words) > server.most_texts:
            return self.refuse(400, f"batch size {len(words)} > maximum allowed batch size {server.most_texts}")
        if "" in body["input"]:
            return self.refuse(400, "'$.input' is invalid.")
        if max(words) > server.context:
            return self.refuse(400, f"This model's maximum context length is {server.context} tokens, however you "
                                    f"requested {max(words)} tokens.", "context_length_exceeded")
        if sum(words) > server.most_tokens:
            return self.refuse(400, f"Requested {sum(words)} tokens, max {server.most_tokens} tokens per request",
                               "max_tokens_per_request")
        return self.send(200, json.dumps(self.content(body)).encode())

    def content(self, body):
        """The answer that is right."""
        dim = body.get("dimensions", DIM) if self.server_of.shortens else DIM
        form = in_base64 if self.server_of.base64 and body.get("encoding_format") == "base64" else list
        tokens = sum(len(text.split()) for text in body["input"])
        answer = {"object": "list", "model": body["model"],
                  "data": [{"object": "embedding", "index": i, "embedding": form(vector_of(text, dim))}
                           for i, text in enumerate(body["input"])]}
        if self.server_of.counts:
            answer["usage"] = {"prompt_tokens": tokens, "total_tokens": tokens}
        return answer

    def refuse(self, status, message, code=None, headers=None):
        error = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
        self.send(status, json.dumps(error).encode(), headers)

    def send(self, status, body, headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


# Faults. Each is called with the handler and the request.

SOON = {"retry-after-ms": "5"}  # So that no test waits.


def always(answer):
    answer.always = True
    return answer


def status(code, message="no", error_code=None, **headers):
    """Refuses with this status."""
    named = {name.replace("_", "-"): value for name, value in headers.items()} or SOON
    return lambda handler, _: handler.refuse(code, message, error_code, named)


def right(handler, request):
    """Answers well, between faults."""
    handler.answer(request)


def text(body, code=200):
    """Answers with these bytes."""
    return lambda handler, _: handler.send(code, body if isinstance(body, bytes) else body.encode())


def changed(change):
    """Answers with the right answer, after `change` was done to it."""
    def answer(handler, request):
        content = handler.content(request["body"])
        change(content)
        handler.send(200, json.dumps(content).encode())
    return answer


def cut_off(handler, request):
    """Sends half of an answer, then closes the connection."""
    body = json.dumps(handler.content(request["body"])).encode()
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[:len(body) // 2])
    handler.close_connection = True


def hang_up(handler, _):
    """Closes the connection without a word."""
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def hang(seconds):
    """Says nothing for a while, then closes the connection."""
    def answer(handler, _):
        time.sleep(seconds)
        handler.close_connection = True
    return answer


def endless(code=200):
    """Sends bytes without end."""
    def answer(handler, _):
        handler.send_response(code)
        handler.end_headers()
        handler.close_connection = True
        while True:
            handler.wfile.write(b"[" * 65536)
    return answer


def redirect(place, code=307):
    """Sends elsewhere."""
    return lambda handler, _: handler.send(code, b"", {"Location": place})


def echo_key(code):
    """Refuses, and repeats the key that it was given."""
    return lambda handler, request: handler.refuse(
        code, f"the key {request['headers']['authorization'].split()[1]} is not good", headers=SOON)
