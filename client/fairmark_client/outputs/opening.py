"""Which source a text names, told by its form."""

import re
from pathlib import Path

from ..errors import DataError
from .checkpoint import Checkpoint
from .endpoint import Endpoint
from .file import File
from .source import Source

HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


def open_source(
    text: str, *, model: str | None = None, key_env: str | None = None, adapter: str | None = None
) -> Source:
    """The source that a text names, told by its form. Raises `DataError` or `ModelError` where there is none.

    http(s)://…/v1  an OpenAI-compatible endpoint; `model` is what it is asked for, by default the only one it has;
                    the key is in the variable `key_env`, by default in OPENAI_API_KEY if that is set
    *.jsonl         a file of outputs
    a folder        a Transformers checkpoint, or a PEFT adapter, which is put on its base; `adapter` is a folder of
                    one to put on the checkpoint
    owner/name      a Transformers checkpoint of the hub
    """
    if text.startswith(("http://", "https://")):
        _only_for("adapter", adapter, "a local checkpoint", text)
        return Endpoint(text, model, key_env)
    _only_for("model", model, "an endpoint", text)
    _only_for("key_env", key_env, "an endpoint", text)
    if text.endswith(".jsonl"):
        _only_for("adapter", adapter, "a local checkpoint", text)
        return File(Path(text))
    if Path(text).is_dir() or HUB_NAME.fullmatch(text):
        return Checkpoint(text, Path(adapter) if adapter else None)
    raise DataError(
        f"{text}: expected http(s)://…/v1, a file of outputs (*.jsonl), or a checkpoint's folder or hub name"
    )


def _only_for(name: str, value: str | None, kind: str, text: str) -> None:
    if value is not None:
        raise DataError(f"{name}: only {kind} takes one, and {text} is none")
