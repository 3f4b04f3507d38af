"""`merle serve` answers a table of hostile requests as it says, over raw sockets, and lives."""

import collections
import concurrent.futures
import os
import pathlib
import re
import select
import socket
import subprocess
import threading
import time
import unittest

import hostile_requests
from harness import MERLE, MODEL, environment, main
from hostile_requests import CLOSED, MIRRORED, OPEN, ROWS

SECONDS = 30  # For any one step: with a sanitizer, and others on the machine.
HEALTH = hostile_requests.get()
SANITIZED = bool(os.environ.get("MERLE_SANITIZE"))


class Server:
    """`merle serve` on a free port of this machine."""

    def __init__(self):
        self.process = subprocess.Popen([MERLE, "serve", "-m", str(MODEL), "--port", "0"], env=environment(), text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.said = ""
        self.port = None
        ready = threading.Event()
        self.reader = threading.Thread(target=self._read, args=(ready,), daemon=True)
        self.reader.start()
        if not ready.wait(SECONDS) or self.port is None:
            self.kill()
            raise AssertionError(f"merle serve printed no URL: {self.said}")

    def _read(self, ready):
        for line in self.process.stdout:
            self.said += line
            found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
            if found and self.port is None:
                self.port = int(found.group(1))
                ready.set()
        ready.set()

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def memory(self, field):
        """Kilobytes: VmRSS now, VmHWM at the most."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(rf"{field}:\s+(\d+) kB", status).group(1))

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()


class Replies:
    """Reads replies off a connection, one after another."""

    def __init__(self, connection):
        self.connection = connection
        self.came = b""

    def next(self, without_body=False):
        """(status, headers, body), or None at the end of the connection."""
        while b"\r\n\r\n" not in self.came:
            if not self._more():
                assert not self.came, f"half a reply: {self.came[:200]}"
                return None
        head, self.came = self.came.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        match = re.fullmatch(r"HTTP/1\.1 (\d{3}) .*", lines[0])
        assert match, lines[0]
        headers = collections.defaultdict(list)
        for line in lines[1:]:
            name, value = re.fullmatch(r"([!-9;-~]+): (.*)", line).groups()
            headers[name.lower()].append(value)
        length = 0 if without_body else int(headers.get("content-length", ["0"])[0])
        while len(self.came) < length:
            assert self._more(), "the body ends too soon"
        body, self.came = self.came[:length], self.came[length:]
        return int(match.group(1)), headers, body

    def _more(self):
        try:
            piece = self.connection.recv(1 << 16)
        except ConnectionResetError:
            return False
        self.came += piece
        return bool(piece)


def send(connection, sent):
    """Sends it all, or what the server takes."""
    try:
        for piece in sent() if callable(sent) else [sent]:
            connection.sendall(piece)
    except OSError:
        pass


def problem_with(headers, body, last, after):
    """What is wrong with a reply whatever was asked; empty if nothing."""
    if "x-injected" in headers:
        return "a header was injected"
    for name in ("content-length", "date", "connection", "content-type", "x-request-id"):
        if len(headers[name]) > 1:
            return f"more than one {name}"
    if len(headers["content-length"]) != 1 or len(headers["date"]) != 1:
        return "no content-length or no date"
    closes = headers["connection"] == ["close"]
    if closes != (last and after == CLOSED):
        return f"connection: {headers['connection']}"
    if str(MODEL).encode() in body or b"/etc/passwd" in body and b"root:" in body or b".cc:" in body:
        return f"a path in the body: {body[:200]}"
    return ""


def run(server, row):
    """Plays a row; returns what went wrong, or nothing."""
    with server.connect() as connection:
        sender = threading.Thread(target=send, args=(connection, row.sent), daemon=True)
        sender.start()
        replies = Replies(connection)
        without_body = isinstance(row.sent, bytes) and row.sent.startswith(b"HEAD")
        for index, statuses in enumerate(row.replies):
            got = replies.next(without_body)
            if got is None:
                return f"no reply {index + 1}"
            status, headers, body = got
            if status not in statuses:
                return f"reply {index + 1} is {status}, not {statuses}: {body[:200]}"
            wrong = problem_with(headers, body, index + 1 == len(row.replies), row.after)
            if wrong:
                return wrong
        return usable(connection, replies) if row.after == OPEN else ended(replies)


def usable(connection, replies):
    readable, _, _ = select.select([connection], [], [], 0.02)
    if readable or replies.came:
        return f"more came: {replies.next()}"
    send(connection, HEALTH)
    got = replies.next()
    return "" if got is not None and got[0] == 200 else f"the connection is of no use: {got}"


def ended(replies):
    got = replies.next()
    return "" if got is None else f"more came: {got}"


class HostileRequests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.kill()

    def tearDown(self):
        self.assertIsNone(self.server.process.poll(), self.server.said[-4000:])

    def test_the_table_is_whole(self):
        self.assertGreaterEqual(len(ROWS), 150)
        names = [row.name for row in ROWS]
        self.assertEqual(len(set(names)), len(names))
        for cve in MIRRORED:
            self.assertGreaterEqual(sum(name.startswith(cve) for name in names), 3, cve)

    def test_every_row_gets_its_answer(self):
        def checked(row):
            try:
                return run(self.server, row)
            except Exception as error:  # pylint: disable=broad-except
                return repr(error)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for row, wrong in zip(ROWS, pool.map(checked, ROWS)):
                with self.subTest(row.name):
                    self.assertEqual(wrong, "")

    def test_a_byte_at_a_time_gets_the_same_answer(self):
        rows = [row for row in ROWS if isinstance(row.sent, bytes) and len(row.sent) < 300][::7]
        self.assertGreater(len(rows), 20)
        for row in rows:
            pieces = [row.sent[i:i + 1] for i in range(len(row.sent))]
            with self.subTest(row.name):
                self.assertEqual(run(self.server, row._replace(sent=lambda pieces=pieces: pieces)) if not row.sent.startswith(b"HEAD")
                                 else "", "")

    def test_a_slow_head_is_given_up_and_hurts_nobody(self):
        with self.server.connect() as slow, self.server.connect() as other:
            slow.sendall(b"GET /health HTTP/1.1\r\nHost:")
            replies = Replies(other)
            until = time.monotonic() + 12
            slow.settimeout(0.5)
            answer = b""
            while not answer and time.monotonic() < until:
                other.sendall(HEALTH)
                self.assertEqual(replies.next()[0], 200)
                try:
                    answer = slow.recv(1 << 16)
                except TimeoutError:
                    slow.sendall(b"a")
            self.assertEqual(answer[:12], b"HTTP/1.1 408")

    def test_clients_that_leave_at_any_moment_hurt_nobody(self):
        request = hostile_requests.post() + hostile_requests.chunked(hostile_requests.in_chunks(hostile_requests.GOOD, 3))
        for cut in range(0, len(request), 5):
            with self.server.connect() as connection:
                connection.sendall(request[:cut])
        with self.server.connect() as connection:
            send(connection, HEALTH)
            self.assertEqual(Replies(connection).next()[0], 200)

    @unittest.skipIf(SANITIZED, "a sanitizer keeps what is freed")
    def test_memory_stays_near_what_the_limits_say(self):
        rows = [row for row in ROWS if row.name.startswith(("CVE-2025-46728", "CVE-2025-52887", "CVE-2025-53628"))]
        server = Server()
        try:
            for row in rows:  # What the process needs to be warm.
                self.assertEqual(run(server, row), "", row.name)
            before = server.memory("VmRSS")
            for _ in range(3):
                for row in rows:
                    self.assertEqual(run(server, row), "", row.name)
            self.assertLess(server.memory("VmRSS") - before, 8 << 10)
            self.assertLess(server.memory("VmHWM") - before, 2 * hostile_requests.BODY_LIMIT >> 10)
            head = b"GET /health HTTP/1.1\r\n" + b"A: b\r\n" * 200
            for _ in range(1000):
                with server.connect() as connection:
                    send(connection, head)
            self.assertLess(server.memory("VmRSS") - before, 8 << 10)
        finally:
            server.kill()


if __name__ == "__main__":
    main()
