"""After a failed test it is that test which is asked about."""

from typing import Any

import pytest
from world import World, three

from agent.guided import replies


class Refusing(World):
    """A world whose endpoints answer tests with HTTP 500, as long as they are down."""

    down = True

    def _test_webhook(self, args: dict[str, Any], known: Any) -> dict[str, Any]:
        if not self.down:
            return super()._test_webhook(args, known)
        failed = {"status_code": 500, "duration_ms": 12, "error": "HTTP 500", "response_body": None}
        return {"ok": False, **failed, "tested": True, "webhook": known}


@pytest.mark.parametrize("others", ["healthy", "failing"])
@pytest.mark.parametrize(
    "question", ["why is it failing?", "why did it fail?", "why is the test failing?", "why?", "what went wrong?"]
)
def test_a_failed_test_is_what_why_is_about(question: str, others: str):
    world = Refusing.of(*three())
    world.webhooks["wh_2"]["state"] = others
    world.say("show wh_3")
    assert "The test failed" in world.say("test CRM").text
    answer = world.say(question)
    assert world.calls[-1] == ("diagnose_webhook", {"webhook_id": "wh_1"})
    assert answer.text.startswith("“CRM sync”: ")


def test_without_a_failed_test_the_failing_webhook_is_meant():
    world = World.of(*three())
    world.say("show wh_1")
    world.say("why is it failing?")
    assert world.calls[-1] == ("diagnose_webhook", {"webhook_id": "wh_2"})


def test_a_passed_test_ends_the_failed_one():
    world = Refusing.of(*three())
    world.say("test CRM")
    world.__class__ = World
    world.say("test it")
    world.say("why is it failing?")
    assert world.calls[-1] == ("diagnose_webhook", {"webhook_id": "wh_2"})


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"status_code": 500, "error": "HTTP 500"}, "The test failed: “CRM sync” gave HTTP 500 in 12 ms."),
        (
            {"status_code": None, "error": "Nothing accepts connections at 127.0.0.1:9."},
            "The test failed after 12 ms: “CRM sync” gave no answer. Nothing accepts connections at 127.0.0.1:9.",
        ),
        ({"status_code": None, "error": None}, "The test failed after 12 ms: “CRM sync” gave no answer."),
    ],
)
def test_what_went_wrong_is_told_in_sentences(answer: dict[str, Any], told: str):
    failed = {"ok": False, "duration_ms": 12, "response_body": None, **answer}
    assert replies.tested({**failed, "webhook": three()[0]}).text == told
