"""What stops a run whose rewards no longer mean what they should.

A sample without a true score teaches nothing, and one now and then is nothing to stop for. Many of them mean a broken
column, a judge that is down or a grader that raises; a changed grader means that earlier rewards and later ones don't
compare. Nobody looks at a log at night, so both end the run, with the reason.
"""

import threading
from collections import Counter, deque
from collections.abc import Sequence

from ..errors import Ungraded, VersionChanged
from ..service import Grader, Result

WINDOW = 256
"""How many samples back the share is taken over; a batch that is larger counts as a whole."""
FEWEST = 32
"""Below this many samples a share says nothing: one of four would be 25 %."""
FEWEST_IF_ALL = 8
"""When not one of this many has a true score, there is no share to wait for."""


class Guard:
    """The recent samples of one reward function in one run, and the versions its graders began with."""

    def __init__(self, max_share: float, allow_change: bool) -> None:
        self._max_share, self._allow_change = max_share, allow_change
        self._recent: deque[str | None] = deque(maxlen=WINDOW)
        self._versions: dict[str, str] = {}
        self._lock = threading.Lock()

    def check(self, graders: Sequence[Grader], results: Sequence[Result]) -> None:
        """Takes in a batch; raises `Ungraded` or `VersionChanged`."""
        with self._lock:
            for grader, result in zip(graders, results, strict=True):
                if isinstance(grader, str):  # a configuration comes with the row, so its changes are the row's
                    self._compare(grader, result.version)
            batch = [_fault(result) for result in results]
            self._recent.extend(batch)
            self._count(max(batch, self._recent, key=len))

    def _compare(self, grader: str, version: str | None) -> None:
        if not version or self._allow_change:
            return
        first = self._versions.setdefault(grader, version)
        if first != version:
            raise VersionChanged(
                f"grader {grader} was {first} when this run began and is {version} now: rewards from before and after "
                "don't compare. Put the grader back, start a new run, or allow it: FAIRMARK_ALLOW_VERSION_CHANGE=1"
            )

    def _count(self, recent: Sequence[str | None]) -> None:
        faults = Counter(fault for fault in recent if fault is not None)
        fewest = FEWEST_IF_ALL if faults.total() == len(recent) else FEWEST
        if len(recent) < fewest or faults.total() <= self._max_share * len(recent):
            return
        commonest = "; ".join(f"{number} × {fault}" for fault, number in faults.most_common(3))
        raise Ungraded(
            f"{faults.total()} of the last {len(recent)} samples have no true score "
            f"(allowed: {self._max_share:.0%}, FAIRMARK_MAX_UNGRADABLE_SHARE): {commonest}"
        )


def _fault(result: Result) -> str | None:
    return None if result.outcome == "graded" else f"{result.outcome}: {result.reason or 'no reason given'}"[:300]
