import random
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as some

from domain.auth.errors import InvalidToken
from domain.shared.ids import is_id
from infra.auth.keys import public_key_of
from infra.auth.tokens import JoseTokenSigner
from tests import defaults
from tests.fakes.clock import MemoryClock
from tests.platform.infra.auth.forging import GONE, ISSUER, Signing, as_json, changed, encoded, hmac_signed
from tests.work import counted_calls

DEEP = b"[" * 3000
BIG = b"9" * 400
MOST_CALLS = 1000


def refused(signing: Signing, token: str) -> None:
    with pytest.raises(InvalidToken):
        signing.verify(token)


def test_an_issued_token_is_verified(signing: Signing) -> None:
    claims = signing.verify(signing.issued())
    assert claims.client_id == "workgraph"
    assert (claims.expires_at - claims.issued_at).total_seconds() == 600


def test_a_token_is_what_rfc_9068_says(signing: Signing) -> None:
    token = signing.issued()
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "typ": "at+jwt", "kid": signing.key.id}
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims.keys() == {"iss", "aud", "sub", "sid", "jti", "client_id", "iat", "exp"}


def test_the_hand_made_token_is_verified(signing: Signing) -> None:
    """Proves that the forged tokens of this module are refused for their change, not for being handmade."""
    signing.verify(signing.signed(signing.header, signing.claims))


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "nOnE", "", "HS256", "HS384", "HS512", "RS256", "ES384", "es256"]
)
def test_only_our_algorithm_verifies(signing: Signing, algorithm: str) -> None:
    header = changed(signing.header, alg=algorithm)
    refused(signing, signing.signed(header, signing.claims))
    refused(signing, f"{encoded(as_json(header))}.{encoded(as_json(signing.claims))}.")


@pytest.mark.parametrize("algorithm", [None, ["ES256"], {"ES256": 1}, 1, True])
def test_an_algorithm_is_a_text(signing: Signing, algorithm: object) -> None:
    refused(signing, signing.signed(changed(signing.header, alg=algorithm), signing.claims))


FORMS = [
    (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    (Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    (Encoding.X962, PublicFormat.UncompressedPoint),
    (Encoding.X962, PublicFormat.CompressedPoint),
    (Encoding.OpenSSH, PublicFormat.OpenSSH),
]


@pytest.mark.parametrize(("encoding", "form"), FORMS)
@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512", "ES256"])
def test_the_public_key_is_no_secret(signing: Signing, encoding: Encoding, form: PublicFormat, algorithm: str) -> None:
    secret = public_key_of(signing.key).public_bytes(encoding, form)
    header = changed(signing.header, alg=algorithm)
    digest = {"ES256": "sha512"}.get(algorithm, f"sha{algorithm[2:]}")
    for each in (secret, secret + b"\n", b""):
        refused(signing, hmac_signed(header, signing.claims, each, digest=digest))


@pytest.mark.parametrize(
    "changes",
    [
        {"crit": ["exp"]},
        {"crit": ["b64"], "b64": False},
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/certificate"},
        {"jwk": {"kty": "EC"}},
        {"x5c": ["MIIB"]},
        {"kid": "../../etc/passwd"},
        {"kid": "key_' OR 1=1 --"},
        {"kid": ""},
        {"kid": None},
        {"kid": ["key_1"]},
        {"kid": "ses_01jdcvq3e8fkt9w2v6xyz0a1b2"},
        {"kid": GONE},
        {"typ": "JWT"},
        {"typ": "refresh+jwt"},
        {"typ": GONE},
        {"alg": GONE},
        {"cty": "JWT"},
        {"zip": "DEF"},
    ],
    ids=str,
)
def test_a_header_cannot_steer(signing: Signing, changes: dict[str, Any]) -> None:
    refused(signing, signing.signed(changed(signing.header, **changes), signing.claims))


CLAIMS = ["iss", "aud", "sub", "sid", "jti", "client_id", "iat", "exp"]
ODD = [GONE, None, "", [], {}, True, -1, 1.5, "9999999999", [ISSUER], {"a": 1}, 10**18]


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("value", ODD, ids=str)
def test_every_claim_is_required_and_typed(signing: Signing, claim: str, value: object) -> None:
    if (claim, value) != ("client_id", "9999999999"):  # as good a name as any
        refused(signing, signing.signed(signing.header, changed(signing.claims, **{claim: value})))


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("text", ["workgraph\0", "\ud800"], ids=ascii)
def test_every_claim_is_text_that_can_be_written_down(signing: Signing, claim: str, text: str) -> None:
    refused(signing, signing.signed(signing.header, changed(signing.claims, **{claim: text})))


@pytest.mark.parametrize("number", [b"1e308", b"Infinity", b"-Infinity", b"NaN", BIG, b"1e3", b"9999999999.0", b"0x1"])
@pytest.mark.parametrize("claim", ["exp", "iat"])
def test_odd_numbers_are_no_times(signing: Signing, claim: str, number: bytes) -> None:
    claims = as_json(changed(signing.claims, **{claim: "NUMBER"})).replace(b'"NUMBER"', number)
    refused(signing, signing.signed_bytes(as_json(signing.header), claims))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"aud": "https://other.example"},
        {"sub": "ses_01jdcvq3e8fkt9w2v6xyz0a1b2"},
        {"sid": "usr_01jdcvq3e8fkt9w2v6xyz0a1b2"},
        {"admin": True},
        {"nbf": 0},
    ],
    ids=str,
)
def test_claims_of_others_are_refused(signing: Signing, changes: dict[str, Any]) -> None:
    refused(signing, signing.signed(signing.header, changed(signing.claims, **changes)))


