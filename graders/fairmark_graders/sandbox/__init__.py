"""Programs that a model wrote, run where they can neither see nor change anything but what they were given.

    status          the program…
    finished        ended with exit code 0
    error           ended with another: an exception, or what it asked for
    time_limit      used its seconds, of processor time and of sleep
    memory_limit    asked for more than its memory, and didn't get along without
    output_limit    wrote more than its output, to any file
    signalled       was ended by a signal: it crashed
    sandbox_error   isn't to blame: we are, or the machine

    outcome.py   limits, and what became of a run
    sandbox.py   places and the queue before them: `Sandbox`
    zygote.py    one zygote, seen from the service
    graders.py   zygotes that have imported a user's grader each: `Graders`
    inside/      what runs behind the walls: the standard library and nothing of ours

docs/decisions/0010-sandbox.md has the walls, the reasons and the measurements.
"""

from .graders import Graders, NotLoaded
from .outcome import Limits, Outcome, SandboxUnavailable, Status
from .sandbox import Sandbox

__all__ = ["Graders", "Limits", "NotLoaded", "Outcome", "Sandbox", "SandboxUnavailable", "Status"]
