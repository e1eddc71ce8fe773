"""Tools over the vault: what secrets there are, and the form where a person types one; no value ever comes by here."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import Field

from integrations.checks import compile_integration
from integrations.vault import SecretView
from rules.errors import InvalidInput
from rules.integration_spec import Host, Integration, check_secret_name
from tools.services import Services
from tools.toolbox import Arguments, Call, Question, Result, Tool, closed, fitting, refused

_PAGE = 200


class ListSecrets(Arguments):
    """All of them."""


class SetSecret(Arguments):
    """The secret's name and where it may go; its value is typed into the form."""

    name: str = Field(description="The name that templates use as $name: letters, digits and _.")
    hosts: list[Host] | None = Field(
        None,
        description="Hosts that it may be sent to; the present ones, or those of the calls that use it, when absent.",
    )


async def list_secrets(services: Services, call: Call, _arguments: ListSecrets) -> Result:
    """List the names of secrets, with the hosts that each may be sent to."""
    page = await services.vault.list(call.workspace_id, limit=_PAGE)
    rows = [{"name": secret.name, "hosts": secret.hosts} for secret in page.items]
    return {"ok": True, "secrets": fitting(rows), "total": page.total}


async def set_secret(services: Services, call: Call, arguments: SetSecret) -> Result:
    """Open the form for a secret, and report what was saved."""
    name = _checked(arguments.name)
    present = await services.vault.bindings(call.workspace_id)
    hosts = arguments.hosts if arguments.hosts is not None else list(present.get(name, ()))
    prefill: dict[str, Any] = {
        "name": name,
        "hosts": hosts or await _hosts_that_need(services, call, name),
        "set": name in present,
    }
    title = f"{'Replace' if name in present else 'Set'} the secret {name}"
    return await _saved(services, call, name, await call.ask(Question.secret_form(title, prefill)), present)


def _checked(name: str) -> str:
    try:
        return check_secret_name(name.removeprefix("$"))
    except ValueError as error:
        raise InvalidInput.of("name", f"{error}; got {name[:80]!r}") from None


async def _hosts_that_need(services: Services, call: Call, name: str) -> list[str]:
    """Return the hosts of the triggers that name a secret."""
    triggers = await services.triggers.list(call.workspace_id, limit=_PAGE)
    templates = [compile_integration(Integration.model_validate(each.integration)) for each in triggers.items]
    return sorted({template.host for template in templates if template.may_use(name)})


async def _saved(
    services: Services, call: Call, name: str, answer: Mapping[str, Any], before: Mapping[str, Sequence[str]]
) -> Result:
    if not answer.get("secret_name"):
        return closed()
    if answer["secret_name"] != name:
        return refused(f"The form was for {name}, but {str(answer['secret_name'])[:64]!r} was saved.")
    secret = await _find(services, call, name)
    asked_at = datetime.fromisoformat(answer["asked_at"]) if answer.get("asked_at") else None
    if secret is None or (asked_at is not None and secret.updated_at < asked_at):
        return refused(f"Nothing was saved by the form for {name}.")
    # The tool runs again after the form, when the vault already holds what was typed.
    was_set = name in before and (asked_at is None or secret.created_at < asked_at)
    changed = {"field": f"${name}", "before": "set" if was_set else None, "after": "set"}
    row = {"name": secret.name, "hosts": secret.hosts}
    return {"ok": True, "secret": row, "saved_by": "the form", "changed": [changed]}


async def _find(services: Services, call: Call, name: str) -> SecretView | None:
    offset = 0
    while True:
        page = await services.vault.list(call.workspace_id, limit=_PAGE, offset=offset)
        if found := next((secret for secret in page.items if secret.name == name), None):
            return found
        offset += _PAGE
        if offset >= page.total:
            return None


TOOLS = (
    Tool(
        "list_secrets",
        "List the names of the secrets that API calls may use, with the hosts each may be sent to; never values.",
        ListSecrets,
        list_secrets,
    ),
    Tool(
        "set_secret",
        "Set or replace a secret, or the hosts it may go to: opens a form where the person types the value.",
        SetSecret,
        set_secret,
        changes=True,
    ),
)
