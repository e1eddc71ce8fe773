"""Ids that carry a prefix and sort by the time they were made."""

import random
import time
from datetime import UTC, datetime, timedelta

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]
_BELOW_BITS = 80
_RANDOM_BITS = 60
_SHIFTS = range(120, -1, -10)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def first_id(prefix: str, at: datetime) -> str:
    """Return the id that is below all that are made at a time or later, and above all that were made before it."""
    number = (at - _EPOCH) // timedelta(milliseconds=1) << _BELOW_BITS
    return prefix + "_" + "".join([_PAIRS[(number >> shift) & 1023] for shift in _SHIFTS])


def new_id(prefix: str, *, now_ns: int | None = None) -> str:
    """Make an id such as `wh_01jd3…`: the prefix, then 48 bits of milliseconds and 80 bits more in base 32.

    Those are 20 bits of the nanoseconds within the millisecond, so that one process's ids sort in the order in which
    they were made, and 60 random ones. Ids are unique, not secret.

    Args:
        prefix: What the id names, without the underscore (`wh`, `evt`, `dlv` …).
        now_ns: Nanoseconds since 1970; the clock when absent.

    """
    milliseconds, rest = divmod(time.time_ns() if now_ns is None else now_ns, 1_000_000)
    number = (milliseconds << _BELOW_BITS) | (rest << _RANDOM_BITS) | random.getrandbits(_RANDOM_BITS)
    return prefix + "_" + "".join([_PAIRS[(number >> shift) & 1023] for shift in _SHIFTS])
