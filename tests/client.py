"""A GraphQL client for tests: the real schema and services, without HTTP."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import strawberry
from graphql import GraphQLError

from api.graphql.masking import format_errors
from api.schema import schema
from api.shared.context import Context
from domain.app import App
from domain.shared.actor import Actor, Role
from tests.execution_modes import Executions
from tests.messages import check, messages_in

UNCHANGED = {"errors": [], "revision": None}


@cache
def executions(of: strawberry.Schema) -> Executions:
    """All tests of one process share what is known of their operations."""
    return Executions(of)


@dataclass(frozen=True)
class Client:
    app: App
    actor: Actor
    schema: strawberry.Schema = schema

    async def execute(self, query: str, **variables: Any) -> tuple[Any, list[GraphQLError]]:
        """Data and top-level errors."""
        context = Context(app=self.app, actor=self.actor)
        result = await executions(self.schema).execute(query, variables, context)
        return result.data, result.errors or []

    async def run(self, query: str, **variables: Any) -> Any:
        """The data of an operation that must not fail."""
        data, errors = await self.execute(query, **variables)
        assert not errors, errors
        return data

    async def failed(self, query: str, **variables: Any) -> list[tuple[str, str]]:
        """Code and argument path of each top-level error of the response."""
        _, errors = await self.execute(query, **variables)
        assert errors, "it did not fail"
        told = format_errors(errors)
        check(messages_in(told), f"{query} {variables}")
        entries = [error["extensions"] for error in told]
        return [(entry["code"], ".".join(entry.get("inputPath", ()))) for entry in entries]

    async def mutate(self, name: str, input: dict[str, Any], select: str = "") -> Any:
        """The payload of one mutation; the input's type follows from its name."""
        type_name = name[0].upper() + name[1:] + "Input"
        select = f"{select} revision errors {{ __typename code path message }}"
        data = await self.run(
            f"mutation ($input: {type_name}!) {{ {name}(input: $input) {{ {select} }} }}", input=input
        )
        check(messages_in(data[name]["errors"]), f"{input}")
        return data[name]

    async def refused(self, name: str, input: dict[str, Any]) -> list[tuple[str, str, str]]:
        """Kind, code and path of each error of a mutation that must change nothing."""
        payload = await self.mutate(name, input)
        assert payload["errors"], payload
        assert payload["revision"] is None
        return [(error["__typename"], error["code"], ".".join(error["path"])) for error in payload["errors"]]

    def as_role(self, role: Role, workspace_id: str) -> "Client":
        return replace(self, actor=replace(self.actor, roles={workspace_id: role}))
