"""Status: one answer to whether everything is well, that what follows it bears out. Nothing here changes anything."""

from collections.abc import Sequence
from typing import Any

from agent.guided.listings import alarms, listing
from agent.guided.memory import rows
from agent.guided.script import Reply, Result, Script
from agent.guided.scripts.looking import about
from agent.guided.scripts.stage import Stage
from agent.guided.targets import in_state, known
from agent.guided.twins import title_among

_STOPPED = {"failing", "gone"}  # why we disable a webhook ourselves


def status(stage: Stage) -> Script:
    """Say whether everything is well, and name what is not."""
    yield from stage.call("list_webhooks")
    found = known(stage.memory)
    if not found:
        return Reply("There are no webhooks here yet.", ("Set up a webhook",))
    alerts = yield from stage.call("list_alerts")
    failing = [one for one in found if in_state(one, "failing") or one.get("disabled_reason") in _STOPPED]
    ids = tuple(str(one["id"]) for one in failing or found)
    focus = ids[0] if len(ids) == 1 else "-"
    if failing:
        lead = f"{len(failing)} of {len(found)} webhooks {'is' if len(failing) == 1 else 'are'} failing:"
        told = alarms(alerts, "Open alerts:\n", "\n\n")
        return Reply(told + listing(failing, lead), about(failing[0], stage), focus=focus, listed=ids)
    failed = yield from stage.call("list_deliveries", status="failed", limit=1)
    offers = ("Show the failed deliveries", "Retry the failed ones") if _count(failed, "deliveries") else ()
    text = listing(found, _verdict(found, alerts, failed))
    return Reply(text, offers or about(found[0], stage), focus=focus, listed=ids)


def _count(result: Result, name: str) -> int:
    return int(result.get("total") or len(rows(result, name, "items")))


def _verdict(found: Sequence[dict[str, Any]], alerts: Result, failed: Result) -> str:
    """Say that all is well, or what there is besides webhooks that fail; and which webhooks are disabled."""
    off = [one for one in found if in_state(one, "disabled")]
    names = ", ".join(title_among(one, found) for one in off)
    quiet = f"{len(off)} {'is' if len(off) == 1 else 'are'} disabled: {names}." if off else ""
    lost, opened = _lost(failed), _count(alerts, "alerts")
    if opened:
        lead = f"No webhook is failing now, but {opened} {'alert is' if opened == 1 else 'alerts are'} open:\n"
        return "\n".join(part for part in (alarms(alerts, lead), f"{lost}." if lost else "", quiet) if part)
    verdict = f"No webhook is failing now, but {lost}." if lost else ""
    return f"{verdict or f'All is well: no webhook is failing; {len(found)} in all.'} {quiet}".strip()


def _lost(failed: Result) -> str:
    count, more = _count(failed, "deliveries"), " or more" if failed.get("total_capped") else ""
    have, were = ("delivery has", "was") if count == 1 else ("deliveries have", "were")
    return f"{count}{more} {have} failed and {were} not sent since" if count else ""
