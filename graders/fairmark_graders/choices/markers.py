"""The words that announce a choice, in a dozen languages, and where a text has them."""

import re
from collections.abc import Iterable, Iterator

_SAYS = r"\b(?:is|are|was|(?:(?:would|must|should|will|(?:has|seems|appears|turns\s+out)\s+to)\s+)?be)\b"
MARKER = re.compile(
    rf"""\b(?:answer|choice|option|solution|conclusion|selection|pick)s?\b[*_"']*
           (?:\s+(?:to|for|of|here|that|in|from|among)\b[^\n.:=?!,]{{0,80}}?)?[\s*_]*(?:[:：=]|(?<=\s)[\u2012-\u2015-]\s|{_SAYS})
      | \banswer[*_#\s]*\n | \[answer\] | \#\#\#\# | \b(?:ans|sol)[.:]+\s
      | \b(?:result|response|output|prediction)[*_"']*:
      | \b(?:ответ|вариант)(?:ом)?\b[\s*_]*(?:[:—–-]|будет|это|является)?
      | (?:答案|正确选项|正確選項|正解|答え|回答|故选|故選|应选|應選|所以选|因此选|정답|(?<!\w)답)
           [*_】]*\s*(?:应该|應該|应|應)?(?::|是|为|為|选|選|は|은|는)?
      | \b(?:réponse|respuesta|antwort|risposta|resposta|opción|opcion|opção|odpowiedź|cevap|jawaban|jawabannya
           |solución|lösung|đáp\ án)\b
           (?:\s+(?:correcte|correcta|richtige|corretta|correta|final|finale|benar|poprawna|đúng|doğru))?
           [\s*_]*(?::|est|es|ist|è|é|adalah|lautet|là|to)?
      | (?:الإجابة|الاجابة|الجواب|پاسخ|उत्तर|विकल्प|বিকল্প|জবাব|উত্তর|תשובה|คําตอบ|απάντηση)
           \s*(?:الصحيحة|الصحيح|صحیح|สุดท้าย|הנכונה)?\s*(?::|هي|هو|है|হলো|হল|היא|คือ|είναι)?""",
    re.VERBOSE | re.IGNORECASE,
)
MARKER_WORDS = (
    "answer", "choice", "option", "solution", "conclusion", "selection", "pick", "####",
    "antwort", "respuesta", "risposta", "resposta", "cevap", "jawaban", "opcion", "ans:", "ans.", "sol:",
    "result", "response", "output", "prediction", "[answer]",
)  # fmt: skip
MARKER_WORDS_BEYOND = (
    "ответ", "вариант", "答案", "正确选项", "正確選項", "正解", "答え", "回答", "故选", "故選", "应选", "應選",
    "所以选", "因此选", "정답", "답",     "réponse", "odpowiedź", "solución", "lösung", "opción", "opção", "đáp án",
    "الاجابة", "الجواب", "پاسخ", "उत्तर", "विकल्प", "বিকল্প", "জবাব", "উত্তর", "תשובה", "คําตอบ", "απάντηση",
)  # fmt: skip
BESIDES = r"also|so\s+(?:is|does)|alternatively|otherwise|if\s+not"
CHOOSES = re.compile(
    rf"""\b(?: choose|chose|choosing|pick|picked|picking|select|selected|selecting|go\ with|going\ with|opt\ for
      | vote\ for|(?:i|would|i'd|to)\ (?:say|guess|answer)|(?:my|best)\ guess|i\ (?:think|believe)|verdict|it's|it\ is
      | it\ (?:must|has\ to|should|would)\ be|that's|only|except(?:\ for)?|in\ (?:summary|short)|overall
      | my\ vote\ is|lean(?:ing)?(?:\ towards?)?
      | (?:correct|right|best)\s+\w+[^\n.:=?!]{{0,40}}?\s+(?:is|would\ be)
      | (?:one|statement|exception|out)(?:\s+that\s+\w+[^\n.:=?!]{{0,40}}?)?\s+(?:is|must\ be|has\ to\ be)|{BESIDES}
      | so(?!\s+(?:is|does)\b)|thus|hence|therefore|thereby|consequently|accordingly|conclude
      | leaves(?:\ only|\ us\ with)?
      | leaving(?:\ only)?|left\ with|выбираю|elijo|wähle )\b[:,]?
      | → | ⇒ | => | ∴ | 选择? | 選擇?""",
    re.VERBOSE | re.IGNORECASE,
)
CHOOSING_WORDS = (
    "choos", "chose", "pick", "select", "go with", "going with", "opt for", "vote for", "i say", "would say", "i'd say",
    "to say", "i guess", "would guess", "i answer", "would answer", "my guess", "best guess", "i think", "i believe",
    "verdict", "it's", "it is", "it must be", "it has to be", "it should be", "it would be", "that's", "only", "except",
    "in summary", "in short", "overall", "my vote is", "lean", "correct ", "right ", "best ", "one ",
    "statement ", "exception ", "out ", "also", "alternatively",
    "otherwise", "if not", "so", "thus", "hence", "therefore", "thereby", "consequently", "accordingly", "conclude",
    "leav", "left with", "=>", "→", "⇒", "∴",
    "выбираю", "elijo", "wähle", "选", "選",
)  # fmt: skip
HYPOTHESIS = re.compile(
    r"""\b(?:if|suppose|supposing|assume|assuming|whether|unless|pretend|might|may|some|one\ could|not\ that
        |doubt\w*|если|si|wenn|如果|假设)\b[^.;\n]*\Z
      | \b(?:although|though|while|tempt\w*)\b[^.;,\n]*\Z
      | (?:\bnot|n't|\bnever|\bcannot)\b(?:(?!\b(?:so|but|therefore|thus|hence|and)\b)[^.;,\n]){0,16}\Z""",
    re.VERBOSE | re.IGNORECASE,
)
"""What makes a conclusion one that is only supposed, or denied."""
_TRIES = 40
"""Markers that are looked at, from the end."""


def last_matches(marker: re.Pattern[str], words: Iterable[str], window: str) -> Iterator[re.Match[str]]:
    """What begins with one of some words, the last first: to look for each costs a tenth of looking for all at once."""
    lower = window.lower()
    if len(lower) != len(window):
        lower = window
    starts = {start for word in words if word in lower for start in _starts(lower, word)}
    matches = (marker.match(window, start) for start in sorted(starts, reverse=True)[:_TRIES])
    return filter(None, matches)


def _starts(text: str, word: str) -> Iterator[int]:
    """The last places of a word."""
    start = len(text)
    for _ in range(_TRIES):
        start = text.rfind(word, 0, start)
        if start < 0:
            return
        yield start
