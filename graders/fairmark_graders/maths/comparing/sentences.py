"""Short sentences that say a word: "It will be a Thursday", "No, the series diverges", "Cid is the tallest".

A sentence says what stands after its last verb of being, what it ends with where that is a verb itself, or what it
begins with before such a verb. It says nothing where it denies, hedges, compares or names a rival of the word: what
isn't plainly said counts as another answer.
"""

import re
from itertools import dropwhile

from ..reading.words import words_of

_FIELDS = tuple(
    frozenset(words_of(field))
    for field in (
        "yes no true false correct incorrect",
        "even odd neither both",
        "converges diverges convergent divergent converge diverge oscillates",
        "monday tuesday wednesday thursday friday saturday sunday weekday weekend",
        "january february march april may june july august september october november december",
        "spring summer autumn fall winter",
        "increasing decreasing constant increases decreases",
        "maximum minimum saddle inflection",
        "positive negative zero nonzero",
        "rational irrational transcendental",
        "prime composite",
        "finite infinite",
        "countable uncountable",
        "acute obtuse right straight reflex",
        "scalene isosceles equilateral",
        "parallel perpendicular skew intersecting coincident",
        "circle ellipse parabola hyperbola line",
        "injective surjective bijective",
        "dependent independent",
        "consistent inconsistent",
        "continuous discontinuous",
        "exists dne undefined",
        "valid invalid",
        "up down left right upward downward",
        "north south east west northeast northwest southeast southwest",
        "red blue green yellow black white orange purple pink brown",
        "first second third 1st 2nd 3rd last",
        "greater less equal larger smaller more fewer higher lower",
        "always never sometimes",
    )
)
"""Words of which one denies the others, unless a text is about how they are related."""

_SAME = {
    **dict.fromkeys(("convergent", "converge"), "converges"),
    **dict.fromkeys(("divergent", "diverge"), "diverges"),
    **dict.fromkeys(("true", "correct"), "yes"),
    **dict.fromkeys(("false", "incorrect"), "no"),
    **dict.fromkeys(("downward", "downwards"), "down"), **dict.fromkeys(("upward", "upwards"), "up"),
    **{
        short: day
        for day in words_of("monday tuesday wednesday thursday friday saturday sunday")
        for short in (day[:3], day[:4], day[:5])
    },
    "right-angled": "right", "maxima": "maximum", "minima": "minimum", "identical": "equal",
}  # fmt: skip
_PHRASES = re.compile(
    r"\b(?:(?P<dne>does not exist|do not exist|doesn't exist|don't exist|doesnt exist|fails to exist|non-?existent|dne)"
    r"|(?P<diverges>(?:does not|doesn't|do not|don't|fails to) converge|(?:is not|isn't) convergent|is not converging"
    r"|(?:grows?|increases?) without bound|(?:has|have) no finite (?:sum|limit|value))"
    r"|(?P<undefined>(?:is not|isn't|not) defined)"
    r"|(?P<invalid>not valid)"
    r"|(?P<neither>neither (?:even nor odd|odd nor even|even or odd|odd or even)))(?!\S)"
)
_LEADING = re.compile(
    r"(?:yes|no)\b|(?:true|false|correct|incorrect)(?= (?:it|this|that|these|they|there|he|she|we|because|since)\b|$)"
)
"""A "yes" or "no" with an explanation behind it; "correct answer" says neither."""
_IT = r"(?:(?:it|they|this|that|he|she|we|you|there) )"
_ANSWERS_YES = re.compile(
    rf"{_IT}(?:does|do|is|are|can|will|has|have)|(?:so )?{_IT}?is (?:always |indeed )?possible|(?:it )?can be done"
)
_ANSWERS_NO = re.compile(
    rf"{_IT}(?:(?:does|do|is|are|can|will|has|have)(?: not|n't)|can't|cannot)"
    r"|(?:[a-z' ]{1,60} )?(?:is|are) impossible|(?:[a-z' ]{1,60} )?(?:cannot|can't) be done"
    r"|(?:it is |is )?not (?:necessarily|always|in general|true in general)"
    rf"|{_IT}(?:is|are) not (?:necessarily|always)(?: true| so| case)?"
)
"""Short sentences that only answer whether something is so."""
_YES_OR_NO = frozenset({"yes", "no"})
_BEING = frozenset(
    words_of(
        "is are was were be becomes remains it's that's he's she's called named points acts faces "
        "opens goes moves they're"
    )
)
_ENDING = frozenset({"converges", "diverges", "dne", "exists", "undefined", "oscillates", "increases", "decreases"})
_DOING = _BEING - {"be"} | frozenset(words_of("has had wins won will did does gets got finishes finished came tells"))
_FILLING = frozenset(
    words_of(
        "therefore thus hence clearly always indeed simply just then actually definitely so also on in at of by "
        "linearly due"
    )
)
_DENYING = frozenset(
    words_of(
        "not no never neither nor cannot isn't aren't wasn't won't doesn't don't can't didn't wouldn't couldn't hardly "
        "unlikely without wrong incorrect false except unequal outside minus"
    )
)
_HEDGING = frozenset(
    words_of(
        "or if unless maybe perhaps possibly probably might could may either but although though while whereas when "
        "than sometimes usually often almost nearly and vs versus depends assuming suppose unclear unknown whether "
        "before after until instead rather both only nobody nothing everyone everything someone say says said think "
        "thinks believe believes claim claims guess seems appears looks"
    )
)
_OF_OTHERS = frozenset(words_of("by second third 2nd 3rd last behind between beside and"))
"""What tells that the one named first isn't whom the sentence is about: "Alice was beaten by Bob"."""
_ROLES = frozenset(
    words_of(
        "most least best worst first winner champion leader liar thief culprit spy knight knave murderer capital truth "
        "winning limiting"
    )
)
"""With superlatives, what one is named for. "Alice is Bob" names two."""
_REASONS = frozenset({"because", "since", "as"})
_KINDS = frozenset(
    words_of(
        "function functions triangle triangles series sequence number numbers integer matrix angle angles set day "
        "month graph curve lines system integral limit solution solutions equation variable events vectors point color "
        "colour"
    )
)
_CLAIMS = frozenset({"claim", "belief", "guess"})
"""What one may say, and what may be said to be so: "the claim is false"."""
_LONGEST = 40
"""Words of a sentence."""
_LONGEST_BEFORE = 6
"""Words after one that a sentence begins with: "Cid is the tallest of the three friends"."""


