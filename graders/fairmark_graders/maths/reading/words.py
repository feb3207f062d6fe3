"""The words of mathematics: functions, constants, connectives, numbers, what people say instead of a value."""

import re

words_of = str.split
"""The words of a list that is written as one text."""

FUNCTIONS = {
    **{name: name for name in words_of(
        "sin cos tan cot sec csc arcsin arccos arctan arccot arcsec arccsc sinh cosh tanh coth sech csch arcsinh "
        "arccosh arctanh ln log exp sqrt cbrt abs floor ceil gcd lcm max min sup inf cis det sgn deg dim rank tr ker "
        "span real imaginary norm conjugate factorial round"
    )},
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "acot": "arccot", "asinh": "arcsinh", "acosh": "arccosh",
    "atanh": "arctanh", "arsinh": "arcsinh", "arcosh": "arccosh", "artanh": "arctanh",
    "tg": "tan", "ctg": "cot", "cosec": "csc", "arctg": "arctan", "sh": "sinh", "ch": "cosh",
    "th": "tanh", "lg": "log10", "lb": "log2", "ceiling": "ceil", "sign": "sgn", "GCD": "gcd", "LCM": "lcm",
    "Re": "real", "Im": "imaginary", "arg": "arg", "Arg": "arg", "nCr": "binomial", "nPr": "permutations",
    "binom": "binomial", "comb": "binomial", "hcf": "gcd", "HCF": "gcd",
}  # fmt: skip

AMBIGUOUS_FUNCTIONS = frozenset({"sh", "ch", "th", "lb", "inf", "deg", "dim", "rank", "tr", "ker", "sign", "real",
                                 "span", "imaginary", "round", "norm", "conjugate", "factorial", "sup",
                                 "arg"})  # fmt: skip
"""Functions only where a bracket follows or a backslash stands before: else words, units or letters."""

TRIGONOMETRIC = frozenset({"sin", "cos", "tan", "cot", "sec", "csc"})
INVERTIBLE = TRIGONOMETRIC | {"sinh", "cosh", "tanh"}
"""Functions whose exponent -1 means the inverse function."""

GREEK = words_of(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi "
    "psi omega"
)

SYMBOLS = {
    **{name: name for name in GREEK},
    **{name.capitalize(): name.capitalize() for name in GREEK},
    "varphi": "phi", "vartheta": "theta", "varepsilon": "epsilon", "varrho": "rho", "varsigma": "sigma",
    "varpi": "pi", "ell": "ell", "hbar": "hbar", "infty": "infinity", "infinity": "infinity",
    "oo": "infinity", "inf": "infinity", "Inf": "infinity",
    "Infinity": "infinity", "imath": "i", "jmath": "j", "Reals": "Reals", "aleph": "aleph", "nabla": "nabla",
    "partial": "partial", "const": "const", "emptyset": "Empty", "varnothing": "Empty", "O": "O", "digamma": "digamma",
}  # fmt: skip

NAMED_SETS = {"R": "Reals", "Z": "Integers", "N": "Naturals", "Q": "Rationals", "C": "Complexes"}

CONNECTIVES = {
    "or": "or", "and": "and", "where": "where", "for": "where", "if": "where", "when": "where", "with": "where",
    "given": "where", "provided": "where", "whenever": "where", "unless": "unless", "because": "because",
    "since": "because", "equals": "relation", "equal": "relation", "is": "relation", "are": "relation",
    "in": "in", "union": "union", "intersect": "intersection", "intersection": "intersection", "to": "to",
    "plus": "+", "minus": "-", "times": "*", "over": "/", "mod": "mod",
    "otherwise": "otherwise", "except": "word", "else": "otherwise",
    "base": "base", "squared": "squared", "cubed": "squared", "percent": "%", "choose": "choose", "per": "word",
    "negative": "-", "positive": "+", "iff": "and", "modulo": "mod",
}  # fmt: skip

CONNECTIVE_VALUES = {"squared": "2", "cubed": "3", "equals": "=", "equal": "=", "is": "=", "are": "="}

_ONES = words_of(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
_TENS = words_of("twenty thirty forty fifty sixty seventy eighty ninety")
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
          "ninth": 9, "tenth": 10, "twelfth": 12, "hundredth": 100, "thousandth": 1000}  # fmt: skip

