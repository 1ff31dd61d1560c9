"""Triggers that tell all processes which account's sessions, keys or access has changed.

Each tells the account's ID twice: by NOTIFY to the listeners of all processes, which hear it after the commit, and by
INFO to the session that makes the change, so that the process that commits needs no list of what it changed.
"""

from infra.db.routines import Routine, trigger

CHANNEL = "workgraph_access"
"""Channel of the notifications, whose payload is the ID of an account, and message of the INFO, whose detail it is."""

# Only names of pg_catalog stand without a schema, because pg_restore runs triggers with an empty search_path.
_OF_COLUMN = Routine(
    name="FUNCTION workgraph_access_changed()",
    definition="""
CREATE OR REPLACE FUNCTION workgraph_access_changed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
  account text;
BEGIN
  FOR account IN
    SELECT DISTINCT id
    FROM (VALUES (to_jsonb(OLD) ->> TG_ARGV[0]), (to_jsonb(NEW) ->> TG_ARGV[0])) AS ids (id)
    WHERE id IS NOT NULL
  LOOP
    PERFORM pg_notify('workgraph_access', account);
    RAISE INFO 'workgraph_access' USING DETAIL = account;
  END LOOP;
  RETURN NULL;
END
$function$
""".strip(),
)
# The rows of a deleted member have no member any more; the trigger of the member tells its account.
_OF_MEMBER = Routine(
    name="FUNCTION workgraph_member_access_changed()",
    definition="""
CREATE OR REPLACE FUNCTION workgraph_member_access_changed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
  account text;
BEGIN
  FOR account IN EXECUTE
    format('SELECT DISTINCT user_id FROM %I.member WHERE (workspace_id, id) IN (($1, $2), ($3, $4))', TG_TABLE_SCHEMA)
    USING OLD.workspace_id, OLD.member_id, NEW.workspace_id, NEW.member_id
  LOOP
    PERFORM pg_notify('workgraph_access', account);
    RAISE INFO 'workgraph_access' USING DETAIL = account;
  END LOOP;
  RETURN NULL;
END
$function$
""".strip(),
)


def _after(what: str, table: str, *, when: str = "", calls: str = "workgraph_access_changed('user_id')") -> Routine:
    condition = f" WHEN ({when})" if when else ""
    calling = f"FOR EACH ROW{condition} EXECUTE FUNCTION {calls}"
    done = {"INSERT": "added", "UPDATE": "changed", "DELETE": "deleted"}[what]
    return trigger(
        f"{table}_access_{done}",
        on=table,
        definition=f"CREATE TRIGGER {{name}} AFTER {what} ON {{table}} {calling}",
    )


def _differs(*columns: str) -> str:
    return " OR ".join(f"old.{column} IS DISTINCT FROM new.{column}" for column in columns)


# Sign-ins, token rotation, uses of keys and the deletion of what has ended change nothing that is remembered. What
# expires is not told: each process compares the time itself.
_OF_SESSIONS = (
    _after("UPDATE", "session", when=_differs("user_id", "ended_at", "expires_at")),
    _after("DELETE", "session", when="old.ended_at IS NULL"),
)
_OF_KEYS = (
    _after(
        "UPDATE",
        "api_key",
        when=_differs("user_id", "digest", "scopes", "workspace_ids", "expires_at", "revoked_at"),
    ),
    _after("DELETE", "api_key", when="old.revoked_at IS NULL"),
)
# Every column, because `viewer` shows the name and the time zone of the account as it was remembered.
_OF_ACCOUNTS = (
    _after("UPDATE", "account", when="old.* IS DISTINCT FROM new.*", calls="workgraph_access_changed('id')"),
    _after("DELETE", "account", calls="workgraph_access_changed('id')"),
)
_OF_MEMBERS = (
    _after("INSERT", "member"),
    _after("UPDATE", "member", when=_differs("workspace_id", "id", "user_id", "role::text")),
    _after("DELETE", "member"),
)
_OF_GUESTS = tuple(
    _after(what, "project_member", when=when, calls="workgraph_member_access_changed()")
    for what, when in (
        ("INSERT", ""),
        ("UPDATE", _differs("workspace_id", "project_id", "member_id")),
        ("DELETE", ""),
    )
)

ACCESS_ROUTINES = (
    _OF_COLUMN,
    _OF_MEMBER,
    *_OF_SESSIONS,
    *_OF_KEYS,
    *_OF_ACCOUNTS,
    *_OF_MEMBERS,
    *_OF_GUESTS,
)
