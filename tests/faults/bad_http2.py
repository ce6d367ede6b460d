"""A corpus of bad HTTP/2: what its translation to HTTP/1 makes dangerous, and broken frames.

The data of a case is a list of Fields and bytes, and placeholders are those of
tests/faults/bad_http.py.
"""

from tests.faults.bad_http import PATH, Case, chunk
from tests.faults.http2 import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PADDED,
    PING,
    PRIORITIZED,
    PRIORITY,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    Fields,
    frame,
)


def fields(
    *more,
    method=b"GET",
    scheme=b"https",
    path=PATH,
    authority=b"{host}",
    pair=b"{pair}",
    first=(),
):
    """Return the fields of a request that is right but for what is given; None leaves one out."""
    named = [
        *((b":method", method), (b":scheme", scheme), (b":path", path)),
        *((b":authority", authority), (b"user-agent", b"{agent}"), (b"authorization", pair)),
    ]
    return [*first, *(field for field in named if field[1] is not None), *more]


def get(*more, stream=1, **given):
    return Fields(fields(*more, **given), stream=stream)


GOOD = get()


def post(body, *more, **given):
    """Return a request with a body, and what belongs to that."""
    head = Fields(fields(*more, method=b"POST", **given), flags=END_HEADERS)
    return [head, frame(DATA, body, flags=END_STREAM)]


def corpus(hidden):
    """Return all cases; `hidden` is a request of HTTP/1 that must never be answered."""
    return [*_smuggling(hidden), *_fields(hidden), *FRAMES, *FLOODS]


def _smuggling(hidden):
    """Return requests that become two if they are written as HTTP/1 without a second look."""
    behind = b"0\r\n\r\n" + hidden
    inside = chunk(hidden) + b"0\r\n\r\n"
    chunked = (b"transfer-encoding", b"chunked")
    long = b"%d" % len(behind)
    end = b" HTTP/1.1\r\nHost: {host}\r\n\r\n"
    return [
        Case("H2.CL 0", post(hidden, (b"content-length", b"0"))),
        Case("H2.CL short", post(hidden, (b"content-length", b"4"))),
        Case("H2.CL long", post(hidden, (b"content-length", b"99999"))),
        Case(
            "H2.CL of a GET",
            [
                Fields(fields((b"content-length", b"0")), flags=END_HEADERS),
                frame(DATA, hidden, flags=END_STREAM),
            ],
        ),
        Case("H2.CL twice", post(hidden, (b"content-length", b"0"), (b"content-length", long))),
        Case("H2.CL list", post(hidden, (b"content-length", b"0, " + long))),
        Case("H2.CL +0", post(hidden, (b"content-length", b"+0"))),
        Case("H2.CL blank 0", post(hidden, (b"content-length", b" 0"))),
        Case("H2.CL beyond 64 bits", post(hidden, (b"content-length", b"18446744073709551616"))),
        Case("H2.TE behind", post(behind, chunked)),
        Case("H2.TE inside, CL 4", post(inside, chunked, (b"content-length", b"4"))),
        Case("H2.TE identity", post(behind, (b"transfer-encoding", b"identity"))),
        Case("H2.TE capitals", post(behind, (b"Transfer-Encoding", b"chunked"))),
        Case("H2.TE in the value", post(behind, (b"x", b"a\r\ntransfer-encoding: chunked"))),
        Case("H2.TE behind LF", post(behind, (b"x", b"a\ntransfer-encoding: chunked"))),
        Case("H2.TE behind CR", post(behind, (b"x", b"a\rtransfer-encoding: chunked"))),
        Case("H2.TE in the name", post(behind, (b"x: a\r\ntransfer-encoding", b"chunked"))),
        Case("H2.TE with a colon", post(behind, (b"transfer-encoding: chunked\r\nx", b"a"))),
        Case("H2.TE with _", post(behind, (b"transfer_encoding", b"chunked"))),
        Case("request in a value", [get((b"x", b"a\r\n\r\n" + hidden))]),
        Case("request in a name", [get((b"x: a\r\n\r\n" + hidden, b"a"))]),
        Case("request in the path", [get(path=PATH + end + hidden)]),
        Case("request in the path, by LF", [get(path=PATH + end.replace(b"\r", b"") + hidden)]),
        Case("request in the method", [get(method=b"GET " + PATH + end + hidden)]),
        Case("request in the authority", [get(authority=b"{host}\r\n\r\n" + hidden)]),
        Case("request in the scheme", [get(scheme=b"https\r\n\r\n" + hidden)]),
        Case("path with a version", [get(path=PATH + b" HTTP/1.1")]),
        Case(
            "length in trailers",
            [
                Fields(fields(method=b"POST"), flags=END_HEADERS),
                frame(DATA, hidden),
                Fields([(b"content-length", b"0")]),
            ],
        ),
        Case(
            "chunked in trailers",
            [
                Fields(fields(method=b"POST"), flags=END_HEADERS),
                frame(DATA, behind),
                Fields([chunked]),
            ],
        ),
        Case(
            "hidden in trailers",
            [
                Fields(fields(method=b"POST"), flags=END_HEADERS),
                frame(DATA, b"a"),
                Fields([(b"x", b"a\r\n\r\n" + hidden)]),
            ],
        ),
        Case("hidden behind the end", [GOOD, frame(DATA, hidden, flags=END_STREAM)], good=1),
    ]


