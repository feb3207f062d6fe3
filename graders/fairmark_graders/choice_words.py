"""The words and marks around a choice, in a dozen languages: what announces it, what may follow it, what denies it."""

import re

_NOISE = (
    "(?:the|most|likely|best|correct|right|final|only|clearly|definitely|probably|simply|indeed|actually|just|"
    "therefore|thus|hence|so|then|either|both|option|choice|letter|answer|number|no|alternative|statement|candidate|"
    "is|are|be|its|it's|la|el|le|die|der|das|with|for|as|on|to|would|must|should|"
    "вариант|вариантом|ответ|под|буквой|буква|опция|opción|opcion|opção|letra|opzione|lettera|lettre|buchstabe|"
    "alternativa|seçenek|pilihan|विकल्प|বিকল্প|الخيار|خيار|الاجابة|گزینه)"
)
OPEN = re.compile(
    rf"""(?: [\s"'“”‘«»„「『【〔<>*_`#~$:：=,.({{\[\u2012-\u2015-]
      | \\(?:text|textbf|mathrm|mathbf|mathsf|boxed|fbox|bf|rm|left|displaystyle|quad)\b | \\[(\[,;!\ ]
      | {_NOISE}(?=[\s"'(*_`$:\[]) (?!\s+(?:because|since)\b)
      | 选项?|選項?|为|為|是|番号|第
      | not\s+[(*]*\w[)*]*,?\s*but(?:\s+(?:rather|instead))? )*""",
    re.VERBOSE | re.IGNORECASE,
)
PLAIN = re.compile(
    r"""(?:[\s"'“”‘«»„「『【〔<>*_`$(\[{-]|\\(?:text|textbf|mathrm|mathbf|mathsf|bf|rm|left)\b|\\[(\[,;! ]
      |(?:option|choice|letter|вариант|विकल्प|বিকল্প|الخيار)(?=[\s(*])|选项|選項)*""",
    re.VERBOSE | re.IGNORECASE,
)
"""What may stand before a choice that is all there is."""
MARKS = re.compile(r"""(?:[\s"'“”‘«»„「『【<>*_`#~$:：=]|\\[(\[])*""")
CLOSE = re.compile(r"""[)\]}*_`"”»」』】〕$~]*|'+(?!\w)|\\[)\]]""")
_WORDS = (
    "because|since|as|due|which|and|or|but|so(?!-)|for|if|per|based on|according|given that|instead|rather|here|"
    "in this case|i think|i believe|i guess|i\\.e|и|или|а|так|потому|поскольку|porque|ya que|car|parce|weil|"
    "denn|da|ou|et|y|o|oder|und|works|fits|matches|holds|applies|it is|for sure|then|"
    "है|हैं|क्योंकि|হলো|হল|কারণ|لأن|لأنه|أو|است|olur|는|은|입니다|이다"
)
AFTER = re.compile(
    rf"""\s*(?:\Z|\n) | \s*[)\]}}】）」』"”»`|!;,。、，；．।۔،؛<>] | \s*[:：] | \s*[*_$]+(?!\w) | '(?!\w)
      | \.(?!\w|\.\w) | \.(?=[^\W\d_a-zA-Z]) | \s+[(\u2012-\u2015→-] | [\u2012-\u2015] | \\
      | \s*/\s* | \s*[&+]\s | \s+(?:{_WORDS.replace(" ", "[ ]")})(?!\w)
      | \s+(?=(?:(?:[Tt]he|[Mm]y)\s)?(?:(?:[Ff]inal|[Cc]orrect)\s)?(?:[Aa]nswer|ANSWER)\b)
      | \s*(?:です|だ|である|が正|项|項|选项|選項|번|입니다|이다|선택) """,
    re.VERBOSE,
)
CJK = re.compile(r"[\u3040-\u9fff\uac00-\ud7af]")
COPULA = re.compile(
    r"\W*(?:is|are|was|were|isn't|aren't|can|cannot|can't|could|would|might|may|does|doesn't|do|don't|has|have|"
    r"seems?|looks?|fails?|contradicts?|es|est|ist|не|неверн\w*|错误?|不)\b"
)
_GOOD = (
    r"(?:(?:the|most|clearly|therefore|indeed|thus|only|also|equally|probably|definitely|both|all|an?|more|likely|my|our)\s+)*"
    r"(?:(?:final|single|logical|obvious|only)\s+)*(?:(?<=only\s)option|(?<=most\s)(?:likely|plausible)(?=\s*(?:\Z|[^\w\s]|answer|option|choice))|(?:correct|right|best|true|answers?|appropriate|accurate|valid|acceptable|proper|choice|one))\b"
)
POSITIVE = re.compile(rf"\W*(?:is|are|must be|has to be|seems?|looks?|would be|should be)\s+{_GOOD}", re.IGNORECASE)
WRONG = re.compile(
    r"[^\w,.;:!]*(?:(?:is|are|was|were|as)\s+)?(?:clearly\s+|also\s+|both\s+|all\s+|obviously\s+)*"
    r"(?:wrong|incorrect|not|(?:is|are|was|were)n['’]t|ruled out|eliminated|excluded|"
    r"(?:(?<=is )|(?<=are ))(?:false|invalid|impossible)|неверн\w*|错|错误|不对)\b"
    r"|[\s*_]*[:\u2012-\u2015-][\s*_]*(?:incorrect|wrong|not correct|no)\b|[\s*_]*[❌✗✘]",
    re.IGNORECASE,
)
SEPARATOR = re.compile(
    r"\s*(?:(?P<comma>[,;、，]\s*)(?:(?:and/or|or|and)\s+)?|[/&+|~∨\u2044\u2215]\s*|(?:\.{1,3}|…)\s*(?:or|alternatively)\b,?\s+|"
    r"\(?(?:and/or|or|and|oder|und|ou|et|y|o|или|и|أو|या|অথবা)\s+|[或和与と]|または)"
    r"(?:also\s+|maybe\s+|perhaps\s+|possibly\s+|both\s+)?(?:option\s+|choice\s+|answer\s+)?[\s(\[*_`'\"“$]*",
    re.IGNORECASE,
)
HYPOTHESIS = re.compile(
    r"""\b(?:if|suppose|supposing|assume|assuming|whether|unless|pretend|might|may|some|one\ could|not\ that
        |doubt\w*|если|si|wenn|如果|假设)\b[^.;\n]*\Z
      | \b(?:although|though|while|tempt\w*)\b[^.;,\n]*\Z
      | (?:\bnot|n't|\bnever|\bcannot)\b(?:(?!\b(?:so|but|therefore|thus|hence|and)\b)[^.;,\n]){0,16}\Z""",
    re.VERBOSE | re.IGNORECASE,
)
"""What makes a conclusion one that is only supposed, or denied."""
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
_BESIDES = r"also|so\s+(?:is|does)|alternatively|otherwise|if\s+not"
CHOOSES = re.compile(
    rf"""\b(?: choose|chose|choosing|pick|picked|picking|select|selected|selecting|go\ with|going\ with|opt\ for
      | vote\ for|(?:i|would|i'd|to)\ (?:say|guess|answer)|(?:my|best)\ guess|i\ (?:think|believe)|verdict|it's|it\ is
      | it\ (?:must|has\ to|should|would)\ be|that's|only|except(?:\ for)?|in\ (?:summary|short)|overall
      | my\ vote\ is|lean(?:ing)?(?:\ towards?)?
      | (?:correct|right|best)\s+\w+[^\n.:=?!]{{0,40}}?\s+(?:is|would\ be)
      | (?:one|statement|exception|out)(?:\s+that\s+\w+[^\n.:=?!]{{0,40}}?)?\s+(?:is|must\ be|has\ to\ be)|{_BESIDES}
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
CORRECT = re.compile(
    rf"\s?(?:(?:is|are|(?:must|has to|(?:would|could)(?: also)?|should) be|(?:seems|looks|appears)(?: to be)?)"
    rf"\s+{_GOOD}"
    r"|it is\b(?! not)|makes the most sense\b|satisfies all\b|remains?\b|(?:is|are) left\b|正[确確])",
    re.IGNORECASE,
)
PRAISING_WORDS = (
    " is ",
    " are ",
    " must be ",
    " has to be ",
    " seems ",
    " looks ",
    " appears ",
    " would be ",
    " would also be ",
    " could also be ",
    " it is",
    " makes the most ",
    " satisfies all ",
    " remain",
    "正确",
    "正確",
)
BEFORE = re.compile(
    r"(?:(?<![\w'-])|(?<=[\u3040-\u9fff])(?=[(A-Za-z]))(?P<denied>(?:not|nor|neither|if|whether)\s+)?(?:(?:option|choice|answer|letter)\s+)?"
    r"[(\[*_`]*(?P<label>[^\W_]{1,2})[)\]*_`.]*\s*\Z",
    re.IGNORECASE,
)
JOINED = re.compile(r"(?P<label>[^\W_]{1,2})[)\]*_`]*\s*(?:,|/|&|\bor\b|\band\b|\bnor\b)\s*\Z", re.IGNORECASE)
RUN = re.compile(r"\b(?=[A-J]{2})A?B?C?D?E?F?G?H?I?J?\b")
BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
BRACE = re.compile(r"[{}]")
BETWEEN = re.compile(
    r"[\W_]*(?:(?:or|and|also|alternatively|maybe|perhaps|possibly|the|final|correct|my|our|i|so|first|second|option)"
    r"\b[\W_]*){0,4}",
    re.IGNORECASE,
)
ALSO = re.compile(rf"\b(?:{_BESIDES}|equally|as well|too)\b", re.IGNORECASE)
RETRACTED = re.compile(
    r"\b(?:wait|actually|no|hmm+|however|but|instead|rather|correction|mistaken?|sorry|oops|reconsider\w*"
    r"|second thought)\b",
    re.IGNORECASE,
)
"""What may take a conclusion back."""
RETAKEN = re.compile(
    r"[\W_]*(?:(?:no|wait|actually|hmm+|sorry|oops|then|or|maybe|perhaps|possibly|rather|instead|i mean)\b[\W_]*){0,4}",
    re.IGNORECASE,
)
"""What stands between a choice and the next one that replaces or doubts it."""
GOES_ON = re.compile(
    r".?(?:\s*\Z|[\s)\]*_}]*[).:,;!\u2012-\u2015*-]|\s*\(|\s+(?:because|since|as|for[ ]sure)\b)|[)\]*}:.]"
)
FORM = re.compile(r"[^\W_]{1,2}[*_]*(?P<mark>[).:=\u2012-\u2015-]?)")
"""How a line names its option: bare, or with a mark between label and text."""
ENTRY = re.compile(r"(?<![\w'])(?P<label>[^\W_]{1,2})(?P<mark>[):=])(?!\s*(?:is|was)\b)")
"""An option in a list of them."""
UNLISTED = re.compile(r"[.!?](?:\s|\Z)|\b(?:is|are|not|rather|than|over|while|whereas|because|since|unlike|but)\b")
"""What a list of options doesn't hold between two of them."""
OTHERS = re.compile(r"[^\W_]{1,2}[)\]*_`]*\s+(?:are|were)\b")
SPACE = re.compile(r"\s+")
SENTENCE = re.compile(r"(?<=[.!?;])(?<!\d\.)\s+|[。！？]")
MENTION = re.compile(
    r"""\((?P<bracketed>[^\W_]{1,2})\) | \*\*\(?(?P<bold>[^\W_]{1,2})[).:]{0,2}\*\*
      | \b(?:option|choice)\s+\(?(?P<named>[^\W_]{1,2})\b""",
    re.VERBOSE | re.IGNORECASE,
)
DENIED = re.compile(
    r"\b(?:not|nor|neither|never|none|n't|rule[sd]? out|eliminat\w+|exclud\w+|unlike|except|(?:any|every)thing but)"
    r"\b[^.;\n]{0,20}\Z"
)
