"""The last step of an import: looks up parents, now that all issues exist."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from domain.issues.events import IssueUpdated
from domain.issues.model import Issue, IssueId
from domain.transfers.identities import ExternalRef, Recognition
from domain.transfers.identity_ports import ExternalIssue
from domain.transfers.model import ImportRun
from domain.transfers.ports import ImportUow, NamedParent
from domain.transfers.records import Loss, LossCode
from domain.transfers.tally import Tally


async def write_parents(uow: ImportUow, run: ImportRun, tally: Tally, named: Sequence[NamedParent]) -> None:
    """Sets the parents of issues. A missing parent, or one that would close a cycle, is reported as a loss."""
    store = uow.imports
    await store.lock_tree(run.workspace_id)
    children = await store.issues_by_id(run.workspace_id, {each.issue_id for each in named})
    parents = await _parents(uow, run, named)
    above = await store.parents_above(run.workspace_id, set(parents.values()))
    changed: list[tuple[Issue, Issue]] = []
    for each in named:
        child = children.get(each.issue_id)
        if child is None:
            continue
        parent_id = parents.get((each.site_id, _ref(each)))
        if parent_id is None:
            tally.losses.append(_loss(each, child, LossCode.MISSING, "The parent was not imported."))
        elif _is_under(parent_id, child.id, above):
            tally.losses.append(_loss(each, child, LossCode.NOT_KEPT, "The issue would be its own ancestor."))
        elif child.parent_id != parent_id:
            moved = replace(child, parent_id=IssueId(parent_id))
            above[child.id] = parent_id
            changed.append((child, moved))
            uow.record(IssueUpdated.between(child, moved))
    await store.save_issues(changed, now=uow.now)


async def _parents(uow: ImportUow, run: ImportRun, named: Sequence[NamedParent]) -> dict[tuple[str, ExternalRef], str]:
    """Ids of existing parents, by site and reference in the file."""
    found = await uow.identities.issues(
        run.workspace_id,
        {each.site_id for each in named},
        external_ids={each.parent_id for each in named if each.parent_id is not None},
        keys={each.parent_key for each in named},
    )
    there: dict[str, Recognition[ExternalIssue]] = {}
    for issue in found:
        if issue.created_at is not None:
            there.setdefault(issue.site_id, Recognition()).add(issue)
    parents = {}
    for each in named:
        of_site = there.get(each.site_id)
        parent = of_site.get(_ref(each)) if of_site is not None else None
        if parent is not None:
            parents[each.site_id, _ref(each)] = parent.issue_id
    return parents


def _ref(named: NamedParent) -> ExternalRef:
    return ExternalRef(named.parent_key, named.parent_id)


def _is_under(issue_id: str | None, ancestor_id: str, above: Mapping[str, str]) -> bool:
    while issue_id is not None:
        if issue_id == ancestor_id:
            return True
        issue_id = above.get(issue_id)
    return False


def _loss(named: NamedParent, child: Issue, code: LossCode, reason: str) -> Loss:
    return Loss(line=named.line, key=child.external_key, field="parent", code=code, reason=reason)
