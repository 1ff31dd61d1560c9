from domain.shared.slices import Slice

SLICE = Slice(
    name="seed",
)
