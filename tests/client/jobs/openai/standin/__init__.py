"""A stand-in for OpenAI's fine-tuning API: a real HTTP server that holds callers to the rules that are documented.

    server    keys, and what a test may do: faults, gates, jobs that hang
    routes    every call of the API
    rules     what files and jobs must keep to, written from the documentation and not from the client
    training  a job: its states, its rollouts, the grader that is called for each, what is reported

A job moves on when it is looked at, one step a look, so that nothing waits for a clock; `hold` leaves that to
`StandIn.advance`. Facts are those of the reference the project keeps; where a corner isn't documented, the stand-in is
strict.
"""

from .routes import MODEL
from .server import KEY, StandIn

__all__ = ["KEY", "MODEL", "StandIn"]
