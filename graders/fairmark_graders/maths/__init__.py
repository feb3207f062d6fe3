"""Whether two mathematical texts say the same.

    answer.py   the final answer of a long text: a box, what follows a marker, the last number
    tree.py     what a text says, as a tree
    reader.py   text to tree: LaTeX, plain text, Unicode, words; how, in reading/
    units.py    units, their dimensions and sizes
    decision.py what is decided, and which differences are forgiven
    equality.py tree against tree: equal, different, or not decided here; how, in comparing/
    outside.py  what is left, by math-verify and sympy, in a worker

Everything here is pure and bounded: sizes decide first (`errors.TooComplex`), and nothing is ever evaluated as Python.
"""
