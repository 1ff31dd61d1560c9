from operator import attrgetter

from domain.comments import events, history
from domain.comments.model import Comment
from domain.comments.undo import UndoComments
from domain.shared.actor import Permission, Role
from domain.shared.history import Shown
from domain.shared.slices import Slice

COMMENT_WRITE = Permission("write comments", Role.GUEST)
COMMENT_MODERATE = Permission("delete other people's comments", Role.ADMIN)

SLICE = Slice(
    name="comments",
    permissions=(
        COMMENT_WRITE,
        COMMENT_MODERATE,
    ),
    events={
        events.CommentCreated: (),
        events.CommentUpdated: (),
        events.CommentDeleted: (),
    },
    undo={
        events.CommentCreated: COMMENT_WRITE,
        events.CommentUpdated: COMMENT_WRITE,
        events.CommentDeleted: COMMENT_WRITE,
    },
    undo_kinds=(
        UndoComments(
            entity=Comment,
            repository=attrgetter("comments"),
            moderation=COMMENT_MODERATE,
            created=events.CommentCreated,
            updated=events.CommentUpdated,
            withdraw=Comment.deleted,
            follows={"edited_at": "body"},
        ),
    ),
    history=tuple(
        Shown(
            of=of,
            events={
                events.CommentCreated: history.CommentChange,
                events.CommentUpdated: history.CommentChange,
                events.CommentDeleted: history.CommentChange,
            },
        )
        for of in ("issue", "comment")
    ),
)
