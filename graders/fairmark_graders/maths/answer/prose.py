"""The answer of the statement that closes a text, where nothing marks it.

The statement has one answer where it has one formula, bold or not, or one that it says something to be: "the sum of
the first 10 terms is 55". What it is said under, why, and what a remark repeats are left out. A statement with several
formulas, a denial or a "perhaps" has none.
"""

import re

from ..errors import TooComplex, Unreadable
from ..reader import read
from ..reading.labels import on_hypothesis
from ..reading.times import with_digits
from ..reading.words import BASES
from ..tree import Given, Relation, Words
from .errors import SHORT, NoAnswer
from .runs import is_unit, runs
from .several import by_name
from .spans import NUMBER, Span, formulas, groups, joined, says_something, tidy
from .worded import counted, nth

_LEAD = re.compile(
    r"(?:(?:so|thus|hence|therefore|then|finally|consequently|and|now|either|yes|answer|result|solution)\b[,:]?\s*)*"
    r"(?:an?\s+(?=\d))?(?:in\s+[a-z-]+\s+(?:notation|form),?\s+(?=(?:this|that|it|we)\b))?(?:(?:(?:it|that|this|he|she)['’]s|"
    r"we (?:get|have|find|obtain)|it (?:is|follows that)|there (?:is|are)|this (?:is|gives|means))\b:?\s*)*",
    re.IGNORECASE,
)
_GIVEN = re.compile(
    r"""(?!(?:when|if|for)\b[^,]*=|on\s+[$(\[\\])  # of several cases, perhaps
        (?:after|when|if|for|in|since|because|with|as|at|given|by|from|using|taking|within|over|on|of|[a-z]+ing)\b
        (?: [^,]*(?:\{,\}[^,]*|,\d[^,]*)*,\s | \s+(?:the\s+)?\$?\d[\d.,]*\$?\s+[a-z]+\s+(?=\w+\s+\w) )""",
    re.VERBOSE | re.IGNORECASE,
)
_THEREFORE = re.compile(
    r"(?:,|,?\s+and)\s+(?:so|hence|thus|therefore|giving|which gives|which means(?:\s+that)?)\b,?\s+"
)
_REASON = re.compile(r"(?:because|since)\b[^,]*(?:,\d[^,]*)*,\s+(?!and\b|or\b)(?=\w+\s+\w)", re.IGNORECASE)
_REASON_BEHIND = re.compile(r",?\s+(?:because|since)\b.*", re.DOTALL | re.IGNORECASE)
_SAYS_YES = re.compile(r"(?:(?:so|thus|hence|therefore)\b,?\s*)?(yes|no|true|false)\b\s*[,:;.—–-]\s*", re.IGNORECASE)
_TAKES_BACK = re.compile(
    r"\b(?:yes|no|true|false|but|only|however|though|although|except|unless|if|when|or)\b", re.IGNORECASE
)
_NAME_OF = re.compile(r"(?:an?|the)\s+([A-Za-z]{0,3}[A-Z]|[b-z])\s+of\s+([-−]?\d[\d.]*)\.?")
_HEADING = re.compile(r"\A[^:]{1,80}:\s+(?=\w)")
_RESTATED = re.compile(
    r",?\s+(?:i\.e\.|that is(?: to say)?|namely|in other words|(?:or )?equivalently|or,? equivalently),?\s+"
    r"(?=[-−$\d\\(\[{√π]|[A-Za-z]\s*[=<>≤≥∈])"
)
_SAID_AGAIN = re.compile(r",?\s+(?:i\.e\.|that is|in other words|meaning)\s.*", re.DOTALL)
_DAY = re.compile(
    r"\b(\d{1,2})(?:st|nd|rd|th)\s+of\s+(?=(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sep|Oct|Nov|Dec)[a-z]*\b)"
)
_THEN = re.compile(r"(?:so|thus|hence|therefore)\b,?\s+", re.IGNORECASE)
_ONE_IN = re.compile(r"\bone (?:in|out of) (?=\d)")
_LATEST = re.compile(r"\b(?:no\s+(?:later|earlier)\s+than|by)\s+(?=\d{1,2}:\d\d\b)")
"""A deadline, which is a time all the same."""
_NAMED = re.compile(r"[A-Za-z](?:_\w)?\s*=")
_MUST_BE = re.compile(r"(?:The\b)?[^A-Z]*\bmust be ([A-Z])\W*")
_WHY = re.compile(
    r"(?:(?<![,;\s])[,;\s]+(?:because|since|as|which(?!\s+(?:is\s+)?(?:attained|reached|achieved|occurs?)\b)"
    r"|so that|given that|obtained)\b(?!\s*\\)|,\s+not\b).*",
    re.DOTALL,
)
_LIMITED = re.compile(
    r"""[,;\s]*\b(?:where|for|with|when)\s.*
        (?:\b(?:integers?|real|natural|whole|arbitrary|any|all|every|each|constants?)\b|∈|\\in\b|\\ne|≠)""",
    re.VERBOSE | re.DOTALL,
)
_ALSO_GIVEN = re.compile(r".*\b(?:at|when|for|after|from|within|during|if|with)\b[^\d]*\Z", re.DOTALL)
_UNDER = re.compile(r"\s*,?\s*(?:for|when|where|if|provided(?:\s+that)?|assuming)\s+(?:all\s+)?")
_ORDERS = re.compile(r"[<>≤≥≠∈]|\\(?:n?eq?|[lg]eq?|in)(?![A-Za-z])")
_WHEN = re.compile(r"[^,\d]*\bwhen\b(?!.*(?:\b(?:and|or|when|if|but)\b|,))", re.DOTALL)
_ROUGHLY = re.compile(r",?\s+or\s+(?:about|approximately|roughly|around|nearly)\s+(?=\$?\d[^,]*\Z)")
_REMARK = re.compile(
    r"(?<!\bis)(?<!\bare)\s\((?!\s*(?:mod|where|for|with(?!\s+multiplicit)|[a-zA-Z]\s*(?:∈|\\in))\b)([^()]*(?:\([^()]*\)[^()]*)*)\)(?=[\s.,;]|\Z)"
)
_SAYS = re.compile(r"(?<![\\{])\b(?!sin|cos|tan|log|mod|and)[a-z]{3,}|[≈~]|\b(?:or|is|if|i\.e)\b", re.IGNORECASE)
_OFFERS = re.compile(
    r"\b(?:or|if|unless|alternatively|maybe|perhaps|possibly|might|could|otherwise|case|depending|instead|also|else)\b",
    re.IGNORECASE,
)
_DENIES = re.compile(
    r"""\b(?:not(?!\s+(?:divisible|containing|counting|including|prime|adjacent)\b)|never|neither|cannot|fails?
          |undefined|wrong|incorrect|impossible|excluded|false)\b | n['’]t\b""",
    re.VERBOSE | re.IGNORECASE,
)
_NOT = re.compile(r"\b(?:not|never|false|wrong)\b|n['’]t\b", re.IGNORECASE)
_COULD = re.compile(r"\b(?:could|can) be\b")
_HEDGES = re.compile(
    r"\b(?:maybe|perhaps|possibly|(?:un|im)?probabl[ey]|unlikely|presumably|might|(?-i:may)|depending|guess|unsure)\b",
    re.IGNORECASE,
)
_LIMITS = re.compile(
    r"""\b(?:except|excluding|without|unless|no|besides|other\ than|instead\ of
          |(?:more|less|greater|fewer|larger|smaller|higher|lower|bigger|later|earlier|rather)\s+than
          |at\ (?:least|most)|as\ (?:many|much|few|little)\ as|between|over|under|above|below|exceeds?|almost|nearly
          |beyond|outside|near|close\ to|far\ from|different\ from|unequal\ to|nothing\ like|(?:any|every)thing\ but
          |all\ but|unlikely|rarely|hardly|improbably|barely
          |(?<!add\ )(?<!adds\ )up\ to)\b""",
    re.VERBOSE | re.IGNORECASE,
)
_PART_OF = re.compile(
    r"""\b(?:(?:half|third|quarter|square|cube|root|reciprocal|inverse|opposite|negative|negation|multiples?|factors?
             |divisors?|powers?|logarithm)\ of
          |twice|thrice|double|triple|(?:divisible|divided|multiplied|increased|decreased|reduced)\ by
          |base|modulo|point)
        \s*[($]*\Z""",
    re.VERBOSE | re.IGNORECASE,
)
"""What makes another number of the one right behind it."""
_IS = re.compile(
    r"""(?:\b(?:(?:reaches|attains|achieves|has)\s+(?:an?|its|the)\s+(?:\w+\s+)?(?:maximum|minimum)(?:\s+value)?\s+of
           |is|are|was|were|be|equals?|becomes?|gives?|gets?|obtain|finds?|yields?|has|have|needs?|takes?)\b|:|=)
        (?:\s+(?:now|just|exactly|simply|then|thus|therefore|only|about|approximately|roughly|equal\ to|given\ by|the|a
             |point|points|line|value|values|interval|set|coordinates|solution|solutions))*\s*[(\[]?\s*\Z""",
    re.VERBOSE | re.IGNORECASE,
)
_IS_THE = re.compile(r"\s+(?:is|are|was|were)\s+(?:the|our)\b")
_MEMBER = re.compile(
    r"[,;]\s+(?:where\s+)?\$?[a-zA-Z]\$?\s+is\s+(?:an?|any)\s+(?:[a-z-]+\s+)?(?:integer|real|natural|constant)\b.*"
)
_ARROW = re.compile(r"\s*[→⇒⟹⟶]\s*(?=[A-Za-z]\w?\s*=)")
_VERB = re.compile(r"\b(?:is|are|was|were|be|(?<!or )equals?)\b", re.IGNORECASE)
_OR_MORE = re.compile(
    r"""\$?\s*\w*,?\s+(?:(?:or|and)\s+(?:more|less|fewer|greater|above|below|over|under|higher|lower|better|bigger|larger
          |smaller|beyond|up)|at\ (?:least|most)|(?:up|on)wards?|plus|or\ so\ or|factorial|doubled|tripled|halved)\b""",
    re.VERBOSE | re.IGNORECASE,
)
_OR = re.compile(r"\bor\b(?!\s+(?:equivalently|so)\b)", re.IGNORECASE)
_CASES = re.compile(r"\b(when|for|if)\b.*\b\1\b", re.DOTALL)
_OPTION = re.compile(r".*\b(?:option|choice|alternative)\s+is\s+\(?([A-J])\)?[,:]\s+(.*)", re.DOTALL)
_QUALITY = re.compile(
    r"(?:it|(?:the\s+(?:number|integer|graph|matrix|function)\s+)?(?:\$[^$]{1,60}\$|[-−]?\d[\d,.]*))\s+is(\s+(?:not\s+)?"
    r"(?:an?\s+)?(?:prime|composite|even|odd|rational|irrational|(?:perfect\s+)?(?:square|cube)|planar|connected|bipartite"
    r"|invertible|singular|diagonali[sz]able|continuous|differentiable|injective|surjective|bijective)(?:\s+number)?)\W*",
    re.IGNORECASE,
)
_IS_NOT = re.compile(r"\s+isn['’]t\b")
_IT_WAS = re.compile(
    r"[Ii]t\s+(?:is|was)\s+([A-Z][a-z]+)\s+(?:who|that)\b(?!.*\b(?:or|not|never|if|unless|maybe|perhaps)\b)"
)
_IN_BASE = re.compile(
    r"(?<![\w.^])(\d[\dA-F]*)\s+in\s+base[\s-](\d{1,2}|two|three|four|five|six|seven|eight|nine|twelve|sixteen)\b"
)
_IN_DECIMAL = re.compile(r",?\s+\(?(?:i\.e\.|which is|that is|or),?\s+\d+(?:_10|\s+in\s+(?:decimal|base\s+ten))\b\)?")
_VALUE_OF_TWO = r"\$?([-−+]?(?:\d|\\|√|π)[^\s$,]*)\$?"
_EITHER = re.compile(
    rf"\$?([a-z])\$?\s+(?:is|equals|=|must\s+be|can\s+be)(?:\s+either)?\s+{_VALUE_OF_TWO}\s+or\s+{_VALUE_OF_TWO}[.\s]*"
)
_CORRECT = re.compile(
    r"(?:\w+,?\s+)?(?:(?:option|choice|answer|statement)\s+\(?([A-J])\)?\s+is\s+(?:the\s+)?(?:only\s+)?"
    r"(?:correct|right|true|best)(?:\s+(?:one|option|choice|answer|statement))?"
    r"|\(?([A-J])\)?\s+is\s+(?:the\s+)?(?:correct|right|best)(?:\s+(?:option|choice|answer))?)\W*",
    re.IGNORECASE,
)
_CONCLUDES = re.compile(r"\b(?:is|are|be|(?:con|di)verges?|exists?|(?:has|have)\s+no)\b|\A(?:yes|no)\W*\Z")
_JUDGED = re.compile(
    r"(?:(?:so|thus|hence|therefore)\b,?\s*)?(?:this|that|it|(?:the\s+)?(?:statement|claim|assertion|converse|conjecture))\s+"
    r"(?:is\s+(?P<not>not\s+)?(?:always\s+)?(?P<said>true|correct|right|false|incorrect|wrong)(?:\s+in\s+general)?|(?P<fails>fails)(?=\s+for\b))"
    r"(?:[;:]\s|,?\s+(?:since|because|as)\b|,\s+take\b|(?<=fails)\s+for\b|[.\s]*\Z)",
    re.IGNORECASE,
)
_APPOSED = re.compile(
    r"(?:[^,\d]*\b(?:maximum|minimum|largest|smallest|greatest|least|highest|lowest)\b(?:\s+(?:possible\s+)?value)?),\s+"
    r"(?:namely\s+)?(?P<said>\$[^$]+\$|[-−]?[\d./√π]+),\s+(?:(?:which\s+)?(?:is\s+)?(?:attained|reached|occurs|achieved)\s+)?"
    r"(?:when|at|for|if|where)\s+\$?[a-z]\s*=[^,=]*\Z",
    re.IGNORECASE,
)
_WORK = re.compile(r"(?is)\A((?:all|every|any|each|only)\b.*?)\s+(?:works?|will\s+do|suffices?)\W*\Z")
_ASIDE = re.compile(r",\s+(?:being|who|which)\b[^,\d]*,\s+(?=(?:is|has|are)\b)")
_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")
_VECTOR = re.compile(r"\*\*([A-Za-z])\*\*")
_UNIT = re.compile(r"\s?(?:\\?%|°|[a-zA-Zµ²³/^]+(?:\s(?:square|cubic|per)?\s?[a-zA-Z]+)?)(?=[\s.]*\Z)")
_WORDS = re.compile(
    r"(?<![\\A-Za-z{])(?!(?:sin|cos|tan|log|exp|mod|det)\b)[A-Za-z]{3,}|\b(?:is|are|so|we|it)\b", re.IGNORECASE
)
_LONGEST_SENTENCE = 1_000
"""Characters of a sentence that says one answer; one made to be slow takes a few milliseconds."""


