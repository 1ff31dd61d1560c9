"""Random inputs of all mutations that change a workspace."""

from collections.abc import Callable
from random import Random
from typing import Any

from tests.tracker.api.audit.mirror import Mirror

Input = dict[str, Any]

COLORS = ("#5e6ad2", "#26b5ce", "#f2c94c")
CATEGORIES = ("BACKLOG", "UNSTARTED", "STARTED", "COMPLETED", "CANCELED")
ROLES = ("ADMIN", "MEMBER", "GUEST")
DAYS = ("2026-01-31", "2026-02-28", None)

ELSEWHERE = {
    "apiKeyCreate": "changes an account",
    "apiKeyRevoke": "changes an account",
    "sessionEnd": "changes an account",
    "sessionsEndOthers": "changes an account",
    "viewerUpdate": "changes an account",
    "workspaceCreate": "creates the workspace that the copy is of",
    "workspaceDelete": "ends the log",
}
"""Mutations without random inputs -> why."""


class Chooser:
    """Chooses among the objects of the copy. `tokens` and `runs` are not in the log."""

    def __init__(self, mirror: Mirror, workspace_id: str, me: str) -> None:
        self.mirror = mirror
        self.workspace_id = workspace_id
        self.me = me
        self.random = Random(0)
        self.tokens: list[str] = []
        self.runs: list[str] = []

    def one(self, prefix: str, **wanted: str | None) -> str:
        return self.of(self.all(prefix, **wanted))

    def of(self, options: list[str]) -> str:
        if not options:
            raise Nothing
        return self.random.choice(options)

    def all(self, prefix: str, **wanted: str | None) -> list[str]:
        """Objects with these values."""
        value = self.mirror.value
        return [
            each for each in self.mirror.of(prefix) if all(value(each, field) == wish for field, wish in wanted.items())
        ]

    def some(self, options: list[str], most: int = 3) -> list[str]:
        return self.random.sample(options, self.random.randint(0, min(most, len(options))))

    def maybe(self, **fields: Any) -> Input:
        """Some of the fields."""
        return {name: value for name, value in fields.items() if self.random.random() < 0.5}

    def word(self) -> str:
        return f"w{self.random.randrange(10_000)}" * self.random.choice((1, 1, 1, 2000))

    def name(self) -> str:
        return f"Name {self.random.randrange(100_000)}"

    def people(self) -> list[str]:
        """Users who see all projects."""
        members = [each for each in self.mirror.of("mem") if self.mirror.value(each, "role") != "GUEST"]
        return [user for each in members if (user := self.mirror.value(each, "userId"))]


class Nothing(Exception):
    """No object fits the mutation."""


def _issue_fields(c: Chooser, project: str | None) -> Input:
    return c.maybe(
        description=c.word(),
        stateId=c.one("sta", projectId=project),
        priority=c.random.choice(("URGENT", "HIGH", "NONE")),
        dueDate=c.random.choice(DAYS),
        estimate=c.random.choice((None, 0, 5)),
        milestoneId=c.random.choice([None, *c.all("mil", projectId=project)]),
        parentId=c.random.choice([None, *c.mirror.of("iss")]),
    )


def _issue_create(c: Chooser) -> Input:
    project = c.one("prj")
    links = c.maybe(assigneeIds=c.some(c.people()), labelIds=c.some(c.mirror.of("lab")))
    return {"projectId": project, "title": c.name()} | _issue_fields(c, project) | links


def _issue_batch_create(c: Chooser) -> Input:
    created = [_issue_create(c) for _ in range(c.random.randrange(4))]
    on_error = c.random.choice(("ALL_OR_NOTHING", "SKIP", "SKIP"))
    drafts = [{name: value for name, value in each.items() if name != "projectId"} for each in created]
    return {"projectId": c.one("prj"), "issues": drafts, "onError": on_error}


def _comment_batch_create(c: Chooser) -> Input:
    comments = [{"issueId": c.one("iss"), "body": c.word()} for _ in range(c.random.randrange(4))]
    return {"workspaceId": c.workspace_id, "comments": comments, "onError": c.random.choice(("ALL_OR_NOTHING", "SKIP"))}


def _label_batch_create(c: Chooser) -> Input:
    labels = [{"name": c.name(), "color": c.random.choice(COLORS)} for _ in range(c.random.randrange(4))]
    return {"workspaceId": c.workspace_id, "labels": labels, "onError": c.random.choice(("ALL_OR_NOTHING", "SKIP"))}


def _set_change(c: Chooser, options: list[str]) -> Input:
    if c.random.random() < 0.3:
        return {"set": c.some(options)}
    return {"add": c.some(options), "remove": c.some(options)}


def _issue_update(c: Chooser) -> Input:
    issue = c.one("iss")
    links = c.maybe(assignees=_set_change(c, c.people()), labels=_set_change(c, c.mirror.of("lab")))
    move = _move(c) if c.random.random() < 0.3 else {}
    fields = _issue_fields(c, move["move"]["projectId"] if move else c.mirror.value(issue, "projectId"))
    if move and c.random.random() < 0.9:
        fields.pop("stateId", None)
    return {"id": issue} | move | fields | c.maybe(title=c.name(), startDate=c.random.choice(DAYS)) | links


def _move(c: Chooser) -> Input:
    project = c.one("prj")
    state = {"id": c.one("sta", projectId=project)} if c.random.random() < 0.5 else {"rule": "MATCH_BY_NAME"}
    return {"move": {"projectId": project} | c.maybe(state=state)}


