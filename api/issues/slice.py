from api.issues.history import CHANGES
from api.issues.mutations import IssueMutations
from api.issues.types import MilestoneIssues, ProjectIssues, WorkspaceIssues
from api.milestones.types import Milestone
from api.projects.types import Project
from api.shared.slices import ApiSlice
from api.workspaces.types import Workspace
from domain.issues.errors import IssueErrorCode
from domain.issues.model import Issue
from domain.issues.slice import SLICE as RULES
from domain.issues.update_runs import ISSUE_UPDATE
from domain.shared.actor import Role

SLICE = ApiSlice(
    domain=RULES,
    mutations=(IssueMutations,),
    fields={
        Workspace: WorkspaceIssues,
        Project: ProjectIssues,
        Milestone: MilestoneIssues,
    },
    nodes={
        Issue: lambda app: app.read.issues.by_ids,
    },
    changes={"issue": CHANGES},
    error_codes={IssueErrorCode.PARENT_CYCLE: "The issue would become its own ancestor."},
    events={
        "issue.moved": "An issue was moved to another project.",
        "issue.trashed": "An issue was moved to the trash.",
        "issue.purged": "A trashed issue was deleted permanently.",
    },
    batches={
        ISSUE_UPDATE: "Updates the issues that a filter has selected, and skips those that cannot be changed.",
    },
    roles={
        Role.ADMIN: "Deletes trashed issues permanently.",
        Role.MEMBER: "Creates and updates issues.",
    },
)
