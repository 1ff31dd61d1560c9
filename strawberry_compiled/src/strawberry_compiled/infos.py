"""The `info` of functions, without building anew what is the same for all fields of a run."""

from typing import Any

from graphql.pyutils import Path

from strawberry_compiled.field_errors import Position, as_path
from strawberry_compiled.planning import PlannedField
from strawberry_compiled.run import Run
from strawberry_compiled.strawberry_internals import INFO_OF_FIELD

_new = tuple.__new__  # without the `__new__` of named tuples, which is a Python function


def info_of(run: Run, field: PlannedField, above: Position | None) -> Any:
    """The `info` of the field's function."""
    return info_at(run, field, as_path(above))


def info_at(run: Run, field: PlannedField, above: Path | None) -> Any:
    """The `info` of the field's function in the object at that path."""
    assert field.make_info is not None
    path = _new(Path, (above, field.key, field.parent_type.name))
    known = run.known_info
    if known is None:
        raw = run.build_resolve_info(field.definition, field.nodes, field.parent_type, path)
        if type(run).build_resolve_info is Run.build_resolve_info:  # another one may build other infos
            run.known_info = type(raw), raw[len(INFO_OF_FIELD) :]
        return field.make_info(raw)
    class_, rest = known
    nodes = field.nodes
    own = nodes[0].name.value, nodes, field.definition.type, field.parent_type, path
    return field.make_info(_new(class_, own + rest))
