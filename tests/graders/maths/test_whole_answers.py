"""How many whole answers are graded as a fair teacher would; floors a little under what was measured."""

import pytest
from tests.graders.maths.whole_answers import SETS, load, rates

RECALL = {"first": 0.98, "second": 0.97, "third": 0.96, "fourth": 0.95, "fifth": 0.91, "sixth": 0.93, "seventh": 0.81}
FALSE_ACCEPTS = {"seventh": 0.0123}
"""Two of 163: the set is unseen."""


@pytest.mark.parametrize("name", SETS)
def test_right_answers_pass_however_they_are_written_and_wrong_ones_do_not(name: str) -> None:
    rows = load(name)
    recall, false_accepts = rates(rows, [row.passes for row in rows])
    assert recall >= RECALL[name]
    assert false_accepts <= FALSE_ACCEPTS.get(name, 0.01)