def says(answer: str, reference: str) -> bool:
    """Whether a text in canonical words says the word, or the few words, of the other."""
    wanted = _without_it(_plain(reference))
    told = _of_one_subject(_without_reason(_plain(answer)))
    if not wanted or len(told) > _LONGEST:
        return False
    if wanted[0] in _YES_OR_NO and _LEADING.match(answer) and _LEADING.match(reference):
        return _agrees(told, wanted)
    if wanted in (["yes"], ["no"]) and (_ANSWERS_YES if wanted == ["yes"] else _ANSWERS_NO).fullmatch(answer):
        return True
    told = told[1:] if _LEADING.match(answer) and len(told) > 1 and wanted[0] not in _YES_OR_NO else told
    return _is(told, wanted) or (_is_plain(told, wanted) and (_ends(told, wanted) or _begins(told, wanted)))


def in_any_order(left: str, right: str) -> bool:
    """Whether both name the same with "and" between: "Alice and Bob", "Bob and Alice"."""
    one, other = _named(left), _named(right)
    return len(one) > 1 and one == other


def _named(text: str) -> list[str]:
    """What is joined; commas are gone, so of three or more each is one word."""
    *first, last = text.split(" and ")
    return sorted([*" and ".join(first).split(), last] if len(first) == 1 and " " not in last else [*first, last])


def _plain(text: str) -> list[str]:
    """The words, those that mean the same spelled alike."""
    if " " in text or "-" in text:
        text = _PHRASES.sub(lambda match: str(match.lastgroup), text)
    return [_SAME.get(word, word) for each in text.split() if (word := each.strip(".:-/"))]


def _without_it(wanted: list[str]) -> list[str]:
    """`diverges` of "it diverges", `even` of "it is even"."""
    if wanted[:2] == ["it", "is"] or (wanted[:1] == ["it"] and len(wanted) == 2 and wanted[1] in _ENDING):
        return wanted[1:] if wanted[1] != "is" else wanted[2:]
    return wanted


def _without_reason(told: list[str]) -> list[str]:
    at = next((at for at, word in enumerate(told) if word in _REASONS), 0)
    return told[:at] if at else told


def _of_one_subject(told: list[str]) -> list[str]:
    """Without the "and" between those whom one verb is about, and without the claim that is judged."""
    verb = next((at for at, word in enumerate(told) if word in _BEING), 0)
    if verb == 1 and told[0] in _CLAIMS:
        return told[1:]
    joined = verb and told[verb] == "are"
    return [word for at, word in enumerate(told) if word != "and" or at > verb] if joined else told


def _agrees(told: list[str], wanted: list[str]) -> bool:
    """Whether the first word is the "yes" or "no" of the other, which nothing after it takes back."""
    if told[:1] != wanted[:1] or not (len(told) == 1 or len(wanted) == 1):
        return False
    rest = (told if len(told) > 1 else wanted)[1:]
    against = _HEDGING | _YES_OR_NO | (_DENYING if told[0] == "yes" or rest[:1] == ["is"] else frozenset())
    return len(told) == 1 or against.isdisjoint(rest)


def _is_plain(told: list[str], wanted: list[str]) -> bool:
    """Whether nothing is denied, left open or compared, and no rival is named."""
    others = [word for word in told if word not in wanted]
    rivals = frozenset[str]().union(*(field for field in _FIELDS if not field.isdisjoint(wanted)))
    return _DENYING.isdisjoint(others) and _HEDGING.isdisjoint(others) and rivals.isdisjoint(others)


def _ends(told: list[str], wanted: list[str]) -> bool:
    """By what follows the last verb of being, or by the verb at the end."""
    at = max((at for at, word in enumerate(told) if word in _BEING), default=-1)
    if at >= 0 and _is(told[at + 1 :], wanted):
        return True
    if wanted[0] in _YES_OR_NO and told[-2:] == ["so", *wanted]:
        return True
    return wanted[0] in _ENDING and told[-len(wanted) :] == wanted


def _begins(told: list[str], wanted: list[str]) -> bool:
    """By what stands before the first verb."""
    rest = told[len(wanted) :]
    if told[: len(wanted)] != wanted or not rest or rest[0] not in _DOING:
        return False
    if len(rest) > _LONGEST_BEFORE or not _OF_OTHERS.isdisjoint(rest):
        return False
    return rest in (["wins"], ["won"]) or any(word.endswith("est") or word in _ROLES for word in rest)


def _is(said: list[str], wanted: list[str]) -> bool:
    """Whether these are the words, on either side with what kind of thing it is: `even`, `an even function`."""
    said, wanted = (list(dropwhile(_FILLING.__contains__, words)) for words in (said, wanted))
    if said == wanted:
        return bool(said)
    longer, shorter = (said, wanted) if len(said) > len(wanted) else (wanted, said)
    return bool(shorter) and longer[:-1] == shorter and longer[-1] in _KINDS and shorter[-1] not in _KINDS
