"""Headers: what is offered for one opens the form at the header, not at the URL."""

import pytest
from trade import suggestions, trade


@pytest.mark.parametrize(
    ("said", "offered"),
    [
        ("add a header to shipping", 'Edit the auth header of "shipping"'),
        ("edit the auth header", 'Edit the auth header of "shipping"'),
        ("set the password to hunter22", 'Edit the auth header of "shipping"'),
        ("edit the url or auth header", 'Edit the URL or auth header of "shipping"'),
    ],
)
def test_the_form_that_is_offered_is_about_what_was_said(said: str, offered: str):
    world = trade()
    assert offered in suggestions(world.say(said))
    world.say(offered)
    assert world.acts == [("edit_endpoint", {"webhook_id": "wh_1"})]