def stated(statement: str) -> str:
    """The answer of a statement. Raises `NoAnswer` where it names several, or denies one."""
    statement = _RESTATED.sub(", i.e. ", _VECTOR.sub(r"\\mathbf{\1}", _without_remarks(statement)))
    if ", i.e. " in statement and len(formulas(statement)) == 1:
        statement = statement.rpartition(", i.e. ")[2]
    statement = _based(statement) if "base" in statement else statement
    statement = statement if "$" in statement else _ARROW.split(statement)[-1]
    if not _WORDS.search(statement):
        found = groups(statement, formulas(statement))
        if len(found) == 1 and statement.startswith("$"):
            return with_unit(statement, found[0])
        return _computed(statement) if statement.lstrip(" $*").startswith("=") else statement
    if len(statement) > _LONGEST_SENTENCE:
        raise NoAnswer(f"the last sentence is over {_LONGEST_SENTENCE:,} characters long")
    if option := _OPTION.match(statement):
        return f"({option[1]}) {option[2]}"
    if correct := _CORRECT.fullmatch(statement):
        return correct[1] or correct[2]
    for judged in (on_hypothesis, _which, _yes_or_no, _judged, _who):
        if said := judged(statement):
            return said
    statement = _LEAD.sub("", _conclusion(statement), count=1) or statement
    if (letter := _MUST_BE.fullmatch(statement)) and not _OFFERS.search(statement):
        return letter[1]
    if quality := _QUALITY.fullmatch(_IS_NOT.sub(" is not", statement)):
        return f"it is {quality[1].strip()}"
    if either := _EITHER.fullmatch(statement):
        return f"{either[1]} = {either[2]} or {either[1]} = {either[3].rstrip('.')}"
    if named := _NAME_OF.fullmatch(statement):
        return f"{named[1]} = {named[2]}"
    statement = _WORK.sub(r"\1", statement)
    if apposed := _APPOSED.match(statement):
        return tidy(apposed["said"])
    if said := _by_name(_ASIDE.sub(" ", statement)):
        return said
    if _reads(statement):
        return statement
    return _in_bold(statement) or _in_formulas(statement) or _in_plain_text(statement)


