"""Every table, for migrations; a new slice adds its line."""

import infra.accounts.tables as accounts
import infra.audit.tables as audit
import infra.auth.tables as auth
import infra.comments.tables as comments
import infra.documents.tables as documents
import infra.issues.tables as issues
import infra.jobs.tables as jobs
import infra.labels.tables as labels
import infra.milestones.tables as milestones
import infra.projects.tables as projects
import infra.transfers.tables as transfers
import infra.workspaces.tables as workspaces
from infra.db.base import Base

TABLES = (accounts, audit, auth, comments, documents, issues, jobs, labels, milestones, projects, transfers, workspaces)
metadata = Base.metadata
