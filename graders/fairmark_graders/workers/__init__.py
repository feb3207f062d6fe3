"""Warm child processes that can be killed, for work that may be slow on a hostile input.

A task is a function that can be imported and arguments that can be pickled; a worker does one at a time. A task that
fails, fails alone:

    the function raises                         the same exception in the caller
    more CPU seconds, or memory, than allowed   `OverLimit`: the task is to blame
    asleep until the backstop                   `OverLimit`: the task is to blame
    the process exits or crashes by itself      `Crashed`, a `WorkerLost`: whose fault that is, the caller knows
    the process is killed, or cannot start      `WorkerLost`: the task isn't to blame
    no processor to be had until the backstop   `WorkerLost`: the task isn't to blame

Limits are processor time, from the moment the worker has imported the function, so a task that passes on an idle
machine passes on a crowded one. Slow tasks don't hold up quick ones:

    at the start      one of `size` places, a warm worker
    after 50 ms CPU   the slow lane: the place goes to the next task, which finds a spare worker waiting; this one goes
                      on at lower priority, on at most half the processors together with its like
    the lane is full  it is stopped (SIGSTOP, so no clock of its runs) until its turn comes; 4 × `size` may wait so
    they are full     it is stopped and keeps its place, until the callers' own queue says that no more will go in

    pool.py    places, spares and the slow lane: `Workers`
    worker.py  one worker, seen from the parent
    zygote.py  the process that workers are forked from, seen from the parent: 5 ms a worker, all imports done
    clock.py   the clocks of a task, read from outside
    child.py   what runs in the zygote and in the workers

No child outlives the service: an idle one reads the end of its socket, a busy or stopped one is killed by the kernel
(PR_SET_PDEATHSIG, Linux only). docs/decisions/0004-workers.md says why this isn't a library, and has the measurements.
"""

from .faults import Crashed, OverLimit, WorkerLost
from .pool import Workers, on_slow

__all__ = ["Crashed", "OverLimit", "WorkerLost", "Workers", "on_slow"]