def _based(statement: str) -> str:
    """A statement with `122_4` for "122 in base 4", without what that is in base ten."""
    based = _IN_BASE.sub(lambda found: f"{found[1]}_{BASES.get(found[2].lower(), found[2])}", statement)
    return _IN_DECIMAL.sub("", based) if based != statement else statement


def _yes_or_no(statement: str) -> str:
    """The "yes" or "no" that a statement begins with, where the formulas behind it only say why; or an empty text."""
    said = _SAYS_YES.match(statement)
    rest = statement[said.end() :] if said else ""
    if not said or len(rest) > SHORT or _TAKES_BACK.search(rest):
        return ""
    reason = _REASON_BEHIND.match(f" {rest}")
    if not _tells(rest):
        return said[1] if reason else ""
    if said[1].lower() in ("yes", "true") and not reason and _NOT.search(rest):
        return ""
    first = next(iter(formulas(rest) or runs(rest)))
    answers = _NAMED.match(first.content) or _IS.search(rest, 0, first.start)
    return "" if answers and not reason else said[1]


def _which(statement: str) -> str:
    return nth(_THEN.sub("", statement).replace("$", ""))


def _who(statement: str) -> str:
    found = _IT_WAS.match(_THEN.sub("", statement))
    return found[1] if found else ""


