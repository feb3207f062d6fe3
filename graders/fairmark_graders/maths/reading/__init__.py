"""How `reader` reads, from characters to trees.

    spelling    one character for those that look alike; the wrapping around an answer taken off
    labels      texts that are something as a whole: a choice, a time, a date, an ordinal
    times       times of day in words
    substances  chemical formulas and reactions
    words       the vocabulary: functions, constants, connectives, number words
    phrases     what stands for a sign: "is greater than"
    numerals    numbers as they are written
    tokens      text to tokens, one pass of one pattern
    measures    units and nouns behind a value
    speech      numbers in words

The parser is one object in layers, a class and a file each, which call upwards by the methods that `arguments`
declares: cursor, arguments, functions, operands, powers, expressions (with terms), statements, brackets.
"""
