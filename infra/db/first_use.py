"""Repositories of a Unit of Work, built on first use."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, Literal, Self, TypeVar, overload

from sqlalchemy import Table

from domain.shared.ids import IdFactory
from infra.db.list_sizes import ListSizes
from infra.db.write_connection import WriteConnection

R = TypeVar("R")


class Repositories:
    """Base of the repositories that a slice adds to the Unit of Work, one attribute each."""

    connection: WriteConnection
    ids: IdFactory
    sizes: ListSizes
    tables: Sequence[Table]
    """Tables of the application, each after those that it refers to."""


class first_use(Generic[R]):  # noqa: N801  reads like the decorators of functools
    """Attribute of `Repositories` that builds its repository on the connection when it is first read.

    A use case touches two or three of some 25 repositories, so building all of them would cost every write.
    """

    @overload
    def __init__(self, build: Callable[[WriteConnection], R]) -> None: ...
    @overload
    def __init__(self, build: Callable[[WriteConnection, ListSizes], R], *, with_sizes: Literal[True]) -> None: ...

    def __init__(self, build: Callable[..., R], *, with_sizes: bool = False) -> None:
        """`with_sizes` is for repositories that change lists of issues."""
        self.build = build
        self._with_sizes = with_sizes
        self._name = ""

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, uow: None, owner: type[Any]) -> Self: ...
    @overload
    def __get__(self, uow: Repositories, owner: type[Any]) -> R: ...

    def __get__(self, uow: Repositories | None, owner: type[Any]) -> Self | R:
        if uow is None:
            return self
        built = self.build(uow.connection, uow.sizes) if self._with_sizes else self.build(uow.connection)
        vars(uow)[self._name] = built  # the instance attribute takes precedence over this descriptor
        return built
