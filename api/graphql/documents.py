"""Preparation of documents for execution: bounded, parsed, measured, validated and cached."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from sys import getsizeof

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    OverlappingFieldsCanBeMergedRule,
    parse,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule

from api.graphql.batch_rows import batch_fields
from api.graphql.cost import CostFormula, cost_formula
from api.graphql.executors import ExecutorParts
from api.graphql.limits import (
    INTROSPECTION_FIELDS,
    LimitCode,
    Size,
    check_literals,
    check_overlaps,
    check_sizes,
    limit_error,
    measure,
)
from api.graphql.one_of import mark_one_of
from api.graphql.options import QueryLimits
from api.graphql.syntax_trees import TreeShrinker
from api.graphql.two_tier_cache import CacheStats, TwoTierCache
from domain.shared.batches import MOST_AT_ONCE
from strawberry_compiled import CompiledOperation

MOST_ERRORS = 5  # validation errors reported per document; more errors would cost time that the caller does not pay for
CACHED_BYTES = 67_108_864  # estimated memory, from the constants below
NODE_BYTES = 270  # measured with tracemalloc: a node of a shrunk syntax tree takes 150 to 240 bytes, without its text
TEXT_FACTOR = 3  # copies of the text: in the cache, and in names and strings
DOCUMENT_BYTES = 2_000  # facts about the document and its operations
TYPENAME = "__typename"


class DocumentRefused(Exception):
    """The document cannot be executed; every error has `extensions.code`."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors


class SignInRequired(Exception):
    """The document has root fields that require a signed-in caller."""


@dataclass(slots=True, kw_only=True)
class Operation:
    """Facts about one operation, computed once per document, and from its second run what its runs share."""

    name: str | None
    type: OperationType
    root_fields: frozenset[str]
    fields: int
    node: OperationDefinitionNode
    cost: CostFormula
    limits: QueryLimits
    """Limits of its variables: those of all operations, or of batches."""
    runs: int = 0
    parts: ExecutorParts | None = None
    compiled: CompiledOperation | None = None
    plan_bytes: int = 0  # size at the last call of `Prepared.has_grown`

    @property
    def is_single(self) -> bool:
        """Whether the operation has a single root field, so that an error of the field is an error of the operation."""
        selections = self.node.selection_set.selections
        return len(selections) == 1 and isinstance(selections[0], FieldNode)

    @property
    def is_introspection(self) -> bool:
        return self.root_fields <= INTROSPECTION_FIELDS | {TYPENAME}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A document that has passed every check, and its operations by name (None for an unnamed operation)."""

    document: DocumentNode
    nodes: int
    """Nodes of the syntax tree that no other document shares."""
    operations: Mapping[str | None, Operation]
    has_grown: Callable[[], None]
    """Callback for the executor: has the cache measure the plans of the operations again."""

    def operation(self, name: str | None) -> Operation:
        """The operation that a request selects; raises DocumentRefused unless it is exactly one."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        if name is None:
            raise _refused("OPERATION_UNCLEAR", "The document has several operations. Select one with `operationName`.")
        operation = self.operations.get(name)
        if operation is None:
            raise _refused("OPERATION_UNKNOWN", "The document has no operation with the name given in `operationName`.")
        return operation


