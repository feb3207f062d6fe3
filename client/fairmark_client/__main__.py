"""The console command `fairmark`."""

import signal
import sys


def main() -> None:
    """Run the command line, or name the extra that brings it."""
    try:
        from .cli import app
    except ModuleNotFoundError as error:
        if error.name != "typer":
            raise
        print("fairmark: the command line needs typer: pip install 'fairmark[cli]'", file=sys.stderr)
        sys.exit(2)
    for stream in (sys.stdout, sys.stderr):
        # What a model wrote may not fit the terminal's encoding; showing it may not fail.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        app()
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # `| head` has seen enough, which says nothing about the rows
            end.code = 128 + signal.SIGPIPE
        raise


if __name__ == "__main__":
    main()
