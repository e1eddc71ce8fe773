"""An OpenAPI 3.x document: references, operations and servers (OpenAPI Specification 3.0.4 and 3.1.1)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from rapidfuzz import process

from integrations.importers.curl_url import Address, read_address
from integrations.importers.titles import clean
from integrations.importers.yaml_text import read_document, refused
from rules.errors import InvalidInput
from rules.request_template import METHODS

_MAX_HOPS: Final = 20
_MAX_CHOSEN: Final = 20
_LISTED: Final = 60
_NEAR: Final = 60
_BRACES: Final = re.compile(r"\{([^{}]{1,100})\}")
_VERSION: Final = re.compile(r"3\.[0-9]")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path; `title` is how a person chooses it: its operationId, else `GET /path`."""

    method: str
    path: str
    title: str
    node: Mapping[str, Any]
    item: Mapping[str, Any]

    @property
    def pointer(self) -> str:
        """Where it stands in the document."""
        return f"#/paths/{self.path.replace('~', '~0').replace('/', '~1')}/{self.method.lower()}"


class Document:
    """A document whose references are followed when they are met; anything of a wrong type counts as absent."""

    def __init__(self, document: str | Mapping[str, Any]) -> None:
        """Read it; raises InvalidInput, field `openapi`, when it is no OpenAPI 3 document."""
        self.root = read_document(document)
        version = self.root.get("openapi")
        if "swagger" in self.root and version is None:
            raise refused(
                "This is a Swagger 2.0 document; convert it to OpenAPI 3 first (editors offer it as a command)."
            )
        if not _VERSION.match(str(version)):
            raise refused("The document does not begin with openapi: 3.x, so it is no OpenAPI 3 document.")

    def resolve(self, node: Any) -> Mapping[str, Any]:
        """Return an object, its `$ref` followed; raises InvalidInput when that points outside or in a circle."""
        for _ in range(_MAX_HOPS):
            if not isinstance(node, Mapping):
                return {}
            reference = node.get("$ref")
            if not isinstance(reference, str):
                return node
            node = self._at(reference)
        raise refused(f"The reference {clean(str(reference), 100)} leads back to itself.")

    def operations(self) -> list[Operation]:
        """List the operations that a trigger can call, in the document's order."""
        paths = self.root.get("paths")
        found = [each for path, item in _members(paths) for each in self._of_path(path, self.resolve(item))]
        if not found:
            raise refused(f"The document has no operation under paths with one of {', '.join(METHODS)}.")
        return found

    def chosen(self, wanted: Sequence[str] | None) -> list[Operation]:
        """Return the operations with these ids (or `GET /path`); all of them when none is named and they are few."""
        found = self.operations()
        if not wanted:
            if len(found) > _MAX_CHOSEN:
                raise InvalidInput.of(
                    "operations", f"The document has {len(found)} operations; choose: {_listed(found)}"
                )
            return found
        by_title = {title: each for each in reversed(found) for title in (f"{each.method} {each.path}", each.title)}
        for name in wanted:
            if name not in by_title:
                raise InvalidInput.of("operations", _unknown(name, found))
        return [by_title[name] for name in dict.fromkeys(wanted)]

    def address(self, operation: Operation) -> Address:
        """Return where an operation's server is: its own, its path's or the document's first one."""
        for node in (operation.node, operation.item, self.root):
            servers = node.get("servers")
            if isinstance(servers, list) and servers:
                return _address(self.resolve(servers[0]))
        raise refused('The document names no host. Add one: servers: [{"url": "https://api.example.com"}]')

    def parameters(self, operation: Operation) -> list[Mapping[str, Any]]:
        """Return an operation's parameters, its path's included; the operation's own win."""
        found: dict[tuple[str, str], Mapping[str, Any]] = {}
        for node in (operation.item, operation.node):
            listed = node.get("parameters")
            for each in listed if isinstance(listed, list) else ():
                parameter = self.resolve(each)
                if isinstance(parameter.get("name"), str) and isinstance(parameter.get("in"), str):
                    found[parameter["in"], parameter["name"]] = parameter
        return list(found.values())

    def _of_path(self, path: str, item: Mapping[str, Any]) -> Iterator[Operation]:
        for method in METHODS:
            node = item.get(method.lower())
            if isinstance(node, Mapping):
                given = node.get("operationId")
                title = clean(given, 200) if isinstance(given, str) and given.strip() else f"{method} {path}"
                yield Operation(method, path, title, node, item)

    def _at(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            shown = clean(reference, 100)
            raise refused(f"The reference {shown} points outside of the document; put what it points to into it.")
        node: Any = self.root
        for step in reference[2:].split("/")[:64]:
            key = unquote(step).replace("~1", "/").replace("~0", "~")
            if isinstance(node, list) and key.isascii() and key.isdigit() and len(key) < 7 and int(key) < len(node):
                node = node[int(key)]
            elif isinstance(node, Mapping) and key in node:
                node = node[key]
            else:
                raise refused(f"The reference {clean(reference, 100)} points to nothing in the document.")
        return node


def _members(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping):
        yield from ((str(key), value) for key, value in node.items())


def _address(server: Mapping[str, Any]) -> Address:
    url = str(server.get("url", ""))[:2048]
    variables = server.get("variables")

    def default(match: re.Match[str]) -> str:
        variable = variables.get(match[1]) if isinstance(variables, Mapping) else None
        value = variable.get("default") if isinstance(variable, Mapping) else None
        if not isinstance(value, str | int):
            raise refused(
                f"The server's variable {{{clean(match[1], 60)}}} has no default; write its value into the URL."
            )
        return str(value)

    url = _BRACES.sub(default, url).strip()
    if "://" not in url:
        shown = clean(url, 100) or "/"
        raise refused(
            f"The server's URL {shown} has no host. Write it out, such as https://api.example.com{shown[:60]}"
        )
    try:
        return read_address(url, globbing=False)
    except InvalidInput as error:
        raise refused(error.errors[0].message) from None


def _unknown(name: str, found: Sequence[Operation]) -> str:
    titles = [each.title for each in found]
    near = [title for title, _, _ in process.extract(name[:200], titles, limit=3, score_cutoff=_NEAR)]
    hint = f"Did you mean {' or '.join(near)}?" if near else f"There are: {_listed(found)}"
    return f"The document has no operation {clean(name, 100)!r}. {hint}"


def _listed(found: Sequence[Operation]) -> str:
    more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
    return ", ".join(each.title for each in found[:_LISTED]) + more
