"""access triggers"""

from collections.abc import Sequence

from alembic import op

revision: str = "1002"
down_revision: str | None = "1001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute(
        "CREATE OR REPLACE FUNCTION workgraph_access_changed()\n"
        " RETURNS trigger\n"
        " LANGUAGE plpgsql\n"
        "AS $function$\n"
        "DECLARE\n"
        "  account text;\n"
        "BEGIN\n"
        "  FOR account IN\n"
        "    SELECT DISTINCT id\n"
        "    FROM (VALUES (to_jsonb(OLD) ->> TG_ARGV[0]), (to_jsonb(NEW) ->> TG_ARGV[0])) AS ids (id)\n"
        "    WHERE id IS NOT NULL\n"
        "  LOOP\n"
        "    PERFORM pg_notify('workgraph_access', account);\n"
        "    RAISE INFO 'workgraph_access' USING DETAIL = account;\n"
        "  END LOOP;\n"
        "  RETURN NULL;\n"
        "END\n"
        "$function$"
    )
    op.execute(
        "CREATE OR REPLACE FUNCTION workgraph_member_access_changed()\n"
        " RETURNS trigger\n"
        " LANGUAGE plpgsql\n"
        "AS $function$\n"
        "DECLARE\n"
        "  account text;\n"
        "BEGIN\n"
        "  FOR account IN EXECUTE\n"
        "    format('SELECT DISTINCT user_id FROM %I.member WHERE (workspace_id, id) IN (($1, $2), ($3, "
        "$4))', TG_TABLE_SCHEMA)\n"
        "    USING OLD.workspace_id, OLD.member_id, NEW.workspace_id, NEW.member_id\n"
        "  LOOP\n"
        "    PERFORM pg_notify('workgraph_access', account);\n"
        "    RAISE INFO 'workgraph_access' USING DETAIL = account;\n"
        "  END LOOP;\n"
        "  RETURN NULL;\n"
        "END\n"
        "$function$"
    )
    op.execute(
        "CREATE TRIGGER session_access_changed AFTER UPDATE ON session FOR EACH ROW WHEN (old.user_id IS "
        "DISTINCT FROM new.user_id OR old.ended_at IS DISTINCT FROM new.ended_at OR old.expires_at IS "
        "DISTINCT FROM new.expires_at) EXECUTE FUNCTION workgraph_access_changed('user_id')"
    )
    op.execute(
        "CREATE TRIGGER session_access_deleted AFTER DELETE ON session FOR EACH ROW WHEN (old.ended_at IS "
        "NULL) EXECUTE FUNCTION workgraph_access_changed('user_id')"
    )
    op.execute(
        "CREATE TRIGGER api_key_access_changed AFTER UPDATE ON api_key FOR EACH ROW WHEN (old.user_id IS "
        "DISTINCT FROM new.user_id OR old.digest IS DISTINCT FROM new.digest OR old.scopes IS DISTINCT FROM "
        "new.scopes OR old.workspace_ids IS DISTINCT FROM new.workspace_ids OR old.expires_at IS DISTINCT "
        "FROM new.expires_at OR old.revoked_at IS DISTINCT FROM new.revoked_at) EXECUTE FUNCTION "
        "workgraph_access_changed('user_id')"
    )
    op.execute(
        "CREATE TRIGGER api_key_access_deleted AFTER DELETE ON api_key FOR EACH ROW WHEN (old.revoked_at IS "
        "NULL) EXECUTE FUNCTION workgraph_access_changed('user_id')"
    )
    op.execute(
        "CREATE TRIGGER account_access_changed AFTER UPDATE ON account FOR EACH ROW WHEN (old.* IS DISTINCT "
        "FROM new.*) EXECUTE FUNCTION workgraph_access_changed('id')"
    )
    op.execute(
        "CREATE TRIGGER account_access_deleted AFTER DELETE ON account FOR EACH ROW EXECUTE FUNCTION "
        "workgraph_access_changed('id')"
    )
    op.execute(
        "CREATE TRIGGER member_access_added AFTER INSERT ON member FOR EACH ROW EXECUTE FUNCTION "
        "workgraph_access_changed('user_id')"
    )
    op.execute(
        "CREATE TRIGGER member_access_changed AFTER UPDATE ON member FOR EACH ROW WHEN (old.workspace_id IS "
        "DISTINCT FROM new.workspace_id OR old.id IS DISTINCT FROM new.id OR old.user_id IS DISTINCT FROM "
        "new.user_id OR old.role::text IS DISTINCT FROM new.role::text) EXECUTE FUNCTION "
        "workgraph_access_changed('user_id')"
    )
    op.execute(
        "CREATE TRIGGER member_access_deleted AFTER DELETE ON member FOR EACH ROW EXECUTE FUNCTION "
        "workgraph_access_changed('user_id')"
    )
    op.execute(
        "CREATE TRIGGER project_member_access_added AFTER INSERT ON project_member FOR EACH ROW EXECUTE "
        "FUNCTION workgraph_member_access_changed()"
    )
    op.execute(
        "CREATE TRIGGER project_member_access_changed AFTER UPDATE ON project_member FOR EACH ROW WHEN "
        "(old.workspace_id IS DISTINCT FROM new.workspace_id OR old.project_id IS DISTINCT FROM "
        "new.project_id OR old.member_id IS DISTINCT FROM new.member_id) EXECUTE FUNCTION "
        "workgraph_member_access_changed()"
    )
    op.execute(
        "CREATE TRIGGER project_member_access_deleted AFTER DELETE ON project_member FOR EACH ROW EXECUTE "
        "FUNCTION workgraph_member_access_changed()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER project_member_access_deleted ON project_member")
    op.execute("DROP TRIGGER project_member_access_changed ON project_member")
    op.execute("DROP TRIGGER project_member_access_added ON project_member")
    op.execute("DROP TRIGGER member_access_deleted ON member")
    op.execute("DROP TRIGGER member_access_changed ON member")
    op.execute("DROP TRIGGER member_access_added ON member")
    op.execute("DROP TRIGGER account_access_deleted ON account")
    op.execute("DROP TRIGGER account_access_changed ON account")
    op.execute("DROP TRIGGER api_key_access_deleted ON api_key")
    op.execute("DROP TRIGGER api_key_access_changed ON api_key")
    op.execute("DROP TRIGGER session_access_deleted ON session")
    op.execute("DROP TRIGGER session_access_changed ON session")
    op.execute("DROP FUNCTION workgraph_member_access_changed()")
    op.execute("DROP FUNCTION workgraph_access_changed()")
