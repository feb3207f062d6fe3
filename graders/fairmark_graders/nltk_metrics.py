"""NLTK's metrics, without scikit-learn, which NLTK imports where it is installed, and never for these.

With it come pandas and pyarrow, and pyarrow starts a thread, so that no zygote could learn them: every sample would pay
1.6 s of processor for them anew.
"""

import sys

_installed = sys.modules.pop("sklearn", None)
sys.modules["sklearn"] = None  # type: ignore[assignment]  # so it can't be imported
try:
    from nltk.translate.gleu_score import sentence_gleu
    from nltk.translate.meteor_score import single_meteor_score
finally:
    del sys.modules["sklearn"]
    if _installed is not None:
        sys.modules["sklearn"] = _installed

__all__ = ["sentence_gleu", "single_meteor_score"]
