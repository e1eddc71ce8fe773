"""Claims of deliveries with large payloads are bounded by what they carry, not by their number alone."""

import pytest

from server.receiver import Receiver
from store.claims import Ask, Lane
from tests.serving import Api
from webhooks import claiming

pytestmark = pytest.mark.both_databases

FAST = Lane.FIRST


async def test_a_backlog_of_heavy_payloads_is_claimed_piece_by_piece(
    api: Api, receiver: Receiver, endpoint: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(claiming, "_CLAIMED_AT_ONCE", 3)
    monkeypatch.setattr(claiming, "_HEAVY", 20_000)
    claims: list[int] = []
    monkeypatch.setattr(api.platform.watchers, "claimed", lambda count, _seconds: claims.append(count))
    await api.webhook(endpoint)
    for heavy in (False, True):  # what is light first, so that what comes next is thought light
        payload = {"note": "x" * (9_000 if heavy else 1)}
        events = [
            {"type": "purchase", "payload": payload, **({"ordering_key": str(n)} if n > 35 else {})} for n in range(40)
        ]
        claims.clear()
        await api.post("/v1/events", events)
        await receiver.wait_for(80 if heavy else 40)
    assert sum(claims) == 40
    assert max(claims) <= 3 + 3 + 3  # a part that makes it heavy, with one of what has an ordering key


def test_parts_are_of_the_size_and_ask_for_everything():
    asks = [Ask("wh_1", FAST, 1200), Ask("wh_2", FAST, 3), Ask("wh_3", Lane.RETRY, 511)]
    parts = list(claiming._in_parts(asks))  # noqa: SLF001 - the pure rule
    assert [sum(ask.limit for ask in part) for part in parts] == [512, 512, 512, 178]
    for ask in asks:
        assert sum(one.limit for part in parts for one in part if one[:2] == ask[:2]) == ask.limit
