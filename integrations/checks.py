"""What a trigger must be before it is saved: safe templates, a sound schema, secrets only to their own hosts."""

from collections.abc import Mapping, Sequence
from typing import Any

from rules.argument_schema import check_schema, property_names
from rules.errors import FieldError, InvalidInput
from rules.integration_spec import Integration, host_allowed
from rules.request_template import RequestTemplate, compile_request
from rules.variable_sources import undeclared


def compile_integration(integration: Integration) -> RequestTemplate:
    """Compile an integration's templates; raises InvalidInput whose fields begin with `integration.`."""
    try:
        return compile_request(
            method=integration.method,
            url=integration.url,
            headers=[(header.key, header.value) for header in integration.headers],
            body=integration.body,
        )
    except InvalidInput as error:
        raise error.under("integration") from None


def check_trigger(
    parameters: Mapping[str, Any], integration: Integration, secrets: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    """Refuse what cannot be called safely, and return warnings of what is likely a slip; raises InvalidInput.

    Args:
        parameters: JSON Schema of the arguments.
        integration: The request.
        secrets: The hosts that each secret of the workspace may be sent to, by name (X07).

    """
    check_schema(dict(parameters))
    template = compile_integration(integration)
    check_hosts(template, secrets)
    return undeclared(template.references, {name: {} for name in property_names(parameters)}, secrets)


def check_hosts(template: RequestTemplate, secrets: Mapping[str, Sequence[str]]) -> None:
    """Refuse a template that would send a secret to a host that the secret is not bound to; raises InvalidInput."""
    errors = [
        FieldError("integration.url", _refusal(name, template.host, hosts))
        for name, hosts in secrets.items()
        if template.may_use(name) and not host_allowed(template.host, list(hosts), scheme=template.scheme)
    ]
    if errors:
        raise InvalidInput(errors)


def _refusal(name: str, host: str, hosts: Sequence[str]) -> str:
    bound = f"to {', '.join(hosts)} only, not to {host}" if hosts else f"nowhere yet, so not to {host}"
    return (
        f"the secret ${name} may be sent {bound}; "
        f"correct the URL, or store the secret again with that host among its hosts (PUT /v1/secrets/{name})"
    )
