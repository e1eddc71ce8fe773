"""A question that can be answered with "yes" takes it."""

import pytest
from trade import suggestions, trade

_YES = pytest.mark.parametrize("yes", ["y", "yes", "Yes!", "ok do it"])


@_YES
def test_what_was_undone_is_brought_back(yes: str):
    world = trade()
    for said in ("disable stock", "undo", "undo"):
        answer = world.say(said)
    assert answer.text.endswith("Shall I bring back what was just undone?")
    world.say(yes)
    assert world.acts == [("undo_change", {"change_id": world.changes[-2]["id"]})]


@_YES
def test_deliveries_are_replayed(yes: str):
    world = trade()
    answer = world.say("replay stock")
    assert world.acts == []
    assert "Shall I replay the failed deliveries of “stock” of the last 7 days?" in answer.text
    world.say(yes)
    assert [name for name, _ in world.acts] == ["replay_deliveries"]


def test_each_start_that_is_offered_for_a_replay_is_understood():
    world = trade()
    for offered in suggestions(world.say("replay stock")):
        world.say(offered)
        assert [name for name, _ in world.acts] == ["replay_deliveries"]


@pytest.mark.parametrize("no", ["n", "no"])
def test_a_no_leaves_everything_as_it_was(no: str):
    world = trade()
    world.say("replay stock")
    world.say(no)
    assert world.acts == []
