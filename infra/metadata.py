"""Every table, for migrations; a new slice adds its line."""

from infra.accounts import tables as accounts
from infra.audit import tables as audit
from infra.auth import tables as auth
from infra.comments import tables as comments
from infra.db.base import Base
from infra.issues import tables as issues
from infra.jobs import tables as jobs
from infra.labels import tables as labels
from infra.projects import tables as projects
from infra.workspaces import tables as workspaces

TABLES = (accounts, audit, auth, comments, issues, jobs, labels, projects, workspaces)
metadata = Base.metadata
