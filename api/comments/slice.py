from api.comments.mutations import CommentMutations
from api.shared.slices import ApiSlice
from domain.comments.model import Comment
from domain.comments.slice import SLICE as RULES

SLICE = ApiSlice(
    domain=RULES,
    mutations=(CommentMutations,),
    nodes={
        Comment: lambda app: app.read.comments.by_ids,
    },
)
