"""Whether the service can grade, and what it runs with."""

from typing import Any

from fairmark_graders.sandbox import Sandbox

from .catalog import Catalog


class Health:
    """Ready once everything that grading needs is warm, until it begins to stop."""

    def __init__(self, catalog: Catalog, sandbox: Sandbox) -> None:
        self._catalog, self._sandbox = catalog, sandbox
        self.ready = False

    def report(self) -> dict[str, Any]:
        """What `/readyz` answers."""
        snapshot = self._catalog.snapshot
        return {
            "ready": self.ready,
            "graders": len(snapshot.entries),
            "broken": [str(broken) for broken in snapshot.broken],
            "sandbox": self._sandbox.report(),
        }
