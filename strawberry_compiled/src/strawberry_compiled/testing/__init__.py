"""Comparison of two answers to one operation. The differential fuzzer is `strawberry_compiled.testing.fuzz`."""

from strawberry_compiled.testing.comparison import Difference, difference

__all__ = ["Difference", "difference"]
