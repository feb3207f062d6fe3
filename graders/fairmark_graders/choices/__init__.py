r"""Which of some options a text chooses.

An option has a place, a label (`A`, or what the item calls it) and, where the item says so, a text. A letter of any
script stands for the place it has in its own alphabet: B, b, Ｂ, ⓑ, Б, Β, ب, খ, イ and 乙 are all the second. Letters
of the labels' own script must be labels.

What counts as choosing, the strongest first:

1. the last box, or the last `<answer>`, which then is the whole text
2. a text that is a choice and nothing else
3. what follows `the answer is`, `Answer:`, `答案是` and the like; the last one counts
4. only where anything counts: `I choose B`, `so B`, `B is correct`, a first or last line that is a choice, and the only
   choice that is mentioned in brackets, in bold or by its text

A choice is read where it can be nothing else: in `the answer is a prime` the letter is an article, in `C major` and
`B-cells` part of a name. What is denied (`not A`, `B is wrong`) or only supposed isn't chosen. Choices side by side
(`A or B`) are several.

Looked at are the last `TAIL` characters and the first `HEAD`, so a text of any length costs the same.

    options      what there is to choose from: labels, texts, letters of any script
    held         what a box or a tag holds
    claims       the choice that a stretch of text begins with
    lists        lines that begin with a choice, and lists of options
    markers      the words that announce a choice
    praise       choices that are called correct
    mentions     the only choice that is mentioned
    conclusions  what all of a text concludes
    choosing     one after the other: `chosen`
"""

from .choosing import Unclear, chosen
from .conclusions import Mode
from .options import MOST, Options, folded, known, unknown

__all__ = ["MOST", "Mode", "Options", "Unclear", "chosen", "folded", "known", "unknown"]