def _judged(statement: str) -> str:
    """The "true" or "false" that a statement calls what was claimed, before a reason or an example."""
    found = _JUDGED.match(statement)
    true = found and (found["said"] or "").lower() in ("true", "correct", "right")
    if not found or _TAKES_BACK.search(statement, found.end()) or found["not"] and not true:
        return ""
    return "true" if true and not found["not"] else "false"


def _by_name(statement: str) -> str:
    """The values of several names that a statement gives side by side, or an empty text."""
    if len(statement) > 2 * SHORT or any(doubt.search(statement) for doubt in (_OFFERS, _DENIES, _HEDGES)):
        return ""
    statement = statement.replace("**", "")
    plain = statement.replace("$", "") if (found := formulas(statement)) else statement
    return by_name(statement, found) or by_name(plain, runs(plain))


def _reads(statement: str) -> bool:
    """Whether a sentence is one thing as a whole: "the ratio is 2 to 3", "all reals except 2"."""
    if len(statement) > SHORT or _VERB.search(statement) and _CASES.search(statement):
        return False
    try:
        node = read(tidy(statement))
    except Unreadable:
        return False
    except TooComplex:
        return True
    while isinstance(node, Given):
        node = node.statement
    says = _VERB.search(_MEMBER.sub("", statement))
    if isinstance(node, Relation) and ("=" in node.signs and says or "!=" in node.signs):
        return False
    return not isinstance(node, Words)


