"""Statements that operations send, so that tests can count them."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from tests.execution_modes import no_repetition
from tests.sent import each_written


class Kept(logging.Handler):
    """The statements that are read with, and the connections that they run on, by their server process."""

    def __init__(self) -> None:
        super().__init__()
        self.statements: list[str] = []
        self.connections: set[int] = set()

    def emit(self, record: logging.LogRecord) -> None:
        self.statements.append(record.getMessage())
        self.connections.add(record.facts["connection"])  # type: ignore[attr-defined]  # what ReadSession adds


@contextmanager
def watched() -> Iterator[Kept]:
    """Every read of this process meanwhile."""
    kept, logger = Kept(), logging.getLogger("infra.db.read")
    logger.addHandler(kept)
    logger.setLevel(logging.DEBUG)
    try:
        with no_repetition():
            yield kept
    finally:
        logger.setLevel(logging.NOTSET)
        logger.removeHandler(kept)


@contextmanager
def counted() -> Iterator[list[str]]:
    """Every statement that any connection of this process sends meanwhile."""
    with watched() as kept, each_written(lambda text, _: kept.statements.append(text)):
        yield kept.statements
