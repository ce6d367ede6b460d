"""A corpus of bad HTTP: what attackers, broken proxies and old programs send.

In the bytes, {host}, {pair} (the right Authorization) and {agent} (the case's own) are put in place
when a case is sent.
"""

from dataclasses import dataclass
from typing import Any

PATH = b"/api/v1/worker-compliance?workerIDNumber=00417"


@dataclass(frozen=True)
class Case:
    """What is sent, and what it may come to at most: so many requests, so many of them good."""

    name: str
    data: Any
    requests: int = 1
    good: int = 0


def request(
    *more,
    method=b"GET",
    target=PATH,
    version=b"HTTP/1.1",
    host=b"Host: {host}",
    pair=b"Authorization: {pair}",
    body=b"",
    end=b"\r\n",
):
    """Return a request that is right but for what is given."""
    first = b" ".join(part for part in (method, target, version) if part)
    lines = [first, host, b"User-Agent: {agent}", pair, *more]
    return end.join(line for line in lines if line) + end + end + body


def smuggled(host, pair, other):
    """Return what must never be answered: a whole, right request where no request is.

    Only it asks for the ID# `other`. Its length is known, because others name it.
    """
    return (
        f"GET /api/v1/worker-compliance?workerIDNumber={other} HTTP/1.1\r\nHost: {host}\r\n"
        f"Authorization: {pair}\r\nUser-Agent: smuggled\r\n\r\n"
    ).encode()


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


CHUNKED = b"Transfer-Encoding: chunked"


def _of_length(body):
    return b"Content-Length: %d" % len(body)


def smuggling(hidden):
    """Return requests that two who read them can take for different ones."""
    # By its length a body, by its chunks a body and another request.
    behind = b"0\r\n\r\n" + hidden
    # By its chunks a body, by a length of 4 a body and another request.
    inside = chunk(hidden) + b"0\r\n\r\n"

    def te_te(name, *lines):
        """Of two that read such a header, one sees chunks and the other does not."""
        return [
            Case(
                f"TE.TE {name}, CL all",
                request(_of_length(behind), *lines, method=b"POST", body=behind),
            ),
            Case(
                f"TE.TE {name}, CL 4",
                request(b"Content-Length: 4", *lines, method=b"POST", body=inside),
            ),
        ]

    return [
        Case("CL.TE", request(_of_length(behind), CHUNKED, body=behind), good=1),
        Case("TE.CL", request(CHUNKED, b"Content-Length: 4", body=inside), good=1),
        Case(
            "CL.TE post",
            request(_of_length(behind), CHUNKED, method=b"POST", body=behind),
        ),
        Case("TE.CL post", request(CHUNKED, b"Content-Length: 4", method=b"POST", body=inside)),
        Case("CL.0", request(b"Content-Length: 0", CHUNKED, method=b"POST", body=inside)),
        *te_te("xchunked", b"Transfer-Encoding: xchunked"),
        *te_te("blank before the colon", b"Transfer-Encoding : chunked"),
        *te_te("tab", b"Transfer-Encoding:\tchunked"),
        *te_te("vertical tab", b"Transfer-Encoding: \x0bchunked"),
        *te_te("twice", CHUNKED, b"Transfer-Encoding: identity"),
        *te_te("twice, other order", b"Transfer-Encoding: identity", CHUNKED),
        *te_te("list", b"Transfer-Encoding: chunked, identity"),
        *te_te("gzip first", b"Transfer-Encoding: gzip, chunked"),
        *te_te("chunked twice", b"Transfer-Encoding: chunked, chunked"),
        *te_te("folded", b"Transfer-Encoding:\r\n chunked"),
        *te_te("quoted", b'Transfer-Encoding: "chunked"'),
        *te_te("upper case", b"TRANSFER-ENCODING: CHUNKED"),
        # No other header's name: that the length counts is right.
        te_te("underscore", b"Transfer_Encoding: chunked")[0],
        *te_te("bare LF in the header before", b"X-A: b\nTransfer-Encoding: chunked"),
        *te_te("NUL", b"Transfer-Encoding: chunked\x00"),
        Case(
            "Content-Length twice, the same",
            request(_of_length(hidden), _of_length(hidden), body=hidden),
            good=1,
        ),
        Case(
            "Content-Length twice, differing",
            request(b"Content-Length: 0", _of_length(hidden), body=hidden),
        ),
        Case(
            "Content-Length twice, differing, other order",
            request(_of_length(hidden), b"Content-Length: 0", body=hidden),
        ),
        Case("Content-Length list", request(b"Content-Length: 0, %d" % len(hidden), body=hidden)),
        *[
            Case(f"Content-Length {value!r}", request(b"Content-Length: " + value, body=hidden))
            for value in (
                b"+0",
                b"-1",
                b"0x0",
                b"1_0",
                b"",
                b"0;0",
                b"18446744073709551615",
                b"18446744073709551616",
                b"18446744073709551617",
                b"\xd9\xa0",
            )
        ],
        Case("Content-Length blank before colon", request(b"Content-Length : 0", body=hidden)),
        *[
            Case(
                f"chunk size {size!r}",
                request(CHUNKED, method=b"POST", body=size + b"\r\n" + hidden + b"\r\n0\r\n\r\n"),
            )
            for size in (
                b"-1",
                b"0x10",
                b"+10",
                b"zz",
                b"",
                b"fffffffffffffffff",
                b"7fffffffffffffff",
                b"1_0",
            )
        ],
        Case(
            "chunk with bare LF",
            request(CHUNKED, method=b"POST", body=b"1;\nA\r\n0\r\n\r\n"),
        ),
        Case(
            "chunk extension with a line break",
            request(CHUNKED, method=b"POST", body=b"0;a\nb\r\n" + hidden),
        ),
        Case(
            "chunk without its end",
            request(CHUNKED, method=b"POST", body=b"1\r\nAB\r\n" + behind),
        ),
        Case(
            "trailer that names a length",
            request(
                CHUNKED, method=b"POST", body=b"0\r\nContent-Length: 9\r\nAuthorization: x\r\n\r\n"
            ),
        ),
        Case(
            "chunks in HTTP/1.0", request(CHUNKED, method=b"POST", version=b"HTTP/1.0", body=inside)
        ),
    ]


