"""Compiled execution of queries, whatever the mode of the suite."""

from typing import Any

from api.graphql.documents import DocumentCache
from api.graphql.runner import OperationRunner, graphql_schema
from api.shared.context import Context
from tests import api_defaults as defaults
from tests.worlds import TwoWorkspaces


class Compiled:
    """Runs queries compiled, whatever the mode of the suite."""

    def __init__(self, world: TwoWorkspaces[Any], **options: Any) -> None:
        self._world = world
        self._documents = DocumentCache(graphql_schema(world.schema), defaults.limits())
        self._runner = OperationRunner(
            world.schema, defaults.execution(stock_runs=0, **options), hides_suggestions=False
        )

    async def differences(self) -> int:
        """Differences that the shadow runs found so far."""
        await self._runner.shadow.settle()
        return self._runner.counts.shadow_differences

    async def run(self, query: str, *, kept: Any = None, **variables: Any) -> Any:
        """The data; the context of the run keeps `kept` beside what it has loaded."""
        prepared = self._documents.prepare(query)
        context = Context(app=self._world.app, actor=self._world.member.actor)
        context.loaders["kept"] = kept
        answer = await self._runner.execute(prepared, prepared.operation(None), variables=variables, context=context)
        assert not answer.errors
        return answer.data
