from dataclasses import dataclass, replace

import pytest

from domain.shared.provided import Provided, TwiceProvided


@dataclass(init=False)
class Services(Provided):
    one: int
    two: int


def test_an_attribute_that_no_slice_provides_raises() -> None:
    services = Services(one=1)
    assert services.one == 1
    with pytest.raises(AttributeError, match=r"No slice of this application provides `Services\.two`"):
        assert services.two


def test_an_attribute_is_provided_once() -> None:
    services = Services()
    services.one = 1
    with pytest.raises(TwiceProvided, match=r"Services\.one"):
        services.one = 2
    assert replace(Services(one=1, two=2), two=3) == Services(one=1, two=3)
