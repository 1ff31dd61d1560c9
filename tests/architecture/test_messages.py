"""Messages that users read name no field by themselves: they hold a placeholder, which each way in fills in its way."""

import ast
import re
from collections.abc import Iterator

from domain.shared import errors
from domain.shared.errors import DomainError
from tests.architecture.sources import Source, sources

KINDS = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, DomainError)}
PYTHON_NAME = re.compile(r"(?<![\w/.{-])[a-z]+(?:_[a-z]+)+(?![\w}])")
NO_PLACEHOLDER = re.compile(r"\{(?!field\}|other\})")
"""A brace that nothing replaces: the string lacks its `f`, or names a field that messages do not know."""
BEGINS_WITH_A_FIELD = re.compile(r"[a-z]\w* (?:must|is|are|can|may|needs)\b")


def texts(node: ast.expr) -> Iterator[str]:
    """The constant parts of a string; `\\0` for each part that is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(part.value if isinstance(part, ast.Constant) else "\0" for part in node.values)
    elif isinstance(node, ast.BinOp | ast.IfExp):
        yield from (
            text for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr) for text in texts(child)
        )


def filled_in(node: ast.expr) -> Iterator[str]:
    """The names of what an f-string shows."""
    if isinstance(node, ast.JoinedStr):
        for part in node.values:
            if isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Name):
                yield part.value.id


def messages(source: Source) -> Iterator[tuple[int, ast.expr]]:
    """Messages given to domain errors and Checks.fail, also those built elsewhere."""
    assigned = {
        target.id: node.value
        for node in source.nodes
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in source.nodes:
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        place = 0 if name in KINDS else 1 if name == "fail" else None
        if place is not None and len(node.args) > place:
            given = node.args[place]
            yield node.lineno, assigned.get(given.id, given) if isinstance(given, ast.Name) else given


def faults(source: Source) -> list[str]:
    return [
        f"{source.name}:{line}: say {{field}} for the field, or {{other}} with other=…: {text!r}"
        for line, message in messages(source)
        for text in texts(message)
        if PYTHON_NAME.search(text)
        or NO_PLACEHOLDER.search(text)
        or BEGINS_WITH_A_FIELD.match(text)
        or {"field", "path"} & set(filled_in(message))
    ]


def test_no_message_spells_the_name_of_a_field() -> None:
    searched = sources("api/**/*.py", "cli/**/*.py", "domain/**/*.py", "infra/**/*.py")
    assert [line for source in searched for line in faults(source)] == []
    assert sum(1 for source in sources("domain/**/*.py") for _ in messages(source)) > 80


def test_a_spelled_name_is_found() -> None:
    bad = """
check.fail("start_date", "start_date must not be after {other}.", other="due_date")
check.fail(field, f"{field} must not be empty.")
raise InvalidInput("first must be positive.", path=("first",))
message = f"At most {most} of state_ids."
raise Conflict(message)
raise NotFound("The workspace {workspace.slug} has no owner.")
"""
    good = """
check.fail("start_date", "{field} must not be after {other}.", other="due_date")
check.fail(field, f"{{field}} must have at most {longest} characters.")
raise InvalidInput(f"Expected an ID (`{prefix}_…`).", path=path)
raise NotFound("This project does not exist or is not visible to you.")
"""
    assert [line.split(":")[1] for line in faults(Source("bad.py", bad))] == ["2", "3", "4", "6", "7"]
    assert faults(Source("good.py", good)) == []
