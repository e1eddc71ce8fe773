"""A trigger from a curl command, as people copy it from a manual, a browser or a colleague."""

import re
from collections.abc import Collection
from typing import Any, Final

from integrations.importers.checking import checked_draft
from integrations.importers.curl_body import Content, content_of, encoded_data, joined_data
from integrations.importers.curl_command import CurlCommand, read_command
from integrations.importers.curl_headers import add_bearer, add_login, header_templates
from integrations.importers.curl_path import path_segments
from integrations.importers.curl_url import query_pairs, read_address, url_template
from integrations.importers.draft import Draft, DraftBuilder
from integrations.importers.titles import call_name, call_sentence
from rules.errors import InvalidInput
from rules.request_template import METHODS

_SECONDS: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?|\.[0-9]{1,9}")
_MIN_MS: Final = 1_000
_MAX_MS: Final = 120_000


def from_curl(text: str, taken_secrets: Collection[str] = ()) -> Draft:
    """Read a curl command and propose the trigger that sends the same request.

    Credentials become secrets bound to the request's host. Ids in the path, search terms and fields of the body become
    parameters, unless the writer marked variables (`$name`, `{name}`, `<name>`, `{{name}}`, `:name`): then those do.

    Args:
        text: The command for a POSIX shell or for Windows' cmd.exe, up to 64 KiB; words may precede it.
        taken_secrets: Names in the workspace's vault. One that the command mentions as `$name` is used as it is.

    Raises:
        InvalidInput: Field `curl`: there is no single command that a trigger can follow; the message says why.

    """
    command = read_command(text)
    address = read_address(command.urls[0], globbing="globoff" not in command.switches)
    builder = DraftBuilder(address.host, taken_secrets)
    for note in (*command.notes, *address.notes):
        builder.note(note)
    method = _method(command)
    url = url_template(address, _query(address.query, command), builder)
    headers = _headers(command, address.login, builder)
    declared = next((value for name, value in headers if name.lower() == "content-type"), "")
    content = content_of(command, declared, builder)
    name = call_name(method, path_segments(address.path), builder.label)
    integration = _integration(method, url, headers, content) | _timeout(command, builder)
    return checked_draft(name, call_sentence(name, builder.named_in(url)), integration, builder)


def _method(command: CurlCommand) -> str:
    method = (command.method or "").upper()
    if "head" in command.switches:
        method = "HEAD"
    if not method:
        sends = "get" not in command.switches and (command.data or command.form)
        return "POST" if sends else "GET"
    if method not in METHODS:
        raise InvalidInput.of("curl", f"The method {method[:20]} is not one of {', '.join(METHODS)}.")
    return method


def _query(written: str, command: CurlCommand) -> list[tuple[str, str | None]]:
    data = (joined_data(command) or "") if "get" in command.switches else ""
    added = [encoded_data(kind, value) for kind, value in command.query]
    return [pair for query in (written, *added, data) for pair in query_pairs(query)]


def _headers(command: CurlCommand, login: str | None, builder: DraftBuilder) -> list[tuple[str, str]]:
    given = {name.lower() for name, _ in command.headers}
    if any(kind == "json" for kind, _ in command.data) and "accept" not in given:
        command.headers.append(("Accept", "application/json"))
    headers = header_templates(command.headers, builder)
    if not any(name.lower() == "authorization" for name, _ in headers):
        if command.bearer:
            headers.insert(0, add_bearer(command.bearer, builder))
        elif user := command.user or login:
            headers.insert(0, add_login(user, builder))
    return headers


def _integration(method: str, url: str, headers: list[tuple[str, str]], content: Content | None) -> dict[str, Any]:
    if content:
        kept = [(name, value) for name, value in headers if name.lower() != "content-type"]
        headers = [*kept, ("Content-Type", content.content_type)]
    integration: dict[str, Any] = {"type": "WEBHOOK", "url": url, "method": method}
    integration["headers"] = [{"key": name, "value": value} for name, value in headers]
    if content:
        integration["body"] = content.body
    return integration


def _timeout(command: CurlCommand, builder: DraftBuilder) -> dict[str, int]:
    if command.max_time is None:
        return {}
    if not _SECONDS.fullmatch(command.max_time):
        raise InvalidInput.of("curl", f"--max-time {command.max_time[:40]} is not a number of seconds.")
    wished = round(float(command.max_time) * 1000)
    timeout = min(max(wished, _MIN_MS), _MAX_MS)
    if timeout != wished:
        builder.note(f"A trigger may wait 1 to 120 seconds, so --max-time {command.max_time} became {timeout // 1000}.")
    return {"timeout_ms": timeout}