# Where a proxy makes a right request of a wrong one by leaving a header out, or by writing the
# first line anew, it may be answered: the application sees none of it.
HEADS = [
    Case("obs-fold of the pair", request(pair=b"Authorization: amx\r\n {pair}")),
    Case("obs-fold of another", request(b"X-A: b\r\n c: d"), good=1),
    Case("obs-fold first", request(host=b" Host: {host}")),
    Case("bare LF everywhere", request(end=b"\n"), good=1),
    Case("bare LF before a smuggled pair", request(b"X-A: b\nAuthorization: amx A:B")),
    Case("lone CR in a value", request(b"X-A: b\rX-C: d")),
    Case("lone CR as line ends", request(end=b"\r")),
    *[
        Case(f"{what} in a value", request(b"X-A: b" + byte + b"c"))
        for what, byte in (
            ("NUL", b"\0"),
            ("BEL", b"\x07"),
            ("backspace", b"\x08"),
            ("escape", b"\x1b"),
            ("delete", b"\x7f"),
        )
    ],
    Case("tab in a value", request(b"X-A: b\tc"), good=1),
    *[
        Case(f"{what} in a name", request(b"X" + byte + b"A: b"), good=good)
        for what, byte, good in (
            ("NUL", b"\0", 0),
            ("tab", b"\t", 0),
            ("blank", b" ", 0),
            ("escape", b"\x1b", 0),
            ("high byte", b"\xe9", 1),
            ("brackets", b"(x)", 1),
        )
    ],
    Case("no name", request(b": b")),
    Case("no colon", request(b"X-A"), good=1),
    Case("high bytes in a value", request(b"X-A: \xe9\xff\xfe"), good=1),
    Case("high bytes in the pair", request(pair=b"Authorization: amx \xe9:\xff")),
    Case("NUL in the pair", request(pair=b"Authorization: {pair}\0")),
    Case("NUL in User-Agent", request(b"User-Agent: a\0b")),
    Case("two pairs", request(b"Authorization: {pair}")),
    Case("two hosts", request(b"Host: evil.test"), good=1),
    Case("no host", request(host=b"")),
    Case("other host", request(host=b"Host: evil.test")),
    Case("host with control bytes", request(host=b"Host: {host}\x01")),
    Case("host with a path", request(host=b"Host: {host}/x?y")),
    Case("host with a user", request(host=b"Host: evil@{host}")),
    Case("header of 20 kB", request(b"X-A: " + b"a" * 20_000), good=1),
    Case("header of 1 MB", request(b"X-A: " + b"a" * 1_000_000)),
    Case("name of 20 kB", request(b"X" * 20_000 + b": a"), good=1),
    Case("5,000 headers", request(*(b"X-%d: a" % n for n in range(5000)))),
    Case("200 headers", request(*(b"X-%d: a" % n for n in range(200)))),
    Case("90 headers", request(*(b"X-%d: a" % n for n in range(90))), good=1),
    Case("pair of 60 kB", request(pair=b"Authorization: amx A:" + b"A" * 60_000)),
    Case("head without its end", request()[:-2]),
    Case("connection: nonsense", request(b"Connection: \x80, , close, Authorization"), good=1),
    Case("connection names the pair", request(b"Connection: Authorization, close"), good=1),
    Case(
        "upgrade to h2c",
        request(
            b"Connection: Upgrade, HTTP2-Settings",
            b"Upgrade: h2c",
            b"HTTP2-Settings: AAMAAABkAAQAAP__",
        ),
        good=1,
    ),
    Case(
        "upgrade to a socket",
        request(
            b"Connection: Upgrade",
            b"Upgrade: websocket",
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            b"Sec-WebSocket-Version: 13",
        ),
        good=1,
    ),
    Case("HTTP/2 without being asked", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 9),
]