def _issue_batch_update(c: Chooser) -> Input:
    change = _issue_update(c)
    ids = {change.pop("id"), *c.some(c.mirror.of("iss"))}
    on_error = c.random.choice(["ALL_OR_NOTHING", "SKIP", "SKIP"])
    select = {"ids": sorted(ids)} if c.random.random() < 0.5 else {"filter": {"id": {"in": sorted(ids)}}}
    return {"workspaceId": c.workspace_id, "select": select, "change": change, "onError": on_error}


def _own_comment(c: Chooser) -> str:
    return c.one("com", authorId=c.me)


def _replacement(c: Chooser, prefix: str, entity_id: str) -> Input:
    project = c.mirror.value(entity_id, "projectId")
    others = [each for each in c.all(prefix, projectId=project) if each != entity_id]
    return {"id": entity_id} | ({"replaceWith": c.of(others)} if others and c.random.random() < 0.9 else {})


def _states_reorder(c: Chooser) -> Input:
    project = c.one("prj")
    states = c.all("sta", projectId=project)
    return {"projectId": project, "stateIds": c.random.sample(states, len(states))}


def _invitation_create(c: Chooser) -> Input:
    role = c.random.choice(ROLES)
    projects = {"projectIds": c.some(c.mirror.of("prj"))} if role == "GUEST" else {}
    return {"workspaceId": c.workspace_id, "role": role} | projects


def _other_member(c: Chooser) -> str:
    return c.of([each for each in c.mirror.of("mem") if c.mirror.value(each, "userId") != c.me])


def _guest_in_project(c: Chooser) -> Input:
    return {"projectId": c.one("prj"), "memberId": c.one("mem", role="GUEST")}


def _undo(c: Chooser) -> Input:
    """Undoes one of the last change sets, if the revision is one."""
    revision = c.random.randint(max(1, c.mirror.revision - 20), c.mirror.revision)
    conflict = {"onConflict": c.random.choice(("REFUSE", "SKIP"))}
    return {"workspaceId": c.workspace_id, "changeSet": revision} | conflict


INPUTS: dict[str, Callable[[Chooser], Input]] = {
    "batchRunCancel": lambda c: {"id": c.of(c.runs[-1:])},  # nearly all earlier runs have ended
    "changeSetUndo": _undo,
    "commentBatchCreate": _comment_batch_create,
    "commentCreate": lambda c: {"issueId": c.one("iss"), "body": c.word()},
    "commentDelete": lambda c: {"id": c.one("com")},
    "commentUpdate": lambda c: {"id": _own_comment(c), "body": c.word()},
    "importStart": lambda c: {"workspaceId": c.workspace_id, "format": "JIRA"},
    "invitationAccept": lambda c: {"token": c.of(c.tokens)},
    "invitationCreate": _invitation_create,
    "invitationResend": lambda c: {"id": c.one("inv")},
    "invitationRevoke": lambda c: {"id": c.one("inv")},
    "issueArchive": lambda c: {"id": c.one("iss")},
    "issueBatchCreate": _issue_batch_create,
    "issueBatchUpdate": _issue_batch_update,
    "issueCreate": _issue_create,
    "issueDelete": lambda c: {"id": c.one("iss")},
    "issuePurge": lambda c: {"id": c.of([each for each in c.mirror.of("iss") if c.mirror.value(each, "trashedAt")])},
    "issueRestore": lambda c: {"id": c.one("iss")},
    "issueUpdate": _issue_update,
    "labelBatchCreate": _label_batch_create,
    "labelCreate": lambda c: {"workspaceId": c.workspace_id, "name": c.name(), "color": c.random.choice(COLORS)},
    "labelDelete": lambda c: _replacement(c, "lab", c.one("lab")),
    "labelUpdate": lambda c: {"id": c.one("lab")} | c.maybe(name=c.name(), description=c.name(), color=COLORS[0]),
    "memberClaim": lambda c: {"placeholderId": _other_member(c), "memberId": c.one("mem")},
    "memberRemove": lambda c: {"id": _other_member(c)},
    "memberUpdate": lambda c: {"id": _other_member(c), "role": c.random.choice(ROLES)},
    "milestoneCreate": lambda c: {"projectId": c.one("prj"), "name": c.name(), "dueDate": c.random.choice(DAYS)},
    "milestoneDelete": lambda c: _replacement(c, "mil", c.one("mil")),
    "milestoneUpdate": lambda c: {"id": c.one("mil")} | c.maybe(name=c.name(), dueDate=c.random.choice(DAYS)),
    "projectArchive": lambda c: {"id": c.one("prj")},
    "projectCreate": lambda c: {
        "workspaceId": c.workspace_id,
        "name": c.name(),
        "key": f"K{c.random.randrange(10**6)}",
    },
    "projectDelete": lambda c: {"id": c.of(c.mirror.of("prj")[1:]), "cascade": c.random.random() < 0.5},
    "projectMemberAdd": _guest_in_project,
    "projectMemberRemove": lambda c: {"id": c.one("pmb")},
    "projectRestore": lambda c: {"id": c.one("prj")},
    "projectUpdate": lambda c: {"id": c.one("prj")} | c.maybe(name=c.name(), key=f"K{c.random.randrange(10**6)}"),
    "stateCreate": lambda c: {
        "projectId": c.one("prj"),
        "name": c.name(),
        "category": c.random.choice(CATEGORIES),
        "color": COLORS[0],
    },
    "stateDelete": lambda c: _replacement(c, "sta", c.one("sta")),
    "stateUpdate": lambda c: {"id": c.one("sta")} | c.maybe(name=c.name(), color=c.random.choice(COLORS)),
    "statesReorder": _states_reorder,
    "workspaceTransfer": lambda c: {"id": c.workspace_id, "memberId": _other_member(c)},
    "workspaceUpdate": lambda c: {"id": c.workspace_id} | c.maybe(name=c.name()),
}
"""Random input of each mutation that changes a workspace. It may break a rule, and is then refused."""
