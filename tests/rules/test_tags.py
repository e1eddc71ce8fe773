import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.events import CONVERSATION_KINDS, KINDS, sample_event
from rules.tags import check_tags, near_matches, tags_for


@pytest.mark.parametrize("kind", CONVERSATION_KINDS)
def test_each_conversation_kind_has_its_own_described_tags(kind: str):
    tags = tags_for(kind)
    assert 6 <= len(tags) <= 10
    assert len({tag.name for tag in tags}) == len(tags)
    assert all(tag.description.endswith(".") for tag in tags)
    assert all(set(tag.as_dict()) == {"name", "description"} for tag in tags)


def test_pricing_exists_where_it_makes_sense():
    assert [kind for kind in KINDS if "pricing" in [tag.name for tag in tags_for(kind)]] == ["interviewer", "concierge"]


def test_funnels_and_event_streams_have_no_tags():
    assert tags_for("funnel") == tags_for("event_stream") == ()
    assert [error.message for error in check_tags(["x"], "funnel")] == [
        "There is no tag `x` for this kind of perspective: it has no tags."
    ]


def test_a_webhook_without_perspective_may_use_any_tag():
    every = {tag.name for kind in KINDS for tag in tags_for(kind)}
    assert {tag.name for tag in tags_for(None)} == every
    assert check_tags(sorted(every), None) == []


def test_an_unknown_tag_is_refused_with_the_near_match():
    errors = check_tags(["pricing", "pricng"], "interviewer")
    assert [(error.field, error.message) for error in errors] == [
        ("tag_filter.tags.1", "There is no tag `pricng` for this kind of perspective. Did you mean `pricing`?")
    ]


def test_without_a_near_match_the_tags_are_listed():
    (error,) = check_tags(["zzz"], "advocate")
    assert "The tags are `testimonial`, `case_study`," in error.message


@given(st.sampled_from(CONVERSATION_KINDS), st.data())
def test_every_tag_with_one_letter_missing_finds_itself(kind: str, data: st.DataObject):
    known = [tag.name for tag in tags_for(kind)]
    tag = data.draw(st.sampled_from(known))
    place = data.draw(st.integers(0, len(tag) - 1))
    assert tag in near_matches(tag[:place] + tag[place + 1 :], known)


@given(st.text(max_size=30), st.lists(st.text(max_size=20)))
def test_near_matches_are_few_and_come_from_the_names(name: str, names: list[str]):
    found = near_matches(name, names)
    assert len(found) <= 3
    assert set(found) <= set(names)


@pytest.mark.parametrize("kind", CONVERSATION_KINDS)
def test_a_sample_carries_tags_that_exist_for_the_kind(kind: str):
    assert check_tags(sample_event("interview.completed", kind)["tags"], kind) == []