SPOKEN: dict[str, tuple[str, int]] = {
    **{word: ("one", value) for value, word in enumerate(_ONES)},
    **{word: ("ten", 20 + 10 * index) for index, word in enumerate(_TENS)},
    "hundred": ("hundred", 100), "thousand": ("scale", 10**3), "million": ("scale", 10**6),
    "billion": ("scale", 10**9), "trillion": ("scale", 10**12), "lakh": ("scale", 10**5),
    "crore": ("scale", 10**7), "dozen": ("scale", 12), "fourty": ("ten", 40),
    **{word: ("part", value) for word, value in _PARTS.items()},
    **{f"{word}s": ("part", value) for word, value in _PARTS.items()}, "halves": ("part", 2),
}  # fmt: skip
"""Number words: what kind of number word it is, and its value."""

BASES = {word: value for value, word in enumerate(_ONES) if value > 1} | {"binary": 2, "octal": 8, "hex": 16}

_SAME = {
    **dict.fromkeys(
        ["no solution", "no solutions", "there is no solution", "there are no solutions", "has no solution",
         "no solution exists", "no solutions exist", "there exist no solutions", "no answer", "unsolvable"],
        "no solution",
    ),
    **dict.fromkeys(["no real solution", "no real solutions", "there are no real solutions",
                     "there is no real solution", "no real roots"], "no real solution"),
    **dict.fromkeys(["dne", "d.n.e", "does not exist", "do not exist", "doesn't exist", "limit does not exist",
                     "it does not exist", "nonexistent", "no limit", "there is no limit"], "does not exist"),
    "infinite solutions": "infinitely many",
    **dict.fromkeys(["undefined", "not defined", "is undefined", "it is undefined", "undef"], "undefined"),
    **dict.fromkeys(["it is impossible", "it's impossible", "this is impossible", "not possible", "it is not possible"],
                    "impossible"),
    "noon": "12:00 pm", "midday": "12:00 pm", "midnight": "12:00 am",
    **dict.fromkeys(["none", "none of these", "none of above"], "none"),
    "first": "1st", "second": "2nd", "third": "3rd", "fourth": "4th", "fifth": "5th", "sixth": "6th",
    "seventh": "7th", "eighth": "8th", "ninth": "9th", "tenth": "10th",
}  # fmt: skip


def set_phrase(text: str) -> str | None:
    """The one spelling of "no solution" and what else people say instead of a value; None for any other text."""
    if len(text) >= _LONGEST_PHRASE:
        return None
    low = text.lower()
    if "no such" in low and _NONE_SUCH.fullmatch(low):
        return "no solution"
    return _SAME.get(low) or (
        "infinitely many" if ("infinit" in low or "∞" in low) and _ENDLESS.fullmatch(low) else None
    )


_LONGEST_PHRASE = 50
_NONE_SUCH = re.compile(r"(?:there (?:is|are|exists?) )?no such (?:[a-z]+ )?[a-z]+(?: exists?)?")
_ENDLESS = re.compile(
    r"(?:there (?:is|are|exists?) |it has )?"
    r"(?:(?:infinitely|infinite|∞(?:ly)?) many|(?:an )?infinite (?:number|amount)(?: of)?)"
    r"(?: (?:such )?(?:solutions?|of them))?"
)
_NOT_WORDS = re.compile(r"\\(?:[A-Za-z]+|.)|[^\w\s'’%/.:°+-]|[_]")
_SIGN = re.compile(
    r"(?P<not>\\(?:neg|lnot|not)\b|¬)|(?P<unequal>\\neq?\b|≠|!=)|(?P<outside>\\notin\b|∉)"
    r"|(?P<less>(?:\\(?:lt|leq?)\b|[<≤])(?:(?=\s*[-\d])|(?<=\A.)|(?<=\A...)))"
    r"|(?P<more>(?:\\(?:gt|geq?)\b|[>≥])(?:(?=\s*[-\d])|(?<=\A.)|(?<=\A...)))"
    r"|(?P<or>\\pm\b|±)|(?P<minus>\A-(?=[\w({]))"
)
"""Signs that make another thing of the words beside them, by what they say."""
_REMARK = re.compile(
    r"(?i)(?<=[a-z])\s\((?=[^()\s]+\s)(?![^()]*\b(?:or|if|not|unless|and|also|but|maybe|except|only)\b)[^()]{1,200}\)\s*\.?\s*$"
)
"""Words of explanation behind the answer, which take nothing back."""
_BY_TEST = re.compile(
    r"(?i)(?<=[a-z]),?\s+(?:by|due to|using|according to)\s+(?:the\s+|an?\s+)?[a-zé' -]*"
    r"\b(?:test|theorem|criterion|rule|law|principle|induction|symmetry|comparison)\b[^,;]*\Z"
)
_SUBJECT = re.compile(
    r"^(?:(?:so|thus|hence|therefore) )?(?:there (?:is|are|exists?)|"
    r"(?:it|this|[a-z ]{0,20}(?:equations?|system|inequality|problem)) (?:has|have)) "
    r"(?=no |infinite)"
)
"""What says that there are no solutions, or infinitely many, before these words."""
_CONVERGES = re.compile(r"\bconverges (absolutely|conditionally|uniformly|pointwise)\b")
_NOT_TRUE = re.compile(r"\b(?:is not|isn't|is never) (?:true|correct)\b")
_ARTICLES = re.compile(r"\b(?:a|an|the)\s+(?=\S)")