def _fields(hidden):
    twice = {
        "method": (b":method", b"GET"),
        "path": (b":path", b"/api/v1/verify"),
        "scheme": (b":scheme", b"https"),
        "authority": (b":authority", b"evil.test"),
    }
    return [
        *(Case(f"{name} twice", [get(first=[one])]) for name, one in twice.items()),
        *(
            Case(f"no {name}", [get(**{name: None})], good=int(name == "authority"))
            for name in twice
        ),
        *(
            Case(
                f"no {name}, empty", [get(**{name: b""})], good=int(name in ("scheme", "authority"))
            )
            for name in twice
        ),
        Case("pseudo field last", [get((b":path", b"/api/v1/verify"))]),
        Case("pseudo field of another kind", [get(first=[(b":status", b"200")])]),
        Case("pseudo field nobody knows", [get(first=[(b":x", b"a")])]),
        Case(
            "pseudo field in trailers",
            [
                Fields(fields(method=b"POST"), flags=END_HEADERS),
                frame(DATA, b"a"),
                Fields([(b":path", PATH)]),
            ],
        ),
        Case("authority and another host", [get((b"host", b"evil.test"))], good=1),
        Case("host only", [get((b"host", b"{host}"), authority=None)], good=1),
        Case(
            "two hosts",
            [get((b"host", b"{host}"), (b"host", b"evil.test"), authority=None)],
            good=1,
        ),
        Case("authority with a user", [get(authority=b"a@{host}")], good=1),
        Case("authority with a path", [get(authority=b"{host}/api")], good=1),
        Case("other scheme", [get(scheme=b"http")], good=1),
        Case("odd scheme", [get(scheme=b"gopher://evil.test/?")], good=1),
        *(
            Case(f"field {name.decode()}", [get((name, value))], good=1)
            for name, value in [
                *((b"connection", b"close"), (b"keep-alive", b"timeout=5"), (b"te", b"chunked")),
                *((b"proxy-connection", b"close"), (b"upgrade", b"h2c"), (b"te", b"trailers")),
            ]
        ),
        Case("connection names the pair", [get((b"connection", b"authorization"))], good=1),
        Case("two pairs", [get((b"authorization", b"amx A:B"))], good=1),
        Case("two right pairs", [get((b"authorization", b"{pair}"))], good=1),
        Case("pair in pieces", [get((b"authorization", b"{pair}"), pair=b"amx ")], good=1),
        Case("capitals in a name", [get((b"X-Capital", b"a"))]),
        Case("pair under capitals", [get((b"Authorization", b"{pair}"), pair=None)]),
        Case("empty name", [get((b"", b"a"))]),
        Case("blank in a name", [get((b"a b", b"a"))]),
        Case("colon in a name", [get((b"a:b", b"a"))]),
        Case("NUL in a name", [get((b"a\0b", b"a"))]),
        Case("high byte in a name", [get((b"a\xff", b"a"))], good=1),
        Case("NUL in a value", [get((b"x", b"a\0b"))]),
        Case("NUL in the pair", [get(pair=b"{pair}\0")]),
        Case("line break behind the pair", [get(pair=b"{pair}\r\n")]),
        Case("high bytes in a value", [get((b"x", b"\xe9\xff"))], good=1),
        Case("blanks around the pair", [get(pair=b" {pair} ")], good=1),
        Case("CONNECT", [get(method=b"CONNECT", authority=b"evil.test:443")]),
        Case(
            "CONNECT without a path",
            [get(method=b"CONNECT", path=None, scheme=None, authority=b"evil.test:443")],
        ),
        Case(
            "CONNECT with a protocol",
            [get(method=b"CONNECT", first=[(b":protocol", b"websocket")])],
            good=1,  # HAProxy makes a GET of it (RFC 8441)
        ),
        Case("TRACE", [get(method=b"TRACE")]),
        Case("method in small letters", [get(method=b"get")], good=1),
        Case("method with a blank", [get(method=b"GET ")]),
        Case("path *", [get(path=b"*")]),
        Case("path without a slash", [get(path=b"api/v1/verify")]),
        Case("path of another host", [get(path=b"https://evil.test" + PATH)]),
        Case("path with a fragment", [get(path=PATH + b"#a")], good=1),
        Case("path with a blank", [get(path=PATH + b" a")]),
        Case("path with NUL", [get(path=PATH + b"\0")]),
        Case("path of 100 kB", [Fields(fields(path=PATH + b"a" * 100_000), cut=16_000)]),
        Case("200 fields", [get(*((b"x-%d" % n, b"a") for n in range(200)))], good=1),
        Case("pair of 60 kB", [Fields(fields(pair=b"amx A:" + b"A" * 60_000), cut=16_000)]),
        Case("empty values", [get(*((b"x", b"") for _ in range(50)))], good=1),
        Case(
            "our proxies' names",
            [get((b"x-forwarded-for", b"192.0.2.1"), (b"x-forwarded-proto", b"http"))],
            good=1,
        ),
        Case(
            "body of a GET",
            [Fields(fields(), flags=END_HEADERS), frame(DATA, hidden, flags=END_STREAM)],
            good=1,
        ),
    ]


