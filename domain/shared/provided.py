"""Objects whose attributes are provided one by one, by the slices of the application."""

from dataclasses import dataclass


class TwiceProvided(Exception):
    """Two slices provide the same attribute."""


@dataclass(init=False, repr=False)
class Provided:
    """Base of objects with declared attributes, each of which one slice sets once."""

    def __init__(self, **provided: object) -> None:
        for name, value in provided.items():
            setattr(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        if name in vars(self):
            raise TwiceProvided(f"Two slices provide `{type(self).__name__}.{name}`.")
        object.__setattr__(self, name, value)


def _not_provided(provided: Provided, name: str) -> object:
    raise AttributeError(f"No slice of this application provides `{type(provided).__name__}.{name}`.")


# Set here, where a type checker does not see it: it would let every name pass as an attribute.
Provided.__getattr__ = _not_provided  # type: ignore[attr-defined]
