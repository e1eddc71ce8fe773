"""Drafts as requests: checked as when they are saved, then rendered."""

from typing import Any

from integrations.importers.draft import Draft
from rules.argument_schema import violations
from rules.integration_spec import TriggerDraft, host_allowed
from rules.request_template import Rendered, compile_request, render
from rules.variables import Scope


def rendered(draft: Draft, arguments: dict[str, Any], system: dict[str, Any] | None = None) -> Rendered:
    TriggerDraft.model_validate(draft.trigger)
    assert violations(draft.trigger["parameters"], arguments) == []
    integration = draft.trigger["integration"]
    template = compile_request(
        method=integration["method"],
        url=integration["url"],
        headers=[(header["key"], header["value"]) for header in integration["headers"]],
        body=integration.get("body"),
    )
    for secret in draft.secrets:
        assert template.may_use(secret.name)
        assert host_allowed(template.host, list(secret.hosts))
    secrets = {secret.name: secret.value or "" for secret in draft.secrets}
    request = render(template, Scope(system=system or {}, secrets=secrets, client_data={}, arguments=arguments))
    assert request.warnings == ()
    return request
