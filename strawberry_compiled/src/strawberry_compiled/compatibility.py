"""Supported versions of Strawberry and graphql-core, and the behavior with other versions."""

import re
import warnings
from functools import cache
from importlib import import_module
from importlib.metadata import version
from typing import Any, Literal, NoReturn, TypeAlias

Version: TypeAlias = tuple[int, ...]

STRAWBERRY: tuple[Version, Version] = ((0, 337), (0, 342))
"""First supported version of Strawberry, and first unsupported version after it."""
GRAPHQL_CORE: tuple[Version, Version] = ((3, 3, 1), (3, 4))
"""First supported version of graphql-core, and first unsupported version after it.

Version 3.2 has no `Executor` to build on. Version 3.3.0 recognizes selections by the address of an object that it may
have freed, so its own execution sometimes answers one field with the selection of another.
"""


class IncompatibleStrawberry(ImportError):
    """The installed Strawberry or graphql-core is incompatible; the message says where."""


class StockExecutionWarning(RuntimeWarning):
    """Operations are executed by graphql-core, because the installed versions are not supported."""


def unsupported(strawberry_version: str, core_version: str) -> str | None:
    """Reason why compiled execution does not support the two versions; None if it does."""
    for name, found, (first, end) in (
        ("strawberry-graphql", strawberry_version, STRAWBERRY),
        ("graphql-core", core_version, GRAPHQL_CORE),
    ):
        if not first <= _parsed(found) < end:
            return f"strawberry-compiled supports {name} >={_text(first)},<{_text(end)}, but {found} is installed."
    return None


@cache
def problem() -> str | None:
    """Reason why compiled execution does not support the installed versions; None if it does."""
    return unsupported(version("strawberry-graphql"), version("graphql-core"))


def refuse(reason: str, name: str) -> NoReturn:
    """Raises for a public name that exists with supported versions only."""
    if name.startswith("__"):
        raise AttributeError(name)  # Python itself looks up such names, for example `__path__`
    raise IncompatibleStrawberry(
        f"{reason} Install a supported version, or use `executor_class(if_unsupported='stock')` in place of {name}."
    )


def executor_class(*, if_unsupported: Literal["raise", "stock"] = "raise") -> Any:
    """Value for `strawberry.Schema(execution_context_class=...)`.

    With unsupported versions of Strawberry or graphql-core it raises IncompatibleStrawberry, or with
    `if_unsupported="stock"` warns once and returns None, with which Strawberry uses graphql-core.
    """
    reason = problem()
    if reason is None:
        return import_module("strawberry_compiled.running").CompiledExecutor
    if if_unsupported == "raise":
        refuse(reason, "CompiledExecutor")
    _warn(reason)
    return None


@cache
def _warn(reason: str) -> None:
    """Warns once per process, whatever the number of schemas."""
    warnings.warn(f"{reason} Operations are executed by graphql-core.", StockExecutionWarning, stacklevel=3)


def _parsed(text: str) -> Version:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def _text(numbers: Version) -> str:
    return ".".join(map(str, numbers))
