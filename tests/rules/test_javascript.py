import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.javascript import MISSING, includes, loose_equal, to_number, to_string

# Written by `node tests/vectors/javascript.mjs`: what a real JavaScript engine answers.
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "javascript.json").read_text())
VALUES = [row["value"] for row in VECTORS["conversions"]]
COPIES = json.loads(json.dumps(VALUES))
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def number_of(vector: Any) -> float:
    return float(vector.replace("Infinity", "inf")) if isinstance(vector, str) else float(vector)


@pytest.mark.parametrize("row", VECTORS["conversions"], ids=lambda row: json.dumps(row["value"]))
def test_conversions_agree_with_node(row: dict[str, Any]):
    expected, actual = number_of(row["number"]), to_number(row["value"])
    assert actual == expected or (math.isnan(actual) and math.isnan(expected))
    assert to_string(row["value"]) == row["string"]


def pairs_where(answer: Any) -> list[list[int]]:
    places = range(len(VALUES))
    return [[left, right] for left in places for right in places if answer(VALUES[left], COPIES[right])]


def test_loose_equality_of_every_pair_agrees_with_node():
    assert pairs_where(loose_equal) == VECTORS["equal"]


def test_ordering_of_every_pair_agrees_with_node():
    assert pairs_where(lambda left, right: to_number(left) > to_number(right)) == VECTORS["greater"]


def test_missing_is_undefined():
    assert math.isnan(to_number(MISSING))
    assert to_string(MISSING) == VECTORS["undefined"]["string"]
    assert [i for i, value in enumerate(VALUES) if loose_equal(MISSING, value)] == VECTORS["undefined"]["equal"]


def test_substrings_agree_with_node():
    found = [[i, j] for i, text in enumerate(VECTORS["texts"]) for j, v in enumerate(VALUES) if to_string(v) in text]
    assert found == VECTORS["substring"]


def test_list_membership_agrees_with_node():
    assert [j for j, value in enumerate(VALUES) if includes(VECTORS["list"], value)] == VECTORS["member"]


@given(JSON_VALUES, JSON_VALUES)
def test_loose_equality_is_symmetric_and_never_fails(left: Any, right: Any):
    assert loose_equal(left, right) is loose_equal(right, left)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_written_as_text_reads_back(number: float):
    assert to_number(to_string(number)) == number


@given(st.text(max_size=20))
def test_no_text_breaks_the_conversion(text: str):
    assert isinstance(to_number(text), float)


def test_deep_nesting_does_not_overflow_the_stack():
    nested: Any = 7
    for _ in range(100_000):
        nested = [nested]
    assert to_number(nested) == 7


def test_integers_beyond_a_double_are_infinite():
    assert to_number(10**400) == math.inf
    assert to_number(-(10**400)) == -math.inf