_WINDOW = (4).to_bytes(2, "big")  # SETTINGS_INITIAL_WINDOW_WINDOW
_UNFINISHED = Fields(fields(), flags=END_STREAM)

FRAMES = [
    Case("two at once", [GOOD, get(stream=3)], requests=2, good=2),
    Case("in small pieces", [Fields(fields(), cut=20)], good=1),
    Case(
        "padded", [Fields(fields(), flags=END_HEADERS | END_STREAM | PADDED, before=b"\0")], good=1
    ),
    Case(
        "padding longer than the frame",
        [Fields(fields(), flags=END_HEADERS | END_STREAM | PADDED, before=b"\xff")],
        good=1,
    ),
    Case(
        "depends on itself",
        [Fields(fields(), flags=END_HEADERS | END_STREAM | PRIORITIZED, before=b"\0\0\0\1\0")],
        good=1,
    ),
    Case("stream 0", [get(stream=0)]),
    Case("stream of the server's", [get(stream=2)]),
    Case("stream used already", [GOOD, GOOD], requests=2, good=1),
    Case("stream below the last", [get(stream=5), get(stream=3)], requests=2, good=1),
    Case("greatest stream", [get(stream=0x7FFFFFFF)], good=1),
    Case("reserved bit", [get(stream=0x80000001)], good=1),
    Case("data of no stream", [frame(DATA, b"a", stream=0)]),
    Case("data of a stream that is not open", [frame(DATA, b"a", stream=1)]),
    Case("data between the fields", [_UNFINISHED, frame(DATA, b"a")]),
    Case("another stream between the fields", [_UNFINISHED, get(stream=3)], requests=2),
    Case("fields that go on for no stream", [frame(CONTINUATION, b"\x82")]),
    Case("fields that go on for another", [_UNFINISHED, frame(CONTINUATION, b"", stream=3)]),
    Case("fields without an end", [_UNFINISHED]),
    Case("index that is not there", [frame(HEADERS, b"\xff\xff\xff\x7f", flags=5)]),
    Case("index 0", [frame(HEADERS, b"\x80", flags=5)]),
    Case("number without an end", [frame(HEADERS, b"\xff" + b"\xff" * 20, flags=5)]),
    Case("name longer than the block", [frame(HEADERS, b"\x00\x7f\xffa", flags=5)]),
    Case("Huffman's code with a wrong end", [frame(HEADERS, b"\x82\x44\x82\xff\xfe", flags=5)]),
    Case("table that is too large", [Fields(fields(), before=b"\x3f\xff\xff\xff\x07")], good=1),
    Case("no fields", [frame(HEADERS, b"", flags=END_HEADERS | END_STREAM)]),
    Case("frame of 17 kB", [frame(HEADERS, b"\0" * 17_000, flags=5)]),
    Case("frame without its end", [(20_000).to_bytes(3, "big") + b"\0\0\0\0\0\1a"]),
    Case("frame nobody knows", [frame(0xEE, b"abc", stream=0), GOOD], good=1),
    Case("promise of a client", [frame(PUSH_PROMISE, b"\0\0\0\2\x82", flags=END_HEADERS)]),
    Case("priority of 4 bytes", [frame(PRIORITY, b"\0\0\0\0"), GOOD], good=1),
    Case("end of a stream that is not open", [frame(RST_STREAM, b"\0\0\0\0"), GOOD], good=1),
    Case("end with 3 bytes", [GOOD, frame(RST_STREAM, b"\0\0\0")], good=1),
    Case("settings of 5 bytes", [frame(SETTINGS, b"\0" * 5, stream=0), GOOD], good=1),
    Case("settings of a stream", [frame(SETTINGS, b""), GOOD], good=1),
    Case(
        "settings told with an acknowledgement",
        [frame(SETTINGS, b"\0" * 6, stream=0, flags=ACK), GOOD],
        good=1,
    ),
    Case(
        "window too large by settings",
        [frame(SETTINGS, _WINDOW + b"\xff\xff\xff\xff", stream=0), GOOD],
        good=1,
    ),
    Case("window of nothing", [frame(SETTINGS, _WINDOW + b"\0\0\0\0", stream=0), GOOD], good=1),
    Case("window by 0", [frame(WINDOW_UPDATE, b"\0\0\0\0", stream=0), GOOD], good=1),
    Case(
        "window beyond its bounds",
        [*[frame(WINDOW_UPDATE, b"\x7f\xff\xff\xff", stream=0)] * 2, GOOD],
        good=1,
    ),
    Case("ping of 7 bytes", [frame(PING, b"\0" * 7, stream=0), GOOD], good=1),
    Case("ping of a stream", [frame(PING, b"\0" * 8), GOOD], good=1),
    Case("goodbye, and a request", [frame(GOAWAY, b"\0" * 8, stream=0), GOOD], good=1),
    Case("HTTP/1 behind the preface", [b"GET " + PATH + b" HTTP/1.1\r\nHost: {host}\r\n\r\n"]),
]

