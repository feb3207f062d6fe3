"""Graders of OpenAI's and Azure's, as files of a catalog.

source       where they are: in a job, in a file of one, in a grader, in testing criteria of an eval
translation  what of them has to be put differently, what is left out, and what will differ
files        the files they become, read back
"""
