"""What runs behind the walls: the standard library alone, started by path; nothing of fairmark's can be imported.

main.py        guard, zygote, and the zygote's loop
walls.py       all walls together: namespaces.py, landlock.py, seccomp.py, limits, privileges
run.py         one run seen from the zygote, with its clocks.py; threads.py: what its threads do, seen from the guard
child.py       what a child does before its mode
modes.py       the modes: script.py, probe.py and those of code tests
kernel.py      system calls that Python has no function for
"""
