"""Every setting, read once: from the command line, else from `FAIRMARK_…` variables, else the default.

`--port 9000` and `FAIRMARK_PORT=9000` are the same setting. This is the only file that reads the environment.
"""

import ipaddress
import os
import secrets
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from fairmark_graders.cores import cores
from fairmark_graders.grader_file import shipped_catalog

from .auth import MOST_SAMPLES

MiB = 1 << 20
_SHARED_OUT = {"grading_processes": 1, "sandboxes": 1, "queue": 3 * 4096, "body_megabytes": 3 * 64}
"""What the HTTP processes have together, and the least that each has of it, if there is so much: room for a largest
request while others hold half."""


class Settings(BaseSettings):
    """Grade what models say, over HTTP."""

    model_config = SettingsConfigDict(
        env_prefix="FAIRMARK_",
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        cli_prog_name="fairmark serve",
        cli_kebab_case=True,
        cli_implicit_flags=True,
        cli_hide_none_type=True,
        use_attribute_docstrings=True,
    )

    host: str = "127.0.0.1"
    """The address to listen on. Anything but loopback needs keys."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """The port to listen on; 0 for any free one."""
    probe_port: Annotated[int, Field(ge=0, le=65535)] | None = None
    """A second port for /healthz, /readyz and /metrics alone, without a key; 0 for any free one."""
    url_file: Path | None = None
    """A file to write the address to once the service answers, with a key made for it where none is set; mode 600."""
    drain_seconds: Annotated[float, Field(ge=0, le=3600)] = 0.0
    """How long to go on after SIGTERM while /readyz says 503, for a proxy to notice and send no more."""
    catalog: Path = Field(default_factory=shipped_catalog)
    """A directory of grader files, JSON, YAML or Python, one grader each; watched for changes."""
    functions: str = ""
    """Python modules that catalog files of type function may call, with what lies below them: rewards,acme.graders."""

    key: SecretStr | None = None
    """One key that callers must send; by variable rather than on the command line, which others can read."""
    keys: Path | None = None
    """A file of named keys, `name: key` on each line, limits behind it; read again when it changes."""
    rate: Annotated[int, Field(ge=1, le=MOST_SAMPLES)] | None = None
    """Samples a second for each key that sets no rate of its own, or for everybody together without keys."""
    quota: Annotated[int, Field(ge=1, le=MOST_SAMPLES)] | None = None
    """Samples a UTC day for each key that sets no quota of its own, or for everybody together without keys."""
    open: bool = False
    """Listen beyond loopback without keys: anybody who reaches the port may grade."""

    redis: SecretStr | None = None
    """URL of a Redis or Valkey that replicas share their verdicts through: redis://, rediss:// or unix://."""
    redis_password: SecretStr | None = None
    """The password, where the URL has none; by variable rather than on the command line, which others can read."""
    redis_ca: Path | None = None
    """Certificates, PEM, that a rediss:// server is held against, instead of those that the system trusts."""
    cache_megabytes: Annotated[int, Field(ge=0)] = 256
    """Memory for verdicts in each HTTP process."""
    cache_seconds: Annotated[float, Field(gt=0)] = 24 * 3600.0
    """How long a verdict is kept, in both tiers."""
    cache_namespace: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] = "fairmark"
    """What keeps several services in one Redis apart."""

    workers: Annotated[int, Field(ge=1)] = 1
    """HTTP processes; one alone spreads what is judged outside it over all cores."""
    grading_processes: Annotated[int, Field(ge=1)] = Field(default_factory=cores)
    """Judgements in processes of their own at a time; those that turn slow go on beside them, on half the cores."""
    sandboxes: Annotated[int, Field(ge=1)] = Field(default_factory=cores)
    """Programs run at a time, each in a sandbox."""
    sandbox_python: Path | None = None
    """What programs and python graders run on, with its libraries; by default the service's, those for graders only."""
    sandbox_missing: Literal["allow", "refuse"] = "allow"
    """Whether to start where the system can't give a sandbox all its walls; /readyz says which are missing."""
    queue: Annotated[int, Field(ge=1)] = 20_000
    """Judgements that may wait for a worker; what comes beyond is refused with 503."""
    body_megabytes: Annotated[int, Field(ge=1)] = 512
    """Bytes of request bodies held at once; what comes beyond is refused with 503 before it is read."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """How much is logged."""
    verdict_log: Path | None = None
    """A file to write verdicts to, one JSON object a line; rotated, five files of 64 MiB at most."""
    verdict_log_share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """The share of cases that go into the verdict log; a case is always in or always out."""
    verdict_log_samples: bool = False
    """Log whole samples and items beside the cases, so that fairmark regrade can read them anew."""

    @field_validator("functions")
    @classmethod
    def _modules(cls, functions: str) -> str:
        for module in functions.split(",") if functions else ():
            if not all(name.isidentifier() for name in module.split(".")):
                raise ValueError(
                    f"expected modules with commas between them, such as rewards,acme.graders; got {module!r}"
                )
        return functions

    @model_validator(mode="after")
    def _keyed(self) -> Self:
        """Make the key that the URL file hands out, where none is set."""
        if self.url_file and not (self.guarded or self.open):
            object.__setattr__(self, "key", SecretStr(secrets.token_urlsafe(32)))  # frozen for everybody else
        return self

    @model_validator(mode="after")
    def _closed(self) -> Self:
        if not (self.loopback or self.guarded or self.open):
            raise ValueError(
                f"host: without keys only loopback is served, and {self.host} is not; give --keys or FAIRMARK_KEY, "
                "or --open to let anybody in"
            )
        return self

    def share(self, number: int) -> Self:
        """The settings of one HTTP process, 1 to `workers`: its part of what they have together, and its own file."""
        parts = {name: self._part(getattr(self, name), least, number) for name, least in _SHARED_OUT.items()}
        log = self.verdict_log
        return self.model_copy(update=parts | {"verdict_log": log and log.with_stem(f"{log.stem}-{number}")})

    def _part(self, whole: int, least: int, number: int) -> int:
        each, more = divmod(whole, self.workers)
        return max(each + (number <= more), min(whole, least))

    @property
    def guarded(self) -> bool:
        """Whether callers need a key."""
        return self.key is not None or self.keys is not None

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the service."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def process_environment(metrics: Path) -> dict[str, str]:
    """What HTTP processes get: no setting, since keys may be among them, and where they keep their metrics together."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("FAIRMARK_")}
    return kept | {"PROMETHEUS_MULTIPROC_DIR": str(metrics)}
