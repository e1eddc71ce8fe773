"""What a server's routes ask for beyond the caller: the services, a JSON body of bounded size, a page."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from rules.ranges import shown
from server.auth import Caller
from server.bodies import read_json
from server.callers import caller_of
from server.wiring import Platform


async def platform_of(request: Request) -> Platform:
    """Return the platform that the app was built with; a plain function would be run on another thread."""
    platform: Platform = request.app.state.platform
    return platform


async def json_body(request: Request, _caller: Annotated[Caller, Depends(caller_of)]) -> Any:
    """Read a JSON body of up to 1 MiB, of an authenticated caller only; raises MalformedBody or PayloadTooLarge."""
    return await read_json(request)


def _page_number(low: int, high: int) -> Callable[[Any], int]:
    message = f"must be a whole number from {low} to {high}; got {{value}}"

    def check(value: Any) -> int:
        digits = str(value)
        if not (digits.isascii() and digits.isdigit() and len(digits) < 10 and low <= int(digits) <= high):
            raise PydanticCustomError("range", message, {"value": shown(value)})
        return int(digits)

    return check


PlatformDep = Annotated[Platform, Depends(platform_of)]
Body = Annotated[Any, Depends(json_body)]
Limit = Annotated[int, Query(ge=1, le=200), BeforeValidator(_page_number(1, 200))]
Offset = Annotated[int, Query(ge=0, le=10_000_000), BeforeValidator(_page_number(0, 10_000_000))]
