"""Phrases that stand for signs: `is greater than` for `>`, `all real numbers` for `ℝ`."""

import re

from .words import words_of

_IS = "(?:is |are |must be |has to be )?(?:strictly )?"
_MORE, _LESS = "(?:greater|more|larger|bigger|higher)", "(?:less|smaller|fewer|lower)"
_PHRASES = {
    rf"(?:the )?(?:set of )?(?:all|any|every|each) (?:of )?(?:the )?(?:real )?"
    rf"(?:(?:numbers?|values?|reals)(?: of [a-z]| [a-z])?|[a-z])"
    rf"(?: (?:that|which))?(?= {_IS}(?:not |no )?(?:{_MORE} than|{_LESS} than|at (?:least|most)))": " ",
    rf"{_IS}(?:{_MORE} than or equal to|at least|(?:no|not) {_LESS} than)": " >= ",
    rf"{_IS}(?:{_LESS} than or equal to|at most|(?:no|not) {_MORE} than)": " <= ",
    rf"{_IS}{_MORE} than": " > ",
    rf"{_IS}{_LESS} than": " < ",
    r"(?:(?:and |which )?(?:is |it is )?(?:attained|reached|achieved|occurs|occurring|equality) )"
    r"(?:exactly |only |precisely )?(?:at|when|if|iff)(?= )|at(?= \$?[a-zA-Z](?:_\w)? ?=)": " where ",
    rf"but(?= {_IS}(?:{_MORE} than|{_LESS} than|at (?:least|most)))": " and ",
    r"and (?:on|at|in)(?= \$?(?:[a-z] ?=|[(\[]|\\left))": " and ",
    r"on(?: the)?(?: open| closed)?(?: intervals?)?(?= \$?(?:[(\[]|\\left))": " ",
    r"(?:is |does )?not equal(?: to)?": " != ",
    r"i\.e(?=\.)|that is(?: to say)?(?=,)|namely|in other words|(?:or )?equivalently": " ⇛ ",
    r"(?:the )?(?:set of )?(?:all )?(?:the )?non-?zero real(?: number)?s": " ℝ ∖ {0} ",
    r"(?:the )?(?:set of )?(?:all )?(?:the )?non-?negative real(?: number)?s": " [0, ∞) ",
    r"(?:the )?(?:set of )?all (?:the )?negative real(?: number)?s": " (-∞, 0) ",
    r"(?<=[0-9] )by(?= [0-9])": " * ",
    r"is equal to|are equal to|equal to": " = ",
    r"(?:is )?approximately equal to|is (?:approximately|about|roughly)": " ≈ ",
    r"is (?:an element of|a member of|in)|belongs to": " ∈ ",
    r"divided by": " / ",
    r"multiplied by": " * ",
    r"(?:raised )?to the (?:power|exponent)(?: of)?": " ^ ",
    r"(?:the )?square root of|square root": " √",
    r"(?:the )?cube root of": " ∛",
    r"such that|on condition that|on the condition that|provided that|given that|assuming that|assuming|as long as|valid for": " where ",  # noqa: E501
    r"if and only if": " and ",
    r"(?:is (?:an? |any |some )|are )(?:(?:arbitrary|real|fixed) )*constants?": " ∈ ℝ ",
    r"(?:is|can be) (?:any |a )?real(?: number)?": " ∈ ℝ ",
    r"(?:is |being )?(?:a |any )positive integer|(?:are )positive integers": " ∈ ℤ^+ ",
    r"(?:is |being )?(?:a |any )non-?negative integer": " ∈ ℕ ",
    r"(?:the )?(?:set of )?all (?:the )?positive integers": " ℤ^+ ",
    r"(?:the )?(?:set of )?all (?:the )?positive real(?: number)?s": " ℝ^+ ",
    r"(?:the )?(?:set of )?(?:all )?(?:the )?real numbers|all reals|the reals|every real number|any real number": " ℝ ",
    r"(?:the )?(?:set of )?(?:all )?(?:the )?rational numbers": " ℚ ",
    r"(?:the )?(?:set of )?all (?:the )?integers|the integers": " ℤ ",
    r"(?:the )?(?:set of )?(?:all )?(?:the )?(?:natural numbers|naturals)": " ℕ ",
    r"(?:the )?(?:set of )?(?:all )?(?:the )?complex numbers": " ℂ ",
    r"(?:is |being )?(?:an integer|any integer|integers)|(?<=[ ,(][b-zB-Z] )integer": " ∈ ℤ ",
    r"(?:is |being )?(?:a natural number|any natural number)": " ∈ ℕ ",
    r"(?:the )?(?:empty|null) set": " ∅ ",
    r"except(?: for)?|excluding|other than|apart from": " except ",
    r"(?:positive |plus )infinity": " ∞ ",
    r"negative infinity|minus infinity": " -∞ ",
    r"plus or minus|plus-minus|plus/minus": " ± ",
    r"per cent": " percent ",
    r"percentage points?": " percentagepoint ",
    r"degrees? (?:celsius|centigrade|c)": " celsius ",
    r"degrees? (?:fahrenheit|f)": " fahrenheit ",
    r"miles per hour": " mph ",
    r"fluid ounces?|fl\.? oz": " floz ",
    r"nautical miles?": " nmi ",
    r"(?:us|u\.s\.) dollars": " dollars ",
    r"not in": " ∉ ",
    r"times (?:as (?:large|big|many|much|long|fast|high|old|great)\b[a-z ]*"
    r"|(?:the|its) (?:old|original|initial|previous|former) [a-z ]+)$": " ",
    r"(?:(?<=half)|(?<=thirds)|(?<=quarters)|(?<=third)|(?<=quarter)) of an? (?=(?:hour|minute|second|day|week|month"
    r"|year|mile|kilomet|met|lit|kilogram|pound|dollar|inch|foot|cup|gallon))": " ",
    r"(?:(?<=half)|(?<=thirds)|(?<=quarters)|(?<=fourths)|(?<=fifths)|(?<=sixths)|(?<=eighths)|(?<=tenths))"
    r" of (?:the|a|an|all|it|them|his|her|its)\b(?![a-z ]*(?:teen|ty|one|two|three|four|five|six|seven|eight|nine|ten"
    r"|eleven|twelve|dozen|hundred|thousand|million|not|never|no|hardly|barely|neither)\b)[a-z ]*$": " ",
    r"^twice as (?:large|big|many|much|long|fast|high|old|great|likely)\b[a-z ]*$": " 2 ",
    r"^[a-z ]*\bratio(?: of| is)? (?=[a-z0-9]+ to [a-z0-9]+$)": " ",
    r"as well as|along with": " and ",
}

