from api.comments.history import CommentChange
from api.comments.mutations import CommentMutations
from api.comments.types import IssueComments
from api.issues.types import Issue
from api.shared.slices import ApiSlice
from domain.comments.model import Comment
from domain.comments.slice import SLICE as RULES
from domain.shared.actor import Role

SLICE = ApiSlice(
    domain=RULES,
    mutations=(CommentMutations,),
    fields={
        Issue: IssueComments,
    },
    changes={"issue": (CommentChange,), "comment": (CommentChange,)},
    nodes={
        Comment: lambda app: app.read.comments.by_ids,
    },
    roles={
        Role.ADMIN: "Moderates comments.",
        Role.GUEST: "Writes comments on issues that the guest sees.",
    },
)
