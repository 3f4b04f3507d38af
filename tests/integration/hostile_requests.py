"""A table of requests that try to break an HTTP server, with the answer to each.

A row's name starts with the CVE of another server that it mirrors, where there is one. `sent` is bytes,
or a function that returns them piece by piece; `replies` has the statuses that each reply may have, in
order, and no more may come; `after` says whether the connection is usable right afterwards.
"""

import collections
import itertools
import json

Row = collections.namedtuple("Row", "name sent replies after")
OPEN, CLOSED = "open", "closed"

OK = {200}
EMBEDS = {200, 404}  # The model "m" may not be served: a reply of the route all the same.
GOOD = b'{"input":"a","model":"m"}'
BODY_LIMIT = 16 << 20
CHUNK_LIMIT = 65536

# Each must have three rows at least.
MIRRORED = """
CVE-2025-46728 CVE-2025-52887 CVE-2025-53628 CVE-2026-28435 CVE-2026-45352 CVE-2026-45372 CVE-2026-46527
CVE-2025-23310 CVE-2025-23319 CVE-2025-33201 CVE-2025-59425 CVE-2025-48956 CVE-2025-48944 CVE-2026-24779
CVE-2024-28224 CVE-2024-37032 CVE-2024-3829 CVE-2026-45829
""".split()


def latin(text):
    return text if isinstance(text, bytes) else text.encode("latin-1")


def head(line, *headers, host="localhost"):
    lines = [line, *([] if host is None else [b"Host: " + latin(host)]), *headers]
    return b"".join(latin(one) + b"\r\n" for one in lines) + b"\r\n"


def get(*headers, path="/health", version="HTTP/1.1", host="localhost"):
    return head(b"GET " + latin(path) + b" " + latin(version), *headers, host=host)


def post(body=GOOD, *headers, path="/v1/embeddings", host="localhost"):
    body = latin(body)
    return head(f"POST {path} HTTP/1.1", "Content-Type: application/json",
                f"Content-Length: {len(body)}", *headers, host=host) + body


def framed(*headers, body=GOOD, version="HTTP/1.1"):
    """A request whose framing headers are the row's."""
    return head(f"POST /v1/embeddings {version}", "Content-Type: application/json", *headers) + body


def chunked(body, *headers):
    return framed("Transfer-Encoding: chunked", *headers, body=latin(body))


def in_chunks(body, size):
    return b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + size]), body[i:i + size])
                    for i in range(0, len(body), size)) + b"0\r\n\r\n"


def fields(**values):
    return post(json.dumps({"input": "a", "model": "m", **values}))


def endless(start, piece, count):
    """`start`, then `piece` so many times, sent until the server takes no more."""
    return lambda: itertools.chain([latin(start)], itertools.repeat(latin(piece), count))


CHUNKED_HEAD = framed("Transfer-Encoding: chunked", body=b"")


