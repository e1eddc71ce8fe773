"""The reckoning: every published number against what arrived, the delivery log, and the webhook's counters.

    published   events that were answered 202
    arrived     requests that the receiver wrote down
    logged      deliveries and their attempts, as the API lists them
    counted     the webhook's health

All four must agree. What may differ is bounded: a request that was sent, but whose result was lost with the process
that sent it, arrives again; there are at most as many of them as a worker has claimed at once.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bench.reconcile_receiver import MAX_AGE_SECONDS, Arrival

_SHOWN = 5


class Logged(NamedTuple):
    """A delivery of the log: `reached` attempts have an answer, `local` ones failed through a fault of ours."""

    id: str
    event: str
    status: str
    attempts: int
    reached: int
    local: int


class Counters(NamedTuple):
    """A webhook's health."""

    total: int
    successful: int
    failed: int


@dataclass(frozen=True, slots=True)
class Account:
    """What became of everything; `problems` is empty when all of it is accounted for."""

    published: int
    once: int
    again: int
    repeated: int
    lost: int
    strangers: int
    unlogged: int
    bound: int
    problems: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Return the account, a line for each kind."""
        return [
            f"published            {self.published:>8,}",
            f"delivered once       {self.once:>8,}",
            f"delivered repeatedly {self.repeated:>8,}  ({self.again:,} requests too many; at most {self.bound:,})",
            f"lost                 {self.lost:>8,}",
            f"out of nowhere       {self.strangers:>8,}",
            f"sent, not logged     {self.unlogged:>8,}  (the process died before it could write the result)",
        ]


def account(
    published: dict[int, str], arrivals: Sequence[Arrival], logged: Sequence[Logged], counters: Counters, *, bound: int
) -> Account:
    """Account for every event.

    Args:
        published: The ids of events by their numbers.
        arrivals: What the receiver wrote down.
        logged: All deliveries of the webhook.
        counters: Its health.
        bound: How many requests may arrive again: one claim batch, or 0 when nothing was killed.

    """
    times = Counter(one.number for one in arrivals if _is_ours(one, published))
    lost = [number for number in published if not times[number]]
    strangers = [one for one in arrivals if not _is_ours(one, published)]
    again = times.total() - len(times)
    unlogged = len(arrivals) - len(strangers) - sum(one.reached for one in logged)
    problems = [
        *_some("lost", lost),
        *_some("out of nowhere", [one.event or str(one.number) for one in strangers]),
        *_some("with a wrong signature", [one.event for one in arrivals if not one.signed]),
        *_some("with an old timestamp", [one.event for one in arrivals if abs(one.age) > MAX_AGE_SECONDS]),
        *([f"{again} requests arrived again, more than {bound}"] if again > bound else []),
        *([f"{unlogged} requests are not in the log, more than {bound}"] if not 0 <= unlogged <= bound else []),
        *_of_log(published, arrivals, logged),
        *_of_counters(logged, counters),
    ]
    repeated = sum(1 for count in times.values() if count > 1)
    once = len(times) - repeated
    return Account(len(published), once, again, repeated, len(lost), len(strangers), unlogged, bound, problems)


def _is_ours(arrival: Arrival, published: dict[int, str]) -> bool:
    return arrival.number is not None and published.get(arrival.number) == arrival.event


def _of_log(published: dict[int, str], arrivals: Sequence[Arrival], logged: Sequence[Logged]) -> list[str]:
    """Compare the log with what was published and with what arrived."""
    events = Counter(one.event for one in logged)
    wanted = set(published.values())
    arrived = Counter(one.delivery for one in arrivals)
    return [
        *_some("not in the log", sorted(wanted - events.keys())),
        *_some("in the log only", sorted(events.keys() - wanted)),
        *_some("in the log more than once", [event for event, count in events.items() if count > 1]),
        *_some("not delivered by the log", [one.event for one in logged if one.status != "delivered"]),
        *_some("logged more often than they arrived", [one.event for one in logged if one.reached > arrived[one.id]]),
        *_some("of a delivery that is not in the log", sorted(arrived.keys() - {one.id for one in logged})),
    ]


def _of_counters(logged: Sequence[Logged], counters: Counters) -> list[str]:
    """Compare a webhook's counters with its log; faults of ours count in no counter."""
    tried = sum(one.attempts - one.local for one in logged)
    delivered = sum(1 for one in logged if one.status == "delivered")
    expected = Counters(tried, delivered, tried - delivered)
    return [] if counters == expected else [f"the webhook counts {counters}, its log {expected}"]


def _some(what: str, those: Sequence[object]) -> list[str]:
    if not those:
        return []
    more = ", …" if len(those) > _SHOWN else ""
    return [f"{len(those)} {what}: {', '.join(map(str, those[:_SHOWN]))}{more}"]
