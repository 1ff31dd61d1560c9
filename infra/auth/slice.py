from datetime import timedelta

from domain.app import App
from domain.auth.activation_service import ActivationService
from domain.auth.api_key_service import ApiKeyService
from domain.auth.api_keys import ApiKeyHolders
from domain.auth.email_service import EmailService
from domain.auth.model import AuthOptions
from domain.auth.password_service import PasswordService
from domain.auth.proof import PasswordProof
from domain.auth.refresh import RefreshTokens
from domain.auth.service import AuthService
from domain.auth.session_service import SessionService
from domain.auth.slice import SLICE as RULES
from infra.accounts.slice import credentials, mailed_links, password_rules
from infra.auth.key_uses import SqlKeyUses
from infra.auth.keys import AesKeyMaker
from infra.auth.reader import SqlApiKeyReader, SqlSessionReader
from infra.auth.repository import SqlApiKeyRepository, SqlSessionRepository, SqlSigningKeyRepository
from infra.auth.tables import ApiKeyRow, RefreshTokenRow, SessionRow, SigningKeyRow
from infra.auth.tokens import JoseTokenSigner
from infra.db.first_use import Repositories, first_use
from infra.parts import Parts, SliceAdapters
from infra.settings import Settings


class AuthRepositories(Repositories):
    api_keys = first_use(SqlApiKeyRepository)
    sessions = first_use(SqlSessionRepository)
    signing_keys = first_use(SqlSigningKeyRepository)


def password_proof(parts: Parts) -> PasswordProof:
    return PasswordProof(parts.uow, credentials(parts), parts.hasher, parts.throttle)


def auth_options(settings: Settings) -> AuthOptions:
    return AuthOptions(
        issuer=settings.issuer,
        access_life=timedelta(minutes=settings.access_token_minutes),
        idle_life=timedelta(days=settings.refresh_token_days),
        absolute_life=timedelta(days=settings.session_days),
    )


def _provide(app: App, parts: Parts) -> None:
    proof, links = password_proof(parts), mailed_links(parts)
    reads = parts.reads.on_primary  # a replica may not know yet that a session has ended
    api_keys, sessions = SqlApiKeyReader(reads), SqlSessionReader(reads)
    options, keys = auth_options(parts.settings), AesKeyMaker(parts.settings.secret_key.get_secret_value(), parts.ids)
    key_uses = SqlKeyUses(parts.write_engine)
    parts.closing.push_async_callback(key_uses.aclose)
    app.activations = ActivationService(parts.uow, proof)
    app.api_keys = ApiKeyService(parts.uow, api_keys, parts.clock, parts.ids)
    app.auth = AuthService(
        parts.uow,
        sessions,
        credentials(parts),
        parts.hasher,
        JoseTokenSigner(keys, parts.clock, options),
        keys,
        RefreshTokens(parts.key_for("refresh tokens 1")),
        ApiKeyHolders(api_keys, key_uses, parts.clock),
        parts.memory,
        parts.throttle,
        parts.clock,
        parts.ids,
        options,
    )
    app.emails = EmailService(parts.uow, proof, links)
    app.passwords = PasswordService(parts.uow, proof, parts.hasher, password_rules(parts), links)
    app.sessions = SessionService(parts.uow, sessions, parts.clock, options)


SLICE = SliceAdapters(
    domain=RULES,
    tables=(
        SessionRow,
        RefreshTokenRow,
        SigningKeyRow,
        ApiKeyRow,
    ),
    repositories=AuthRepositories,
    provide=_provide,
)
