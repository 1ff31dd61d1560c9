"""Every object of a workspace has an ID with the workspace's route."""

import ast
import dataclasses
from collections.abc import Iterator

from tests.architecture.sources import Source, sources

OUTSIDE_WORKSPACES = {
    "job": "jobs of all workspaces share one queue",
    "TOKEN_PREFIX": "access tokens belong to sessions of accounts",
}
"""Prefixes without an entity class, and why their IDs name no workspace."""


def faults(source: Source) -> Iterator[str]:
    for node in source.nodes:
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "new"):
            continue
        if len(node.args) != 1 or node.keywords:
            continue
        prefix = node.args[0]
        if isinstance(prefix, ast.Attribute) and prefix.attr == "prefix" and isinstance(prefix.value, ast.Name):
            kind = getattr(source.module, prefix.value.id)
            if "workspace_id" not in {field.name for field in dataclasses.fields(kind)} or kind.__name__ in _GLOBAL:
                continue
        elif ast.unparse(prefix).strip("'") in OUTSIDE_WORKSPACES:
            continue
        yield f"{source.name}:{node.lineno}: make the ID with `new_in(workspace_id, {ast.unparse(prefix)})`."


_GLOBAL = {"SecurityEvent": "the security log belongs to accounts; a workspace is one of its columns"}


def test_ids_of_workspace_data_have_a_route() -> None:
    found = sources("domain/**/*.py", "infra/**/*.py", "cli/**/*.py", "benchmarks/**/*.py")
    assert [fault for source in found for fault in faults(source)] == []


def test_a_forgotten_workspace_is_found() -> None:
    name, text = "domain/issues/service.py", "self._ids.new(Issue.prefix)\nids.new('los')\nids.new('job')\nids.new(x)"
    assert [fault.partition(" ")[0] for fault in faults(Source(name, text))] == [
        f"{name}:{line}:" for line in (1, 2, 4)
    ]
