"""The last part of an import: every issue is there now, so that parents can be looked up."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from domain.issues.events import IssueUpdated
from domain.issues.model import Issue
from domain.transfers.model import ImportRun
from domain.transfers.ports import ImportUow, NamedParent
from domain.transfers.records import Loss, LossCode
from domain.transfers.tally import Tally


async def write_parents(uow: ImportUow, run: ImportRun, tally: Tally, named: Sequence[NamedParent]) -> None:
    """Puts issues under their parents; one that is missing, or would be under itself, is reported."""
    store = uow.imports
    await store.lock_tree(run.workspace_id)
    children = await store.issues_by_id({each.issue_id for each in named})
    keys = {each.parent_key for each in named}
    parents = await store.issues_by_key(run.workspace_id, run.format.source, keys)
    above = await store.parents_above({parent.id for found in parents.values() for parent in found})
    changed: list[Issue] = []
    for each in named:
        child = children.get(each.issue_id)
        if child is None:
            continue
        parent = _chosen(parents.get(each.parent_key, []), child)
        if parent is None:
            tally.losses.append(_loss(each, child, LossCode.MISSING, "The parent was not imported."))
        elif _is_under(parent.id, child.id, above):
            tally.losses.append(_loss(each, child, LossCode.NOT_KEPT, "The issue would be under itself."))
        elif child.parent_id != parent.id:
            moved = replace(child, parent_id=parent.id)
            above[child.id] = parent.id
            changed.append(moved)
            uow.record(IssueUpdated.between(child, moved))
    await store.save_issues(changed)


def _chosen(found: Sequence[Issue], child: Issue) -> Issue | None:
    """Of several issues with the same key, the one in the child's own project."""
    own = (parent for parent in found if parent.project_id == child.project_id)
    return next(own, found[0] if found else None)


def _is_under(issue_id: str | None, ancestor_id: str, above: Mapping[str, str]) -> bool:
    while issue_id is not None:
        if issue_id == ancestor_id:
            return True
        issue_id = above.get(issue_id)
    return False


def _loss(named: NamedParent, child: Issue, code: LossCode, reason: str) -> Loss:
    return Loss(line=named.line, key=child.external_key, field="parent", code=code, reason=reason)
