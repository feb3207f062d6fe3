"""`python -m fairmark_service`: reads the settings, and serves in one process or in several."""

import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import NoReturn

from pydantic import ValidationError

from fairmark_graders import FairmarkError

from . import logs, server, supervisor
from .app import Service
from .loading import Files
from .probes import Probes
from .settings import Settings


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    refuse_empty(sys.argv)
    try:
        settings = Settings(_cli_parse_args=True)
        logs.set_up(settings.log_level)
        server.raise_descriptor_limit()
        serve(settings)
    except ValidationError as error:  # a ValueError too, so it comes first
        refuse(error)
    except (FairmarkError, OSError, ValueError) as error:
        sys.exit(f"fairmark serve: {error}")


def serve(settings: Settings) -> None:
    """Listen, and serve in as many HTTP processes as the settings say. Raises what keeps it from starting."""
    if settings.workers > 1:
        supervisor.serve(settings)
        return
    service = Service(settings, Files(settings))
    sockets = server.bind(settings)
    probes = Probes(sockets.probes, service.health.report, service.metrics.settled) if sockets.probes else None
    announcement = server.Announcement(settings, sockets)
    config = server.serving(service.gateway)
    server.Server(config, announcement, probes, service.stopping, settings.drain_seconds).run([sockets.main])


def refuse_empty(arguments: Sequence[str]) -> None:
    """An empty word is a shell's variable that isn't set; without `--keys` anybody on this machine may grade."""
    for before, argument in pairwise(arguments):
        option, equals, value = argument.partition("=")
        if not argument or (option.startswith("--") and equals and not value):
            of = option or (before if before.startswith("--") else "an argument")
            print(f"fairmark serve: {of}: expected a value, got an empty one", file=sys.stderr)
            sys.exit(2)


def refuse(error: ValidationError) -> NoReturn:
    """Say which setting is wrong, and end."""
    for problem in error.errors(include_url=False):
        name = "-".join(map(str, problem["loc"])).replace("_", "-")
        print(
            f"fairmark serve: {f'--{name}: ' if name else ''}{problem['msg'].removeprefix('Value error, ')}",
            file=sys.stderr,
        )
    sys.exit(2)


if __name__ == "__main__":
    main()
