from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from rules.findings import ago, plain, quoted
from tests.rules.diagnosing import NOW


@given(st.text())
def test_text_from_outside_is_made_harmless(text: str):
    assert plain(text, 20).isprintable()
    assert len(plain(text, 20)) <= 20
    assert quoted(text).count("”") == 1


def test_ages():
    spans = [(0, "just now"), (60, "1 minute ago"), (3600, "1 hour ago"), (200_000, "2 days ago"), (-5, "just now")]
    for seconds, text in spans:
        assert ago(NOW - timedelta(seconds=seconds), NOW) == text
