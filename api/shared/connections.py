"""Connection fields: batch fields with the arguments of paging and of the list's query."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from api.shared.context import Info
from api.shared.pages import After, Before, Connection, First, Last, page_request
from domain.shared.pages import Page, PageRequest
from strawberry_compiled import batched

Lister = Callable[[Any, Info, Any, PageRequest], Awaitable[Sequence[Page[Any]]]]


def connection(
    node: Any, *, query: Callable[..., Any], description: str, needs: tuple[str, ...] | None = None
) -> Callable[[Lister], Any]:
    """Decorator for a field that lists `node`s under each parent.

    `query` creates the domain's query; its parameters become arguments of the field beside those of paging. The
    decorated function gets all parents, `info`, the query and the requested page. `needs` names all attributes that it
    reads of the parents.
    """

    def field(function: Lister) -> Any:
        async def pages(
            parents: Sequence[Any],
            info: Info,
            first: First = None,
            after: After = None,
            last: Last = None,
            before: Before = None,
            **asked: Any,
        ) -> Sequence[Page[Any]]:
            request = page_request(info, first, after, last, before)
            return await function(parents, info, query(**asked), request)

        *paging, _asked = inspect.signature(pages).parameters.values()
        own = inspect.signature(query).parameters.values()
        pages.__signature__ = inspect.Signature([*paging, *own])  # type: ignore[attr-defined]  # Strawberry reads it
        pages.__name__ = getattr(function, "__name__", "pages")
        pages.__module__ = function.__module__
        return batched(pages, graphql_type=Connection[node], description=description, looks_ahead=True, needs=needs)

    return field


def everything() -> None:
    """The query of a list with neither filter nor sort."""
