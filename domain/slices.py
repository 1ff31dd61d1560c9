"""The slices of the domain, each after those that it builds on."""

from domain.accounts.slice import SLICE as ACCOUNTS
from domain.audit.slice import SLICE as AUDIT
from domain.auth.slice import SLICE as AUTH
from domain.batches.slice import SLICE as BATCHES
from domain.comments.slice import SLICE as COMMENTS
from domain.documents.slice import SLICE as DOCUMENTS
from domain.issues.slice import SLICE as ISSUES
from domain.labels.slice import SLICE as LABELS
from domain.milestones.slice import SLICE as MILESTONES
from domain.projects.slice import SLICE as PROJECTS
from domain.seed.slice import SLICE as SEED
from domain.transfers.slice import SLICE as TRANSFERS
from domain.undo.slice import SLICE as UNDO
from domain.workspaces.slice import SLICE as WORKSPACES

PLATFORM = (DOCUMENTS, ACCOUNTS, AUTH, WORKSPACES, AUDIT, BATCHES, UNDO)
"""Accounts, sign-in, workspaces, event log, batch runs and undo: what any application built on this one keeps."""
TRACKER = (LABELS, PROJECTS, MILESTONES, ISSUES, COMMENTS, SEED, TRANSFERS)
"""The work tracker, which another application can leave out."""
