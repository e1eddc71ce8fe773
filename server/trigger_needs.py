"""What a trigger needs before it can call: its variables, where each comes from, and the secrets that are not there."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from integrations.checks import compile_integration
from integrations.triggers import TriggerView
from rules.argument_schema import property_names
from rules.errors import InvalidInput
from rules.header_fields import looks_secret
from rules.integration_spec import Integration, host_allowed
from rules.literal_credentials import masked
from rules.request_template import RequestTemplate
from rules.validation import parse
from rules.variables import SYSTEM_NAMES, Source

_STEP = re.compile(r"[.\-\[]")

Bindings = Mapping[str, Sequence[str]]


def with_needs(trigger: TriggerView, bindings: Bindings) -> dict[str, Any]:
    """Return a trigger as the API shows it, credentials written into it masked, with `host`, `variables`, `problem`.

    Args:
        trigger: As stored.
        bindings: The hosts that each secret of the workspace may be sent to, by name.

    Returns:
        `variables` is a list of {name, source, state, hosts?}; a secret's state is `ok`, `missing` or `elsewhere`
        (not bound to the host). `problem` says why the stored request can no longer be compiled, else it is null.

    """
    shown = {**trigger.as_dict(), "integration": masked(trigger.integration), "host": "", "variables": []}
    try:
        template = compile_integration(parse(Integration, trigger.integration))
    except InvalidInput as error:
        return {**shown, "problem": error.detail}
    arguments = property_names(trigger.parameters)
    return {
        **shown,
        "host": template.host,
        "variables": _variables(template, arguments, bindings),
        "problem": None,
    }


def _variables(template: RequestTemplate, arguments: frozenset[str], bindings: Bindings) -> list[dict[str, Any]]:
    in_credentials = _credential_references(template)
    known = SYSTEM_NAMES | arguments | set(bindings)
    found: dict[str, dict[str, Any]] = {}
    for reference in template.references:
        name = _longest(reference, known) or reference
        found[name] = _variable(name, template.host, arguments, bindings, in_credential=reference in in_credentials)
    order = [source.value for source in (Source.ARGUMENT, Source.CLIENT_DATA, Source.SYSTEM, Source.SECRET)]
    return sorted(found.values(), key=lambda each: (order.index(each["source"]), each["name"]))


def _variable(
    name: str, host: str, arguments: frozenset[str], bindings: Bindings, *, in_credential: bool
) -> dict[str, Any]:
    if name in SYSTEM_NAMES:
        return {"name": name, "source": Source.SYSTEM.value, "state": "ok"}
    if name in bindings:
        hosts = list(bindings[name])
        state = "ok" if host_allowed(host, hosts) else "elsewhere"
        return {"name": name, "source": Source.SECRET.value, "state": state, "hosts": hosts}
    if name in arguments:
        return {"name": name, "source": Source.ARGUMENT.value, "state": "ok"}
    if in_credential or looks_secret(name):
        return {"name": name, "source": Source.SECRET.value, "state": "missing", "hosts": []}
    return {"name": name, "source": Source.CLIENT_DATA.value, "state": "ok"}


def _credential_references(template: RequestTemplate) -> frozenset[str]:
    return frozenset(
        slot.reference.name for header in template.headers if looks_secret(header.name) for slot in header.slots
    )


def _longest(reference: str, known: Collection[str]) -> str | None:
    """Find the longest known name that a reference begins with, whole words only (C04)."""
    ends = [len(reference), *reversed([step.start() for step in _STEP.finditer(reference)])]
    return next((reference[:end] for end in ends if reference[:end] in known), None)
