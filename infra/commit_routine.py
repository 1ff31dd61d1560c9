"""The database function that numbers and stores what a commit adds to the logs of its workspaces.

It is called in the message that also has COMMIT. Otherwise the counter of the workspace would be locked over several
round trips and over all delays of this process, and commits in one workspace would wait for each other's network.
"""

from infra.db.routines import Routine

NAME = "workgraph_commit"

COMMIT_ROUTINE = Routine(
    name=f"FUNCTION {NAME}(events jsonb, sizes jsonb, idempotency jsonb)",
    # Counters are locked in the order of workspace IDs, so that transactions cannot deadlock.
    definition="""CREATE OR REPLACE FUNCTION workgraph_commit(events jsonb, sizes jsonb, idempotency jsonb)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
  place text;
  log jsonb;
  first bigint;
  last bigint;
  told jsonb := '{}';
BEGIN
  FOR place IN
    SELECT each.id FROM (
      SELECT jsonb_object_keys(events) COLLATE "C" AS id UNION SELECT jsonb_object_keys(sizes) COLLATE "C"
    ) AS each ORDER BY each.id
  LOOP
    log := events -> place;
    IF log IS NOT NULL THEN
      INSERT INTO workspace_revision AS counter (workspace_id, revision)
      VALUES (place, jsonb_array_length(log -> 'events'))
      ON CONFLICT (workspace_id) DO UPDATE SET revision = counter.revision + excluded.revision
      RETURNING counter.revision INTO last;
      first := last - jsonb_array_length(log -> 'events');
      INSERT INTO event (
        workspace_id, revision, change_set, type, subject_id, parent_id, project_id, actor_id, cause, text_length,
        changes, occurred_at
      )
      SELECT place, first + new.number, coalesce((log ->> 'change_set')::bigint, last), new.type, new.subject_id,
        new.parent_id, new.project_id, log ->> 'actor_id', log ->> 'cause', new.text_length, new.changes,
        (log ->> 'occurred_at')::timestamptz
      FROM ROWS FROM (
        jsonb_to_recordset(log -> 'events') AS (
          type text, subject_id text, parent_id text, project_id text, text_length integer, changes jsonb
        )
      ) WITH ORDINALITY AS new (type, subject_id, parent_id, project_id, text_length, changes, number);
      IF log ? 'texts' THEN
        INSERT INTO event_text (workspace_id, revision, field, side, body)
        SELECT place, first + new.number, new.field, new.side, new.body
        FROM jsonb_to_recordset(log -> 'texts') AS new (number bigint, field text, side smallint, body text);
      END IF;
      told := told || jsonb_build_object(place, last);
    END IF;
    IF sizes -> place ? 'changed' THEN
      INSERT INTO list_size AS list (workspace_id, parent_id, lifecycle, size)
      SELECT place, new.parent_id, new.lifecycle, new.change
      FROM jsonb_to_recordset(sizes -> place -> 'changed') AS new (
        parent_id text, lifecycle smallint, change integer
      )
      ON CONFLICT (workspace_id, parent_id, lifecycle) DO UPDATE SET size = list.size + excluded.size;
    END IF;
    IF sizes -> place ? 'removed' THEN
      DELETE FROM list_size AS list
      WHERE list.workspace_id = place
        AND list.parent_id = ANY (ARRAY(SELECT jsonb_array_elements_text(sizes -> place -> 'removed')));
    END IF;
  END LOOP;
  IF idempotency IS NOT NULL THEN
    UPDATE idempotency_key AS spent
    SET subject_id = idempotency ->> 'subject_id',
      outcome = idempotency -> 'outcome',
      revision = coalesce(
        (idempotency ->> 'revision')::bigint,
        CASE WHEN (SELECT count(*) FROM jsonb_object_keys(told)) = 1 THEN last END
      )
    WHERE spent.user_id = idempotency ->> 'user_id' AND spent.key = idempotency ->> 'key';
  END IF;
  IF told <> '{}' THEN
    RAISE INFO 'workgraph_commit' USING DETAIL = told;
  END IF;
END
$function$""",
)