_MANY = 5000
# What is cheap to send and dear to keep. None of it stops anybody else.
FLOODS = [
    Case("fields that never end", [_UNFINISHED, *[frame(CONTINUATION, b"\x00\x01a\x01a")] * _MANY]),
    Case("empty fields that never end", [_UNFINISHED, *[frame(CONTINUATION)] * _MANY]),
    Case(
        "begun and given up",
        [
            one
            for n in range(200)
            for one in (get(stream=2 * n + 1), frame(RST_STREAM, b"\0\0\0\x08", stream=2 * n + 1))
        ],
        requests=200,
        good=200,
    ),
    Case("300 at once", [get(stream=2 * n + 1) for n in range(300)], requests=300, good=300),
    Case("pings", [frame(PING, b"\0" * 8, stream=0)] * _MANY),
    Case("settings", [frame(SETTINGS, _WINDOW + b"\0\0\1\0", stream=0)] * _MANY),
    Case(
        "data of nothing",
        [Fields(fields(method=b"POST"), flags=END_HEADERS), *[frame(DATA)] * _MANY],
    ),
    Case("priorities", [frame(PRIORITY, b"\0\0\0\3\1", stream=2 * n + 1) for n in range(_MANY)]),
    Case("windows by 1", [get(), *[frame(WINDOW_UPDATE, b"\0\0\0\1", stream=0)] * _MANY], good=1),
    # 16 kB that stand for 48 MB once they are read: a field of 4 kB is put into the table of what
    # was sent before, which just holds it, and is then named 12,000 times.
    Case(
        "fields that unpack to much",
        [
            GOOD,
            frame(
                HEADERS,
                b"\x40\x01a\x7f\xa1\x1e" + b"a" * 4000 + b"\xbe" * 12_000,
                stream=3,
                flags=END_HEADERS | END_STREAM,
            ),
        ],
        requests=2,
        good=1,
    ),
]
