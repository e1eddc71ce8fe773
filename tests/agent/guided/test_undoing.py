"""Undo takes back the whole of what the last message changed."""

import pytest
from trade import trade
from world import World


def undone(world: World) -> list[str]:
    return [str(args["change_id"]) for name, args in world.acts if name == "undo_change"]


def test_all_that_were_disabled_together_are_enabled_together():
    world = trade()
    world.say("disable everything")
    world.say("yes")
    answer = world.say("undo")
    assert [one["enabled"] for one in world.webhooks.values()] == [True, True, True]
    assert undone(world) == ["chg_3", "chg_2", "chg_1"]
    assert answer.text.startswith("Undone.")
    assert all(name in answer.text for name in ("shipping", "stock", "billing"))


@pytest.mark.parametrize("said", ["undo that", "undo", "take that back", "undo the last change"])
def test_one_message_is_one_step(said: str):
    world = trade()
    world.say("rename stock to Store")
    world.say("only send purchase with trust at least 70 to shipping")
    world.say(said)
    assert undone(world) == ["chg_3", "chg_2"]
    assert world.webhooks["wh_2"]["name"] == "Store"


def test_what_was_left_as_it_was_is_not_undone():
    world = trade()
    world.say("disable stock")
    for said in ("disable everything", "yes", "undo"):
        world.say(said)
    assert undone(world) == ["chg_3", "chg_2"]


def test_a_step_that_was_undone_is_brought_back_as_a_whole():
    world = trade()
    world.say("disable everything")
    for said in ("yes", "undo", "undo", "yes"):
        world.say(said)
    assert [one["enabled"] for one in world.webhooks.values()] == [False, False, False]


def test_a_named_setting_is_undone_alone():
    world = trade()
    world.say("only send purchase with trust at least 70 to shipping")
    world.say("undo the trust filter change")
    assert undone(world) == ["chg_2"]


def test_one_refusal_ends_it():
    world = trade()
    world.say("disable everything")
    world.say("yes")
    world.changes[1]["id"] = "chg_gone"
    answer = world.say("undo")
    assert len(undone(world)) == 2
    assert "There is no change that can be undone." in answer.text
