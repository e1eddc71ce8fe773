import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rules.surrogates import mended

LOOSE = st.text(st.characters(exclude_categories=()) | st.characters(categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | LOOSE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(LOOSE, inner, max_size=4),
    max_leaves=10,
)


def test_halves_in_a_row_become_their_character_and_a_lone_one_is_replaced() -> None:
    assert mended("a \ud83d\ude00 b \ud83d c") == "a 😀 b � c"


@given(VALUES)
def test_what_was_mended_can_always_be_written(value: Any) -> None:
    json.dumps(mended(value), ensure_ascii=False).encode()


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_whole_text_stays_as_it_is(text: str) -> None:
    assert mended(text) == text
