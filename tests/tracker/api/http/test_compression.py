from api.graphql.runner import graphql_schema
from api.schema import schema
from tests.secret_fields import secret_fields

NO_SECRETS = {
    ("ImportLoss", "key"),
    ("ImportRun", "projectKey"),
    ("Issue", "externalKey"),
    ("IssueCreation", "externalKey"),
    ("Project", "key"),
}


def test_no_query_answers_a_secret() -> None:
    assert secret_fields(graphql_schema(schema)) == NO_SECRETS
