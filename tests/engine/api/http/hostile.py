"""Documents that are small to send and, to a careless server, endless to check."""

from collections.abc import Iterator

LEVELS = (10, 20, 40, 60)


def hostile_documents() -> Iterator[tuple[str, str]]:
    """Name and text, for the schema of http_world."""
    for levels in LEVELS:
        yield f"spreads doubled {levels}", chain("...F{next} ...F{next}", levels)
        yield f"fields doubled {levels}", chain("a:item{{...F{next}}} b:item{{...F{next}}}", levels)
        yield f"one field doubled {levels}", chain("item{{...F{next}}} item{{...F{next}}}", levels)
        yield f"cycle {levels}", cycle("item{{...F{next}}} ...F{next}", levels)
        yield f"bare cycle {levels}", cycle("...F{next}", levels)
        yield f"inline fragments {levels}", "{item" + "{...on Item" * levels + "{name}" + "}" * (levels + 1)
    yield "long chain", chain("...F{next}", 200)
    yield "same field", "{item{" + "name " * 1900 + "}}"
    yield "same object", "{item{" + "item{name}" * 480 + "}}"
    yield "same object, arguments", "{item{" + "item(number:1){name}" * 190 + "}}"
    yield "conflicting arguments", "{item{" + "".join(f"item(number:{n}){{name}}" for n in range(190)) + "}}"
    yield "same path", "{item{" + ("item{" * 10 + "name" + "}" * 10) * 60 + "}}"
    yield "many inline fragments", "{item{" + ("...on Item{" + "item{name} " * 10 + "}") * 35 + "}}"
    yield "many fragments", "{item{" + _spreads(150) + "}}" + _fragments(150, "name")
    yield "many deep fragments", "{item{" + _spreads(60) + "}}" + _fragments(60, "item{item{name}}")
    yield "each to each", "{item{...F0}}" + _each_to_each(25, "...F{} ")
    yield "each to each, deeper", "{item{...F0}}" + _each_to_each(18, "item{{...F{}}} ")
    yield "aliases", "{" + "".join(f"a{n}:item{{name}}" for n in range(300)) + "}"
    yield "unknown fields", "{item{" + "".join(f"x{n} " for n in range(1900)) + "}}"
    yield "unknown directives", "{__typename" + "@a" * 900 + "}"
    yield "repeated directives", "{__typename" + "@skip(if:true)" * 280 + "}"
    yield "nested list", "{numbers(numbers:" + "[" * 150 + "]" * 150 + ")}"
    yield "very nested list", "{numbers(numbers:" + "[" * 900 + "]" * 900 + ")}"
    yield "very nested fields", "{item" + "{item" * 600 + "}" * 601
    yield "long list", "{numbers(numbers:[" + "1," * 1800 + "])}"
    yield "commas", "{item{name" + "," * 16_000 + "}}"
    yield "comments", "{item{name}}" + "\n#" * 8_000
    yield "long string", '{item(name:"' + "x" * 16_000 + '"){name}}'
    yield "long name", "{" + "x" * 16_000 + "}"
    yield "many variables", "query(" + "".join(f"$a{n}:Int " for n in range(480)) + "){item{name}}"
    yield "many operations", "".join(f"query a{n}{{item{{name}}}}" for n in range(240))
    yield "same operation", "query a{item{name}}" * 240
    yield "same fragment", "{item{...F}}" + "fragment F on Item{name}" * 240
    yield "unused fragments", "{item{name}}" + _fragments(240, "name")
    yield "introspection, wide", "{__schema{types{" + "fields{name} " * 400 + "}}}"
    yield "introspection, deep", "{__schema{types{" + "fields{type{" * 15 + "name" + "}}" * 15 + "}}}"


def chain(body: str, levels: int) -> str:
    fragments = "".join(f"fragment F{n} on Item{{{body.format(next=n + 1)}}}" for n in range(levels))
    return "{item{...F0}}" + fragments + f"fragment F{levels} on Item{{name}}"


def cycle(body: str, levels: int) -> str:
    return "{item{...F0}}" + "".join(
        f"fragment F{n} on Item{{{body.format(next=(n + 1) % levels)}}}" for n in range(levels)
    )


def _spreads(count: int) -> str:
    return "".join(f"...F{n} " for n in range(count))


def _fragments(count: int, body: str) -> str:
    return "".join(f"fragment F{n} on Item{{{body}}}" for n in range(count))


def _each_to_each(count: int, body: str) -> str:
    return "".join(
        f"fragment F{n} on Item{{" + "".join(body.format(other) for other in range(n + 1, count)) + "name}"
        for n in range(count)
    )
