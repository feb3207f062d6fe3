"""The console command `fairmark`."""

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
    app()


if __name__ == "__main__":
    main()
