"""`workgraph documents`: the trusted documents, each checked against the schema before it is added."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from graphql import GraphQLError

from api.graphql.cost import check_cost
from api.graphql.documents import DocumentCache, DocumentRefused
from api.graphql.options import QueryLimits
from api.graphql.runner import graphql_schema
from api.graphql.trusted import ID_PREFIX
from api.main import http_options
from api.schema import schema
from cli.application import with_app
from cli.lazy import module_commands
from domain.app import App
from domain.documents.model import document_id
from domain.shared.actor import Actor
from infra.operator_error import OperatorError
from infra.settings import load_settings

commands = module_commands(help="Manage trusted GraphQL documents, which clients send by ID.", no_args_is_help=True)


class DocumentsRefused(OperatorError):
    """Documents are invalid; each problem is one line, `name:line:column: message`."""


@commands.command("add")
def add_documents(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files with one GraphQL document each.")],
) -> None:
    """Check documents against the schema, trust them, and print their IDs.

    Invalid documents are reported, and none is added then.
    """
    for line in with_app(lambda app: add_files(app, files, _limits())):
        print(line)


@commands.command("list")
def list_documents() -> None:
    """List the trusted documents."""
    for line in with_app(listed):
        print(line)


@commands.command("remove")
def remove_documents(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="IDs as printed by `workgraph documents add`.")],
) -> None:
    """Stop trusting documents.

    All API processes refuse the documents within ten seconds. An unknown ID is an error, and no document is removed.
    """
    with_app(lambda app: remove_ids(app, ids))


@commands.command("check")
def check_documents() -> None:
    """List the trusted documents that this version of Workgraph would refuse.

    The exit code is 1 if there are any. Run this check before a deployment.
    """
    problems = with_app(lambda app: stale(app, _limits()))
    for problem in problems:
        print(problem)
    if problems:
        raise typer.Exit(1)


def _limits() -> QueryLimits:
    return http_options(load_settings()).limits


def shown_id(id: str) -> str:
    """The ID as clients send it."""
    return ID_PREFIX + id


async def add_files(app: App, files: Sequence[Path], limits: QueryLimits) -> list[str]:
    """Trusts the documents in the files, all or none, and returns a line for each. Raises DocumentsRefused."""
    texts = [(str(file), _text_of(file)) for file in files]
    problems = list(problems_of(texts, limits))
    if problems:
        raise DocumentsRefused("\n".join(problems))
    await app.documents.add(Actor.system(), [text for _, text in texts])
    return [f"{shown_id(document_id(text))}  {name}" for name, text in texts]


async def remove_ids(app: App, ids: Sequence[str]) -> None:
    """Removes the documents; raises NotFound, and removes none, if an ID is unknown."""
    await app.documents.remove(Actor.system(), [each.removeprefix(ID_PREFIX) for each in ids])


async def listed(app: App) -> list[str]:
    """A line for each document."""
    return [
        f"{shown_id(each.id)}  added {each.added_at:%Y-%m-%d %H:%M} UTC, {len(each.text.encode())} bytes"
        for each in await app.documents.all(Actor.system())
    ]


async def stale(app: App, limits: QueryLimits) -> list[str]:
    """The problems of trusted documents under this version of the schema and these limits."""
    known = await app.documents.all(Actor.system())
    return list(problems_of([(shown_id(each.id), each.text) for each in known], limits))


def problems_of(texts: Iterable[tuple[str, str]], limits: QueryLimits) -> Iterator[str]:
    """The problems of documents, each given with its name."""
    documents = DocumentCache(graphql_schema(schema), limits)
    for name, text in texts:
        try:
            prepared = documents.prepare(text)
            for operation in prepared.operations.values():
                check_cost(operation.cost, None, limit=limits.cost)
        except DocumentRefused as refused:
            yield from (_line(name, error) for error in refused.errors)
        except GraphQLError as error:
            yield _line(name, error)


def _text_of(file: Path) -> str:
    try:
        return file.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise DocumentsRefused(f"{file}: The file is not UTF-8 text.") from error
    except OSError as error:
        raise DocumentsRefused(f"{file}: {error.strerror}.") from error


def _line(name: str, error: GraphQLError) -> str:
    at = error.locations[0] if error.locations else None
    return f"{name}:{at.line}:{at.column}: {error.message}" if at else f"{name}: {error.message}"
