from api.issues.mutations import IssueMutations
from api.issues.types import WorkspaceIssues
from api.shared.slices import ApiSlice
from api.workspaces.types import Workspace
from domain.issues.errors import IssueErrorCode
from domain.issues.model import Issue
from domain.issues.slice import SLICE as RULES

SLICE = ApiSlice(
    domain=RULES,
    mutations=(IssueMutations,),
    fields={
        Workspace: WorkspaceIssues,
    },
    nodes={
        Issue: lambda app: app.read.issues.by_ids,
    },
    error_codes={IssueErrorCode.PARENT_CYCLE: "The issue would become its own ancestor."},
    events={
        "issue.moved": "An issue was moved to another project.",
        "issue.trashed": "An issue was moved to the trash.",
        "issue.purged": "A trashed issue was deleted permanently.",
    },
)
