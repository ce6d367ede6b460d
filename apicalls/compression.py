"""Answers that are long, made shorter for who asks: gzip (RFC 1952), as every program reads it."""

import zlib
from collections.abc import Generator
from contextlib import closing

# Below it, what is saved on the line costs more than it is worth.
WORTH_IT = 8 * 1024
# Level 1: a roster's members have the same names over and over, of which the others find a
# tenth more and take three times as long.
_LEVEL = 1
_GZIP_FRAME = 16 + zlib.MAX_WBITS


def compressed(body: bytes) -> bytes:
    """Return the same bytes for the same body: no name and no time is in it."""
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_FRAME)
    return compressor.compress(body) + compressor.flush()


def compressed_chunks(chunks: Generator[bytes, None, None]) -> Generator[bytes, None, None]:
    """Compress a stream; each chunk can be read as soon as it is there.

    Without its last chunk it has no end that a reader of gzip would accept.
    """
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_FRAME)
    with closing(chunks):
        for chunk in chunks:
            yield compressor.compress(chunk) + compressor.flush(zlib.Z_SYNC_FLUSH)
        yield compressor.flush()
