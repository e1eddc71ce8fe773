"""What the OpenAPI document says of errors: the body that `problems` builds (RFC 9457)."""

from typing import Any, Final

from pydantic import BaseModel

from rules.errors import FieldError

NAME: Final = "Problem"
_REFERENCE: Final = f"#/components/schemas/{NAME}"


class Problem(BaseModel):
    """An error: what kind, in words, and which fields."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError]


def schemas(ref_template: str) -> dict[str, Any]:
    """Return the schemas that describe a problem, by their names; `ref_template` as pydantic takes it."""
    whole = Problem.model_json_schema(ref_template=ref_template)
    return {**whole.pop("$defs", {}), NAME: whole}


def answer_of(description: str) -> dict[str, Any]:
    """Describe an answer that is a problem, for `responses` of a route."""
    return {"description": description, "content": {"application/problem+json": {"schema": {"$ref": _REFERENCE}}}}
