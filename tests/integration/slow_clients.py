"""Many connections that send nothing, or a byte of a head now and then. Standard library only."""

import resource
import socket
import threading

HEAD = b"POST /v1/embeddings HTTP/1.1\r\nX-Slow: " + b"a" * 1000


def allow_many_files(count):
    """Lets this process and those that it starts from now on have so many open, as far as the system does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, count)), hard))


class SlowClients:
    """`with SlowClients(port):` keeps them open on this machine until the block ends; every second one sends."""

    def __init__(self, port, count=1000):
        self.port = port
        self.sockets = [self.connect() for _ in range(count)]
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.trickle)

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port))
        connection.setblocking(False)
        return connection

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        for connection in self.sockets:
            connection.close()

    def trickle(self):
        sent = [0] * len(self.sockets)
        while True:
            for i in range(0, len(self.sockets), 2):
                try:
                    sent[i] += self.sockets[i].send(HEAD[sent[i]:sent[i] + 1])
                except OSError:  # The server has had enough of it; the next one comes.
                    self.sockets[i].close()
                    self.sockets[i] = self.connect()
                    sent[i] = 0
            if self.ended.wait(2):
                return
