"""The `jsonschema` package as everything here imports it: without the parser that it loads for IRIs.

`rfc3987_syntax` builds a grammar when it is imported, which takes 2 s of a processor and 28 MB, whether or not any
schema ever says `format: iri`. `rules.iris` serves to check that format (docs/decisions/start-up.md).
"""

import sys

_PARSER = "rfc3987_syntax"
_absent = _PARSER not in sys.modules
if _absent:
    sys.modules[_PARSER] = None  # type: ignore[assignment]  # Python's own way to say that a module is not there

from jsonschema import Draft202012Validator, FormatChecker  # noqa: E402 - only now is the parser not found
from jsonschema.exceptions import ValidationError, relevance  # noqa: E402 - as above
from jsonschema.validators import extend  # noqa: E402 - as above

if _absent:
    del sys.modules[_PARSER]

__all__ = ["Draft202012Validator", "FormatChecker", "ValidationError", "extend", "relevance"]
