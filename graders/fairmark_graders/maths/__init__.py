"""Whether two mathematical texts say the same.

    answer.py   the final answer of a long text: a box, what follows a marker, the last number
    tree.py     what a text says, as a tree
    reader.py   text to tree: LaTeX, plain text, Unicode, words
    units.py    units, their dimensions and sizes
    equality.py tree against tree: equal, different, or not decided here
    values.py   numbers: exact where they are rational, as balls with a proof where they aren't
    algebra.py  expressions with variables, by evaluation at random points
    sets.py     intervals, unions, solution sets
    outside.py  what is left, by math-verify and sympy, in a worker

Everything here is pure and bounded: sizes decide first (`errors.TooComplex`), and nothing is ever evaluated as Python.
"""
