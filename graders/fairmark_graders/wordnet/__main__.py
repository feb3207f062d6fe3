"""Put WordNet 3.0 into this environment: `python -m fairmark_graders.wordnet [SOURCE]`.

SOURCE is a folder or an archive (.zip, .tar.gz, .deb) that holds WordNet's files, such as NLTK's `wordnet.zip` or
Princeton's `WordNet-3.0.tar.gz`. Without one, Debian's package `wordnet-base` is fetched with apt-get and unpacked;
that needs no root where the package lists are fresh. Only the files METEOR reads are kept, in
`share/wordnet` of the environment; each carries WordNet's licence at its head.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from . import FILES, PLACES, RELEASE, find

_HELP = f"""expected a source with the files of {RELEASE}: {", ".join(FILES)}
With a network:  python -m nltk.downloader -d DIR wordnet   and then   python -m fairmark_graders.wordnet DIR
"""


def main(arguments: list[str]) -> None:
    place = find()
    if place is None or arguments:
        with tempfile.TemporaryDirectory() as scratch:
            source = Path(arguments[0]) if arguments else fetch(Path(scratch))
            place = install(unpack(source, Path(scratch)), PLACES[0])
    print(f"{RELEASE} is in {place}")


def install(source: Path, place: Path) -> Path:
    """Copy the files below `source` to `place`; ends the program with what was expected when they aren't there."""
    folder = find(path.parent for path in source.rglob("data.noun"))
    if folder is None:
        sys.exit(f"{source}: no {RELEASE} here; {_HELP}")
    place.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copy(folder / name, place)
    return place


def fetch(scratch: Path) -> Path:
    apt = shutil.which("apt-get")
    if apt is None or not _downloaded(apt, scratch):
        sys.exit(f"no Debian package to be had; {_HELP}")
    return next(scratch.glob("*.deb"))


def _downloaded(apt: str, scratch: Path) -> bool:
    """A fresh image has no package lists yet; refreshing them takes root."""
    for command in (["download", "wordnet-base"], ["update"], ["download", "wordnet-base"]):
        subprocess.run([apt, "-qq", *command], cwd=scratch, stderr=subprocess.DEVNULL, check=False)
        if any(scratch.glob("*.deb")):
            return True
    return False


def unpack(source: Path, scratch: Path) -> Path:
    """The folder a source unpacks to, zips inside it (as NLTK's downloader leaves them) unpacked as well."""
    if source.is_dir():
        archives = list(source.rglob("wordnet.zip"))
        return unpack(archives[0], scratch) if archives and not list(source.rglob("data.noun")) else source
    folder = scratch / "unpacked"
    if source.suffix == ".deb":
        subprocess.run(["dpkg-deb", "-x", source, folder], check=True)
    else:
        shutil.unpack_archive(source, folder)
    return folder


if __name__ == "__main__":
    main(sys.argv[1:])