TARGETS = [
    Case("absolute form", request(target=b"http://{host}" + PATH), good=1),
    Case("absolute form, other host", request(target=b"http://evil.test" + PATH), good=1),
    Case("absolute form, odd scheme", request(target=b"gopher://{host}" + PATH), good=1),
    Case("authority form", request(method=b"CONNECT", target=b"evil.test:443")),
    Case("asterisk", request(method=b"OPTIONS", target=b"*")),
    Case("GET asterisk", request(target=b"*")),
    Case("two slashes", request(target=b"//evil.test" + PATH)),
    Case("dots", request(target=b"/api/v1/../../etc/passwd")),
    Case("escaped dots", request(target=b"/api/v1/%2e%2e/%2e%2e/etc/passwd")),
    Case("backslashes", request(target=b"/api\\v1\\verify")),
    Case("NUL in the path", request(target=b"/api/v1/verify\0")),
    Case("%00 in the path", request(target=b"/api/v1/verify%00")),
    Case("control byte in the path", request(target=b"/api/v1/\x01verify")),
    Case("high bytes in the path", request(target=b"/api/v1/\xe9\xff")),
    Case("high bytes in the query", request(target=PATH + b"\xe9\xff")),
    Case("broken escapes in the path", request(target=b"/api/v1/%zz%")),
    Case("escaped nonsense in the path", request(target=b"/api/v1/%ff%fe%c0%ae")),
    Case("overlong UTF-8 in the query", request(target=PATH + b"%c0%ae")),
    Case("fragment", request(target=PATH + b"#fragment"), good=1),
    Case("blank in the target", request(target=PATH + b" x")),
    Case("no slash", request(target=b"api/v1/verify")),
    Case("empty target", request(target=b"")),
    Case("target of 10 kB", request(target=PATH + b"&" * 10_000), good=1),
    Case("target of 100 kB", request(target=PATH + b"a" * 100_000)),
    Case("line break in the target", request(target=b"/api/v1/verify%0d%0aX-A:%20b")),
]

