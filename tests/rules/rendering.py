"""Templates of requests, compiled and rendered with the values of tests/vectors/render.json."""

import json
from pathlib import Path
from typing import Any

from rules.request_template import Rendered, RequestTemplate, compile_request, render
from rules.variables import Scope

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "render.json").read_text())
SCOPE = Scope(**VECTORS["scope"] | {"declared": frozenset(VECTORS["scope"]["declared"])})
JSON = [("Content-Type", "application/json")]
PLAIN = [("Content-Type", "text/plain")]
FORM = [("Content-Type", "application/x-www-form-urlencoded")]
MULTIPART = [("Content-Type", "multipart/form-data")]
URL = "https://api.example.com/x"


def request(url: str = URL, headers: Any = (), body: Any = None) -> RequestTemplate:
    return compile_request(method="POST", url=url, headers=headers, body=body)


def sent(body: Any, headers: Any = (), scope: Scope = SCOPE) -> Rendered:
    return render(request(headers=headers, body=body), scope)


def text_of(rendered: Rendered) -> str:
    assert rendered.body is not None
    return rendered.body.decode()


def arguments(**values: Any) -> Scope:
    return Scope({}, {}, {}, values)
