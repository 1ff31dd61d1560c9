"""The page at `/docs`: the reference of the REST API, generated from the OpenAPI document without JavaScript."""

import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.front.look import FRESH, Templates

PATH = "/docs"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
_REFUSED = "default"
_BEARER = '--header "Authorization: Bearer $WORKGRAPH_TOKEN"'

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A query parameter or a body field of a request."""

    name: str
    type: str
    is_required: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A response of an operation. `status` is None for refusals without an entry of their own."""

    status: str | None
    text: str
    example: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    method: str
    path: str
    text: str
    needs_token: bool
    media_type: str | None
    fields: tuple[Field, ...]
    replies: tuple[Reply, ...]
    curl: str

    @property
    def anchor(self) -> str:
        """Fragment identifier of the operation on the page, such as `post-auth-token`."""
        return f"{self.method.lower()}{self.path.replace('/', '-').replace('.', '')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The operations of one tag."""

    title: str
    operations: tuple[Operation, ...]


def reference_route(document: Callable[[], Document], *, base: str) -> Route:
    """Route of the reference page. Its examples send requests to `base`."""
    templates = Templates()

    @cache
    def groups() -> tuple[Group, ...]:
        return groups_of(document(), base=base)

    async def show(_: Request) -> Response:
        return templates.page("reference.html", {"groups": groups(), "base": base}, headers={"Cache-Control": FRESH})

    return Route(PATH, show, include_in_schema=False)


def groups_of(document: Document, *, base: str) -> tuple[Group, ...]:
    """Operations grouped by tag, in the order of the document's tags."""
    by_tag: dict[str, list[Operation]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            [tag] = described["tags"]
            by_tag[tag].append(_operation(document, method.upper(), path, described, base))
    titles = {tag["name"]: tag["description"] for tag in document["tags"]}
    return tuple(Group(title=titles[tag], operations=tuple(found)) for tag, found in by_tag.items())


def _operation(document: Document, method: str, path: str, described: Document, base: str) -> Operation:
    content: Document = described.get("requestBody", {}).get("content", {})
    media_type = next(iter(content), None)
    schema = _resolved(document, content[media_type].get("schema", {})) if media_type else {}
    needs_token = bool(described.get("security"))
    parameters = (_parameter(document, each) for each in described.get("parameters", ()))
    command = [f"curl --request {method}" if method != "GET" else "curl", shlex.quote(base + path)]
    if needs_token:
        command.append(_BEARER)
    return Operation(
        method=method,
        path=path,
        text=described.get("description") or described["summary"],
        needs_token=needs_token,
        media_type=media_type,
        fields=(*parameters, *_fields(document, schema)),
        replies=tuple(_replies(described["responses"])),
        curl=" \\\n  ".join([" ".join(command[:2]), *command[2:], *_data(media_type, schema)]),
    )


def _parameter(document: Document, described: Document) -> Field:
    return Field(
        name=f"?{described['name']}=",
        type=_type(document, described["schema"]),
        is_required=described["required"],
        text=described.get("description", ""),
    )


def _fields(document: Document, schema: Document) -> Iterator[Field]:
    for name, described in schema.get("properties", {}).items():
        yield Field(
            name=name,
            type=_type(document, described),
            is_required=name in schema.get("required", ()),
            text=described.get("description", ""),
        )


def _replies(responses: Document) -> Iterator[Reply]:
    for status, described in sorted(responses.items()):  # "default" is last
        example = described.get("content", {}).get(JSON, {}).get("example")
        yield Reply(
            status=None if status == _REFUSED else status,
            text=described["description"],
            example=None if example is None else json.dumps(example, indent=2, ensure_ascii=False),
        )


def _data(media_type: str | None, schema: Document) -> list[str]:
    """Options of curl that send an example of the body."""
    if media_type is None:
        return []
    if media_type not in (FORM, JSON):
        return [f"--header 'Content-Type: {media_type}'", "--data-binary @FILE"]
    example = {
        name: described["examples"][0]
        for name, described in schema["properties"].items()
        if described.get("examples") and (name in schema.get("required", ()) or media_type == FORM)
    }
    if media_type == FORM:
        return [f"--data-urlencode {_quoted(f'{name}={value}')}" for name, value in example.items()]
    return [f"--header 'Content-Type: {JSON}'", f"--data {shlex.quote(json.dumps(example, ensure_ascii=False))}"]


def _quoted(text: str) -> str:
    """The text quoted for a shell; in double quotes if it has a variable for the shell to replace."""
    return f'"{text}"' if "$" in text else shlex.quote(text)


def _resolved(document: Document, schema: Document) -> Document:
    reference: str | None = schema.get("$ref")
    if reference is None:
        return schema
    found: Document = document["components"]["schemas"][reference.rpartition("/")[2]]
    return found


def _type(document: Document, schema: Document) -> str:
    choices = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"] or [schema]
    values = schema.get("enum") or [_resolved(document, each).get("type", "any") for each in choices]
    return " or ".join(values)
