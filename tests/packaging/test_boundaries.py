"""The one-way rules between the packages and inside them, held on the import statements."""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path
from pkgutil import resolve_name

import pytest

ROOT = Path(__file__).parents[2]
MAY_IMPORT = {"graders": set(), "service": {"fairmark_graders"}, "client": {"fairmark_graders"}}
WEB = {"fastapi", "starlette", "uvicorn", "redis", "prometheus_client"}
GRADER_KINDS = {"Inline", "Shared", "Fresh"}


@cache
def modules(part: str) -> dict[str, ast.Module]:
    """Every module of one package, by its dotted name inside it: `protocols.native`, `__init__`."""
    package = ROOT / part / f"fairmark_{part}"
    return {
        ".".join(path.relative_to(package).with_suffix("").parts): ast.parse(path.read_text())
        for path in package.rglob("*.py")
    }


def imports(tree: ast.Module, package: str, module: str) -> Iterator[str]:
    """Full names of what a module imports; `from a import b` gives `a` and `a.b`, since b may be a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [package, *module.split(".")][: -node.level] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            yield source
            yield from (f"{source}.{alias.name}" for alias in node.names)


def inner_imports(part: str, module: str, tree: ast.Module) -> set[str]:
    """First names, inside its own package, of what a module imports: `cache`, `protocols`."""
    package = f"fairmark_{part}"
    return {name.split(".")[1] for name in imports(tree, package, module) if name.startswith(f"{package}.")}


def outer_imports(part: str, module: str, tree: ast.Module) -> set[str]:
    return {name.split(".")[0] for name in imports(tree, f"fairmark_{part}", module)}


def importers(part: str, library: str) -> set[str]:
    return {module for module, tree in modules(part).items() if library in outer_imports(part, module, tree)}


def readers_of_environment(part: str) -> set[str]:
    return {
        module
        for module, tree in modules(part).items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.alias)
        if (node.attr if isinstance(node, ast.Attribute) else node.name) in {"environ", "getenv"}
    }


def graders() -> dict[str, ast.Module]:
    """The modules that hold a grader: a class of one of the kinds that say where it runs."""
    return {
        module: tree
        for module, tree in modules("graders").items()
        for node in tree.body
        if isinstance(node, ast.ClassDef) and GRADER_KINDS & {ast.unparse(base) for base in node.bases}
        if module != "grader"
    }


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_a_package_imports_only_what_it_may(part: str) -> None:
    ours = {f"fairmark_{other}" for other in MAY_IMPORT} - {f"fairmark_{part}"}
    banned = (ours - MAY_IMPORT[part]) | (WEB if part != "service" else set())
    assert modules(part)
    assert {m: found for m, tree in modules(part).items() if (found := outer_imports(part, m, tree) & banned)} == {}


def test_the_rule_sees_the_graders_it_is_about() -> None:
    assert {"string_check", "text_similarity"} <= graders().keys()


def test_graders_import_neither_one_another_nor_what_is_above() -> None:
    banned = graders().keys() | {"registry", "multi", "load", "local"}
    assert {m: found for m, tree in graders().items() if (found := inner_imports("graders", m, tree) & banned)} == {}


def test_graders_import_errors_and_plain_data_alone_of_what_arrives_through_tools() -> None:
    arrives = re.compile(r"fairmark_graders\.(workers|sandbox|judge)\.\w+")
    taken = {n for m, tree in graders().items() for n in imports(tree, "fairmark_graders", m) if arrives.fullmatch(n)}
    found = {name: resolve_name(name) for name in taken}
    assert [name for name, it in found.items() if not (is_dataclass(it) or issubclass(it, Exception))] == []


@pytest.mark.parametrize("lower", ["types", "errors", "grader", "registry"])
def test_what_is_below_in_graders_knows_nothing_above(lower: str) -> None:
    order = ["types errors", "grader", " ".join(graders()), "registry", "multi"]
    level = next(i for i, names in enumerate(order) if lower in names.split())
    above = set(" ".join(order[level + 1 :]).split())
    assert not inner_imports("graders", lower, modules("graders")[lower]) & above


def test_protocols_know_requests_verdicts_and_the_catalog() -> None:
    banned = {"cache", "cache_key", "flights", "admission", "app"}
    protocols = {m: tree for m, tree in modules("service").items() if m.startswith("protocols.")}
    assert protocols
    assert {m: found for m, tree in protocols.items() if (found := inner_imports("service", m, tree) & banned)} == {}


def test_the_engine_knows_no_protocol_and_no_http() -> None:
    engine = modules("service")["engine"]
    assert not inner_imports("service", "engine", engine) & {"protocols", "app", "auth"}
    assert not outer_imports("service", "engine", engine) & {"fastapi", "starlette", "uvicorn", "httpx"}


@pytest.mark.parametrize(
    ("library", "known_to"),
    [("redis", {"redis_server"}), ("prometheus_client", {"metrics", "metric_files"})],
)
def test_few_modules_of_the_service_know(library: str, known_to: set[str]) -> None:
    assert importers("service", library) == known_to


def test_one_module_of_the_service_names_metrics() -> None:
    users = {m for m, tree in modules("service").items() if "metric_files" in inner_imports("service", m, tree)}
    assert users == {"metrics"}


def test_two_modules_of_the_service_talk_to_redis() -> None:
    users = {m for m, tree in modules("service").items() if "redis_server" in inner_imports("service", m, tree)}
    assert users - {"app"} <= {"cache", "quotas"}


def test_only_settings_reads_the_environment_of_the_service() -> None:
    assert readers_of_environment("service") <= {"settings"}


def test_only_the_program_imports_the_wiring() -> None:
    users = {m for m, tree in modules("service").items() if "app" in inner_imports("service", m, tree)}
    assert users <= {"__main__", "process"}


def test_the_library_of_the_client_knows_nothing_of_its_commands() -> None:
    above = {"cli", "commands"}
    library = {m: tree for m, tree in modules("client").items() if m.split(".")[0] not in above | {"__main__"}}
    assert {"data", "checks", "outputs", "jobs", "costs", "compare", "hooks", "service"} <= {
        module.split(".")[0] for module in library
    }
    assert {m: found for m, tree in library.items() if (found := inner_imports("client", m, tree) & above)} == {}


def test_commands_are_run_by_the_command_line_alone() -> None:
    users = {m for m, tree in modules("client").items() if "commands" in inner_imports("client", m, tree)}
    assert {m.split(".")[0] for m in users} <= {"cli", "commands", "__main__"}


def test_data_knows_nothing_of_what_is_done_with_it() -> None:
    """Its self-test of the grader alone takes what the checks know of answers."""
    banned = {"jobs", "checks", "compare"}
    data = {m: tree for m, tree in modules("client").items() if m.split(".")[0] == "data"}
    found = {m: taken for m, tree in data.items() if (taken := inner_imports("client", m, tree) & banned)}
    assert found == {"data.self_test": {"checks"}}


def test_what_runs_inside_the_sandbox_imports_the_standard_library_and_itself() -> None:
    inside = {m: tree for m, tree in modules("graders").items() if m.startswith("sandbox.inside.")}
    allowed = {*sys.stdlib_module_names, "fairmark_graders"}
    assert {m: found for m, tree in inside.items() if (found := outer_imports("graders", m, tree) - allowed)} == {}
    ours = {n for m, tree in inside.items() for n in imports(tree, "fairmark_graders", m) if n.startswith("fairmark_")}
    assert ours
    assert [name for name in ours if not name.startswith("fairmark_graders.sandbox.inside")] == []