def _without_remarks(statement: str) -> str:
    """A statement without what brackets repeat or add. Raises `NoAnswer` where they offer another answer."""
    for remark in reversed(list(_REMARK.finditer(statement))):
        if not _SAYS.search(remark[1]):
            continue
        if _OFFERS.search(remark[1]) and any(map(str.isdigit, remark[1])):
            raise NoAnswer(f"the last sentence offers another answer: {remark[1][:100]}")
        statement = statement[: remark.start()] + statement[remark.end() :]
    return _ROUGHLY.sub(" ≈ ", statement)


def _conclusion(statement: str) -> str:
    """What a statement concludes, without what it is said under and why."""
    statement = _LEAD.sub("", statement[_conclusion_start(statement) :], count=1)
    for _ in range(2):
        given = _GIVEN.match(statement)
        if given and _tells(statement[given.end() :]) and not _LIMITED.match(given[0]):
            statement = _LEAD.sub("", statement[given.end() :], count=1)
    if reason := _REASON.match(statement):
        statement = statement[reason.end() :]
    why = _WHY.search(statement)
    if why and not _tells(statement[: why.start()]):
        why = _REASON_BEHIND.search(statement)
    return statement[: why.start()] if why and why.start() else statement


def _conclusion_start(statement: str) -> int:
    """Where the last conclusion begins that says something; of the last few, since each is read."""
    ends = [match.end() for match in _THEREFORE.finditer(statement)][-3:]
    inside = formulas(statement) if ends else []
    for end in reversed(ends):
        if _concludes(statement[end:]) and not any(span.start < end < span.end for span in inside):
            return end
    return 0


