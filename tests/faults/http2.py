"""HTTP/2 as bytes: frames as nobody's library would send them, and the answers that come back."""

from collections.abc import Sequence
from dataclasses import dataclass

from hpack import Decoder, Encoder

from tests.faults import raw
from tests.faults.raw import Answer

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = range(5)
PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(5, 10)
END_STREAM = ACK = 0x1
END_HEADERS, PADDED, PRIORITIZED = 0x4, 0x8, 0x20


def frame(kind, payload=b"", *, stream=1, flags=0):
    """Return a frame (RFC 9113, section 4.1); nothing of it need be right."""
    head = bytes([kind, flags]) + stream.to_bytes(4, "big")
    return len(payload).to_bytes(3, "big") + head + payload


@dataclass(frozen=True)
class Fields:
    """Fields as HPACK has them; where they are encoded, placeholders are put in place.

    `kind` and `flags` are those of the frame, and `cut` says how many bytes each of the frames
    has that they are sent in (0: one frame of them all).
    """

    fields: Sequence[tuple[bytes, bytes]]
    stream: int = 1
    kind: int = HEADERS
    flags: int = END_HEADERS | END_STREAM
    before: bytes = b""
    cut: int = 0

    def frames(self, encoder, placed):
        fields = [tuple(placed(part) for part in field) for field in self.fields]
        # Literal, without Huffman's code: what is hidden in them must be there as it is.
        block = self.before + encoder.encode(fields, huffman=False)
        if not self.cut:
            return frame(self.kind, block, stream=self.stream, flags=self.flags)
        first, *others = [block[at : at + self.cut] for at in range(0, len(block), self.cut)]
        *between, last = others
        return b"".join(
            [
                frame(self.kind, first, stream=self.stream, flags=self.flags & ~END_HEADERS),
                *(frame(CONTINUATION, one, stream=self.stream) for one in between),
                frame(CONTINUATION, last, stream=self.stream, flags=END_HEADERS),
            ]
        )


def sent(parts, placed):
    """Return the bytes of a connection that sends these: Fields, and bytes as they are."""
    encoder = Encoder()
    frames = [
        part.frames(encoder, placed) if isinstance(part, Fields) else placed(part) for part in parts
    ]
    begin = PREFACE + frame(SETTINGS, stream=0)
    return b"".join([begin, *frames, frame(SETTINGS, stream=0, flags=ACK)])


def answers_in(received):
    """Return the answers of all streams, in the order in which they began; those of 1xx left out.

    Fields that come again on a stream, with a status, are another answer.
    """
    if received.startswith(b"HTTP/1."):
        return raw.answers_in(received)
    decoder, begun, of_stream, block = Decoder(), [], {}, b""
    for kind, flags, stream, payload in _frames(received):
        if kind in (HEADERS, CONTINUATION):
            block += _unpadded(payload, flags) if kind == HEADERS else payload
            if flags & END_HEADERS:
                headers, block = dict(decoder.decode(block)), b""
                if ":status" in headers:
                    of_stream[stream] = int(headers.pop(":status")), headers, bytearray()
                    begun.append(of_stream[stream])
        elif kind == DATA:
            if stream not in of_stream:
                raise ValueError(f"data on stream {stream}, which has no answer")
            of_stream[stream][2].extend(_unpadded(payload, flags & PADDED))
    return [Answer(status, headers, bytes(body)) for status, headers, body in begun if status > 199]


def _frames(received):
    while len(received) >= 9:
        end = 9 + int.from_bytes(received[:3], "big")
        kind, flags = received[3:5]
        yield kind, flags, int.from_bytes(received[5:9], "big") & 0x7FFFFFFF, received[9:end]
        received = received[end:]


def _unpadded(payload, flags):
    if flags & PADDED:
        payload = payload[1 : len(payload) - payload[0]]
    return payload[5:] if flags & PRIORITIZED else payload
