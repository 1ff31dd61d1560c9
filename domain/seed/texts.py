"""Markdown of a wanted length, put together from sentences."""

from collections.abc import Sequence
from math import exp, log
from random import Random

from domain.seed import words

SENTENCES_PER_PROJECT = 1200
LONGEST_TEXT = 20_000  # characters
MEDIAN_DESCRIPTION, HIGH_DESCRIPTION = 520, 3154  # characters; the higher is the 95th percentile
MEDIAN_COMMENT, HIGH_COMMENT = 136, 979
_95TH = 1.645  # standard deviations above the median


class Writer:
    """Writes about one project; its sentences are made once, which makes each text cheap."""

    def __init__(self, random: Random, project_key: str) -> None:
        self._random = random
        self._things = words.THINGS[project_key]
        self._sentences = self._filled(words.SENTENCES, SENTENCES_PER_PROJECT)
        self._replies = self._filled(words.REPLIES, SENTENCES_PER_PROJECT // 4)
        self._steps = self._filled(words.STEPS, SENTENCES_PER_PROJECT // 4)

    def title(self) -> str:
        random = self._random
        thing = random.choice(self._things)
        kind = random.random()
        if kind < 0.5:
            return f"{_capital(thing)} {random.choice(words.FAULTS)} {random.choice(words.SITUATIONS)}"
        if kind < 0.8:
            return f"Let {random.choice(words.GROUPS)} {random.choice(words.WISHES)} in {thing.removeprefix('the ')}"
        return f"{random.choice(words.CHORES)} {thing}"

    def description(self) -> str:
        length = self._length(MEDIAN_DESCRIPTION, HIGH_DESCRIPTION)
        blocks = [self._paragraph(min(length, self._random.randint(120, 420)), self._sentences)]
        rest = length - len(blocks[0])
        while rest > 60:
            block = self._block(rest)
            blocks.append(block)
            rest -= len(block) + 2
        return "\n\n".join(blocks)

    def comment(self) -> str:
        length = self._length(MEDIAN_COMMENT, HIGH_COMMENT)
        if length < 70:
            return self._random.choice(self._replies)
        blocks: list[str] = []
        while length > 40:
            is_plain = len(blocks) % 3 < 2
            size = min(length, self._random.randint(150, 500))
            blocks.append(self._paragraph(size, self._sentences) if is_plain else self._block(size))
            length -= len(blocks[-1]) + 2
        return "\n\n".join(blocks)

    def _block(self, length: int) -> str:
        kind = self._random.random()
        size = min(length, self._random.randint(150, 500))
        if kind < 0.5 or length < 120:
            return self._paragraph(size, self._sentences)
        if kind < 0.62:
            heading = self._random.choice(words.HEADINGS)
            return f"## {heading}\n\n{self._paragraph(size, self._sentences)}"
        if kind < 0.72:
            return "\n".join(f"{place}. {step}" for place, step in enumerate(self._some(self._steps, size), 1))
        if kind < 0.82:
            return "\n".join(f"- {line}" for line in self._some(self._sentences, size))
        if kind < 0.88:
            return "\n".join(f"- [{self._random.choice('x ')}] {step}" for step in self._some(self._steps, size))
        if kind < 0.95:
            lines = (self._random.choice(words.LOG_LINES) for _ in range(1 + size // 50))
            return "```\n" + "\n".join(line.format(number=self._random.randint(2, 9000)) for line in lines) + "\n```"
        return f"> {self._paragraph(size, self._sentences)}"

    def _paragraph(self, length: int, sentences: Sequence[str]) -> str:
        return " ".join(self._some(sentences, length))

    def _some(self, sentences: Sequence[str], length: int) -> list[str]:
        """At least one item, and as many as come closest to the length."""
        chosen = [self._random.choice(sentences)]
        left = length - len(chosen[0])
        while True:
            sentence = self._random.choice(sentences)
            if left < len(sentence) / 2:
                return chosen
            chosen.append(sentence)
            left -= len(sentence) + 1

    def _length(self, median: int, high: int) -> int:
        sigma = log(high / median) / _95TH
        return min(LONGEST_TEXT, int(median * exp(sigma * self._random.gauss(0, 1))))

    def _filled(self, templates: Sequence[str], count: int) -> list[str]:
        return list(dict.fromkeys(self._fill(self._random.choice(templates)) for _ in range(count)))

    def _fill(self, template: str) -> str:
        random = self._random
        thing = random.choice(self._things)
        return template.format(
            thing=thing,
            Thing=_capital(thing),
            fault=random.choice(words.FAULTS),
            situation=random.choice(words.SITUATIONS),
            group=random.choice(words.GROUPS),
            wish=random.choice(words.WISHES),
        )


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
