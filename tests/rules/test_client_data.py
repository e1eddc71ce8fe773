from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.client_data import MAX_BYTES, check_client_data, merge_client_data
from rules.errors import InvalidInput
from rules.json_values import written
from rules.variables import SYSTEM_NAMES

NAMES = st.sampled_from(
    ["plan", "user_id", "erp_token", "erp_token.json", "session.id", "session", "images", "images-0", "1x", "", "a b"]
)
HOSTILE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("\ud800") | st.just("\x00"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(), inner, max_size=3),
    max_leaves=20,
)
SECRETS = ("erp_token",)


@given(st.dictionaries(NAMES, st.integers(), max_size=3), HOSTILE)
def test_a_merge_never_raises_and_always_leaves_what_may_be_stored(current: dict[str, Any], returned: Any):
    present = {name: value for name, value in current.items() if name in {"plan", "user_id", "session"}}
    merged = merge_client_data(present, returned, secrets=SECRETS)
    assert check_client_data(merged.client_data, SECRETS) == merged.client_data
    assert set(present) <= set(merged.client_data)
    assert all(warning.endswith(".") for warning in merged.warnings)


@given(st.dictionaries(st.text(max_size=20), st.integers(), max_size=4))
def test_a_warning_repeats_no_name_that_the_endpoint_made_up(returned: dict[str, Any]):
    merged = merge_client_data({}, {f"{name}§": value for name, value in returned.items()}, secrets=SECRETS)
    assert merged.client_data == {}
    assert all("§" not in warning for warning in merged.warnings)


@given(st.dictionaries(st.sampled_from("abcd"), st.integers()), st.dictionaries(st.sampled_from("abcd"), st.integers()))
def test_a_merge_is_shallow_and_the_newer_value_wins(current: dict[str, Any], returned: dict[str, Any]):
    assert merge_client_data(current, returned) == ({**current, **returned}, ())


def test_the_example_of_the_documentation_merges():
    returned = {"patient_id": "pat_12345", "patient_name": "Ana Smith", "last_appointment": "2025-02-15"}
    assert merge_client_data({"plan": "x"}, returned) == ({"plan": "x", **returned}, ())


def test_system_variables_and_secrets_are_never_overwritten_nor_continued():
    returned = {"session.id": 1, "images": 2, "erp_token": 3, "erp_token.json": 4, "company.id-x": 5, "erp_tokens": 6}
    merged = merge_client_data({}, returned, secrets=SECRETS)
    assert merged.client_data == {"erp_tokens": 6}
    assert merged.warnings == (
        "session.client_data cannot overwrite the system variable session.id; it was left out.",
        "session.client_data cannot overwrite the system variable images; it was left out.",
        "session.client_data cannot overwrite the secret erp_token; it was left out.",
        "session.client_data cannot overwrite the system variable company.id; it was left out.",
    )


def test_nothing_is_merged_when_the_session_would_grow_too_large():
    current = {"a": "x" * 40_000}
    merged = merge_client_data(current, {"b": "y" * 30_000, "c": 1})
    assert merged.client_data == current
    assert "65536" in merged.warnings[0]


@pytest.mark.parametrize("returned", [None, [], "x", 1, True])
def test_what_is_no_object_is_not_merged(returned: Any):
    merged = merge_client_data({"a": 1}, returned)
    assert merged.client_data == {"a": 1}
    assert merged.warnings


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ([], "client_data"),
        ({"1a": 1}, "client_data.1a"),
        ({"a b": 1}, "client_data.a b"),
        ({"a" * 129: 1}, f"client_data.{'a' * 128}"),
        *(({name: 1}, f"client_data.{name}") for name in sorted(SYSTEM_NAMES)),
        ({"a": "\x00"}, "client_data.a"),
        ({"a": "\ud800"}, "client_data.a"),
        ({"a": float("nan")}, "client_data.a"),
        ({"a": "x" * MAX_BYTES}, "client_data"),
    ],
)
def test_client_data_that_cannot_be_kept_is_refused_by_name(value: Any, field: str):
    with pytest.raises(InvalidInput) as refused:
        check_client_data(value)
    assert [error.field for error in refused.value.errors] == [field]


def test_client_data_is_bounded_in_depth():
    deep: Any = 1
    for _ in range(31):
        deep = [deep]
    assert check_client_data({"a": deep}) == {"a": deep}
    with pytest.raises(InvalidInput, match="32 levels"):
        check_client_data({"a": [deep]})


def test_exactly_the_allowed_size_is_taken():
    value = {"a": "x" * (MAX_BYTES - len(written({"a": ""})))}
    assert check_client_data(value) == value
