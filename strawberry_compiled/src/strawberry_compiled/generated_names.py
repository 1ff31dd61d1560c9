"""Functions and classes that generated code uses by name."""

import builtins
from typing import Any

from graphql import Undefined

from strawberry_compiled import completion, infos
from strawberry_compiled.leaves import PLAIN, SETTLED
from strawberry_compiled.row_blocks import Block, Place, shown

NAMES: dict[str, Any] = {
    **vars(builtins),
    "PLAIN": PLAIN,
    "SETTLED": SETTLED,
    "Undefined": Undefined,
    "Block": Block,
    "Place": Place,
    "shown": shown,
    **{
        each.__name__: each
        for each in (
            completion.arguments_of,
            completion.await_fields,
            completion.await_items,
            completion.complete,
            completion.complete_item,
            completion.deliver_later,
            completion.execute,
            completion.fail,
            completion.fail_item,
            completion.fail_late,
            infos.info_of,
            completion.later,
            completion.later_item,
        )
    },
}
"""Names of generated code besides constants, in place of Python's builtins, so that no plan has a copy."""
