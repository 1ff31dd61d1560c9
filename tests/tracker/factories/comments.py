import factory

from domain.comments.model import Comment
from tests.factories.accounts import IDS
from tests.factories.moments import MADE
from tests.tracker.factories.issues import IssueFactory


class CommentFactory(factory.Factory):
    class Meta:
        model = Comment

    class Params:
        issue = factory.SubFactory(IssueFactory)

    id = factory.LazyAttribute(lambda made: IDS.new_in(made.workspace_id, Comment.prefix))
    workspace_id = factory.SelfAttribute("issue.workspace_id")
    project_id = factory.SelfAttribute("issue.project_id")
    issue_id = factory.SelfAttribute("issue.id")
    author_id = factory.LazyFunction(lambda: IDS.new("usr"))
    body = factory.Sequence(lambda number: f"Comment {number}")
    external_key = None
    edited_at = None
    deleted_at = None
    created_at = MADE
    updated_at = MADE
