"""What replaying recent events through the filters says: is anything ever sent?"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from rules.diagnosis_facts import AttemptFact, EventFact, WebhookFacts
from rules.findings import TEST, Evidence, Finding, Fix, ago, count, listed, patch
from rules.outcomes import Cause

_ENOUGH_AFTER_DELIVERIES: Final = 5


def never_matching(
    webhook: WebhookFacts, events: Sequence[EventFact], attempts: Sequence[AttemptFact]
) -> Finding | None:
    """Explain why the filters let nothing through.

    Args:
        webhook: The webhook.
        events: The newest events it hears, newest first, with what its filters say to each.
        attempts: Newest first. A webhook that has delivered needs several rejections in a row to be worth a word.

    """
    selection = webhook.filters.event_filter
    if selection.mode == "exclude" and not selection.events:
        return _empty_exclude(events)
    delivered = any(attempt.delivered and not attempt.test for attempt in attempts)
    if not events or any(event.report.matched for event in events):
        return None
    if delivered and len(events) < _ENOUGH_AFTER_DELIVERIES:
        return None
    if all(not event.report.event_filter.passed for event in events):
        return _not_selected(webhook, events)
    return _rejected(webhook, events)


def nothing_yet(webhook: WebhookFacts, events: Sequence[EventFact], attempts: Sequence[AttemptFact]) -> Finding | None:
    """Say that nothing has happened that could have been sent."""
    since = [event for event in events if event.at >= webhook.created_at and event.report.matched]
    if since or any(not attempt.test for attempt in attempts):
        return None
    text = "No event has happened since the webhook was set up that it could have sent."
    found = f"{count(len(events), 'event')} happened before that." if events else "There is no event at all so far."
    fix = Fix("Send a test to see the endpoint work without waiting for an event.", TEST)
    return Finding(Cause.NO_EVENTS_YET, text, (Evidence("events", found),), (fix,))


def passing(events: Sequence[EventFact], now: datetime) -> Evidence | None:
    """Count how many recent events the filters let through."""
    if not events:
        return None
    matched = [event for event in events if event.report.matched]
    newest = f"; the newest that does came {ago(matched[0].at, now)}" if matched else ""
    return Evidence("filters", f"{len(matched)} of the last {count(len(events), 'event')} pass the filters{newest}.")


def _empty_exclude(events: Sequence[EventFact]) -> Finding:
    text = "The event filter excludes but lists no event types, and such a filter sends nothing."
    evidence = [Evidence("settings", "The event filter is `exclude` with an empty list.")]
    if events:
        evidence.append(Evidence("filters", f"{_of_the_last(len(events), len(events))} rejected by it."))
    change = patch(event_filter={"mode": "include", "events": []})
    return Finding(Cause.EMPTY_EXCLUDE, text, tuple(evidence), (Fix("Send every event type.", change),))


def _not_selected(webhook: WebhookFacts, events: Sequence[EventFact]) -> Finding:
    selection = webhook.filters.event_filter
    seen = Counter(event.type for event in events)
    types = listed(name for name, _ in seen.most_common())
    does = "selects" if selection.mode == "include" else "excludes"
    text = f"No recent event is of a type that the webhook sends: what happens is {types}."
    rule = f"the event filter, which {does} {listed(selection.events)}"
    told = f"{_of_the_last(len(events), len(events))} rejected by {rule}."
    wanted = {"mode": "include", "events": sorted({*seen, *(selection.events if selection.mode == "include" else ())})}
    fix = Fix(f"Send {types} too.", patch(event_filter=wanted))
    every = Fix("Or send every event type.", patch(event_filter={"mode": "include", "events": []}))
    return Finding(Cause.EVENT_NOT_SELECTED, text, (Evidence("filters", told),), (fix, every))


def _rejected(webhook: WebhookFacts, events: Sequence[EventFact]) -> Finding:
    considered = [event for event in events if event.report.event_filter.passed]
    found = [*_by_tags(webhook, considered), *_by_trust(webhook, considered), *_by_conditions(webhook, considered)]
    found.sort(key=lambda entry: -entry[0])
    names = [name for _, name, _, _ in found]
    evidence = [item for *_, item, _ in found]
    if unselected := len(events) - len(considered):
        evidence.append(Evidence("filters", f"{_of_the_last(unselected, len(events))} not of a selected type."))
    # Only a filter that rejects every event has to change; when none does alone, the strictest is the one to offer.
    strictest = [fix for number, _, _, fix in found if number == found[0][0]]
    through = f"The filters let none of the last {count(len(events), 'event')} through"
    text = f"{through}: it is {' and '.join(names)} that rejects."
    return Finding(Cause.FILTERS_NEVER_MATCH, text, tuple(evidence), tuple(strictest))


Rejection = tuple[int, str, Evidence, Fix]


def _by_tags(webhook: WebhookFacts, events: Sequence[EventFact]) -> list[Rejection]:
    wanted = webhook.filters.tag_filter
    rejected = [event for event in events if event.report.tag_filter and not event.report.tag_filter.passed]
    if wanted is None or not rejected:
        return []
    carried = {tag for event in rejected for tag in event.tags}
    missing = [tag for tag in wanted.tags if tag not in carried]
    if wanted.match == "any" or not missing:
        clause = (
            f"none carries {_or(wanted.tags)}"
            if wanted.match == "any"
            else f"none carries all of {listed(wanted.tags)}"
        )
    else:
        clause = f"none carries {_or(missing)}"
    seen = f" (they carry {listed(sorted(carried))})" if carried else " (they carry no tags)"
    told = Evidence(
        "filters", f"{_of_the_last(len(rejected), len(events))} rejected by the tag filter: {clause}{seen}."
    )
    return [(len(rejected), "the tag filter", told, Fix("Remove the tag filter.", patch(tag_filter=None)))]


def _by_trust(webhook: WebhookFacts, events: Sequence[EventFact]) -> list[Rejection]:
    wanted = webhook.filters.trust_score
    rejected = [event for event in events if event.report.trust_score and not event.report.trust_score.passed]
    if wanted is None or not rejected:
        return []
    scores = [event.trust_score for event in rejected if event.trust_score is not None]
    parts = [f"their scores are {min(scores):g} to {max(scores):g}"] if scores else []
    if unscored := len(rejected) - len(scores):
        parts.append(f"{unscored} {'has' if unscored == 1 else 'have'} no trust score")
    bounds = " and ".join(
        f"{word} {bound:g}" for word, bound in (("at least", wanted.min), ("at most", wanted.max)) if bound is not None
    )
    told = f"{_of_the_last(len(rejected), len(events))} rejected by the trust filter ({bounds}): {', '.join(parts)}."
    fix = Fix("Remove the trust filter.", patch(trust_score=None))
    if scores and wanted.min is not None and max(scores) < wanted.min:
        lower: dict[str, Any] = {"min": max(scores), **({"max": wanted.max} if wanted.max is not None else {})}
        fix = Fix(f"Lower the minimum to {max(scores):g}.", patch(trust_score=lower))
    return [(len(rejected), "the trust filter", Evidence("filters", told), fix)]


def _by_conditions(webhook: WebhookFacts, events: Sequence[EventFact]) -> list[Rejection]:
    found: list[Rejection] = []
    every = webhook.filters.conditions
    for index, condition in enumerate(every):
        failed = [event.report.conditions[index] for event in events if not event.report.conditions[index].passed]
        if not failed:
            continue
        name = f"the condition on `{condition.field}`"
        told = f"{_of_the_last(len(failed), len(events))} rejected by {name}. {failed[0].reason}"
        others = [other.as_dict() for place, other in enumerate(every) if place != index]
        fix = Fix(f"Remove {name}.", patch(conditions=others))
        found.append((len(failed), name, Evidence("filters", told), fix))
    return found


def _of_the_last(number: int, total: int) -> str:
    return f"{number} of the last {count(total, 'event')} {'was' if number == 1 else 'were'}"


def _or(tags: Sequence[str]) -> str:
    return listed(tags[:1]) if len(tags) == 1 else f"any of {listed(tags)}"
