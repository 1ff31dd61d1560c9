"""SQLAlchemy statements in asyncpg's form: text, arguments in order, and conversion of the results.

Compiling takes a millisecond. It is done once for each statement, and for statements of equal shape only once.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary, ref

from sqlalchemy import BindParameter, Executable
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler

MOST_SHAPES = 512
MOST_TEXTS = 256  # texts of one shape, by the values that are part of the text

Row = Sequence[Any]
Convert = Callable[[Any], Any]


class Query(NamedTuple):
    """A statement with arguments; `decode` converts the returned rows to the domain's types."""

    text: str
    arguments: Sequence[Any]
    decode: Callable[[Sequence[Row]], Sequence[Row]]


class Statements:
    """The compiled statements of one process, by identity, as long as the statement exists elsewhere."""

    def __init__(self, dialect: Dialect, written: Sequence[str] | None = None) -> None:
        """`written` are the columns that an INSERT or UPDATE writes besides those of its `values`, if it names them."""
        self._dialect = dialect
        self._written = written
        self._known: WeakKeyDictionary[Executable, _Statement] = WeakKeyDictionary()
        self._shapes: dict[Any, _Shape] = {}
        self._uses = 0

    def query(self, statement: Executable, params: Mapping[str, Any]) -> Query:
        """The query. Values come from `params`, else from the statement; raises KeyError for a missing one."""
        known = self._known.get(statement)
        shape = None if known is None else known.shape()
        if known is None or shape is None:
            known, shape = self._looked_up(statement)
        shape.used = self._uses = self._uses + 1
        return shape.query({**known.values, **params} if known.values else params)

    def _looked_up(self, statement: Executable) -> "tuple[_Statement, _Shape]":
        # The key of SQLAlchemy's own cache, which has no public accessor.
        key = statement._generate_cache_key()  # type: ignore[attr-defined]  # noqa: SLF001
        if key is None:
            raise TypeError("SQLAlchemy cannot cache this statement, so it would be compiled each time.")
        shape = self._shapes.get(key.key)
        if shape is None:
            if len(self._shapes) >= MOST_SHAPES:
                del self._shapes[min(self._shapes, key=lambda each: self._shapes[each].used)]
            shape = self._shapes[key.key] = _Shape(statement, key.bindparams, self._dialect, self._written)
        binds = zip(shape.own_names, key.bindparams, strict=True)
        values = {name: bind.effective_value for name, bind in binds if name is not None and not bind.required}
        self._known[statement] = known = _Statement(ref(shape), values)
        return known, shape


class WriteStatements:
    """The compiled statements of write transactions. An INSERT or UPDATE also writes columns named like parameters."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._others = Statements(dialect)
        self._writing: dict[tuple[str, ...], Statements] = {}  # by names of parameters, which are part of the text

    def query(self, statement: Executable, params: Mapping[str, Any]) -> Query:
        """The query, as `Statements.query` makes it."""
        if not statement.is_dml:
            return self._others.query(statement, params)
        names = tuple(params)
        statements = self._writing.get(names)
        if statements is None:
            if len(self._writing) >= MOST_SHAPES:
                self._writing.clear()
            statements = self._writing[names] = Statements(self._dialect, names)
        return statements.query(statement, params)


class _Statement(NamedTuple):
    """A weak reference to a statement's shape, and the statement's own values.

    The shape holds its first statement, so a strong reference would keep that statement in the cache forever.
    """

    shape: "ref[_Shape]"
    values: Mapping[str, Any]


class _Shape:
    """A compiled statement without bound values."""

    def __init__(
        self, statement: Any, binds: Sequence[BindParameter[Any]], dialect: Dialect, written: Sequence[str] | None
    ) -> None:
        self._compiled: SQLCompiler = statement.compile(dialect=dialect, column_keys=written)
        names = {bind.key: name for bind, name in self._compiled.bind_names.items()}
        self.own_names = [names.get(bind.key) for bind in binds]  # None for parameters that the text does not contain
        self.used = 0
        self._converts = {
            name: convert
            for bind, name in self._compiled.bind_names.items()
            if (convert := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        }
        # A LIMIT is part of the text, because PostgreSQL keeps no generic plan for an unknown limit.
        self._in_text = tuple(self._compiled.bind_names[bind] for bind in self._compiled.literal_execute_params)
        if self._compiled.post_compile_params - self._compiled.literal_execute_params:
            raise TypeError("`in_` with a list compiles a statement for each length. Use `= ANY(:values)`.")
        self._texts: dict[tuple[Any, ...], tuple[str, Sequence[tuple[str, Convert | None]]]] = {}
        columns = _result_columns(statement)
        self._decoders = [
            (place, convert)
            for place, column in enumerate(columns)
            if (convert := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
        ]
        self._width = len(columns)

    def query(self, values: Mapping[str, Any]) -> Query:
        variant = tuple([values[name] for name in self._in_text])
        known = self._texts.get(variant)
        if known is None:
            known = self._with_text(variant, values)
        text, names = known
        arguments = [values[name] if convert is None else convert(values[name]) for name, convert in names]
        return Query(text, arguments, self._decoded)

    def _with_text(
        self, variant: tuple[Any, ...], values: Mapping[str, Any]
    ) -> tuple[str, Sequence[tuple[str, Convert | None]]]:
        for name in self._compiled.bind_names.values():
            values[name]  # raises KeyError for a missing value, before SQLAlchemy raises its own error
        state = self._compiled.construct_expanded_state(dict(values))
        names = [(name, self._converts.get(name)) for name in state.positiontup or ()]
        if len(self._texts) >= MOST_TEXTS:
            self._texts.clear()
        self._texts[variant] = known = (state.statement, names)
        return known

    def _decoded(self, rows: Sequence[Row]) -> Sequence[Row]:
        if not self._decoders or not rows:
            return rows
        if len(rows[0]) != self._width:
            raise TypeError("The statement selects a column whose type SQLAlchemy does not know.")
        decoded = []
        for row in rows:
            values = list(row)
            for place, convert in self._decoders:
                values[place] = convert(values[place])
            decoded.append(values)
        return decoded


def _result_columns(statement: Any) -> Sequence[Any]:
    """The columns of the rows that the statement selects or returns; none if SQLAlchemy does not know them."""
    selected = getattr(statement, "selected_columns", None)
    columns: Sequence[Any] = getattr(statement, "exported_columns", ()) if selected is None else selected
    return columns
