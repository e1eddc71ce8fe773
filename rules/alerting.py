"""When people are told of webhooks that fail, and when of it being over (E07).

Each decision is over the newest attempts of one webhook, or over how late one workspace is. A rate is judged by its
Wilson interval, so few attempts prove nothing: one of two failed is no alarm, five of five may be. What opens an alert
and what closes it are apart, and the same numbers never do both.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

WINDOW: Final = timedelta(hours=6)
SAMPLE: Final = 500
"""The attempts that are judged: the newest, so many at most and none older."""

_RECENT: Final = timedelta(minutes=15)
_LEAST: Final = 20
_FEW: Final = 10
_POOR: Final = 0.8
_GOOD: Final = 0.9
_DROP: Final = 0.1
_PAST: Final = 50
_STEADY: Final = 5
_OF_TYPE: Final = 5
_HALF: Final = 0.5
_AGAIN: Final = 3
_ON_TIME: Final = 0.2
_QUIET: Final = timedelta(hours=24)
_Z: Final = 1.96


class Topic(StrEnum):
    """What an operational event is about, the worst first."""

    DISABLED = "endpoint.disabled"
    FAILING = "endpoint.failing"
    LATE = "backlog.late"
    RATE = "success_rate.dropped"
    TYPE = "event_type.failing"
    RECOVERED = "endpoint.recovered"


class Verdict(StrEnum):
    """What becomes of an alert: it is (or stays) open, it stays as it is, or it is over."""

    OPEN = "open"
    KEEP = "keep"
    CLOSE = "close"


class Made(NamedTuple):
    """What an attempt says about its endpoint; `cause` is None when it was delivered."""

    event_type: str
    delivered: bool
    cause: str | None
    at: datetime


class Judgement(NamedTuple):
    """A verdict with what it rests on: how many of how many attempts were delivered, and the usual cause."""

    verdict: Verdict
    delivered: int = 0
    attempts: int = 0
    cause: str | None = None

    @property
    def success_rate(self) -> float | None:
        """Percent, to one decimal; None without attempts."""
        return round(100 * self.delivered / self.attempts, 1) if self.attempts else None


def interval(delivered: int, attempts: int) -> tuple[float, float]:
    """Return between which shares the true rate lies with a confidence of 95 %: the Wilson score interval.

    Args:
        delivered: 0 to `attempts`.
        attempts: Without any, the rate may be anything: 0 to 1.

    """
    if not attempts:
        return 0.0, 1.0
    share, square = delivered / attempts, _Z * _Z
    spread = _Z * math.sqrt(share * (1 - share) / attempts + square / (4 * attempts * attempts))
    middle, scale = share + square / (2 * attempts), 1 + square / attempts
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def judge_rate(made: Sequence[Made], past: tuple[int, int], now: datetime, *, is_open: bool) -> Judgement:
    """Say whether an endpoint's success rate has dropped.

    It has, when of its last 15 minutes (or its last 20 attempts, whichever is more) at least 10 attempts show a rate
    that is below 80 %, and that is 10 points below its own past, if it has one. It is over when 18 of the last 20 were
    delivered, or the last 5 and nothing has failed for 15 minutes.

    Args:
        made: The newest attempts, newest first, at most `SAMPLE` and not older than `WINDOW`.
        past: How many were delivered, of how many attempts, before those.
        now: When.
        is_open: Whether the alert is open: then the past no longer matters.

    """
    lately = _lately(made, now)
    delivered, attempts = sum(one.delivered for one in lately), len(lately)
    judged = Judgement(Verdict.KEEP, delivered, attempts, _usual_cause(lately))
    if _is_steady(made, now):
        return judged._replace(verdict=Verdict.CLOSE)
    if attempts >= _FEW and interval(delivered, attempts)[1] < _POOR:
        dropped = is_open or past[1] < _PAST or past[0] / past[1] - delivered / attempts >= _DROP
        return judged._replace(verdict=Verdict.OPEN if dropped else Verdict.KEEP)
    newest = made[:_LEAST]
    is_well = len(newest) == _LEAST and sum(one.delivered for one in newest) >= _GOOD * _LEAST
    return judged._replace(verdict=Verdict.CLOSE) if is_well else judged


def judge_types(made: Sequence[Made]) -> Mapping[str, Judgement]:
    """Say of each event type whether it keeps failing while others succeed.

    It does, when of at least 5 attempts most surely failed, and of at least 5 of the other types most were surely
    delivered. It is over when its last 3 were delivered.

    Args:
        made: The newest attempts, newest first, at most `SAMPLE` and not older than `WINDOW`.

    """
    by_type: dict[str, list[Made]] = {}
    for one in made:
        by_type.setdefault(one.event_type, []).append(one)
    all_delivered = sum(one.delivered for one in made)
    return {name: _judge_type(those, all_delivered, len(made)) for name, those in by_type.items()}


def judge_backlog(oldest: datetime | None, now: datetime, late_after: timedelta) -> Verdict:
    """Say whether a workspace's deliveries are late.

    They are, when the one that is due the longest waits for more than `late_after`; it is over when none waits for more
    than a fifth of that.

    Args:
        oldest: Since when it is due; None when nothing is.
        now: When.
        late_after: How long a delivery may wait.

    """
    waited = timedelta() if oldest is None else now - oldest
    if waited > late_after:
        return Verdict.OPEN
    return Verdict.CLOSE if waited <= late_after * _ON_TIME else Verdict.KEEP


def has_gone_quiet(last_at: datetime, now: datetime) -> bool:
    """Say whether nothing has spoken for an open alert for a day: nobody sends what failed any more."""
    return now - last_at >= _QUIET


def worst_first(topic: str) -> int:
    """Return where a topic stands among the others, the worst being 0."""
    order: Sequence[Any] = tuple(Topic)
    return order.index(topic) if topic in order else len(order)


def _lately(made: Sequence[Made], now: datetime) -> Sequence[Made]:
    since = now - _RECENT
    return [one for index, one in enumerate(made) if index < _LEAST or one.at >= since]


def _is_steady(made: Sequence[Made], now: datetime) -> bool:
    last = made[:_STEADY]
    delivered = len(last) == _STEADY and all(one.delivered for one in last)
    return delivered and all(one.delivered or one.at < now - _RECENT for one in made)


def _judge_type(those: Sequence[Made], all_delivered: int, all_made: int) -> Judgement:
    delivered, attempts = sum(one.delivered for one in those), len(those)
    judged = Judgement(Verdict.KEEP, delivered, attempts, _usual_cause(those))
    if len(those) >= _AGAIN and all(one.delivered for one in those[:_AGAIN]):
        return judged._replace(verdict=Verdict.CLOSE)
    others, of_others = all_delivered - delivered, all_made - attempts
    fails = attempts >= _OF_TYPE and interval(delivered, attempts)[1] < _HALF
    rest_works = of_others >= _OF_TYPE and interval(others, of_others)[0] > _HALF
    return judged._replace(verdict=Verdict.OPEN) if fails and rest_works else judged


def _usual_cause(made: Sequence[Made]) -> str | None:
    """Return the most frequent cause; of several, the newest."""
    causes = [one.cause for one in made if one.cause is not None]
    return max(dict.fromkeys(causes), key=causes.count, default=None)