def test_times_count_to_the_second(signing: Signing) -> None:
    now = int(signing.clock.now().timestamp())
    signing.verify(signing.signed(signing.header, changed(signing.claims, exp=now + 1)))
    refused(signing, signing.signed(signing.header, changed(signing.claims, exp=now)))
    signing.verify(signing.signed(signing.header, changed(signing.claims, iat=now + 60)))
    refused(signing, signing.signed(signing.header, changed(signing.claims, iat=now + 61)))


def test_a_proved_token_still_ends(signing: Signing) -> None:
    clock = MemoryClock(signing.clock.now())
    signer = JoseTokenSigner(signing.keys, clock, defaults.auth(issuer=ISSUER))
    token = signing.issued()
    assert signer.verify(token, signing.key) == signer.verify(token, signing.key)
    clock.move(seconds=600)
    with pytest.raises(InvalidToken):
        signer.verify(token, signing.key)


def test_a_token_is_valid_only_with_its_own_key(signing: Signing) -> None:
    token = signing.issued()
    said = signing.signer.key_id(token)
    signing.signer.verify(token, signing.key)
    assert signing.signer.key_id(token) == said == signing.key.id
    now = signing.clock.now()
    with pytest.raises(InvalidToken):
        signing.signer.verify(token, signing.keys.new(created_at=now, signs_from=now))


def test_another_key_is_refused(signing: Signing) -> None:
    stranger = Signing(
        signer=signing.signer,
        keys=signing.keys,
        key=signing.key,
        private=ec.generate_private_key(ec.SECP256R1()),
        clock=signing.clock,
    )
    refused(signing, stranger.signed(stranger.header, stranger.claims))


@pytest.mark.parametrize("part", [0, 1])
@pytest.mark.parametrize(
    "data",
    [b"[]", b"null", b'"a"', b"1", b"", b"{", b"\xff\xfe", b'{"a":"\\ud800"}', DEEP[:1000], b'{"alg":' * 150, b"\0"],
    ids=lambda data: repr(data[:12]),
)
def test_parts_are_flat_objects(signing: Signing, part: int, data: bytes) -> None:
    parts = [as_json(signing.header), as_json(signing.claims)]
    parts[part] = data
    refused(signing, signing.signed_bytes(*parts))


@pytest.mark.parametrize("end", ["!!", "=", "==", "A", ".", "\n", " ", "é"])
def test_a_token_has_one_spelling(signing: Signing, end: str) -> None:
    refused(signing, signing.issued() + end)


