"""The slices of `api`, in an order in which each follows the slices that it builds on."""

from api.accounts.slice import SLICE as ACCOUNTS
from api.audit.slice import SLICE as AUDIT
from api.auth.slice import SLICE as AUTH
from api.batches.slice import SLICE as BATCHES
from api.comments.slice import SLICE as COMMENTS
from api.issues.slice import SLICE as ISSUES
from api.labels.slice import SLICE as LABELS
from api.milestones.slice import SLICE as MILESTONES
from api.projects.slice import SLICE as PROJECTS
from api.transfers.slice import SLICE as TRANSFERS
from api.undo.slice import SLICE as UNDO
from api.workspaces.slice import SLICE as WORKSPACES

PLATFORM = (ACCOUNTS, AUTH, WORKSPACES, AUDIT, BATCHES, UNDO)
TRACKER = (LABELS, PROJECTS, MILESTONES, ISSUES, COMMENTS, TRANSFERS)
