"""Programs and their tests: what `code_tests` is made of.

program.py   the program in a text
forms.py     the tests of an item, in the shapes that data sets have them in: a `Suite`
asserts.py   test code that is nothing but calls with their results
rules.py     when an output or a returned value is the expected one
running.py   a program under its tests, in the sandbox
"""