def test_a_signature_has_64_bytes(signing: Signing) -> None:
    head, _, signature = signing.issued().rpartition(".")
    spellings = [
        signature[:-1] + letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    ]
    spellings.remove(signature)
    for other in (*spellings, signature[:-1], signature[:-2], "", encoded(b"\0" * 64), encoded(b"\xff" * 64)):
        refused(signing, f"{head}.{other}")


def mutated(choice: random.Random, token: str) -> str:
    """A token with something wrong: letters, parts, bytes, depth or size."""
    kind = choice.randrange(8)
    place = choice.randrange(len(token))
    if kind == 0:
        letter = choice.choice([each for each in "ABCxyz019-_.=!\0é\ud800 \n" if each != token[place]])
        return token[:place] + letter + token[place + 1 :]
    if kind == 1:
        return token[:place]
    if kind == 2:
        return token[:place] + choice.randbytes(choice.randrange(1, 40)).decode("latin-1") + token[place:]
    if kind == 3:
        parts = token.split(".")
        return ".".join(choice.choice(parts) for _ in range(choice.choice([1, 2, 4, 5])))
    if kind == 4:
        return encoded(DEEP[: choice.randrange(3000)]) + "." + token
    if kind == 5:
        return token + "A" * choice.choice([1, 100, 10_000, 1_000_000])
    if kind == 6:
        return "".join(chr(choice.choice([choice.randrange(128), choice.randrange(0x10FFFF)])) for _ in range(50))
    return ".".join(encoded(choice.randbytes(choice.randrange(200))) for _ in range(3))


def fuzz(signing: Signing, *, rounds: int, seed: int) -> None:
    choice = random.Random(seed)
    for _ in range(rounds):
        token = signing.issued() if choice.random() < 0.1 else signing.signed(signing.header, signing.claims)
        forged = mutated(choice, token)
        with counted_calls() as calls:
            refused(signing, forged)
        assert calls.count < MOST_CALLS, f"seed {seed}: {forged[:100]!r}"


def test_500_altered_tokens_are_refused(signing: Signing) -> None:
    fuzz(signing, rounds=500, seed=20261123)


@pytest.mark.verify
def test_10_000_altered_tokens_are_refused(signing: Signing) -> None:
    fuzz(signing, rounds=10_000, seed=random.randrange(1 << 32))


_times = some.integers(-700, 700).filter(lambda offset: not 0 < offset <= 60)
_odd = some.none() | some.booleans() | some.floats(allow_nan=True) | some.text(max_size=5) | some.lists(some.integers())


@given(
    claim=some.sampled_from(["exp", "iat", "iss", "aud", "sub", "jti", "none"]),
    value=_odd,
    is_removed=some.booleans(),
    exp=_times,
    iat=_times,
    is_altered=some.booleans(),
)
def test_pyjwt_accepts_nothing_less_and_nothing_more(
    signing: Signing, claim: str, value: object, is_removed: bool, exp: int, iat: int, is_altered: bool
) -> None:
    now = int(time.time())
    signing_now = int(signing.clock.now().timestamp())
    # PyJWT reads the system's clock and ours stands still: each gets times in its own.
    tokens = []
    for moment in (signing_now, now):
        claims = changed(signing.claims, exp=moment + exp, iat=moment + iat)
        if claim != "none":
            claims = changed(claims, **{claim: GONE if is_removed else value})
        token = signing.signed(signing.header, claims)
        tokens.append(token[:-10] + "AAAAAAAAAA" if is_altered else token)
    try:
        signing.verify(tokens[0])
        is_ours = True
    except InvalidToken:
        is_ours = False
    assert is_ours == accepted_by_pyjwt(tokens[1], signing)


def accepted_by_pyjwt(token: str, signing: Signing) -> bool:
    try:
        claims = jwt.decode(
            token,
            public_key_of(signing.key),
            algorithms=["ES256"],
            audience=ISSUER,
            issuer=ISSUER,
            options={"require": ["exp", "iat", "iss", "aud", "sub", "jti"], "strict_aud": True},
        )
    except jwt.PyJWTError:
        return False
    # What PyJWT leaves to its caller.
    times = type(claims["exp"]) is int and type(claims["iat"]) is int and claims["iat"] >= 0
    return times and str(claims["sub"]).startswith("usr_") and is_id(claims["jti"], "tok")
