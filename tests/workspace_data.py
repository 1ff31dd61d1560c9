"""The tables that hold data of workspaces."""

from sqlalchemy import MetaData, Table

from infra.metadata import metadata

GLOBAL_TABLES = {
    "account": "users belong to any number of workspaces",
    "api_key": "a key belongs to a user",
    "idempotency_key": "a key belongs to a user",
    "job": "workers lease the jobs of all workspaces; the workspace is for information",
    "one_time_link": "a link belongs to an address or a user",
    "password": "a password belongs to a user",
    "refresh_token": "a token belongs to a session",
    "schedule": "periodic work is for the whole server",
    "security_event": "the security log belongs to users; the workspace is for information",
    "session": "a session belongs to a user",
    "signing_key": "keys sign the tokens of all users",
    "trusted_document": "documents belong to the server",
    "upload": "a file belongs to the user who uploaded it",
    "workspace": "the ID is the workspace, and slugs are unique on the server",
}
"""Table without workspace data -> reason. Every other table is workspace data and has `workspace_id`."""


def workspace_tables(of: MetaData = metadata) -> list[Table]:
    return [table for table in of.sorted_tables if table.name not in GLOBAL_TABLES]
