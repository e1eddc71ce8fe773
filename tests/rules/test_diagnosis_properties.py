"""Whatever the facts are, a diagnosis can be read, and its changes can be applied."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rules.diagnosis import diagnose
from rules.diagnosis_facts import AttemptFact, EventFact
from rules.filters import FilterSet, explain
from rules.outcomes import Cause
from rules.webhook_spec import WebhookPatch
from tests.rules.diagnosing import NOW, attempt, changes_of, webhook

SETTINGS = st.builds(
    FilterSet.of,
    event_filter=st.fixed_dictionaries(
        {"mode": st.sampled_from(["include", "exclude"]), "events": st.lists(st.sampled_from("abc"), max_size=2)}
    ),
    conditions=st.lists(
        st.fixed_dictionaries(
            {
                "field": st.sampled_from(["x", "tags"]),
                "operator": st.sampled_from(["eq", "exists"]),
                "value": st.integers(0, 2),
            }
        ),
        max_size=2,
    ),
    tag_filter=st.none()
    | st.fixed_dictionaries(
        {
            "match": st.sampled_from(["any", "all"]),
            "tags": st.lists(st.sampled_from("pq"), min_size=1, max_size=2, unique=True),
        }
    ),
    trust_score=st.none() | st.fixed_dictionaries({"min": st.integers(0, 100)}),
)
PAYLOADS = st.tuples(
    st.sampled_from("abcd"),
    st.fixed_dictionaries(
        {
            "tags": st.lists(st.sampled_from("pqr")),
            "trust_score": st.none() | st.integers(0, 100),
            "x": st.integers(0, 2),
        }
    ),
)
ATTEMPTS = st.lists(
    st.builds(
        lambda status, minutes: attempt(minutes, status),
        st.sampled_from([200, 301, 401, 410, 429, 503]),
        st.integers(0, 9),
    ),
    max_size=4,
)


@given(SETTINGS, st.lists(PAYLOADS, max_size=6), ATTEMPTS, st.sampled_from(["enabled", "disabled"]))
def test_any_facts_give_a_diagnosis_whose_changes_can_be_applied(
    filters: FilterSet, payloads: list[Any], attempts: list[AttemptFact], state: str
):
    enabled = state == "enabled"
    replayed = [
        EventFact(kind, NOW, explain(filters, kind, payload), tuple(payload["tags"]), payload["trust_score"])
        for kind, payload in payloads
    ]
    found = diagnose(webhook(filters=filters, enabled=enabled), attempts, replayed, None, now=NOW)
    assert found.summary.endswith(".")
    assert all(item.text.isprintable() for item in found.evidence)
    for change in changes_of(found):
        if "patch" in change:
            WebhookPatch.model_validate(change["patch"])
        else:
            assert change["action"] in {"edit_endpoint", "test", "replay"}
    if enabled and any(event.report.matched for event in replayed):
        assert found.cause not in {Cause.FILTERS_NEVER_MATCH, Cause.EVENT_NOT_SELECTED, Cause.EMPTY_EXCLUDE}
