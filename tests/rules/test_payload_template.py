import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.errors import InvalidInput
from rules.payload_template import PRESETS, PayloadEvent, compile_payload, render_payload

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
LEAD = {"profile": {"name": {"value": 'Ana "A" Smith\n', "title": "Name"}}, "summary": "Would <upgrade>", "n": [1, 2]}


def event(payload: dict[str, Any]) -> PayloadEvent:
    return PayloadEvent("evt_1", "new_lead", "2026-01-31T12:00:00.000Z", payload, "wh_1", "CRM")


def rendered(template: Any, payload: dict[str, Any]) -> Any:
    return json.loads(render_payload(compile_payload(template), event(payload))[0])


def test_the_example_of_the_feature_list():
    assert rendered({"text": "New lead: $profile.name.value"}, LEAD) == {"text": 'New lead: Ana "A" Smith\n'}


def test_the_events_own_names_win_over_the_payloads():
    payload = {"event": {"type": "forged"}, "webhook": {"name": "forged"}, "payload": 1, "test": 1}
    template = '{"t": "$event.type", "w": "$webhook.name", "all": $payload, "test": $test, "id": "$event.id"}'
    expected = {"t": "new_lead", "w": "CRM", "all": payload, "test": False, "id": "evt_1"}
    assert rendered(template, payload) == expected


def test_what_an_event_lacks_is_empty_and_warned_of():
    body, warnings = render_payload(compile_payload('{"a": "x $nope.deep", "b": $nope}'), event({}))
    assert json.loads(body) == {"a": "x ", "b": None}
    assert len(warnings) == 2


@pytest.mark.parametrize("template", ['{"a": $x,}', "hello $x", '{"a": 1, "a": 2}', '{"a": "$x'])
def test_what_would_not_be_json_is_refused(template: str):
    with pytest.raises(InvalidInput) as refused:
        compile_payload(template)
    assert refused.value.errors[0].field.startswith("payload_template")


@pytest.mark.parametrize("name", PRESETS)
@given(summary=st.text(max_size=40).filter(lambda text: text.isprintable()))
def test_presets_hold_any_summary_as_text(name: str, summary: str):
    body = rendered(PRESETS[name], {**LEAD, "summary": summary})
    assert summary in json.dumps(body, ensure_ascii=False) or json.dumps(summary, ensure_ascii=False)[
        1:-1
    ] in json.dumps(body, ensure_ascii=False)
    assert not [text for text in strings(body) if text.startswith("$") and text not in {"$schema", summary}]


def strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in strings(part)]


@given(payload=st.dictionaries(st.text(max_size=8), JSON, max_size=4))
def test_any_event_gives_json_of_the_templates_shape(payload: dict[str, Any]):
    body = rendered({"text": "$summary", "fields": [{"title": "x $n", "$$key": "$profile.name.value"}]}, payload)
    assert body.keys() == {"text", "fields"}
    assert body["fields"][0].keys() == {"title", "$key"}
