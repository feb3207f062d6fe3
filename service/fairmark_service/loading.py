"""What the operator's files say, the graders and the keys: read at the start, watched, handed to HTTP processes."""

from typing import NamedTuple, Protocol

from .auth import Held, Keys
from .catalog import Catalog, Snapshot
from .reload import poll
from .settings import Settings


class Loaded(NamedTuple):
    """The graders and the keys of one moment, of which it has digests alone."""

    snapshot: Snapshot
    keys: Held


class Rules(Protocol):
    """The graders and the keys as they are served, now and after each change."""

    catalog: Catalog
    keys: Keys

    async def watch(self) -> None:
        """Take up changes, until cancelled."""


class Files:
    """Rules read from the operator's files."""

    def __init__(self, settings: Settings) -> None:
        """Raises `FairmarkError` unless all of it is sound."""
        self.catalog = Catalog(settings.catalog, filter(None, settings.functions.split(",")), settings.sandbox_python)
        self.catalog.load()
        self.keys = Keys(settings.key.get_secret_value() if settings.key is not None else None, settings.keys)

    @property
    def loaded(self) -> Loaded:
        """What holds at this moment."""
        return Loaded(self.catalog.snapshot, self.keys.held)

    def look(self) -> None:
        """Take up what has changed."""
        self.catalog.reload()
        self.keys.reload()

    async def watch(self) -> None:
        """Take up changes within about a second, until cancelled."""
        await poll(self.look)


class Handed:
    """Rules that another process reads and hands over."""

    def __init__(self, settings: Settings, loaded: Loaded) -> None:
        self.catalog, self.keys = Catalog(settings.catalog), Keys()
        self.take_up(loaded)

    def take_up(self, loaded: Loaded) -> None:
        """Serve by these from now on."""
        self.catalog.snapshot = loaded.snapshot
        self.keys.hold(loaded.keys)

    async def watch(self) -> None:
        """Nothing: whoever hands them over watches."""
