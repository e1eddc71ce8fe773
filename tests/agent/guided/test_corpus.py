"""Every utterance of the corpora, in its context."""

from pathlib import Path

import pytest
from corpus import Case, cases, verdict

HERE = Path(__file__).parent


@pytest.mark.parametrize("case", list(cases(HERE / "corpus.txt")), ids=str)
def test_utterance_is_understood(case: Case):
    assert verdict(case) == ""


@pytest.mark.parametrize("case", list(cases(HERE / "must_not_act.txt")), ids=str)
def test_nothing_is_changed_or_sent(case: Case):
    assert verdict(case) == ""


def test_the_corpora_are_large_enough():
    assert len(list(cases(HERE / "corpus.txt"))) >= 250
    assert len(list(cases(HERE / "must_not_act.txt"))) >= 60
