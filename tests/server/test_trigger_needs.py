"""What a trigger needs: each variable once, from where it comes, and whether a secret is there for this host."""

from datetime import UTC, datetime
from typing import Any

from integrations.triggers import TriggerView
from server.trigger_needs import with_needs

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def needs(integration: dict[str, Any], bindings: dict[str, list[str]], *arguments: str) -> dict[str, Any]:
    trigger = TriggerView(
        id="trg_1",
        workspace_id="ws_1",
        assistant_id="ast_1",
        name="order_status",
        description="Look up an order.",
        parameters={"type": "object", "properties": {name: {"type": "string"} for name in arguments}},
        interpret_response=True,
        confirm=False,
        integration={"type": "WEBHOOK", "method": "GET", **integration},
        created_at=NOW,
        updated_at=NOW,
    )
    return with_needs(trigger, bindings)


def states(shown: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {each["name"]: (each["source"], each["state"]) for each in shown["variables"]}


def test_each_variable_is_told_with_its_source() -> None:
    url = "https://erp.company.com/$order_number/$plan/$session.id?all=$images[0]&t=$erp_token"
    shown = needs({"url": url}, {"erp_token": ["erp.company.com"]}, "order_number")
    assert shown["host"] == "erp.company.com"
    assert shown["problem"] is None
    assert states(shown) == {
        "order_number": ("argument", "ok"),
        "plan": ("client_data", "ok"),
        "images": ("system", "ok"),
        "session.id": ("system", "ok"),
        "erp_token": ("secret", "ok"),
    }


def test_a_secret_wins_over_an_argument_and_its_host_counts() -> None:
    shown = needs({"url": "https://a.example/$token"}, {"token": ["b.example"]}, "token")
    assert states(shown) == {"token": ("secret", "elsewhere")}
    assert shown["variables"][0]["hosts"] == ["b.example"]


def test_what_looks_like_a_credential_and_is_nowhere_is_missing() -> None:
    headers = [{"key": "Authorization", "value": "Bearer $pass_phrase"}, {"key": "X-Plan", "value": "$plan.name"}]
    shown = needs({"url": "https://a.example/?k=$api_key", "headers": headers}, {})
    assert states(shown) == {
        "pass_phrase": ("secret", "missing"),
        "api_key": ("secret", "missing"),
        "plan.name": ("client_data", "ok"),
    }


def test_a_name_ends_at_a_whole_word() -> None:
    shown = needs({"url": "https://a.example/$user_identity/$user.name"}, {}, "user")
    assert states(shown) == {"user_identity": ("client_data", "ok"), "user": ("argument", "ok")}


def test_credentials_written_out_are_masked() -> None:
    headers = [{"key": "Authorization", "value": "Bearer planted"}]
    shown = needs({"url": "https://a.example/?token=planted", "headers": headers}, {})
    assert "planted" not in str(shown)


def test_a_request_that_no_longer_compiles_says_why() -> None:
    shown = needs({"url": "https://$host/"}, {})
    assert shown["variables"] == []
    assert "url" in shown["problem"]