PHRASE = re.compile(
    r"\b(?:" + "|".join(f"(?P<p{index}>{phrase})" for index, phrase in enumerate(_PHRASES)) + r")\b", re.IGNORECASE
)
_RUNS = re.compile(r"(?<!\\)\b[a-z]{2,}")
_PHRASE_WORDS = frozenset(
    words_of(
        "out than least most equal equals approximately about roughly in to element member divided multiplied power "
        "exponent root that condition provided given assuming long valid only numbers number reals rational integer "
        "integers naturals natural complex set real except excluding other apart infinity plus cent points point "
        "degree degrees miles fl fluid nautical us well along any every all some each between times half thirds "
        "more less above below greater fewer "
        "by namely words equivalently intercept intercepts coordinate coordinates constant constants "
        "quarters fourths fifths sixths eighths tenths ratio at on quarter third twice half multiple multiples"
    )
)
"""Every phrase has one of them; looking for these first spares most texts the search for phrases."""
_SIGNS = list(_PHRASES.values())


_QUANTIFIED = re.compile(
    r"(?i)\b(?:for|where|with)?\s*\b(?:any|every|all|some|each)\s+"
    r"((?:positive |non-?negative )?integer|natural number|whole number"
    r"|(?:positive )?real(?: number)?|(?:real |arbitrary )?constant)s?"
    r"([\s}]+)(\$?[A-Za-z]\b\$?)(?!\s+(?:number|solution|value|greater|less|more|larger|smaller|bigger|at\s+least|at\s+most|strictly)\b)"
)
_BETWEEN = re.compile(
    r"(?i)(?![a-z ]*\b(?:integers?|whole|primes?|not|outside|except|or)\b)[a-z ]*?(?P<strictly>\bstrictly )?\bbetween "
    r"(?P<low>\$?-?[0-9\\][^\s,]*) and (?P<high>\$?-?[0-9\\][^\s,]*)(?:,? \(?(?P<ends>exclusive|inclusive)\)?)?"
)
"""An interval in words, where these say whether its ends belong to it."""
_ABSOLUTE = re.compile(
    r"(?i)(?:all|every|any) (?:real )?(?:numbers? |values? of )?([a-z]) (?:with|whose|of|having) absolute value "
    r"(?:is )?(?=less|greater|smaller|at)"
)
_HOLDS = re.compile(
    r"(?i)\A(?![a-z ]*\b(?:not|no|never|cannot|fails)\b)(?:[a-z]+ ){0,5}"
    r"(?:differentiable|defined|continuous|increasing|decreasing|true|holds|hold|valid|works|satisfied) (?:for|on) "
    r"(?=(?:all|every|any|each) (?:real|integer|positive|non-?negative|natural|whole|[a-z]\b))"
)
"""What is said of the numbers that the answer names."""
_CONSISTS = re.compile(
    r"(?i)\A(?![a-z ]*\b(?:not|no|never|cannot)\b)(?![a-z] )[a-z ]{1,60}\b"
    r"(?:is|are|be|consists? of|comprises?|contains|includes) (?=(?:the )?(?:set of )?(?:all|every|any|each) )"
)
_SMALL_NUMBER = r"(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|hundred|thousand)"
_OUT_OF = re.compile(rf"(?i)\b({_SMALL_NUMBER})\s+(?:in|out\s+of)(?:\s+every)?\s+({_SMALL_NUMBER})\b")
_AND_A_HALF = re.compile(
    rf"(?i)\b(an?|{_SMALL_NUMBER})\s+(hour|minute|second|day|week|month|year|mile)s?\s+and\s+a\s+half\b"
)
_MULTIPLES = re.compile(
    r"(?i)(?![a-z ]*\b(?:not|no|except|positive|negative|nonzero|common|least|or|and|some)\b)"
    r"[a-z ]{0,60}?(?:\$[a-z]\$ [a-z ]{0,20}?)?"
    r"(?:\b(?P<kind>odd|even|integer|integral|whole) (?:integer )?)?\bmultiples? of (?P<of>\S*(?:π|pi|°|\\circ)\S*)"
)
"""Of an angle, as a family of solutions."""
_TIMES = {"odd": "(2k+1)", "even": "2k"}
_OR_ABROAD = re.compile(r"(\d|\}|\))\$? (?:o|ou|oder) \$?(?=[a-z]\s*=|[-−\d\\])")
"""The "or" of Spanish, French and German between two values."""
_HYPHENED = re.compile(r"(?i)\b([xyz])-(intercept|coordinate)s?\b")
_SET_SIGNS = {"integer": "ℤ", "positive integer": "ℤ^+", "nonnegative integer": "ℕ", "natural number": "ℕ",
              "whole number": "ℕ", "real": "ℝ", "positive real": "ℝ^+",
              "constant": "ℝ", "real constant": "ℝ", "arbitrary constant": "ℝ"}  # fmt: skip