LINES = [
    Case("HTTP/0.9", b"GET " + PATH + b"\r\n"),
    Case("HTTP/0.9 with a blank line", b"GET " + PATH + b"\r\n\r\n"),
    Case("HTTP/1.0", request(version=b"HTTP/1.0"), good=1),
    Case("HTTP/1.0 kept", request(b"Connection: keep-alive", version=b"HTTP/1.0"), good=1),
    Case(
        "HTTP/1.0 kept, two",
        request(b"Connection: keep-alive", version=b"HTTP/1.0") * 2,
        requests=2,
        good=2,
    ),
    Case("HTTP/1.2", request(version=b"HTTP/1.2"), good=1),
    Case("HTTP/2.0", request(version=b"HTTP/2.0"), good=1),
    Case("HTTP/9.9", request(version=b"HTTP/9.9"), good=1),
    Case("HTTP/1.", request(version=b"HTTP/1.")),
    Case("HTTP/-1.1", request(version=b"HTTP/-1.1")),
    Case("http/1.1", request(version=b"http/1.1")),
    Case("two blanks", b"GET  " + request()[4:], good=1),
    Case("tab", b"GET\t" + request()[4:], good=1),
    Case("blank lines first", b"\r\n\r\n" + request(), good=1),
    Case("LF first", b"\n" + request(), good=1),
    Case("NUL first", b"\0" + request()),
    Case("bytes of TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256))),
    Case("PROXY protocol", b"PROXY TCP4 203.0.113.9 127.0.0.1 1 443\r\n" + request()),
    Case("nothing but noise", bytes(range(256)) * 8),
    Case("unknown method", request(method=b"FROBNICATE")),
    Case("method with odd bytes", request(method=b"G\0T")),
    # Django makes it upper case.
    Case("lower case method", request(method=b"get"), good=1),
    Case("method of 10 kB", request(method=b"A" * 10_000)),
    Case("TRACE", request(method=b"TRACE")),
]


def bodies(hidden):
    """Return requests with bodies where none are expected, and several behind each other."""
    chunks = chunk(hidden) + b"0\r\n\r\n"
    return [
        Case("pipelined three", request() * 3, requests=3, good=3),
        Case("pipelined twenty", request() * 20, requests=20, good=20),
        Case(
            "pipelined behind an error",
            request(target=b"/api/v1/nowhere") + request(),
            requests=2,
            good=1,
        ),
        Case("body on GET", request(_of_length(hidden), body=hidden), good=1),
        Case(
            "body on GET, another behind",
            request(_of_length(hidden), body=hidden) + request(),
            requests=2,
            good=2,
        ),
        Case("chunks on GET", request(CHUNKED, body=chunks), good=1),
        Case(
            "chunks on GET, another behind",
            request(CHUNKED, body=chunks) + request(),
            requests=2,
            good=2,
        ),
        Case(
            "expect, no body sent", request(b"Expect: 100-continue", b"Content-Length: 5"), good=1
        ),
        Case(
            "expect, body sent",
            request(b"Expect: 100-continue", _of_length(hidden), body=hidden),
            good=1,
        ),
        Case(
            "expect post",
            request(b"Expect: 100-continue", _of_length(hidden), method=b"POST", body=hidden),
        ),
        Case("expect something else", request(b"Expect: 200-maybe"), good=1),
        Case("less body than said", request(b"Content-Length: 50", body=b"abc"), good=1),
        Case(
            "body of 200 kB on GET", request(b"Content-Length: 200000", body=b"a" * 200_000), good=1
        ),
        Case(
            "form that is none",
            request(
                b"Content-Type: multipart/form-data; boundary=\xff",
                b"Content-Length: 5",
                method=b"POST",
                target=b"/sign-in/",
                body=b"abcde",
            ),
        ),
        Case(
            "JSON of brackets",
            request(
                b"Content-Type: application/json",
                b"Content-Length: 100000",
                method=b"POST",
                body=b"[" * 100_000,
            ),
        ),
    ]


def corpus(hidden):
    """Return all cases, with the request `hidden` in some."""
    return [*smuggling(hidden), *HEADS, *TARGETS, *LINES, *bodies(hidden)]
