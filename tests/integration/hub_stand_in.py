"""A hub on this machine that answers as the real one does, and misbehaves where a test asks for it.

Large files are redirected to a storage server on another host, with X-Linked-Etag and X-Linked-Size;
some small ones are redirected on the hub itself, as the real hub does with its resolve cache.
Standard library only.
"""

import hashlib
import http.server
import json
import pathlib
import re
import threading
import time
import urllib.parse

CHUNK = 4096


def etag_of(name, content):
    """What the hub calls a file: SHA-256 of a large one, git's SHA-1 of another."""
    if is_large(name):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def is_large(name):
    return name.endswith((".safetensors", ".bin"))


def tree_entry(name, content):
    entry = {"type": "file", "path": name, "size": len(content), "oid": etag_of("", content)}
    if is_large(name):
        entry["lfs"] = {"oid": etag_of(name, content), "size": len(content), "pointerSize": 134}
    return entry


def files_below(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(pathlib.Path(folder).rglob("*")) if path.is_file()}


class HubStandIn:
    """`with HubStandIn() as hub:` serves hub.models on hub.endpoint until the block ends."""

    def __init__(self):
        self.commits = {}   # (repository, commit) -> {file: content}
        self.refs = {}      # (repository, ref) -> commit
        self.tokens = {}    # repository -> the token that opens it
        self.gated = set()  # Repositories whose terms must be accepted first.
        self.requests = []  # (server, method, path, Authorization, Range), as they came
        self.faults = {}    # (server, part of the path) -> functions of (handler, content), one a request
        self.bytes_per_second = None
        self.extra_headers = {}  # file -> headers that replace those of its answer
        self.lock = threading.Lock()

    def __enter__(self):
        self.hub = self._serve("hub", "127.0.0.1")
        self.storage = self._serve("storage", "127.0.0.2")
        self.endpoint = "http://127.0.0.1:%d" % self.hub.server_address[1]
        return self

    def __exit__(self, *_):
        for server in (self.hub, self.storage):
            server.shutdown()
            server.server_close()

    def add(self, repository, files, ref="main"):
        """Serves `files` (name -> content) and returns their commit."""
        content = json.dumps([repository, [(name, etag_of(name, files[name])) for name in sorted(files)]])
        commit = hashlib.sha1(content.encode()).hexdigest()
        self.commits[repository, commit] = dict(files)
        self.refs[repository, ref] = commit
        return commit

    def fault(self, server, part, *answers):
        """The next requests to `server` whose path has `part` in it get these answers, one each."""
        self.faults.setdefault((server, part), []).extend(answers)

    def next_fault(self, server, path):
        with self.lock:
            for (where, part), answers in self.faults.items():
                if where == server and part in path and answers:
                    return answers[0] if getattr(answers[0], "always", False) else answers.pop(0)
        return None

    def paths(self, server, method="GET"):
        return [path for where, how, path, _, _ in self.requests if where == server and how == method]

    def _serve(self, name, address):
        stand_in = self

        class Handler(_Handler):
            server_kind = name
            hub = stand_in

        server = http.server.ThreadingHTTPServer((address, 0), Handler)
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # A client that was killed has hung up.
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return server


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()

    def answer(self):
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        with self.hub.lock:
            self.hub.requests.append((self.server_kind, self.command, path,
                                      self.headers.get("Authorization"), self.headers.get("Range")))
        try:
            fault = self.hub.next_fault(self.server_kind, f"{self.command} {path}")
            if fault and not getattr(fault, "needs_content", False):
                fault(self, b"")
            elif self.server_kind == "storage":
                self.send_file(self.stored(path), fault)
            else:
                self.answer_hub(path, fault)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def stored(self, path):
        for files in self.hub.commits.values():
            for name, content in files.items():
                if etag_of(name, content) == path.strip("/"):
                    return content
        return None

    def answer_hub(self, path, fault):
        listing = re.fullmatch(r"/api/models/((?:[^/]+/)?[^/]+)/(?:revision|tree)/(.+)", path)
        resolved = (re.fullmatch(r"/((?:[^/]+/)?[^/]+)/resolve/([^/]+)/(.+)", path) or
                    re.fullmatch(r"/api/resolve-cache/models/((?:[^/]+/)?[^/]+)/([^/]+)/(.+)", path))
        if not (listing or resolved):
            return self.refuse(404, "")
        repository, revision = (listing or resolved).group(1, 2)
        token = self.hub.tokens.get(repository)
        known = any(name == repository for name, _ in self.hub.refs)
        if not known or (token and self.headers.get("Authorization") != f"Bearer {token}"):
            return self.refuse(401, "RepoNotFound")
        if resolved and repository in self.hub.gated:
            return self.refuse(403, "GatedRepo")
        commit = self.hub.refs.get((repository, revision), revision)
        files = self.hub.commits.get((repository, commit))
        if files is None:
            return self.refuse(404, "RevisionNotFound")
        if listing:
            return self.send_listing(path, repository, commit, files)
        name = resolved.group(3)
        if name not in files:
            return self.refuse(404, "EntryNotFound")
        return self.send_entry(path, commit, name, files[name], fault)

    def send_listing(self, path, repository, commit, files):
        answer = {"id": repository, "sha": commit, "private": False,
                  "siblings": [{"rfilename": name} for name in files]}
        if "/tree/" in path:
            answer = [tree_entry(name, content) for name, content in files.items()]
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_entry(self, path, commit, name, content, fault):
        headers = {"X-Repo-Commit": commit}
        if is_large(name):
            etag = etag_of(name, content)
            place = "http://127.0.0.2:%d/%s?signature=1" % (self.hub.storage.server_address[1], etag)
            headers.update({"ETag": '"xet"', "X-Linked-Etag": f'"{etag}"', "X-Linked-Size": str(len(content)),
                            "Location": place, "Content-Length": "9"})
            return self.send_head_and_text(302, headers, name, b"elsewhere")
        if name.startswith("tokenizer") and "resolve-cache" not in path:
            headers.update({"Location": path.replace("/resolve/", "/", 1).replace(
                "/", "/api/resolve-cache/models/", 1), "Content-Length": "0"})
            return self.send_head_and_text(307, headers, name, b"")
        headers.update({"ETag": f'W/"{etag_of(name, content)}"'})
        return self.send_file(content, fault, {**headers, **self.hub.extra_headers.get(name, {})})

    def send_head_and_text(self, status, headers, name, text):
        self.send_response(status)
        for key, value in {**headers, **self.hub.extra_headers.get(name, {})}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(text)

    def send_file(self, content, fault=None, headers=None):
        if content is None:
            return self.refuse(404, "EntryNotFound")
        if fault:
            return fault(self, content)
        begin = 0
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        if wanted:
            begin = int(wanted.group(1))
        if begin >= len(content) > 0:
            return self.refuse(416, "")
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        lengths = {"Content-Length": str(len(content) - begin), "Accept-Ranges": "bytes"}
        for key, value in {**lengths, **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.send_slowly(content[begin:])
        return None

    def send_slowly(self, content):
        for begin in range(0, len(content), CHUNK):
            piece = content[begin:begin + CHUNK]
            self.wfile.write(piece)
            if self.hub.bytes_per_second:
                time.sleep(len(piece) / self.hub.bytes_per_second)

    def refuse(self, status, code, body=b'{"error":"no"}', headers=None):
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


# Faults. Each is called with the handler and, where it says needs_content, the file.

def always(answer):
    answer.always = True
    return answer


def _with_content(answer):
    answer.needs_content = True
    return answer


def status(code, **headers):
    """Refuses with this status."""
    return lambda handler, _: handler.refuse(code, "", headers={
        name.replace("_", "-"): value for name, value in headers.items()})


def text(body):
    """Answers with this, whatever was asked."""
    return lambda handler, _: handler.refuse(200, "", body)


def drop_after(count):
    """Sends `count` bytes of the file, then closes the connection."""
    def answer(handler, content):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content[:count])
        handler.close_connection = True
    return _with_content(answer)


def other_content(change):
    """Sends change(content), with its true length, whatever was announced; ranges are ignored."""
    def answer(handler, content):
        body = change(content)
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
    return _with_content(answer)


def part_from(begin):
    """Sends the file from there on, whatever was asked."""
    def answer(handler, content):
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        handler.send_header("Content-Length", str(len(content) - begin))
        handler.end_headers()
        handler.wfile.write(content[begin:])
    return _with_content(answer)


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
        handler.send_header("X-Repo-Commit", "0" * 40)
        handler.end_headers()
        handler.close_connection = True
        while True:
            handler.wfile.write(b"[" * 65536)
    return answer


def redirect(place):
    """Sends elsewhere."""
    return lambda handler, _: handler.refuse(302, "", headers={"Location": place})