_OR_MORE = re.compile(r"(?i)(\S+) (?:or|and) (?:(more|greater|larger|above|higher)|less|fewer|smaller|below|lower)")


def _and_a_half(span: re.Match[str]) -> str:
    """`an hour and a half` as `1 and a half hours`."""
    return f"{span[1] if len(span[1]) > 2 or span[1].isdigit() else '1'} and a half {span[2]}s"


def _set_sign(name: str) -> str:
    return _SET_SIGNS[name.lower().replace("-", "").replace("real number", "real")]


def signs_for_phrases(text: str) -> str:
    """`x is greater than 5` as `x > 5`, `for any integer k` as `where k ∈ ℤ`; two passes over the text."""
    text = _OR_ABROAD.sub(r"\1 or ", text) if " o" in text else text
    if _PHRASE_WORDS.isdisjoint(_RUNS.findall(text.lower())) and "i.e." not in text:
        return text
    if (between := _BETWEEN.fullmatch(text)) and (between["strictly"] or between["ends"]):
        inclusive = (between["ends"] or "").lower() == "inclusive"
        opening, closing = "[]" if inclusive else "()"
        return f"{opening}{between['low']}, {between['high']}{closing}"
    if multiples := _MULTIPLES.fullmatch(text):
        times = _TIMES.get((multiples["kind"] or "").lower(), "k")
        return f"{times} * ({multiples['of'].strip('$')}) where k ∈ ℤ"
    if bound := _OR_MORE.fullmatch(text):
        return f"{'>=' if bound[2] else '<='} {bound[1]}"
    text = _AND_A_HALF.sub(_and_a_half, _OUT_OF.sub(r"\1 / \2", text))
    text = _HYPHENED.sub(r"\1\2", _CONSISTS.sub("", text))
    text = _ABSOLUTE.sub(r"|\1| ", _HOLDS.sub("", text))
    text = _QUANTIFIED.sub(lambda match: f" where{match[2]}{match[3]} ∈ {_set_sign(match[1])} ", text)
    return PHRASE.sub(lambda match: _SIGNS[match.lastindex - 1] if match.lastindex else "", text)
