import pytest

from agent.claims import unserved


@pytest.mark.parametrize(
    "claim",
    [
        "I've created your ticket.",
        "I have booked a table for two. Anything else?",
        "Your order has been cancelled.",
        "Your appointment is now scheduled.",
        "Done!",
        "Ich habe den Tisch gebucht.",
        "J'ai annulé votre commande.",
    ],
)
def test_claim_needs_a_call_that_went_through(claim: str) -> None:
    assert unserved(claim, acted=False, before=False, read=False)
    assert unserved(claim, acted=True, before=False, read=True) is None


@pytest.mark.parametrize(
    "sentence",
    [
        "Shall I book a table?",
        "I have not cancelled anything.",
        "Once I've booked it, you will get a mail.",
        "Your order is on its way.",
        "I can send you the form.",
        "Which order do you mean?",
    ],
)
def test_what_claims_no_deed_passes(sentence: str) -> None:
    assert unserved(sentence, acted=False, before=False, read=False) is None


def test_deed_of_an_earlier_turn_may_be_spoken_of_as_past() -> None:
    assert unserved("I've already created your ticket.", acted=False, before=True, read=False) is None
    assert unserved("I've created another ticket.", acted=False, before=True, read=False)


def test_report_of_what_was_found_is_no_claim() -> None:
    assert unserved("Your order has been cancelled.", acted=False, before=False, read=True) is None
