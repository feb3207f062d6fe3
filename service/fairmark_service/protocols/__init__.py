"""Every wire format that is served; a new one is a file and a name here."""

from typing import Any

from .native import NATIVE
from .open_instruct import TEST_PROGRAM, TEST_PROGRAM_STDIO
from .openai_endpoint import OPENAI_ENDPOINT
from .openai_run import GRADERS_RUN, GRADERS_VALIDATE
from .protocol import Protocol
from .sandbox_fusion import RUN_CODE

PROTOCOLS: tuple[Protocol[Any], ...] = (
    NATIVE,
    OPENAI_ENDPOINT,
    GRADERS_RUN,
    GRADERS_VALIDATE,
    RUN_CODE,
    TEST_PROGRAM,
    TEST_PROGRAM_STDIO,
)
