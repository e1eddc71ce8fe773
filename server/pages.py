"""Pages as JSON."""

from typing import Any

from store.pages import Page


def page_body(page: Page[Any]) -> dict[str, Any]:
    """Return {items, total, limit, offset}; items that are not JSON yet know how to become it.

    `total_capped: true` comes with a total that was not counted to its end.
    """
    items = [item if isinstance(item, dict) else item.as_dict() for item in page.items]
    body = {"items": items, "total": page.total, "limit": page.limit, "offset": page.offset}
    return {**body, "total_capped": True} if page.capped else body
