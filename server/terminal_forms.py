"""The forms of `hookwright chat`: each field is checked as it is entered, and saved by this program itself.

The checks are the server's own rules, as far as they hold everywhere: which networks it may call, the server knows.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any, Final

import httpx2

from agent.guided.phrase import spans
from agent.guided.tokens import Kind, tokenise
from rules.addresses import Policy, check_url
from rules.errors import Unavailable
from rules.integration_spec import SecretDraft
from rules.validation import parse
from rules.webhook_spec import AuthHeader
from server.cleaning import clean
from server.keyboard import Prompts, Say

_DRAFT = (
    *("name", "perspective_id", "profile", "event_filter", "conditions", "tag_filter", "trust_score"),
    *("retry", "timeout_ms", "rate_limit_per_second", "max_in_flight", "auto_disable_hours", "circuit_breaker"),
)
_ANYWHERE: Final = Policy(allow=(ip_network("0.0.0.0/0"), ip_network("::/0")), allow_http=True)
_NO_URL = frozenset({"", "-"})


class Forms:
    """Fills the forms that the assistant opens.

    Args:
        client: Calls the running server.
        prompts: Asks the person.
        say: Shows a line in a style.

    """

    def __init__(self, client: httpx2.AsyncClient, prompts: Prompts, say: Say) -> None:
        self._client = client
        self._prompts = prompts
        self._say = say

    async def webhook(self, interrupt: Mapping[str, Any], said: str = "") -> dict[str, Any]:
        """Fill the form of a webhook until it is saved, what was `said` to be edited first; raises as `Prompts.ask`."""
        prefill = interrupt.get("prefill") or {}
        how = "Ctrl+C" if prefill.get("url") else "an empty URL"
        self._say(f"\n{interrupt['title']} ({how} cancels; secrets go straight to the server)", "bold yellow")
        header_first = bool(prefill.get("url")) and speaks_of_header(said)
        while True:
            typed = await self._webhook_fields(prefill, header_first=header_first)
            if typed is None:
                return {"cancelled": True}
            answer = await self._save(prefill, typed)
            if answer.is_success:
                webhook = answer.json()
                if webhook.get("secret"):
                    self._say(f"Signing secret, shown this one time: {webhook['secret']}", "bold")
                return {"webhook_id": webhook["id"]}
            self._say(problem_of(answer), "red")

    async def secret(self, interrupt: Mapping[str, Any]) -> dict[str, Any]:
        """Fill the form of a secret until it is stored; raises as `Prompts.ask` does."""
        prefill = interrupt["prefill"]
        self._say(f"\n{interrupt['title']} (an empty value cancels; it goes straight to the server)", "bold yellow")
        while True:
            value = await self._prompts.ask_checked(
                f"Value of {clean(prefill['name'])}, hidden: ", _check_value, hidden=True
            )
            if not value:
                return {"cancelled": True}
            hosts = await self._hosts(prefill)
            answer = await self._request("PUT", f"/v1/secrets/{prefill['name']}", {"value": value, "hosts": hosts})
            if answer.is_success:
                return {"secret_name": prefill["name"]}
            self._say(problem_of(answer), "red")

    async def _hosts(self, prefill: Mapping[str, Any]) -> list[str]:
        present = ", ".join(clean(host) for host in prefill.get("hosts") or ())
        hint = f" [{present}]" if present else ""
        typed = await self._prompts.ask_checked(f"Hosts it may be sent to{hint}: ", _check_hosts)
        return _listed(typed.strip() or present)

    async def _webhook_fields(self, prefill: Mapping[str, Any], *, header_first: bool) -> dict[str, Any] | None:
        header = await self._auth_header(prefill) if header_first else None
        present = prefill.get("url") or ""
        hint = f" [{clean(present)}]" if present else ""
        url = (await self._prompts.ask_checked(f"URL{hint}: ", _check_url)).strip() or present
        if url in _NO_URL:
            return None
        return {"url": url, **(await self._auth_header(prefill) if header is None else header)}

    async def _auth_header(self, prefill: Mapping[str, Any]) -> dict[str, Any]:
        present = prefill.get("auth_header") or {}
        known = f" [{clean(present['name'])}; - removes it]" if present else " [none]"
        name = (await self._prompts.ask_checked(f"Auth header name{known}: ", _check_header_name)).strip()
        if name == "-":
            return {"auth_header": None}
        if not (name or present):
            return {}
        kept = bool(present) and name in {"", present["name"]}
        hint = " (empty keeps it)" if kept else ""
        prompt = f"Auth header value, hidden{hint}: "
        value = await self._prompts.ask_checked(prompt, _check_header_value, hidden=True)
        if value:
            return {"auth_header": {"name": name or present["name"], "value": value}}
        return {} if kept else {"auth_header": {"name": name}}

    async def _save(self, prefill: Mapping[str, Any], typed: dict[str, Any]) -> httpx2.Response:
        if prefill.get("webhook_id"):
            return await self._request("PATCH", f"/v1/webhooks/{prefill['webhook_id']}", typed)
        known = {name: prefill[name] for name in _DRAFT if name in prefill}
        return await self._request("POST", "/v1/webhooks", {**known, **typed})

    async def _request(self, method: str, path: str, body: Mapping[str, Any]) -> httpx2.Response:
        try:
            return await self._client.request(method, path, json=body)
        except httpx2.TransportError:
            raise gone(self._client) from None


def speaks_of_header(said: str) -> bool:
    """Tell whether a message is about a header, and not about a URL as well."""
    tokens = tokenise(said)
    nouns = {span.key for span in spans(tokens, "nouns", ("auth", "header", "url"))}
    typed = any(token.kind is Kind.HIDDEN and token.value != "url" for token in tokens)
    return "url" not in nouns and (bool(nouns) or typed)


def gone(client: httpx2.AsyncClient) -> Unavailable:
    """Say that no server answers."""
    return Unavailable(
        f"No server answers at {client.base_url}. Start one with `hookwright serve`, or name its --port or --url."
    )


def problem_of(answer: httpx2.Response) -> str:
    """Say what the server refused."""
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"The server answered with HTTP {answer.status_code}."


def _check_url(typed: str) -> None:
    if typed.strip() not in _NO_URL:
        check_url(typed.strip(), _ANYWHERE)


def _check_header_name(typed: str) -> None:
    if typed.strip() not in {"", "-"}:
        parse(AuthHeader, {"name": typed.strip()})


def _check_header_value(typed: str) -> None:
    if typed:
        parse(AuthHeader, {"name": "Authorization", "value": typed})


def _check_value(typed: str) -> None:
    if typed:
        parse(SecretDraft, {"value": typed, "hosts": []})


def _check_hosts(typed: str) -> None:
    parse(SecretDraft, {"value": "a value of its own", "hosts": _listed(typed)})


def _listed(typed: str) -> list[str]:
    return [host for host in re.split(r"[\s,]+", typed) if host]