def _concludes(text: str) -> bool:
    return _tells(text) or _CONCLUDES.search(text) is not None


def _tells(text: str) -> bool:
    return bool(formulas(text) or runs(text))


# Where the answer is


def _in_bold(statement: str) -> str:
    """The answer that bold print marks, or an empty text."""
    bold = [Span(mark.start(), mark.end(), mark[1].rstrip(" .")) for mark in _BOLD.finditer(statement)]
    telling = [span for span in bold if _tells(span.content)]
    if not telling:
        return ""
    together = groups(statement, telling)
    if len(together) > 1 and len(_different(telling)) > 1:
        raise _undecided([span.content for span in telling])
    start, end = together[-1][0].start, together[-1][-1].end
    _is_said(statement)
    if len(together[-1]) > 1:
        return joined(statement, together[-1])
    return stated(together[-1][0].content) if len(statement) > end - start else _in_plain_text(telling[0].content)


def _in_formulas(statement: str) -> str:
    """The answer between delimiters, or an empty text."""
    found = groups(statement, formulas(statement))
    telling = [group for group in found if len(group) > 1 or not group[0].content.strip().isalpha()] or found
    if not telling:
        return ""
    _agree([span.content for group in telling for span in group])
    last, before = telling[-1], telling[-2][-1].end if len(telling) > 1 else 0
    said = [group for group in telling if _IS.search(statement, 0, group[0].start)] or telling
    _agree([_value(span.content) for group in said for span in group if len(said) > 1])
    _is_said(statement)
    if _is_limit(statement, before, last[0].start, last[-1].end):
        return statement
    if len(telling) == 2 and _is_where(statement, said, telling):
        return f"{joined(statement, telling[0])} when {last[0].content}"
    return with_unit(statement, last)


def _is_where(statement: str, said: list[list[Span]], both: list[list[Span]]) -> bool:
    """Whether a formula only says where another holds: `is $5$, attained at $x = 3$`, `$2x$ for $x > 0$`."""
    value, place = both[0][-1], both[1][0]
    if _UNDER.fullmatch(statement, value.end, place.start) and _ORDERS.search(place.content):
        return True
    taken = said == both[:1] and _ALSO_GIVEN.match(statement, value.end, place.start)
    return bool(taken and _NAMED.match(place.content) and not _NAMED.match(value.content))


def _in_plain_text(statement: str) -> str:
    """The answer where there are no delimiters: the one formula, or the one that is said to be it."""
    statement = _DAY.sub(r"\1 ", with_digits(_ONE_IN.sub("1/", statement.replace("**", ""))))
    statement = _LATEST.sub("at ", statement)
    found = _different(runs(statement))
    if not found:
        return _in_words(statement)
    chosen = found[0] if len(found) == 1 else _said_to_be(statement, found)
    before = max((span.end for span in found if span.end <= chosen.start), default=0)
    _is_said(statement)
    if _is_limit(statement, before, chosen.start, chosen.end):
        return statement
    rest = _LIMITED.match(statement, chosen.end)
    if _COULD.search(statement):
        _agree(chosen.content.split(" or "))
    limited = f"{chosen.content}{statement[chosen.end :]}" if rest else ""
    return limited if limited and says_something(tidy(limited)) else _computed(chosen.content)


