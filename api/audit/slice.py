from api.audit.subscriptions import AuditSubscriptions
from api.shared.slices import ApiSlice
from domain.audit.slice import SLICE as RULES

SLICE = ApiSlice(
    domain=RULES,
    subscriptions=(AuditSubscriptions,),
)
