import pytest

from domain.auth.model import SigningKey
from infra.auth.keys import AesKeyMaker
from infra.auth.tokens import JoseTokenSigner
from infra.shared.ids import Uuid7IdFactory
from tests import defaults
from tests.fakes.clock import MemoryClock
from tests.platform.infra.auth.forging import ISSUER, Signing

SECRET = "Zk3pV8sQ1xWn6RtY0bLc9mHd4gJf7uEa2oTi5yCv"


@pytest.fixture(scope="session")
def signing() -> Signing:
    clock = MemoryClock()
    keys = AesKeyMaker(SECRET, Uuid7IdFactory(clock))
    key: SigningKey = keys.new(created_at=clock.now(), signs_from=clock.now())
    options = defaults.auth(issuer=ISSUER)
    return Signing(
        signer=JoseTokenSigner(keys, clock, options), keys=keys, key=key, private=keys.private_key(key), clock=clock
    )
