"""A webhook paused "for a while": there is no such thing, and the webhook that was named is the one offered."""

import pytest
from trade import suggestions, trade


@pytest.mark.parametrize(
    ("said", "offered"),
    [
        ("pause stock for 3 hours", 'Disable "stock"'),
        ("disable stock for 5 days", 'Disable "stock"'),
        ("disable stock for 30 seconds", 'Disable "stock"'),
        ("pause stock until monday", 'Disable "stock"'),
        ("pause billing for half an hour", 'Disable "billing"'),
        ("stop sending to billing until tomorrow", 'Disable "billing"'),
    ],
)
def test_a_pause_with_an_end_is_explained_and_the_named_webhook_offered(said: str, offered: str):
    world = trade()
    answer = world.say(said)
    assert world.acts == []
    assert "no end time" in answer.text
    assert suggestions(answer) == [offered]
    world.say("yes")
    assert [name for name, _ in world.acts] == ["set_enabled"]


def test_it_is_the_webhook_last_spoken_of():
    world = trade()
    world.say("show stock")
    assert suggestions(world.say("pause it for 2 hours")) == ['Disable "stock"']


@pytest.mark.parametrize("said", ["disable stock tomorrow", "delete stock after 2 days", "disable stock if it fails"])
def test_the_named_webhook_is_kept_when_something_is_put_off(said: str):
    world = trade()
    answer = world.say(said)
    assert world.acts == []
    assert [option.split()[-1] for option in suggestions(answer)] == ['"stock"']