class DocumentCache:
    """Prepares documents for one schema and caches valid ones by their text, within `most_bytes`."""

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: QueryLimits,
        *,
        is_introspection_enabled: bool = True,
        most_bytes: int = CACHED_BYTES,
    ) -> None:
        mark_one_of(schema)
        self._schema = schema
        self._limits = limits
        # The objects of a batch are one list, which may be longer than any other.
        self._batch_limits = replace(limits, list_items=max(limits.list_items, MOST_AT_ONCE))
        self._batches = batch_fields(schema)
        self._hides_schema = not is_introspection_enabled
        # OverlappingFieldsCanBeMerged is the only slow rule. It runs last, on documents that pass the other rules.
        self._rules = (
            *(rule for rule in specified_rules if rule is not OverlappingFieldsCanBeMergedRule),
            MaybeNullValidationRule,
        )
        if self._hides_schema:
            self._rules += (NoSchemaIntrospectionCustomRule,)
        self._shrinker = TreeShrinker()
        self._known: TwoTierCache[str, Prepared] = TwoTierCache(most_bytes)

    def prepare(self, text: str, *, only: frozenset[str] | None = None) -> Prepared:
        """The document, ready to run; raises DocumentRefused.

        `only` restricts the root fields: other root fields raise SignInRequired before the document is compared with
        the schema, so that anonymous callers learn nothing about the schema.
        """
        known = self._known.get(text)
        if known is not None:
            if only is not None:
                _check_root_fields((each.root_fields for each in known.operations.values()), only)
            return known
        self._check_bytes(text)
        prepared = self._prepare(text, only)
        self._known.put(text, prepared, size=document_bytes(text, prepared))
        return prepared

    @property
    def stats(self) -> CacheStats:
        return self._known.stats

    def _check_bytes(self, text: str) -> None:
        limit = self._limits.document_bytes
        size = len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
        if size > limit:
            message = f"A document can have at most {limit} bytes."
            raise DocumentRefused([limit_error(LimitCode.DOCUMENT_BYTES, limit, message)])

    def _prepare(self, text: str, only: frozenset[str] | None) -> Prepared:
        document = self._parse(text)
        sizes = measure(document)
        _check_root_fields((size.root_names for _, size in sizes), only)
        self._refuse(check_sizes(sizes, self._limits) or check_literals(document, self._limits_of(sizes)))
        self._refuse(check_overlaps(document, self._limits))
        self._validate(document, self._rules)
        self._validate(document, (OverlappingFieldsCanBeMergedRule,))
        operations = {}
        for node, size in sizes:
            name = node.name.value if node.name else None
            operations[name] = Operation(
                name=name,
                type=node.operation,
                root_fields=size.root_names,
                fields=size.fields,
                node=node,
                cost=cost_formula(self._schema, document, node, most_fields=self._limits.fields),
                limits=self._limits_of([(node, size)]),
            )
        if not operations:
            raise _refused("OPERATION_UNKNOWN", "The document has no operation. Add a query, mutation or subscription.")
        return Prepared(
            document=document,
            nodes=self._shrinker.shrink(document),
            operations=operations,
            has_grown=partial(self._note_growth, text),
        )

    def _limits_of(self, sizes: Iterable[tuple[OperationDefinitionNode, Size]]) -> QueryLimits:
        has_batch = any(not self._batches.isdisjoint(size.root_names) for _, size in sizes)
        return self._batch_limits if has_batch else self._limits

    def _parse(self, text: str) -> DocumentNode:
        limit = self._limits.tokens
        try:
            return parse(text, max_lexical_tokens=limit, max_comments=limit)
        except GraphQLError as error:
            # graphql-core has no class of its own for this error.
            if "Document contains more than" in error.message:
                message = f"A document can have at most {limit} tokens."
                refusal = limit_error(LimitCode.TOKENS, limit, message)
            else:
                refusal = error
                refusal.extensions = {"code": "SYNTAX_ERROR"}
            raise DocumentRefused([refusal]) from error

    def _validate(self, document: DocumentNode, rules: Collection[type[ASTValidationRule]]) -> None:
        errors = validate(self._schema, document, rules, max_errors=MOST_ERRORS, hide_suggestions=self._hides_schema)
        for error in errors:
            error.extensions = {"code": "VALIDATION_ERROR"}
        if errors:
            raise DocumentRefused(errors)

    def _refuse(self, error: GraphQLError | None) -> None:
        if error is not None:
            raise DocumentRefused([error])

    def _note_growth(self, text: str) -> None:
        prepared = self._known.peek(text)
        if prepared is not None:
            for each in prepared.operations.values():
                if each.compiled is not None:
                    each.plan_bytes = each.compiled.size
            self._known.resize(text, size=document_bytes(text, prepared))


def document_bytes(text: str, prepared: Prepared) -> int:
    """Upper estimate of the memory that the document takes with its plans, for all but unusual documents."""
    plans = sum(each.plan_bytes for each in prepared.operations.values())
    return DOCUMENT_BYTES + TEXT_FACTOR * getsizeof(text) + NODE_BYTES * prepared.nodes + plans


def _check_root_fields(asked: Iterable[frozenset[str]], allowed: frozenset[str] | None) -> None:
    if allowed is not None and any(names - allowed for names in asked):
        raise SignInRequired


def _refused(code: str, message: str) -> DocumentRefused:
    return DocumentRefused([GraphQLError(message, extensions={"code": code})])
