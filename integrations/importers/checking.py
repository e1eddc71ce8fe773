"""The last step of an import: a draft that could not be saved is refused now, in the import's own words."""

from typing import Any

from pydantic import ValidationError

from integrations.importers.draft import Draft, DraftBuilder
from rules.argument_schema import check_schema
from rules.echoes import SHORTEST
from rules.errors import InvalidInput
from rules.integration_spec import SecretDraft, TriggerDraft
from rules.request_template import NO_BODY, compile_request


def checked_draft(name: str, description: str, integration: dict[str, Any], builder: DraftBuilder) -> Draft:
    """Put a draft together; raises InvalidInput when it is not what `POST …/triggers` takes.

    DELETE asks a person first (`confirm`).
    """
    method = integration["method"]
    if method == "DELETE":
        builder.note("It deletes, so the assistant asks the person first; set confirm to false if it should not.")
    trigger = {
        "name": name,
        "description": description,
        "parameters": builder.schema(),
        "interpret_response": True,
        "confirm": method == "DELETE",
        "integration": integration,
    }
    _check(trigger, builder)
    return Draft(trigger, builder.secrets, builder.notes)


def _check(trigger: dict[str, Any], builder: DraftBuilder) -> None:
    integration = trigger["integration"]
    try:
        TriggerDraft.model_validate(trigger)
        for secret in builder.secrets:
            SecretDraft(value=(secret.value or "").ljust(SHORTEST, "x"), hosts=list(secret.hosts))
        check_schema(trigger["parameters"])
        compile_request(
            method=integration["method"],
            url=integration["url"],
            headers=[(header["key"], header["value"]) for header in integration["headers"]],
            body=integration.get("body", NO_BODY),
        )
    except ValidationError as problem:
        raise InvalidInput.of(builder.field_name, f"The request cannot be a trigger: {_first(problem)}.") from None
    except InvalidInput as problem:
        error = problem.errors[0]
        raise InvalidInput.of(
            builder.field_name, f"The request cannot be a trigger: its {error.field} {error.message}."
        ) from None


def _first(problem: ValidationError) -> str:
    error = problem.errors()[0]
    return f"its {'.'.join(str(step) for step in error['loc'])} {error['msg']}"
