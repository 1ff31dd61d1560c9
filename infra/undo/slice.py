from collections.abc import Sequence
from typing import Any, ClassVar

from domain.app import App
from domain.shared.undoing import UndoKind
from domain.undo.service import UndoService
from domain.undo.slice import SLICE as RULES
from infra.db.first_use import Repositories, first_use
from infra.parts import Parts, SliceAdapters
from infra.undo.repository import SqlUndoStore


class UndoRepositories(Repositories):
    undo_kinds: ClassVar[Sequence[UndoKind[Any]]] = ()
    """Kinds of objects whose changes can be undone, set by the Unit of Work of an application (`infra/uow.py`)."""

    undo_store = first_use(SqlUndoStore)


def _provide(app: App, parts: Parts) -> None:
    app.undo = UndoService(parts.uow, app.change_sets)


SLICE = SliceAdapters(
    domain=RULES,
    repositories=UndoRepositories,
    provide=_provide,
)
