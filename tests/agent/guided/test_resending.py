"""All that failed, sent again: of one webhook, with how many, and what is still tried by itself sooner."""

import pytest
from trade import suggestions, trade
from world import World, delivery

FAILED_ONES = [
    "retry the failed ones",
    "resend all failed deliveries",
    "retry failed deliveries",
    "resend the failures",
    "replay the failed deliveries",
    "redeliver everything that failed",
    "please retry all the failed ones",
]


def waiting(number: int, **fields: object) -> dict[str, object]:
    return delivery(number, **{"status": "retrying", "status_code": 500, "error": "HTTP 500", **fields})


def failing(*deliveries: dict[str, object]) -> World:
    world = trade()
    world.deliveries = list(deliveries) or world.deliveries
    return world


def replayed(webhook_id: str, number: int) -> list[tuple[str, dict[str, object]]]:
    since = f"2999-01-0{number}T00:00:00Z"
    return [("replay_deliveries", {"webhook_id": webhook_id, "since": since, "status": "failed"})]


@pytest.mark.parametrize("said", FAILED_ONES)
def test_all_that_failed_is_sent_again_since_the_first_of_it(said: str):
    world = failing(delivery(9), delivery(8), delivery(7))
    answer = world.say(said)
    assert world.acts == replayed("wh_2", 7)
    assert answer.text == "3 deliveries of “stock” are queued to be sent again."


@pytest.mark.parametrize("said", FAILED_ONES)
def test_which_of_several_webhooks_is_asked(said: str):
    world = failing(delivery(9), delivery(8, webhook_id="wh_1"))
    answer = world.say(said)
    assert world.acts == []
    assert "shipping" in answer.text
    assert "stock" in answer.text
    assert "billing" not in answer.text
    world.say(suggestions(answer)[0])
    assert world.acts == replayed("wh_2", 9)


@pytest.mark.parametrize("said", [*FAILED_ONES, "retry them", "resend them all", "retry those"])
def test_it_is_the_webhook_last_spoken_of(said: str):
    world = failing(delivery(9), delivery(8, webhook_id="wh_1"))
    world.say("show the deliveries of shipping")
    world.say(said)
    assert world.acts == replayed("wh_1", 8)


@pytest.mark.parametrize("said", ["retry all failed deliveries of shipping", "resend the failed ones of shipping"])
def test_the_webhook_may_be_named(said: str):
    world = failing(delivery(9), delivery(8, webhook_id="wh_1"))
    world.say(said)
    assert world.acts == replayed("wh_1", 8)


def test_what_waits_for_its_next_attempt_is_retried_at_once():
    world = failing(waiting(9), waiting(8))
    answer = world.say("retry the failed ones")
    assert world.acts == [("retry_delivery", {"delivery_id": one}) for one in ("dlv_9", "dlv_8")]
    assert answer.text == "2 deliveries of “stock” that waited for their next attempt are queued to be sent now."


def test_only_the_latest_of_many_that_wait_are_retried():
    world = failing(*(waiting(9, id=f"dlv_{number}") for number in range(25)))
    answer = world.say("retry the failed ones")
    assert len(world.acts) == 5
    assert answer.text.endswith("The 20 others are tried again by themselves.")


def test_both_kinds_are_sent_again():
    world = failing(waiting(9), delivery(8))
    world.say("retry the failed ones")
    assert world.acts == [*replayed("wh_2", 8), ("retry_delivery", {"delivery_id": "dlv_9"})]


def test_how_far_back_is_asked_when_there_are_many():
    world = failing(*(delivery(9, id=f"dlv_{number}") for number in range(35)))
    answer = world.say("retry the failed ones")
    assert world.acts == []
    assert answer.text.startswith("35 deliveries of “stock” have failed.")
    world.say("yes")
    assert [name for name, _ in world.acts] == ["replay_deliveries"]


def test_nothing_failed():
    world = failing(delivery(9, status="delivered"))
    assert world.say("retry the failed ones").text == "There is no failed delivery to retry."
    assert world.say("retry the failed ones of stock").text == "There is no failed delivery of “stock” to retry."


def test_one_delivery_is_still_one():
    for said in ("retry the last failed one", "retry the last failed delivery", "retry the failed delivery"):
        world = failing(delivery(9), delivery(8))
        world.say(said)
        assert world.acts == [("retry_delivery", {"delivery_id": "dlv_9"})]
