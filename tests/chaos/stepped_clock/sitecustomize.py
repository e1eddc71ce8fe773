"""A wall clock that can be stepped while the process runs: put this folder first on its PYTHONPATH.

CHAOS_CLOCK names a file that holds the step in seconds, as a double. As on a real machine, CLOCK_MONOTONIC, by which
loops and timeouts go, does not move.
"""

import datetime as dt
import mmap
import os
import struct
import time
from typing import Any

_real_datetime, _real_time = dt.datetime, time.time

with open(os.environ["CHAOS_CLOCK"], "rb") as file:  # noqa: PTH123 - pathlib reads the clock before it is replaced
    _step = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)


def _time() -> float:
    return _real_time() + struct.unpack_from("d", _step)[0]


class _IsDatetime(type):
    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, _real_datetime)


class _Datetime(_real_datetime, metaclass=_IsDatetime):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Any:
        return cls.fromtimestamp(_time(), tz)


_Datetime.__name__ = _Datetime.__qualname__ = "datetime"
time.time = _time
time.time_ns = lambda: int(_time() * 1e9)
dt.datetime = _Datetime  # type: ignore[misc]
