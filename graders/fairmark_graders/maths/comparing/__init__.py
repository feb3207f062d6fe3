"""How `equality` compares, from numbers to sets.

Values:
    shape       what a tree is made of: walking it, replacing in it, what it mentions
    exact       rational values
    balls       other values, as a midpoint and a radius
    values      closed expressions: one value or two
    algebra     expressions with unknowns, by their values at random points
    rounding    values for a reference in decimals
    unevaluated answers that leave the work to be done
    quantities  values with units
    naming      names in front of values, chains of equal values
    constants   constants of integration, general solutions
    curves      equations and inequalities in several letters
    classes     residue classes, as a statement under its modulus
    families    solutions for every integer k

Rules, which compare two trees as what they know:
    meaning     what is plainly meant by what is written
    comparison  one run of the rules, and how parts are compared
    wording     words, letters of choices
    sentences   short sentences that say a word
    clock       times of day
    integers    integers within bounds, lists of them with dots
    margins     a value and a margin for an interval
    sets        intervals, inequalities in one letter
    conditions  statements under conditions, pieces
    flats       points with parameters
    entries     points, vectors, matrices, systems of values
    members     sets, lists, alternatives, both signs
    equations   relations
    expressions numbers, quantities, expressions, ratios
"""
