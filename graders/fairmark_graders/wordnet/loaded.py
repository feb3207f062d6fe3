"""WordNet in memory. Import it to read it: what a worker imports, all that come after it are forked with."""

from . import WordNet, find

_folder = find()
if _folder is None:
    raise FileNotFoundError("WordNet 3.0 is gone")
WORDNET = WordNet(_folder)
