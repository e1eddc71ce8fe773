"""Ids that carry a prefix and sort by the time they were made."""

import random
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]
_RANDOM_BITS = 80
_SHIFTS = range(120, -1, -10)


def new_id(prefix: str, *, now_ms: int | None = None, entropy: bytes | None = None) -> str:
    """Make an id such as `wh_01jd3…`: the prefix, then 48 bits of milliseconds and 80 random bits in base 32.

    Args:
        prefix: What the id names, without the underscore (`wh`, `evt`, `dlv` …).
        now_ms: Milliseconds since 1970; the clock when absent.
        entropy: 10 random bytes; drawn when absent. Ids are unique, not secret.

    """
    milliseconds = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    chance = random.getrandbits(_RANDOM_BITS) if entropy is None else int.from_bytes(entropy)
    number = (milliseconds << _RANDOM_BITS) | chance
    return prefix + "_" + "".join([_PAIRS[(number >> shift) & 1023] for shift in _SHIFTS])
