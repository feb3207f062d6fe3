"""What kubelet makes of a rendered Deployment: volumes in folders, arguments and variables of the container."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.helm.chart import Document, container, pod

Data = Mapping[str, str]


class Pod:
    """The one container of a Deployment, with its volumes below a folder and ports that are free.

    `existing` are Secrets and ConfigMaps that lie in the cluster beside the rendered ones.
    """

    def __init__(self, documents: list[Document], folder: Path, existing: Mapping[str, Data] | None = None) -> None:
        (deployment,) = (document for document in documents if document["kind"] == "Deployment")
        self.container, self._spec, self._folder = container(deployment), pod(deployment), folder
        self._objects = {**rendered(documents), **(existing or {})}
        for mount in self.mounts:
            self.update(mount)

    @property
    def mounts(self) -> list[str]:
        """Paths at which it sees a Secret or a ConfigMap."""
        return [mount["mountPath"] for mount in self.container["volumeMounts"] if self._source(mount["mountPath"])]

    @property
    def scratch(self) -> list[str]:
        """Paths at which it sees an empty directory of its own."""
        return [mount["mountPath"] for mount in self.container["volumeMounts"] if not self._source(mount["mountPath"])]

    def options(self, seen: Path | None = None) -> list[str]:
        """Its arguments, on this machine: on loopback and free ports, its volumes here or where they are `seen`."""
        here = {"--host=0.0.0.0": "--host=127.0.0.1", "--port=8000": "--port=0", "--probe-port=8001": "--probe-port=0"}
        words = " ".join(here.get(word, word) for word in self.container["args"])
        for mount in self.mounts:
            words = words.replace(mount, str((seen or self._folder) / self.folder(mount).name))
        return words.split()

    @property
    def environment(self) -> dict[str, str]:
        """Its variables, with secrets looked up."""
        return {variable["name"]: self._value(variable) for variable in self.container.get("env", [])}

    def folder(self, mount: str) -> Path:
        """Where a volume is here."""
        return self._folder / mount.removeprefix("/").replace("/", "-")

    def update(self, mount: str, **changed: str) -> None:
        """Write a volume as kubelet does: files are links through a link, which is swapped as a whole."""
        folder = self.folder(mount)
        release = folder / f"..release-{len(list(folder.glob('..release-*')))}"
        release.mkdir(parents=True)
        for name, text in (self._files(mount) | changed).items():
            (release / name).write_text(text)
            if not (folder / name).is_symlink():
                (folder / name).symlink_to(f"..data/{name}")
        (folder / "..next").symlink_to(release.name)
        (folder / "..next").rename(folder / "..data")

    def _files(self, mount: str) -> dict[str, str]:
        source = self._source(mount)
        assert source
        held = self._objects[source.get("secretName") or source["name"]]
        if items := source.get("items"):
            return {item["path"]: held[item["key"]] for item in items}
        return dict(held)

    def _source(self, mount: str) -> dict[str, Any] | None:
        (name,) = (found["name"] for found in self.container["volumeMounts"] if found["mountPath"] == mount)
        (volume,) = (found for found in self._spec["volumes"] if found["name"] == name)
        source: dict[str, Any] | None = volume.get("secret") or volume.get("configMap")
        return source

    def _value(self, variable: dict[str, Any]) -> str:
        if "value" in variable:
            return str(variable["value"])
        reference = variable["valueFrom"]["secretKeyRef"]
        return self._objects[reference["name"]][reference["key"]]


def rendered(documents: list[Document]) -> dict[str, Data]:
    """The Secrets and ConfigMaps among the documents, by name."""
    return {
        document["metadata"]["name"]: document.get("stringData") or document.get("data") or {}
        for document in documents
        if document["kind"] in {"Secret", "ConfigMap"}
    }