def canonical_words(text: str) -> str:
    """Lower case, single spaces, no articles, no punctuation but inside words; one spelling for what means the same."""
    text = _SIGN.sub(lambda sign: f" {sign.lastgroup} ", _BY_TEST.sub("", _REMARK.sub("", text)))
    text = " ".join(_NOT_WORDS.sub(" ", text).lower().replace("’", "'").split())
    text = _CONVERGES.sub(r"is \1 convergent", text)
    text = _NOT_TRUE.sub("is false", _ARTICLES.sub("", text).strip(" .:'-/")).removeprefix("is ")
    return set_phrase(text) or set_phrase(_SUBJECT.sub("", text)) or text


NO_NAMES = frozenset(
    words_of(
        "not no never maybe perhaps possibly about approximately around nearly almost over under below above only "
        "exactly than least most or either neither both case option step since because by on from has have had is "
        "are was if when where then so but except to up it they we there roughly precisely between rather attained "
        "reached achieved occurs occurring equality with"
    )
)
"""Words in front of a value that are not its name."""
_IN_NAMES = frozenset(words_of("the a an value values its their point points equilibrium"))
_NAMES = {"centre": "center", "min": "minimum", "max": "maximum", "sd": "standard deviation"}


def heading(words: list[str]) -> str:
    """One spelling for the name that words give a value: `minimum` of "the minimum value"."""
    names = [_NAMES.get(word, word) for word in words if word not in _IN_NAMES]
    return " ".join(names or words).removesuffix(" at").removesuffix(" of")


_SMALL = frozenset(
    words_of(
        "pin pit pie pig sq cu is it an at as by of on no so do we he me my be to go up us am oh ok hi if in "
        "or are the and but not can may all any has had was yes odd one two ten six set sum row day way ace "
        "men man box bag dog cat car pen cup red new old boy she her his its our out due did for you who how "
        "why get got let nor per too use won now off see top try non far few both none same true mon tue wed "
        "thu fri sat sun jan feb mar apr jun jul aug sep oct nov dec"
    )
)


_NAME = re.compile(r"[A-Z][aeiouy][a-z]|[AEIOU][a-z]{2}|[b-df-hj-np-tv-z][eiou][b-df-hj-np-tv-z]")


def is_short_word(text: str) -> bool:
    """Whether three letters that are a whole text are a name or a word: Tom, Ann, fox; not abc or xyz."""
    return len(text) == 3 and bool(_NAME.fullmatch(text))


_SHOUTED = frozenset(["no", "yes", "odd", "all", "any", "not", "off"])


def looks_like_a_word(run: str) -> bool:
    """Whether letters side by side are more likely a word than a product: by length, vowels and case."""
    low = run.lower()
    if len(run) <= 3:
        return low in (_SHOUTED if run.isupper() else _SMALL)
    if len(run) == 4:
        return low in _SMALL or (run[1:].islower() and _varied(low))
    return True


def _varied(run: str) -> bool:
    vowels = sum(letter in "aeiou" for letter in run)
    return 0 < vowels < len(run) and run not in "abcdefghijklmnopqrstuvwxyz"
