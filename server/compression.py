"""Bounded decoding of answers that come compressed although we asked for plain ones."""

import zlib

_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 47}


def decoded(body: bytes, encoding: str, limit: int) -> tuple[bytes, bool]:
    """Decode at most `limit` bytes of `body`, and say whether more was left.

    A body in an unknown encoding, or that does not decode, is returned as it came.
    """
    bits = _WINDOW_BITS.get(encoding.strip().lower())
    if bits is None:
        return body, False
    decoder = zlib.decompressobj(bits)
    try:
        plain = decoder.decompress(body, limit)
    except zlib.error:
        return body, False
    return plain, bool(decoder.unconsumed_tail)
