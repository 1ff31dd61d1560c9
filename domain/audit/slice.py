from domain.audit.errors import AuditErrorCode
from domain.audit.events import ChangeSetUndone
from domain.shared.actor import Permission, Role
from domain.shared.slices import Slice

UNDO_ANY = Permission("undo changes of other users, and changes that are older than 30 days", Role.ADMIN)

SLICE = Slice(
    name="audit",
    permissions=(UNDO_ANY,),
    error_codes=AuditErrorCode,
    events={
        ChangeSetUndone: (),
    },
    undo={
        ChangeSetUndone: None,
    },
)
