"""Did it help? Models on the same held-out rows: measures with intervals, paired tests, a verdict, a report.

measures     what is measured, as functions of sums over prompts
statistics   intervals, tests and the rows that a difference takes, from those sums
labels       which class an output says
answers      the outputs of a model, lined up with the rows and graded
diversity    whether a model went rigid
comparison   all of it for every model and every pair; `results` is what comes out
verdict      the same in plain sentences; `wording` is how numbers are told
report       the same as one HTML file, with `plots`
"""

from .comparison import compare
from .labels import reader
from .results import Comparison, Cost

__all__ = ["Comparison", "Cost", "compare", "reader"]
