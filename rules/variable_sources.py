"""Where each variable of a request will come from, as far as that is known before it is called (C03)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rules.variables import SYSTEM_NAMES

_ENDS = frozenset(".-[")
_ORDER = ("system", "secret", "argument", "client_data")


def variable_sources(
    references: Iterable[str], properties: Mapping[str, Any], secrets: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    """Explain each variable of a request: [{name, source, hosts?, description?, note?}], in the order of precedence.

    Args:
        references: As they stand in the templates.
        properties: The schemas of the arguments, by name.
        secrets: The hosts of the workspace's secrets, by name.

    """
    found = {
        explained["name"]: explained
        for reference in sorted(references)
        if (explained := _explain(reference, properties, secrets))
    }
    return sorted(found.values(), key=lambda each: _ORDER.index(each["source"]))


def undeclared(
    references: Iterable[str], properties: Mapping[str, Any], secrets: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    """Warn of each name that only the session's client data could supply, as a slip of the pen looks the same."""
    return tuple(
        f"${each['name']} is no parameter, secret or system variable: "
        "it is sent as written unless the session's client data has it"
        for each in variable_sources(references, properties, secrets)
        if each["source"] == "client_data"
    )


def _explain(reference: str, properties: Mapping[str, Any], secrets: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    if name := _longest(reference, SYSTEM_NAMES):
        return {"name": name, "source": "system"}
    if name := _longest(reference, secrets):
        return {"name": name, "source": "secret", "hosts": list(secrets[name])}
    if name := _longest(reference, properties):
        description = properties[name].get("description") if isinstance(properties[name], dict) else None
        return {"name": name, "source": "argument"} | ({"description": description} if description else {})
    return {"name": reference, "source": "client_data", "note": "from the session's client_data, if it is there"}


def _longest(reference: str, names: Iterable[str]) -> str | None:
    fitting = [name for name in names if reference.startswith(name) and reference[len(name) :][:1] in {"", *_ENDS}]
    return max(fitting, key=len, default=None)