def request_lines():
    for name, line, status in [
            ("empty line first", "", 400), ("no method", " /health HTTP/1.1", 400),
            ("method alone", "GET", 400), ("two blanks", "GET  /health HTTP/1.1", 400),
            ("blank at the end", "GET /health HTTP/1.1 ", 400), ("four parts", "GET /a /b HTTP/1.1", 400),
            ("tabs", "GET\t/health\tHTTP/1.1", 400), ("vertical tab", "GET\x0b/health HTTP/1.1", 400),
            ("odd method", "G<T /health HTTP/1.1", 400), ("method of Latin-1", "G\xc9T /health HTTP/1.1", 400),
            ("colon in the method", "GET: /health HTTP/1.1", 400),
            ("HTTP/0.9", "GET /health", 505), ("HTTP/0.9 by name", "GET /health HTTP/0.9", 505),
            ("HTTP/1.2", "GET /health HTTP/1.2", 505), ("HTTP/2.0", "GET /health HTTP/2.0", 505),
            ("HTTP/9.9", "GET /health HTTP/9.9", 505), ("HTTP/1.10", "GET /health HTTP/1.10", 400),
            ("HTTP/11", "GET /health HTTP/11", 400), ("HTTP/1", "GET /health HTTP/1", 400),
            ("http/1.1", "GET /health http/1.1", 400), ("HTTP/ 1.1", "GET /health HTTP/ 1.1", 400),
            ("version -1.1", "GET /health HTTP/-1.1", 400), ("other protocol", "GET /health ICY/1.1", 400),
            ("absolute target", "GET http://localhost/health HTTP/1.1", 400),
            ("absolute target elsewhere", "GET http://169.254.169.254/ HTTP/1.1", 400),
            ("authority target", "CONNECT localhost:80 HTTP/1.1", 400),
            ("asterisk", "OPTIONS * HTTP/1.1", 400), ("no slash", "GET health HTTP/1.1", 400),
            ("query alone", "GET ?a HTTP/1.1", 400), ("fragment", "GET /health#a HTTP/1.1", 400),
            ("NUL in the target", "GET /hea\0lth HTTP/1.1", 400), ("%00", "GET /health%00 HTTP/1.1", 400),
            ("%00 in the query", "GET /health?a=%00 HTTP/1.1", 400), ("%", "GET /health% HTTP/1.1", 400),
            ("%4", "GET /health%4 HTTP/1.1", 400), ("%zz", "GET /%zz HTTP/1.1", 400),
            ("%u0041", "GET /%u0041 HTTP/1.1", 400), ("overlong UTF-8", "GET /%c0%af HTTP/1.1", 400),
            ("surrogate", "GET /%ed%a0%80 HTTP/1.1", 400), ("half a character", "GET /%c3 HTTP/1.1", 400),
            ("raw byte", "GET /\xff HTTP/1.1", 400), ("backslash", "GET /a\\b HTTP/1.1", 400),
            ("quote", "GET /\" HTTP/1.1", 400), ("brackets", "GET /<script> HTTP/1.1", 400)]:
        yield Row(f"request line: {name}", head(line), [{status}], CLOSED)
    yield Row("request line: HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [{505}], CLOSED)
    yield Row("request line: bare LF", b"GET /health HTTP/1.1\nHost: localhost\n\n", [{400}], CLOSED)
    yield Row("request line: bare CR", b"GET /health HTTP/1.1\rHost: localhost\r\r", [{400}], CLOSED)
    yield Row("request line: CR CR LF", b"GET /health HTTP/1.1\r\r\nHost: localhost\r\n\r\n", [{400}], CLOSED)
    yield Row("request line: TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200), [{400}], CLOSED)
    yield Row("request line: SSH", b"SSH-2.0-OpenSSH_9.2\r\n", [{400}], CLOSED)
    yield Row("request line: zeros", bytes(5000), [{400}], CLOSED)
    yield Row("request line: longest", get(path="/health?" + "a" * (8192 - 21)), [OK], OPEN)
    yield Row("request line: one more", get(path="/health?" + "a" * (8192 - 20)), [{414}], CLOSED)
    yield Row("request line: double escape", get(path="/%2568ealth"), [{404}], OPEN)
    yield Row("request line: escaped letters", get(path="/%68ealth"), [OK], OPEN)
    yield Row("request line: unknown method", head("BREW /health HTTP/1.1"), [{404, 405, 501}], OPEN)
    yield Row("request line: TRACE", head("TRACE /health HTTP/1.1"), [{404, 405, 501}], OPEN)
    yield Row("request line: lower-case method", head("get /health HTTP/1.1"), [{404, 405, 501}], OPEN)
    yield Row("request line: HTTP/1.0", get(version="HTTP/1.0"), [OK], CLOSED)
    yield Row("request line: HTTP/1.0 keep-alive", get("Connection: keep-alive", version="HTTP/1.0"), [OK], CLOSED)


def headers():
    for name, line in [
            ("folded by blank", "A: b\r\n c"), ("folded by tab", "A: b\r\n\tc"), ("blank before the name", " A: b"),
            ("blank before the colon", "A : b"), ("tab before the colon", "A\t: b"), ("no name", ": b"),
            ("no colon", "A"), ("blank in the name", "A B: c"), ("NUL in the name", "A\0: b"),
            ("NUL in the value", "A: b\0c"), ("bare CR in the value", "A: b\rc"), ("bare LF in the value", "A: b\nc"),
            ("escape sequence", "A: \x1b[31m"), ("DEL", "A: \x7f"), ("backspace", "A: \x08"),
            ("Latin-1 in the name", "\xe4: b"), ("quotes in the name", "\"A\": b"), ("slash in the name", "A/B: c"),
            ("a second Host", "Host: localhost"), ("a foreign second Host", "Host: evil.example")]:
        yield Row(f"header: {name}", get(line), [{400}], CLOSED)
    yield Row("header: fold of the first", b"GET /health HTTP/1.1\r\n Host: localhost\r\n\r\n", [{400}], CLOSED)
    yield Row("header: LF at the end", b"GET /health HTTP/1.1\r\nHost: localhost\r\n\n", [{400}], CLOSED)
    yield Row("header: no Host", get(host=None), [{400}], CLOSED)
    for host in ["", "a b", "localhost, localhost", "localhost/", "user@localhost", "localhost\\", "%6cocalhost"]:
        yield Row(f"header: Host {host!r}", get(host=host), [{400}], CLOSED)
    yield Row("header: Latin-1 in a value", get("A: \xe4\xff"), [OK], OPEN)
    yield Row("header: 100", get(*["A: b"] * 99), [OK], OPEN)
    yield Row("header: 101", get(*["A: b"] * 100), [{431}], CLOSED)
    yield Row("header: one of 8 KiB", get("A: " + "b" * 8189), [OK], OPEN)
    yield Row("header: one byte more", get("A: " + "b" * 8190), [{431}], CLOSED)
    yield Row("header: more than 32 KiB in all", get(*["A: " + "b" * 8000] * 5), [{431}], CLOSED)
    yield Row("header: Expect of something", framed("Content-Length: 25", "Expect: magic", body=b""), [{417}], CLOSED)
    yield Row("header: Expect without a body", get("Expect: 100-continue"), [OK], OPEN)
    yield Row("header: Upgrade to h2c", get("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQ"),
              [OK], OPEN)
    yield Row("header: Upgrade to WebSocket", get("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"),
              [OK], OPEN)
    yield Row("header: Connection names Host", get("Connection: host, close"), [OK], CLOSED)
    yield Row("header: method override", get("X-HTTP-Method-Override: DELETE"), [OK], OPEN)
    yield Row("header: broken traceparent", get("traceparent: 00-" + "z" * 200), [OK], OPEN)
    yield Row("header: Range beyond all", get("Range: bytes=0-18446744073709551615"), [OK], OPEN)


def framing():
    two = get() + get()
    for name, line in [
            ("5 and 6", ["Content-Length: 5", "Content-Length: 6"]), ("25 twice", ["Content-Length: 25"] * 2),
            ("25, 25", ["Content-Length: 25, 25"]), ("+25", ["Content-Length: +25"]), ("-1", ["Content-Length: -1"]),
            ("0x19", ["Content-Length: 0x19"]), ("25.0", ["Content-Length: 25.0"]), ("2 5", ["Content-Length: 2 5"]),
            ("none", ["Content-Length:"]), ("letters", ["Content-Length: twenty"]), ("25;", ["Content-Length: 25;"]),
            ("2^64 + 25", ["Content-Length: 18446744073709551641"]),
            ("and chunked", ["Content-Length: 25", "Transfer-Encoding: chunked"]),
            ("behind chunked", ["Transfer-Encoding: chunked", "Content-Length: 25"])]:
        yield Row(f"Content-Length: {name}", framed(*line) + two, [{400, 413}], CLOSED)
    yield Row("Content-Length: zeros in front", framed("Content-Length: 00000000000000000025"), [EMBEDS], OPEN)
    yield Row("Content-Length: larger than allowed", framed(f"Content-Length: {BODY_LIMIT + 1}", body=b""), [{413}], CLOSED)
    yield Row("Content-Length: 2^63", framed("Content-Length: 9223372036854775808", body=b""), [{413}], CLOSED)
    for name, line in [
            ("gzip", ["gzip"]), ("gzip, chunked", ["gzip, chunked"]), ("chunked, gzip", ["chunked, gzip"]),
            ("identity", ["identity"]), ("chunked, identity", ["chunked, identity"]), ("xchunked", ["xchunked"]),
            ("chunked in quotes", ['"chunked"']), ("chunked;q=1", ["chunked;q=1"]), ("CHUNKED", ["CHUNKED"]),
            ("none", [""]), ("chunked twice", ["chunked", "chunked"]), ("chunked and identity", ["chunked", "identity"])]:
        yield Row(f"Transfer-Encoding: {name}",
                  framed(*[f"Transfer-Encoding: {one}" for one in line], body=in_chunks(GOOD, 9)) + two,
                  [{400, 501}], CLOSED)
    yield Row("Transfer-Encoding: with a vertical tab", framed("Transfer-Encoding: \x0bchunked", body=b""), [{400}], CLOSED)
    yield Row("Transfer-Encoding: HTTP/1.0", framed("Transfer-Encoding: chunked", version="HTTP/1.0", body=in_chunks(GOOD, 9)) + two,
              [{400}], CLOSED)
    yield Row("chunks: good", chunked(in_chunks(GOOD, 9)), [EMBEDS], OPEN)
    yield Row("chunks: good, then another request", chunked(in_chunks(GOOD, 9)) + get(), [EMBEDS, OK], OPEN)
    yield Row("chunks: of one byte", chunked(in_chunks(GOOD, 1)), [EMBEDS], OPEN)
    for name, body in [
            ("bare LF", b"19\n" + GOOD + b"\n0\n\n"), ("size missing", b"\r\n" + GOOD), ("data longer", b"5\r\n" + GOOD + b"\r\n0\r\n\r\n"),
            ("data shorter", b"20\r\n" + GOOD + b"\r\n0\r\n\r\n" + b"0\r\n\r\n"), ("no end of the data", b"19\r\n" + GOOD + b"0\r\n\r\n"),
            ("trailer", b"19\r\n" + GOOD + b"\r\n0\r\nHost: evil.example\r\n\r\n"),
            ("trailer of framing", b"19\r\n" + GOOD + b"\r\n0\r\nContent-Length: 5\r\n\r\n"),
            ("LF at the end", b"19\r\n" + GOOD + b"\r\n0\r\n\n")]:
        yield Row(f"chunks: {name}", chunked(body) + two, [{400}], CLOSED)
    yield Row("pipeline: three", get() + post() + get(), [OK, EMBEDS, OK], OPEN)
    yield Row("pipeline: a good one, then a bad one", get() + get(" A: b") + get(), [OK, {400}], CLOSED)
    yield Row("pipeline: 200", get() * 200, [OK] * 200, OPEN)
    yield Row("pipeline: more behind close", get("Connection: close") + get(), [OK], CLOSED)
    yield Row("pipeline: a GET with a body that looks like a request",
              get(f"Content-Length: {len(get())}") + get(), [OK], OPEN)
    yield Row("HEAD", head("HEAD /health HTTP/1.1"), [OK], OPEN)
    yield Row("a body for no route", post(path="/no/such/route"), [{404}], CLOSED)


def cves():
    # Bodies without an end, memory.
    yield Row("CVE-2025-46728 endless chunks of 64 KiB",
              endless(CHUNKED_HEAD, b"10000\r\n" + b"x" * 65536 + b"\r\n", 2000), [{413}], CLOSED)
    yield Row("CVE-2025-46728 one endless chunk", endless(CHUNKED_HEAD + b"ffffff0\r\n", b"x" * 65536, 2000), [{413}], CLOSED)
    yield Row("CVE-2025-46728 one byte more than the limit",
              endless(CHUNKED_HEAD + b"1000000\r\n" + b"x" * BODY_LIMIT + b"\r\n", b"1\r\nx\r\n", 1), [{413}], CLOSED)
    yield Row("CVE-2025-46728 neither length nor chunks", framed(body=b"") + b"x" * 100 + b"\r\n", [{400, 411, 415, 422}, {400}], CLOSED)
    # Headers without an end.
    yield Row("CVE-2025-52887 10^6 headers", endless(b"GET /health HTTP/1.1\r\n", b"A: b\r\n" * 1000, 1000), [{431}], CLOSED)
    yield Row("CVE-2025-52887 10^5 names", endless(b"GET /health HTTP/1.1\r\n", b"".join(b"A%d: b\r\n" % i for i in range(1000)), 100),
              [{431}], CLOSED)
    yield Row("CVE-2025-52887 empty headers", endless(b"GET /health HTTP/1.1\r\n", b"A:\r\n" * 1000, 1000), [{431}], CLOSED)
    # Lines without an end.
    for name, start, status in [("request line", b"GET /", 414), ("method", b"", 414), ("header", b"GET / HTTP/1.1\r\nA: ", 431),
                                ("name of a header", b"GET / HTTP/1.1\r\n", 431)]:
        yield Row(f"CVE-2025-53628 endless {name}", endless(start, b"a" * 65536, 16000), [{status}], CLOSED)
    yield Row("CVE-2025-53628 endless size of a chunk", endless(CHUNKED_HEAD, b"0" * 65536, 16000), [{400}], CLOSED)
    for name, size in [("8 KiB", 9000), ("1 MiB", 1 << 20), ("4 MiB", 4 << 20)]:
        yield Row(f"CVE-2025-48956 header of {name}", get("X-Forwarded-For: " + "1" * size), [{431}], CLOSED)
    # What unpacks to more.
    for coding in ["gzip", "br", "zstd", "deflate", "identity", "gzip, gzip", ""]:
        yield Row(f"CVE-2026-28435 Content-Encoding {coding!r}", post(GOOD, f"Content-Encoding: {coding}"), [{415}], CLOSED)
    yield Row("CVE-2026-28435 gzip in chunks", chunked(in_chunks(GOOD, 9), "Content-Encoding: gzip"), [{415}], CLOSED)
    # Sizes of chunks.
    for size in ["-1", "-2", "+5", "0x5", " 5", "5 ", "5 ;x", "5;x=y", "0" * 17, "0" * 16 + "5", "5\t", "5_0", "5.", "\xb2", "", "zz",
                 "-0", "\0"]:
        yield Row(f"CVE-2026-45352 size of a chunk {size!r}", chunked(latin(size) + b"\r\n" + GOOD + b"\r\n0\r\n\r\n") + get(),
                  [{400}], CLOSED)
    for size in ["ffffffffffffffff", "fffffffffffffffe", "8000000000000000", "1000001"]:
        yield Row(f"CVE-2026-45352 size of a chunk {size}", chunked(latin(size) + b"\r\n" + GOOD), [{413}], CLOSED)
    # Escapes that become line ends after the check.
    for name in ["X-Request-Id", "User-Agent", "Origin", "traceparent", "Authorization", "Accept", "Referer"]:
        yield Row(f"CVE-2026-45372 %0d%0a in {name}", get(f"{name}: a%0d%0aX-Injected: yes%0d%0a%0d%0a"),
                  [{403} if name == "Origin" else OK], OPEN)
    yield Row("CVE-2026-45372 %0d%0a in the path", get(path="/health%0d%0aX-Injected:%20yes"), [{400}], CLOSED)
    yield Row("CVE-2026-45372 %0d%0a in the query", get(path="/health?a=%0d%0aX-Injected:%20yes"), [OK], OPEN)
    yield Row("CVE-2026-45372 %250d%250a in the path", get(path="/%250d%250aX-Injected:%20yes"), [{404}], OPEN)
    yield Row("CVE-2026-45372 a long id", get("X-Request-Id: " + "a" * 5000), [OK], OPEN)
    # Who says where it comes from.
    for name, value in [("empty", ""), ("a comma", ","), ("commas", "," * 5000), ("4,000 entries", "1," * 4000),
                        ("no address", "unknown, ::::, 999.999.999.999")]:
        yield Row(f"CVE-2026-46527 X-Forwarded-For: {name}", get(f"X-Forwarded-For: {value}"), [OK], OPEN)
    # Many tiny chunks.
    for path in ["/v1/embeddings", "/embed", "/rerank", "/similarity", "/tokenize"]:
        start = head(f"POST {path} HTTP/1.1", "Content-Type: application/json", "Transfer-Encoding: chunked")
        yield Row(f"CVE-2025-23310 3 MB of one byte each to {path}", endless(start, b"1\r\nx\r\n" * 1000, 3000), [{400}], CLOSED)
    yield Row("CVE-2025-23310 as many chunks as may be",
              chunked(b"1\r\n \r\n" * (CHUNK_LIMIT - 1) + b"0\r\n\r\n"), [{400}], OPEN)
    # Texts of errors: the test looks for paths in every reply.
    for name, model in [("/etc/passwd", "/etc/passwd"), ("../", "../../../../etc/passwd"), ("a long name", "m" * 100000)]:
        yield Row(f"CVE-2025-23319 a model called {name}", fields(model=model), [{400, 404}], OPEN)
    # Numbers.
    for name, values in [
            ("dimensions 2^31", {"dimensions": 1 << 31}), ("dimensions 2^63", {"dimensions": 1 << 63}),
            ("dimensions -1", {"dimensions": -1}), ("dimensions 1e308", {"dimensions": 1e308}), ("dimensions 0", {"dimensions": 0}),
            ("token 2^31", {"input": [1 << 31]}), ("token -1", {"input": [-1]}), ("10^5 inputs", {"input": ["a"] * 100000}),
            ("300,001 tokens", {"input": [1] * 300001})]:
        yield Row(f"CVE-2025-33201 {name}", fields(**values), [{400, 404}], OPEN)
    # Types.
    for name, values in [
            ("input null", {"input": None}), ("input true", {"input": True}), ("input 1", {"input": 1}), ("input {}", {"input": {}}),
            ("input []", {"input": []}), ("input [[]]", {"input": [[]]}), ("input [null]", {"input": [None]}),
            ("input mixed", {"input": ["a", 1]}), ("model 1", {"model": 1}), ("model null", {"model": None}), ("model []", {"model": []}),
            ("encoding_format 1", {"encoding_format": 1}), ("encoding_format hex", {"encoding_format": "hex"}),
            ("dimensions text", {"dimensions": "8"}), ("dimensions []", {"dimensions": []})]:
        yield Row(f"CVE-2025-48944 {name}", fields(**values), [{400, 404}], OPEN)
    for name, body in [("nothing", b""), ("no JSON", b"<xml/>"), ("a list", b"[]"), ("cut", GOOD[:-1]), ("more behind", GOOD + b"{}"),
                       ("NUL", b"\0" * 100), ("no UTF-8", b'{"input":"\xff","model":"m"}'), ("half a surrogate", b'{"input":"\\ud800","model":"m"}'),
                       ("NaN", b'{"input":"a","model":"m","dimensions":NaN}'), ("byte order mark", b"\xef\xbb\xbf" + GOOD),
                       ("10^5 brackets", b"[" * 100000), ("deep", b'{"input":' + b"[" * 1000 + b"]" * 1000 + b',"model":"m"}')]:
        statuses = {200, 400, 404} if name == "byte order mark" else {400, 404}
        yield Row(f"CVE-2025-48944 body: {name}", post(body), [statuses], OPEN)
    # Nothing is fetched for a request, and no path opened.
    for name, model in [("a URL", "http://169.254.169.254/latest"), ("a URL with a backslash", "http://127.0.0.1:1\\@evil.example/"),
                        ("file://", "file:///etc/passwd"), ("a host", "//127.0.0.1/a")]:
        yield Row(f"CVE-2026-24779 a model that is {name}", fields(model=model), [{400, 404}], OPEN)
    for name, model in [("a repository", "sentence-transformers/all-MiniLM-L6-v2"), ("code", "evil/remote-code@main"), ("a folder", "/tmp"),
                        ("a folder here", ".")]:
        yield Row(f"CVE-2026-45829 a model that is {name}", fields(model=model), [{400, 404}], OPEN)
    # A page that reaches us by a name of its own.
    for host in ["evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1.evil.example", "0.0.0.0", "169.254.169.254",
                 "[::2]", "localhost:80:80"]:
        yield Row(f"CVE-2024-28224 Host {host}", get(host=host), [{403}], OPEN)
    for origin in ["https://evil.example", "null", "http://localhost.evil.example", "file://", "http://127.0.0.1:1"]:
        yield Row(f"CVE-2024-28224 Origin {origin}", get(f"Origin: {origin}"), [{403}], OPEN)
    yield Row("CVE-2024-28224 foreign Host, with a body", post(host="evil.example"), [{403}], CLOSED)
    # Paths.
    for cve, path in [("37032", "../../../../etc/passwd"), ("37032", "..%2f..%2f..%2fetc%2fpasswd"), ("37032", "sha256:../../etc/passwd"),
                      ("3829", "%2e%2e%2fetc%2fpasswd"), ("3829", "%252e%252e%252fetc"), ("3829", "..%5c..%5cetc"), ("3829", ";/etc")]:
        yield Row(f"CVE-2024-{cve} /v1/models/{path}", get(path="/v1/models/" + path), [{404}], OPEN)
    # Keys: this server asks for none, and what is said of one changes nothing.
    for name, value in [("empty", ""), ("a long key", "Bearer " + "k" * 8000), ("two words", "Bearer a b"), ("Basic", "Basic Og=="),
                        ("Latin-1", "Bearer \xff\xfe")]:
        yield Row(f"CVE-2025-59425 Authorization: {name}", get(f"Authorization: {value}"), [OK], OPEN)


ROWS = [*request_lines(), *headers(), *framing(), *cves()]
