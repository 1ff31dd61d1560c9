import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from domain.accounts.model import SignedIn
from domain.accounts.ports import CredentialReader, Credentials, PasswordHasher, Verdict
from domain.auth.api_keys import ApiKeyHolders, looks_like_api_key
from domain.auth.errors import WRONG_PASSWORD, WRONG_REFRESH_TOKEN, InvalidGrant, InvalidToken
from domain.auth.guessing import GuessGuard
from domain.auth.keyring import HEAD_START, LINGER, KeyRing
from domain.auth.memberships import memberships_of
from domain.auth.model import (
    TOKEN_PREFIX,
    AccessClaims,
    AuthOptions,
    EndReason,
    LiveToken,
    Session,
    SessionId,
    SigningKey,
    Tokens,
    verifying_keys_at,
)
from domain.auth.ports import ActorMemory, AuthUow, KeyMaker, SessionReader, TokenSigner
from domain.auth.refresh import RefreshTokens, family_digest, is_lost_answer, looks_like_refresh_token
from domain.shared.actor import Actor, ClientInfo
from domain.shared.addresses import normal_address
from domain.shared.checks import is_storable
from domain.shared.clock import Clock
from domain.shared.entities import with_values
from domain.shared.errors import PermissionDenied, Unavailable
from domain.shared.ids import IdFactory
from domain.shared.secrets import digest_of
from domain.shared.security import SecurityEventKind
from domain.shared.throttle import Throttle, source_key, source_of
from domain.shared.uow import OpenUow, Written

log = logging.getLogger(__name__)


