"""Deliveries: the log of one webhook or of all, and one delivery with its attempts. Nothing here changes anything."""

import re
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

from agent.guided.listings import deliveries, outcome_text
from agent.guided.memory import rows
from agent.guided.reading import Values
from agent.guided.replies import refusal
from agent.guided.script import Call, Reply, Result, Script
from agent.guided.scripts.stage import Stage
from agent.guided.twins import title_among
from agent.guided.wording import title

MANY = 30  # rows that one look at the log gives at most
_FAILED = ("failed", "retrying")  # what waits for its next attempt has failed, too, so far


def show_deliveries(stage: Stage) -> Script:
    """Show the delivery log, of one webhook or of all."""
    values = stage.reading.values
    if values.delivery_id:
        return (yield from _one_delivery(stage, values.delivery_id))
    result = yield from _log(stage, values)
    refused = refusal(result)
    if refused:
        return refused
    if not stage.target:
        yield from learn_names(stage)
    shown, about = _since(result, values.since), _about(stage, values)
    if values.since and shown.get("items") is not None:
        about += f" since {_start(values.since):%Y-%m-%d %H:%M} UTC"
    known = stage.memory.webhooks.values()
    names = {} if stage.target else {key: title_among(one, known) for key, one in stage.memory.webhooks.items()}
    return Reply(deliveries(shown, about, names), _options(values, rows(shown, "deliveries", "items")))


def _about(stage: Stage, values: Values) -> str:
    where = f" of {title(stage.webhook)}" if stage.target else ""
    status = {"": "", "failed": "failed or retrying "}.get(values.status, f"{values.status} ")
    return f"{status}deliveries{where}"


def _options(values: Values, found: list[dict[str, Any]]) -> tuple[str, ...]:
    return ("Retry the last failed delivery",) if values.status == "failed" and found else ()


def _log(stage: Stage, values: Values) -> Generator[Call, Result, Result]:
    """Read the log; of what failed also that which is going to be tried again, the newest first."""
    given = {"webhook_id": stage.target, "event_type": values.events[0].name if values.events else ""}
    arguments: dict[str, Any] = {key: value for key, value in given.items() if value}
    arguments["limit"] = MANY if values.since else _limit(values)
    if values.status != "failed":
        arguments |= {"status": values.status} if values.status else {}
        return (yield from stage.call("list_deliveries", **arguments))
    found: list[dict[str, Any]] = []
    total = 0
    for status in _FAILED:
        result = yield from stage.call("list_deliveries", **arguments, status=status)
        if result.get("ok") is False:
            return result
        found += rows(result, "deliveries", "items")
        total += int(result.get("total") or 0)
    found.sort(key=lambda one: str(one.get("created_at") or ""), reverse=True)
    stage.memory.deliveries = found[: arguments["limit"]]
    return {"ok": True, "items": stage.memory.deliveries, "total": total}


def learn_names(stage: Stage) -> Generator[Call, Result, None]:
    """List the webhooks, if there is a delivery of one that is not known."""
    webhooks = {str(one.get("webhook_id")) for one in stage.memory.deliveries}
    if webhooks - set(stage.memory.webhooks):
        yield from stage.call("list_webhooks")


def _since(result: Result, since: str) -> dict[str, Any]:
    if not since:
        return dict(result)
    found = rows(result, "deliveries", "items")
    start = _start(since).strftime("%Y-%m-%dT%H:%M:%S")
    late = [
        one for one in found if str(one.get("attempted_at") or one.get("created_at") or one.get("at") or "9") >= start
    ]
    return {"items": late, "total": len(late)}


def _start(since: str, now: datetime | None = None) -> datetime:
    """Give the moment that "today", "24h" or "7d" begins; a date begins at midnight UTC."""
    moment = now or datetime.now(UTC)
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if since == "today":
        return midnight
    if since == "yesterday":
        return midnight - timedelta(days=1)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", since):
        return datetime.fromisoformat(since).replace(tzinfo=UTC)
    units = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
    unit = next(name for name in units if since.endswith(name))
    return moment - float(since.removesuffix(unit)) * units[unit]


def start_of(since: str) -> str:
    """Give the moment that "today", "24h" or "7d" begins, as RFC 3339."""
    return _start(since).strftime("%Y-%m-%dT%H:%M:%SZ")


def _one_delivery(stage: Stage, delivery_id: str) -> Script:
    result = yield from stage.call("get_delivery", delivery_id=delivery_id)
    refused = refusal(result)
    if refused:
        return refused
    delivery = dict(result.get("delivery") or result)
    attempts = [one for one in delivery.get("attempts_log") or [] if isinstance(one, dict)]
    lines = [f"Delivery {delivery_id}: {delivery.get('event_type') or 'event'}, {delivery.get('status')}."]
    for one in attempts[:10]:
        told = outcome_text(one) or "no answer"
        lines.append(
            f"• attempt {one.get('number')}: {told} in {one.get('duration_ms')} ms · {one.get('attempted_at')}"
        )
    offers = [f"Retry {delivery_id}"]
    if delivery.get("status") in _FAILED and (webhook := delivery.get("webhook_id")):
        offers.append(f"Diagnose {webhook}")
    return Reply("\n".join(lines), tuple(offers))


def last_failed(stage: Stage) -> Generator[Call, Result, Result]:
    """Find the last delivery that failed for good, else the last that is going to be tried again."""
    arguments = {"webhook_id": stage.target} if stage.target else {}
    result: Result = {}
    for status in _FAILED:
        result = yield from stage.call("list_deliveries", **arguments, status=status, limit=1)
        if result.get("ok") is False or rows(result, "deliveries", "items"):
            return result
    return result


def _limit(values: Values) -> int:
    """Give how many deliveries were asked for."""
    asked = [int(one.value) for one in values.about("") if one.value >= 1]
    return min(asked[0], MANY) if asked else 10
