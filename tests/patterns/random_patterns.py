"""Random expressions and texts, always the same for a seed. Some are damaged, so that refusals are compared, too."""

from __future__ import annotations

from random import Random

ATOMS = (
    *"abc-_ A1é€😀", r"\n", r"\d", r"\w", r"\s", r"\D", r"\W", r"\S", ".", "[ab]", "[^a]", "[a-z0-9]", r"[\w-]", r"[^\s\d]", "[é-€]",
    r"[\u{10000}-\u{1f600}]", "[^]", "[]", r"\x41", r"\u0041", r"\u{1F600}", r"\uD83D\uDE00", r"\cJ", r"\0", r"\t", r"\/", r"\.", r"\$", r"[\b]",
    r"[^\u{80}-\u{10ffff}]", r"\p{Lu}", r"\p{Script=Greek}", r"[\p{Nd}_]", r"[\]\[\-]", r"\ud800", r"[\ud800-\udfff]", r"[^\ud800]", r"\u2028",
)  # fmt: skip
SUFFIXES = ("*", "+", "?", "{2}", "{0,2}", "{1,}", "{2,3}", "*?", "+?", "??", "{0}")
LETTERS = "abc-_ A1é€😀\n\r\u2028Zz0/.$\u0085\x7f\x80\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff\t\xa0\ufeffα\u0663\x00\x08"


def pattern(random: Random) -> str:
    start = "^" if random.random() < 0.3 else ""
    if random.random() < 0.15:
        start += random.choice(("(?=.*", "(?!.*")) + _node(random, 1, looks=False) + ")"
    text = start + _node(random, 4, looks=True) + ("$" if random.random() < 0.3 else "")
    return _damaged(random, text) if random.random() < 0.05 else text


def _damaged(random: Random, text: str) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice("()[]{}*+?|\\^$-.,1kpu") + text[at:]


def _node(random: Random, depth: int, *, looks: bool) -> str:
    choice = random.random()
    if depth <= 0 or choice < 0.45:
        return random.choice(ATOMS)
    if choice < 0.65:
        return "".join(_node(random, depth - 1, looks=looks) for _ in range(random.randint(0, 4)))
    if choice < 0.75:
        return "(?:" + "|".join(_node(random, depth - 1, looks=looks) for _ in range(random.randint(1, 3))) + ")"
    if choice < 0.88:
        opening = random.choice(("(", "(?:", f"(?<n{random.randrange(10**6)}>"))
        return opening + _node(random, depth - 1, looks=looks) + ")" + random.choice(SUFFIXES)
    if choice < 0.93:
        return random.choice(("^", "$", r"\b", r"\B"))
    if looks:
        return random.choice(("(?=", "(?!", "(?<=", "(?<!")) + _node(random, depth - 1, looks=random.random() < 0.3) + ")"
    return random.choice(ATOMS)


def texts(random: Random, count: int) -> list[str]:
    return [_text(random) for _ in range(count)]


def _text(random: Random) -> str:
    letters = LETTERS[: random.choice((6, 11, len(LETTERS)))]
    return "".join(random.choice(letters) for _ in range(random.randint(0, random.choice((2, 4, 8)))))


def mutations(random: Random, text: str, count: int) -> list[str]:
    """The text with one character left out, doubled, replaced or added."""
    return [_mutation(random, text) for _ in range(count)]


def _mutation(random: Random, text: str) -> str:
    at = random.randrange(len(text) + 1)
    letter = random.choice(LETTERS)
    return random.choice(
        (text[:at] + text[at + 1 :], text[:at] + letter + text[at:], text[:at] + letter + text[at + 1 :], text[:at] * 2 + text[at:])
    )
