"""The project's own source text, parsed."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
PACKAGES = ("api", "benchmarks", "cli", "domain", "infra", "migrations")
COMPILER = "strawberry_compiled/src"
"""The folder of the compiler's package, a distribution of its own."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """Source file with its name and text. Tests create samples from text, without a file."""

    name: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @cached_property
    def functions(self) -> list[Function]:
        return [node for node in self.nodes if isinstance(node, Function)]

    @cached_property
    def classes(self) -> list[ast.ClassDef]:
        return [node for node in self.nodes if isinstance(node, ast.ClassDef)]

    @cached_property
    def imports(self) -> list[tuple[int, str]]:
        """Line and full name of every import; `from a import b` counts as `a.b`."""
        return list(_imported(self.nodes))

    @property
    def module(self) -> ModuleType:
        return import_module(self.name.removesuffix(".py").removesuffix("/__init__").replace("/", "."))


def sources(*patterns: str) -> list[Source]:
    """The files that match a pattern such as `domain/*/service.py`; all packages if none is given."""
    chosen = patterns or tuple(f"{folder}/**/*.py" for folder in (*PACKAGES, COMPILER))
    paths = sorted({path for pattern in chosen for path in ROOT.glob(pattern) if "node_modules" not in path.parts})
    assert paths, f"Nothing matches {chosen}: correct the pattern."
    return [_read(path) for path in paths]


@cache
def _read(path: Path) -> Source:
    return Source(str(path.relative_to(ROOT)), path.read_text("utf-8"))


def _imported(nodes: Iterable[ast.AST]) -> Iterator[tuple[int, str]]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