class AuthService:
    """Sign-in, token rotation and signing keys. `authenticate` takes no actor; it establishes one."""

    def __init__(
        self,
        uow: OpenUow[AuthUow],
        read: SessionReader,
        accounts: CredentialReader,
        hasher: PasswordHasher,
        signer: TokenSigner,
        keys: KeyMaker,
        refresh_tokens: RefreshTokens,
        api_keys: ApiKeyHolders,
        memory: ActorMemory,
        throttle: Throttle,
        clock: Clock,
        ids: IdFactory,
        options: AuthOptions,
    ) -> None:
        self.options = options
        self._uow = uow
        self._read = read
        self._accounts = accounts
        self._hasher = hasher
        self._signer = signer
        self._keys = keys
        self._refresh_tokens = refresh_tokens
        self._api_keys = api_keys
        self._memory = memory
        self._guard = GuessGuard(throttle, read)
        self._ring = KeyRing(read, clock, life=options.access_life)
        self._clock = clock
        self._ids = ids

    async def authenticate(self, token: str, *, client: ClientInfo | None = None) -> SignedIn:
        """The actor of an access token or API key, with the current roles; raises Unauthenticated."""
        with self._memory.reading() as keep:
            try:
                actor = await self._authenticate(token, client)
            except InvalidToken:
                self._memory.discard(digest_of(token))
                raise
            keep(digest_of(token), actor)
        return actor

    def recall(self, token: str, *, client: ClientInfo | None = None) -> SignedIn | None:
        """The actor of a token that `authenticate` has accepted within the last seconds, as it was then.

        None if there is none. The actor may have lost or gained access since, so that nothing may be refused to it
        before `authenticate` has confirmed that.
        """
        actor = self._memory.recall(digest_of(token))
        if actor is None or (actor.expires_at is not None and self._clock.now() >= actor.expires_at):
            return None
        return with_values(actor, client=client)

    async def reload_actor(self, actor: Actor) -> Actor:
        """The actor with the current roles; raises Unauthenticated if the session or token has ended."""
        if actor.grant is not None:
            return (await self._api_keys.reload_actor(actor, actor.grant.key_id)).without_request_data()
        if actor.session_id is None or actor.expires_at is None or self._clock.now() >= actor.expires_at:
            raise InvalidToken
        return (
            await self._actor(actor.session_id, actor.signed_in_id, actor.expires_at, actor.client)
        ).without_request_data()

    async def sign_in(self, actor: Actor, email: str, password: str, *, client_id: str) -> Tokens:
        """Opens a session; raises InvalidGrant, or TooOften for a caller who guesses."""
        email = normal_address(email)
        counted = await self._guard.admit(email, source_of(actor))
        try:
            credentials = await self._accounts.credentials(email) if is_storable(email) else None
            verdict = await self._hasher.verify(password, credentials.password_hash if credentials else None)
        except Unavailable:
            await self._guard.clear(counted)
            raise
        if credentials is None or not verdict.is_right:
            await self._note_refusal(actor, credentials)
            raise InvalidGrant(WRONG_PASSWORD)
        await self._guard.clear(counted)
        refresh_token = self._refresh_tokens.first()
        session = self._new_session(actor, credentials, refresh_token, client_id=client_id)
        tokens = await self._tokens(session, refresh_token)
        await self._open(actor, session, refresh_token, credentials, verdict)
        return tokens

    async def refresh(self, actor: Actor, token: str) -> Tokens:
        """Spends a refresh token for the next one; raises InvalidGrant, and ends the session of one spent before."""
        if not looks_like_refresh_token(token):
            raise InvalidGrant(WRONG_REFRESH_TOKEN)
        successor = self._refresh_tokens.successor(token)
        # Before the token is spent, so that a failure to sign does not end the session.
        await self._signing_key()
        async with self._uow(actor) as uow:
            session = await uow.sessions.rotate(
                digest_of(token), digest_of(successor), now=uow.now, idle_end=uow.now + self.options.idle_life
            )
            if session is None:
                session = await self._presented_again(uow, token, successor)
            await uow.commit(session)
        if session is None:
            raise InvalidGrant(WRONG_REFRESH_TOKEN)
        return await self._tokens(session, successor)

    async def revoke(self, actor: Actor, token: str) -> None:
        """Revokes the API key, or ends the session of the token. Unknown tokens are no error (RFC 7009, 2.2)."""
        if looks_like_api_key(token):
            await self._revoke_key(actor, token)
            return
        try:
            claims = None if looks_like_refresh_token(token) else await self._verified(token)
        except InvalidToken:
            return
        async with self._uow(actor) as uow:
            session = await uow.sessions.of_family(family_digest(token)) if claims is None else None
            session_id = claims.session_id if claims is not None else session.id if session is not None else None
            if session_id is not None:
                await uow.sessions.end(session_id, EndReason.SIGNED_OUT, now=uow.now)
                user_id = claims.user_id if claims is not None else session.user_id if session is not None else None
                uow.note(SecurityEventKind.SIGNED_OUT, user_id=user_id, subject_id=session_id)
            await uow.commit(None)

    async def _revoke_key(self, actor: Actor, key: str) -> None:
        """Revokes a presented key without a further check: the finder of a leaked key may revoke it."""
        async with self._uow(actor) as uow:
            found = await uow.api_keys.by_digest(digest_of(key))
            if found is not None and found.revoked_at is None:
                await uow.api_keys.save(found, replace(found, revoked_at=uow.now))
                uow.note(SecurityEventKind.API_KEY_REVOKED, user_id=found.user_id, subject_id=found.id)
            await uow.commit(None)

    async def introspect(self, actor: Actor, token: str) -> LiveToken | None:
        """Metadata of a valid token of the actor; None for every other token (RFC 7662, 2.2)."""
        user_id = actor.signed_in_id
        if looks_like_refresh_token(token):
            found = await self._read.refresh_token(digest_of(token), now=self._clock.now())
        else:
            found = await self._live_access_token(token)
        return found if found is not None and found.user_id == user_id else None

    async def prepare(self, actor: Actor) -> None:
        """Creates the first signing key if none exists; only one of several concurrent processes does."""
        async with self._uow(actor) as uow:
            if not await uow.signing_keys.all_locked():
                now = uow.now
                await uow.signing_keys.add(self._keys.new(created_at=now, signs_from=now))
            await uow.commit(None)
        self._ring.forget()

    async def rotate_keys(self, actor: Actor) -> Written[SigningKey]:
        """Creates a key that signs after a short delay. The old key verifies until its last token has expired."""
        _require_operator(actor)
        async with self._uow(actor) as uow:
            now = uow.now
            keys = await uow.signing_keys.all_locked()
            alive = verifying_keys_at(keys, now, self.options.access_life + LINGER)
            for key in keys:
                if key not in alive:
                    await uow.signing_keys.remove(key)
            new = self._keys.new(created_at=now, signs_from=now + HEAD_START if keys else now)
            await uow.signing_keys.add(new)
            uow.note(SecurityEventKind.SIGNING_KEY_ROTATED, user_id=None, subject_id=new.id)
            written = await uow.commit(new)
        self._ring.forget()
        return written

    async def keys(self, actor: Actor) -> Sequence[SigningKey]:
        """All keys, oldest first."""
        _require_operator(actor)
        return await self._read.signing_keys()

    async def published_keys(self, actor: Actor) -> Sequence[Mapping[str, str]]:
        """The public keys that others verify our tokens with, as JWKs (RFC 7517)."""
        await self._signing_key()
        return [self._keys.public_jwk(key) for key in await self._ring.published()]

    async def _authenticate(self, token: str, client: ClientInfo | None) -> SignedIn:
        if looks_like_api_key(token):
            return await self._api_keys.authenticate(token, client=client)
        claims = await self._verified(token)
        return await self._actor(claims.session_id, claims.user_id, claims.expires_at, client)

    async def _live_access_token(self, token: str) -> LiveToken | None:
        try:
            claims = await self._verified(token)
            await self._actor(claims.session_id, claims.user_id, claims.expires_at, None)
        except InvalidToken:
            return None
        return LiveToken(
            user_id=claims.user_id,
            client_id=claims.client_id,
            expires_at=claims.expires_at,
            issued_at=claims.issued_at,
            token_id=claims.token_id,
        )

    async def _verified(self, token: str) -> AccessClaims:
        key = await self._ring.verifying(self._signer.key_id(token))
        if key is None:
            raise InvalidToken
        return self._signer.verify(token, key)

    async def _actor(self, session_id: str, user_id: str, expires_at: datetime, client: ClientInfo | None) -> SignedIn:
        person = await self._read.person(session_id, user_id, now=self._clock.now())
        if person is None:
            raise InvalidToken
        # The session can end before its access token. A remembered actor is compared with the time only.
        return SignedIn(
            account=person.account,
            user_id=user_id,
            session_id=session_id,
            expires_at=expires_at if person.ends_at is None else min(expires_at, person.ends_at),
            client=client,
            **memberships_of(person, self._read),
        )

    async def _note_refusal(self, actor: Actor, credentials: Credentials | None) -> None:
        """Logs a refused sign-in, also for an unknown address, so that timing does not reveal accounts."""
        async with self._uow(actor) as uow:
            uow.note(SecurityEventKind.SIGN_IN_REFUSED, user_id=credentials.user_id if credentials else None)
            await uow.commit(None)

    def _new_session(self, actor: Actor, credentials: Credentials, refresh_token: str, *, client_id: str) -> Session:
        now = self._clock.now()
        return Session(
            id=SessionId(self._ids.new(Session.prefix)),
            user_id=credentials.user_id,
            client_id=client_id,
            source=source_key(source_of(actor)),
            device=actor.client.device if actor.client is not None else "",
            created_at=now,
            last_used_at=now,
            expires_at=now + self.options.absolute_life,
            token_family=family_digest(refresh_token),
        )

    async def _open(
        self, actor: Actor, session: Session, refresh_token: str, credentials: Credentials, verdict: Verdict
    ) -> None:
        idle_end = min(session.created_at + self.options.idle_life, session.expires_at)
        async with self._uow(actor) as uow:
            if verdict.upgraded is not None:
                await uow.passwords.upgrade(session.user_id, credentials.password_hash, verdict.upgraded)
            await uow.sessions.add(session)
            await uow.sessions.add_token(session.id, digest_of(refresh_token), expires_at=idle_end)
            uow.note(SecurityEventKind.SIGNED_IN, user_id=session.user_id, subject_id=session.id)
            await uow.commit(session)

    async def _presented_again(self, uow: AuthUow, token: str, successor: str) -> Session | None:
        """The session of a spent token whose answer was lost; any other spent token ends its session."""
        now = uow.now
        spent = await uow.sessions.spent_token(family_digest(token), digest_of(token), digest_of(successor))
        if spent is None:
            return None
        if is_lost_answer(spent, now=now):
            return spent.session
        if spent.session.is_alive(now):
            await uow.sessions.end(spent.session.id, EndReason.REUSED, now=now)
            uow.note(SecurityEventKind.REFRESH_TOKEN_REUSED, user_id=spent.session.user_id, subject_id=spent.session.id)
            log.warning("A used refresh token was presented again; ended session %s.", spent.session.id)
        return None

    async def _tokens(self, session: Session, refresh_token: str) -> Tokens:
        now = self._clock.now().replace(microsecond=0)
        life = min(self.options.access_life, session.expires_at - now)
        claims = AccessClaims(
            token_id=self._ids.new(TOKEN_PREFIX),
            user_id=session.user_id,
            session_id=session.id,
            client_id=session.client_id,
            issued_at=now,
            expires_at=now + timedelta(seconds=int(life.total_seconds())),
        )
        access_token = self._signer.issue(claims, await self._signing_key())
        return Tokens(access_token=access_token, refresh_token=refresh_token, expires_in=int(life.total_seconds()))

    async def _signing_key(self) -> SigningKey:
        key = await self._ring.signing()
        if key is None:
            await self.prepare(Actor.system())
            key = await self._ring.signing()
        if key is None:
            raise Unavailable("No signing key is available. Retry the request.")
        return key


def _require_operator(actor: Actor) -> None:
    if not actor.is_system:
        raise PermissionDenied("Only the server operator can list and rotate signing keys.")
