"""Docstrings are plain English: a noun or a verb first, each understandable alone, and no inversions."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

from tests.architecture.sources import COMPILER, Source, sources

SEARCHED = ("api/**/*.py", "cli/**/*.py", "domain/**/*.py", "infra/**/*.py", f"{COMPILER}/**/*.py")

PRONOUNS = (
    "it its they their this that these those such as nothing nobody somebody everybody everything anything "
    "whatever whoever"
)
QUESTION_WORDS = "who whom whose what where when which how"
FORBIDDEN_FIRST = frozenset(f"{PRONOUNS} {QUESTION_WORDS}".split())
"""A docstring starts with what the caller gets: a noun or a verb, after an article or a preposition at most."""

FORBIDDEN_PHRASES = (
    # Pronouns without a referent.
    "whoever",
    "whomever",
    "somebody",
    "somebody's",
    "nobody",
    "nobody's",
    "everybody",
    "anybody",
    # Inversions and relative chains.
    "no more",
    "stands",
    "stand in",
    "tells of",
    "told of",
    "there to tell",
    "is good",
    "good for",
    "good once",
    "of others",
    "for ever",
    # References to neighbors, which a reader of one docstring does not see.
    "as above",
    "as below",
    "alike",
    "in turn",
    "the one before",
    "the same of",
)
ALLOWED_PHRASES = ("no more than", "stands for")
_PHRASES = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, FORBIDDEN_PHRASES))})(?!\w)", re.IGNORECASE)
_ALLOWED = re.compile("|".join(map(re.escape, ALLOWED_PHRASES)), re.IGNORECASE)

EXCEPTIONS: dict[str, str] = {}
"""`path:name` of a docstring -> why it may break a rule."""


def docstrings(source: Source) -> Iterator[tuple[str, str]]:
    """Name and docstring of the module, of each class, function and documented constant or field."""
    for node in source.nodes:
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text is not None:
                yield getattr(node, "name", "<module>"), text
            yield from _documented(node.body)


def _documented(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for named, following in pairwise(body):
        if not isinstance(named, ast.Assign | ast.AnnAssign) or not isinstance(following, ast.Expr):
            continue
        if isinstance(following.value, ast.Constant) and isinstance(following.value.value, str):
            target = named.target if isinstance(named, ast.AnnAssign) else named.targets[0]
            yield ast.unparse(target), following.value.value


def faults(source: Source) -> list[str]:
    return [
        f"{source.name}:{name}: {fault}"
        for name, text in docstrings(source)
        if f"{source.name}:{name}" not in EXCEPTIONS
        for fault in text_faults(text)
    ]


def text_faults(text: str) -> Iterator[str]:
    first = re.match(r"\w+", text)
    if first is not None and first[0].lower() in FORBIDDEN_FIRST:
        yield f"start with a noun or a verb, not with {first[0]!r}: {text.splitlines()[0]!r}"
    for phrase in _PHRASES.findall(_ALLOWED.sub("", " ".join(text.split()))):
        yield f"say it without {phrase!r}: {text.splitlines()[0]!r}"


def test_docstrings_are_plain() -> None:
    assert [line for source in sources(*SEARCHED) for line in faults(source)] == []


def test_exceptions_are_still_needed() -> None:
    known = {
        f"{source.name}:{name}"
        for source in sources(*SEARCHED)
        for name, text in docstrings(source)
        if any(text_faults(text))
    }
    assert EXCEPTIONS.keys() - known == set()


def test_planted_faults_are_found() -> None:
    planted = Source(
        "domain/issues/model.py",
        '''"""What an issue is."""

LIMIT = 20
"""How many are possible."""


class Issue:
    """Issue of a project, no more than that."""

    title: str
    """The same of a title alone."""

    def rename(self) -> None:
        """Renames it for whoever asks,
        and is good
        once."""

    async def save(self) -> None:
        """It stands in the database."""
''',
    )
    assert [line.removeprefix("domain/issues/model.py:").partition(": ")[::2] for line in faults(planted)] == [
        ("<module>", "start with a noun or a verb, not with 'What': 'What an issue is.'"),
        ("LIMIT", "start with a noun or a verb, not with 'How': 'How many are possible.'"),
        ("title", "say it without 'The same of': 'The same of a title alone.'"),
        ("rename", "say it without 'whoever': 'Renames it for whoever asks,'"),
        ("rename", "say it without 'is good': 'Renames it for whoever asks,'"),
        ("save", "start with a noun or a verb, not with 'It': 'It stands in the database.'"),
        ("save", "say it without 'stands': 'It stands in the database.'"),
    ]
