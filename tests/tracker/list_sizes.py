"""Checks that stored sizes of lists, and counts of comments, are those of the rows."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

_LISTS = text(
    """
    SELECT workspace_id, parent, lifecycle, count(*)
    FROM (SELECT workspace_id, unnest(array_remove(ARRAY[workspace_id, project_id, milestone_id, parent_id], NULL)),
                 lifecycle
          FROM issue) AS list (workspace_id, parent, lifecycle)
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    """
)
_SIZES = text("SELECT * FROM list_size WHERE size <> 0 ORDER BY workspace_id, parent_id, lifecycle")
# Sets and joins: where a table has no statistics yet, a subquery for each row takes minutes with 60,000 issues.
_ORPHANS = text(
    """
    SELECT parent_id FROM list_size EXCEPT (
      SELECT id FROM workspace UNION ALL SELECT id FROM project UNION ALL SELECT id FROM milestone
      UNION ALL SELECT id FROM issue)
    """
)
_MISCOUNTED = text(
    """
    SELECT issue.id, comment_count FROM issue
    LEFT JOIN (SELECT workspace_id, issue_id, count(*) AS number FROM comment GROUP BY 1, 2) AS counted
      ON counted.workspace_id = issue.workspace_id AND counted.issue_id = issue.id
    WHERE comment_count <> coalesce(counted.number, 0)
    """
)


async def require_exact_counts(engine: AsyncEngine) -> int:
    """The number of lists that are not empty; fails if a stored count is wrong."""
    async with engine.connect() as connection:
        lists, sizes, orphans, miscounted = [
            [tuple(row) for row in await connection.execute(each)] for each in (_LISTS, _SIZES, _ORPHANS, _MISCOUNTED)
        ]
    assert sizes == lists
    assert (orphans, miscounted) == ([], [])
    return len(lists)
