"""The only module that uses python-jose (3.5.0, which has many traps: all its input is checked first)."""

import json
import re
from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from jose import jws
from jose.backends.base import Key
from jose.jwk import construct

from domain.accounts.model import User
from domain.auth.errors import InvalidToken
from domain.auth.model import TOKEN_PREFIX, AccessClaims, AuthOptions, Session, SigningKey
from domain.shared.checks import is_storable
from domain.shared.clock import Clock
from domain.shared.ids import is_id
from infra.auth.keys import AesKeyMaker, public_key_of

ALGORITHM = "ES256"
TYPE = "at+jwt"  # media type of access tokens (RFC 9068 section 2.1)
LONGEST = 2048  # characters; tokens of this server have about 600
SKEW = timedelta(seconds=60)  # tolerated difference between the clocks of issuer and verifier
# 64 bytes leave four bits of the 86th character unused. Only one of the 16 spellings is accepted.
_SHAPE = re.compile(r"([A-Za-z0-9_-]{2,512})\.([A-Za-z0-9_-]{2,1400})\.[A-Za-z0-9_-]{85}[AQgw]", re.ASCII)
_HEADER = {"alg", "typ", "kid"}
_CLAIMS = {"iss", "aud", "sub", "sid", "jti", "client_id", "iat", "exp"}
_NESTED = re.compile(rb"[\[{]")
_REMEMBERED = 10_000  # verified tokens that are remembered by digest
_DEEPEST = 8  # brackets in total; an issuer such as http://[::1]:8000 contains one


class JoseTokenSigner:
    """Signs and verifies tokens with ES256 only. Every failure is an InvalidToken."""

    def __init__(self, keys: AesKeyMaker, clock: Clock, options: AuthOptions) -> None:
        self._keys = keys
        self._clock = clock
        self._options = options
        self._public: dict[str, Key] = {}
        self._private: dict[str, Key] = {}
        self._proved: dict[bytes, tuple[str, AccessClaims]] = {}

    def key_id(self, token: str) -> str:
        known = self._proved.get(_digest(token))
        return self._unverified_key_id(token) if known is None else known[0]

    def _unverified_key_id(self, token: str) -> str:
        shape = _SHAPE.fullmatch(token) if len(token) <= LONGEST else None
        if shape is None:
            raise InvalidToken
        header = _object(shape[1])
        if header.keys() != _HEADER or header["alg"] != ALGORITHM or header["typ"] != TYPE:
            raise InvalidToken
        key_id = header["kid"]
        if not isinstance(key_id, str) or not is_id(key_id, SigningKey.prefix):
            raise InvalidToken
        return key_id

    def issue(self, claims: AccessClaims, key: SigningKey) -> str:
        private = self._private.get(key.id)
        if private is None:
            # Parse the key once: signing with PEM text parses it each time, 100 times slower.
            private = self._private[key.id] = construct(self._keys.private_key(key), ALGORITHM)
        payload = {
            "iss": self._options.issuer,
            "aud": self._options.audience,
            "sub": claims.user_id,
            "sid": claims.session_id,
            "jti": claims.token_id,
            "client_id": claims.client_id,
            "iat": int(claims.issued_at.timestamp()),
            "exp": int(claims.expires_at.timestamp()),
        }
        token: str = jws.sign(payload, private, headers={"typ": TYPE, "kid": key.id}, algorithm=ALGORITHM)
        return token

    def verify(self, token: str, key: SigningKey) -> AccessClaims:
        # Remember verified tokens: a client sends one token for ten minutes, and verifying it takes 200 µs, longer than
        # a lookup in the database.
        digest = _digest(token)
        key_id, claims = self._proved.get(digest) or (self._unverified_key_id(token), None)
        if key_id != key.id:
            raise InvalidToken
        if claims is None:
            claims = self._prove(token, key)
            while len(self._proved) >= _REMEMBERED:
                del self._proved[next(iter(self._proved))]
            self._proved[digest] = (key_id, claims)
        now = self._clock.now()
        if not claims.issued_at <= now + SKEW or not now < claims.expires_at:
            raise InvalidToken
        return claims

    def _prove(self, token: str, key: SigningKey) -> AccessClaims:
        """Claims of a token with a valid signature, whether it has expired or not."""
        public = self._public.get(key.id)
        if public is None:
            public = self._public[key.id] = construct(public_key_of(key), ALGORITHM)
        claims = _object(token.split(".")[1])
        try:
            jws.verify(token, public, algorithms=[ALGORITHM])
        except Exception as error:  # python-jose also raises TypeError, OverflowError and others
            raise InvalidToken from error
        if claims.keys() != _CLAIMS:
            raise InvalidToken
        if claims["iss"] != self._options.issuer or claims["aud"] != self._options.audience:
            raise InvalidToken
        return AccessClaims(
            token_id=_id(claims["jti"], TOKEN_PREFIX),
            user_id=_id(claims["sub"], User.prefix),
            session_id=_id(claims["sid"], Session.prefix),
            client_id=_text(claims["client_id"]),
            issued_at=_moment(claims["iat"]),
            expires_at=_moment(claims["exp"]),
        )


def _digest(token: str) -> bytes:
    return sha256(token.encode(errors="surrogatepass")).digest()


def _object(part: str) -> dict[str, Any]:
    """One part of a token as a JSON object. Deep nesting is refused before parsing."""
    try:
        data = urlsafe_b64decode(part + "=" * (-len(part) % 4))
        if len(_NESTED.findall(data)) > _DEEPEST:
            raise InvalidToken
        parsed = json.loads(data)
    except ValueError as error:
        raise InvalidToken from error
    if not isinstance(parsed, dict):
        raise InvalidToken
    return parsed


def _text(value: object) -> str:
    if not isinstance(value, str) or not value or not is_storable(value):
        raise InvalidToken
    return value


def _id(value: object, prefix: str) -> str:
    text = _text(value)
    if not is_id(text, prefix):
        raise InvalidToken
    return text


def _moment(value: object) -> datetime:
    # bool is a subclass of int; times after the year 6000 are refused
    if type(value) is not int or not 0 <= value < 1 << 37:
        raise InvalidToken
    return datetime.fromtimestamp(value, UTC)
