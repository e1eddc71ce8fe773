"""Triggers from an OpenAPI 3.x document: one for each operation that was chosen."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from integrations.importers.checking import checked_draft
from integrations.importers.curl_path import path_segments
from integrations.importers.draft import Draft, DraftBuilder
from integrations.importers.openapi_document import Document, Operation
from integrations.importers.openapi_request import Request, operation_request
from integrations.importers.titles import call_name, call_sentence, clean, tool_name, unique_name
from rules.errors import InvalidInput
from rules.integration_spec import MAX_DESCRIPTION


def from_openapi(
    document: str | Mapping[str, Any],
    operations: Sequence[str] | None = None,
    taken_secrets: Collection[str] = (),
) -> list[Draft]:
    """Propose a trigger for each of a document's operations.

    Required parameters and fields become parameters. Optional ones keep their default or are left out, which the notes
    say: a template has no conditions. Security schemes become secrets, bound to the server's host, without a value.

    Args:
        document: OpenAPI 3.0 or 3.1 as YAML or JSON text of up to 2 MiB, or as the object that was read from it.
        operations: Operation ids, or `GET /path`; None for all, as long as there are at most 20.
        taken_secrets: Names in the workspace's vault.

    Raises:
        InvalidInput: Field `openapi` (with a pointer) or `operations`: not such a document, an operation that is not
            in it, or one that no trigger can call. Of all operations, those are left out with a note instead.

    """
    read = Document(document)
    chosen = read.chosen(operations)
    drafts: list[Draft] = []
    refusals: list[InvalidInput] = []
    for operation in chosen:
        try:
            drafts.append(_draft(read, operation, {draft.trigger["name"] for draft in drafts}, taken_secrets))
        except InvalidInput as refusal:
            if operations:
                raise
            refusals.append(refusal)
    if not drafts:
        raise refusals[0]
    left_out = tuple(f"Left out: {refusal.errors[0].message}"[:500] for refusal in refusals)
    return [replace(drafts[0], notes=drafts[0].notes + left_out), *drafts[1:]]


def _draft(document: Document, operation: Operation, used: Collection[str], taken: Collection[str]) -> Draft:
    address = document.address(operation)
    builder = DraftBuilder(address.host, taken, field_name="openapi")
    if operation.node.get("deprecated") is True:
        builder.note(f"{operation.title} is deprecated.")
    request = operation_request(document, operation, builder)
    base = f"{address.scheme}://{address.host}{address.path.rstrip('/').replace('$', '$$')}"
    guessed = call_name(operation.method, path_segments(operation.path), builder.label)
    given = operation.node.get("operationId")
    name = unique_name(tool_name(operation.title) if isinstance(given, str) and given.strip() else guessed, used)
    integration = _integration(operation, base, request)
    sentence = call_sentence(guessed, builder.named_in(integration["url"]))
    return checked_draft(name, _description(operation) or sentence, integration, builder)


def _description(operation: Operation) -> str:
    for key in ("summary", "description"):
        text = operation.node.get(key)
        if isinstance(text, str) and (cleaned := clean(text.strip().split("\n\n")[0], MAX_DESCRIPTION)):
            return cleaned
    return ""


def _integration(operation: Operation, base: str, request: Request) -> dict[str, Any]:
    query = f"?{'&'.join(request.query)}" if request.query else ""
    integration: dict[str, Any] = {
        "type": "WEBHOOK",
        "url": f"{base}{request.path}{query}",
        "method": operation.method,
        "headers": [{"key": name, "value": value} for name, value in request.headers.items()],
    }
    return integration | ({"body": request.body} if request.has_body else {})