def _in_words(statement: str) -> str:
    """What the statement counts in words, or all of the statement."""
    statement = _HEADING.sub("", _SAID_AGAIN.sub("", statement))
    said = counted(statement)
    end = len(statement)
    if not said or _is_limit(statement, 0, end, end) or _OFFERS.search(statement):
        return statement
    _is_said(statement)
    return said


def _said_to_be(statement: str, found: list[Span]) -> Span:
    """The one formula of several that stands behind the verb. Raises `NoAnswer`."""
    said, end = [], 0
    for span in found:
        if _IS.search(statement, end, span.start):
            said.append(span)
        end = span.end
    if len(said) == 1:
        after = [span for span in found if span.start > said[0].start]
        alone = len(after) == 1 and _ALSO_GIVEN.match(statement, said[0].end, after[0].start)
        if alone and _NAMED.match(after[0].content):
            return said[0]._replace(content=f"{said[0].content} when {after[0].content}")
        if not after or alone or _WHEN.match(statement, said[0].end):
            return said[0]
    if not said and _IS_THE.match(statement, found[0].end) and len(_VERB.findall(statement)) == 1:
        return found[0]
    raise _undecided([span.content for span in found])


def _different(spans: list[Span]) -> list[Span]:
    return list({span.content.strip(" $").replace(",", ""): span for span in reversed(spans)}.values())[::-1]


def _value(formula: str) -> str:
    return formula.rpartition("=")[2].strip()


def _computed(formula: str) -> str:
    """What a computation comes to: `5 + 3 = 8`, `= 2x`; an equation is left as it is."""
    head, equals, _ = formula.partition("=")
    if equals and not any(map(str.isalpha, head)):
        return formula.rpartition("=")[2]
    return formula


def _is_limit(statement: str, low: int, start: int, end: int) -> bool:
    """Whether a formula only bounds the answer: more than 5, 5 or less, all but 5."""
    low = max((verb.end() for verb in _VERB.finditer(statement, low, start)), default=low)
    part = _PART_OF.search(statement, low, start)
    if part and "%" in statement[start:end] and part[0].lower().startswith(("increased", "decreased", "reduced")):
        part = None
    return bool(_LIMITS.search(statement, low, start) or part or _OR_MORE.match(statement, end))


def qualified(sentence: str, formula: Span) -> bool:
    """Whether what is said around a formula makes it another answer, or one of several. Raises `NoAnswer`."""
    _is_said(f"{sentence[: formula.start]}{sentence[formula.end :]}")
    either = _OR.search(sentence, formula.end) or _OR.search(sentence, 0, formula.start)
    return bool(either) or _is_limit(sentence, 0, formula.start, formula.end)


def _is_said(statement: str) -> None:
    """Refuse what is denied or only guessed."""
    if _DENIES.search(statement):
        raise NoAnswer(f"the last sentence says what the answer is not: {statement[:100]}")
    if _HEDGES.search(statement):
        raise NoAnswer(f"the last sentence only guesses: {statement[:100]}")


def _agree(said: list[str]) -> None:
    """Refuse to choose between different numbers."""
    different = list(dict.fromkeys(text.strip(" $").replace(",", "") for text in said))
    if len(different) > 1 and all(NUMBER.fullmatch(text) for text in different):
        raise _undecided(different)


def _undecided(said: list[str]) -> NoAnswer:
    return NoAnswer(f"the last sentence names {', '.join(said[:5])} and doesn't say which is the answer")


def with_unit(sentence: str, group: list[Span]) -> str:
    """A formula, or several side by side, with the unit that stands behind."""
    unit = _UNIT.match(sentence, group[-1].end)
    said = joined(sentence, group)
    if not unit or not is_unit(unit[0].strip()):
        return said
    return f"{said} \\text{{{unit[0].strip()}}}" if unit[0].strip().isalpha() else said + unit[0]
