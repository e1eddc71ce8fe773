import json
from email import message_from_bytes
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from integrations.importers.curl import from_curl
from tests.integrations.importers.drafting import rendered

# Written by `python tests/vectors/curl.py`: what a real shell and a real curl send.
VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "curl.json").read_text())
CURLS_OWN = {("accept", "*/*"), ("user-agent", "curl/"), ("accept-encoding", "defla")}
FORM = "application/x-www-form-urlencoded"


def place(url: str) -> tuple[str, str, str, list[tuple[str, str]]]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc, unquote(parts.path), parse_qsl(parts.query, keep_blank_values=True)


def essence(headers: dict[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].lower()


def content(headers: dict[str, str], body: str) -> Any:
    if essence(headers) == "multipart/form-data":
        message = message_from_bytes(f"Content-Type: {headers['content-type']}\r\n\r\n{body}".encode())
        return [(part.get_param("name", header="Content-Disposition"), part.get_payload()) for part in message.walk()][
            1:
        ]
    if body.lstrip().startswith(("{", "[")) and "<" not in body:
        return json.loads(body)
    return parse_qsl(body, keep_blank_values=True) if essence(headers) == FORM else body


def lowered(request: dict[str, Any]) -> dict[str, str]:
    """Return what curl was asked to send: without the headers that it adds by itself."""
    headers = {name.lower(): value for name, value in request["headers"]}
    return {name: value for name, value in headers.items() if (name, value[:5]) not in CURLS_OWN}


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: row["line"][:60])
def test_a_draft_sends_what_the_real_curl_sent(row: dict[str, Any]):
    request, real = rendered(from_curl(row["line"]), row["arguments"]), row["request"]
    assert request.method == real["method"]
    assert place(request.url) == place(real["url"])
    sent, expected = {name.lower(): value for name, value in request.headers.items()}, lowered(real)
    assert content(sent, (request.body or b"").decode()) == content(expected, real["body"])
    assert essence(sent) == essence(expected)
    assert sent | {"content-type": ""} == expected | {"content-type": ""}
