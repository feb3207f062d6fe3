"""Templates: what they render, and what they refuse when they are loaded."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cpu import cpu_at_most

from fairmark_graders.errors import ModelFault, Ungradable
from fairmark_graders.sample import Sample
from fairmark_graders.template import Template

CALL = {"id": "c1", "type": "function", "function": {"name": "search", "arguments": "{}"}}
SAMPLE = Sample({"output_text": "six", "output_json": {"n": 6, "list": [1, {"k": "v"}]}, "output_tools": [CALL]})
ITEM = {"answer": "6", "gold": 1.0, "big": 2**80, "tags": ["a", "é"], "none": None, "messages": [{"content": "hi"}]}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ sample.output_text }}", "six"),
        ("{{sample.output_text}}", "six"),
        ("{{\n sample.output_text\t}}", "six"),
        ("is {{ item.answer }}, said {{ sample.output_text }}.", "is 6, said six."),
        ("{{ item.messages[0].content }}", "hi"),
        ("{{ sample.output_tools[0].function.name }}", "search"),
        ("{{ sample.output_json.list[1].k }}", "v"),
        ("no variable", "no variable"),
        ("", ""),
        ("a lone }} is text", "a lone }} is text"),
        ("{ {item.answer} }", "{ {item.answer} }"),
    ],
)
def test_a_template_renders(source: str, text: str) -> None:
    assert Template(source).render(SAMPLE, ITEM) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ item.gold }}", "1.0"),
        ("{{ item.big }}", "1208925819614629174706176"),
        ("{{ item.tags }}", '["a","é"]'),
        ("{{ sample.output_json }}", '{"n":6,"list":[1,{"k":"v"}]}'),
        ("{{ sample.output_json.n }}", "6"),
    ],
)
def test_what_is_no_string_renders_as_compact_json(source: str, text: str) -> None:
    assert Template(source).render(SAMPLE, ITEM) == text


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("{{ foo.bar }}", "unknown namespace 'foo'"),
        ("{{ items.bar }}", "unknown namespace 'items'"),
        ("{{ item }}", "names no field"),
        ("{{ item[0] }}", "names no field"),
        ("{{ }}", "unknown namespace ''"),
        ("{{ item.a b }}", "not a path"),
        ("{{ item.a[x] }}", "not a path"),
        ("{{ item..a }}", "not a path"),
        ("{{ item.a", "never closed"),
        ("fine {{ item.a }} then {{", "at character 23 is never closed"),
        ("{{ item.a }}" * 101, "at most 100 variables, got 101"),
        ("{{ item.\ud800 }}", "a lone surrogate"),
    ],
)
def test_a_bad_template_is_refused_when_it_is_loaded(source: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        Template(source)
    assert complaint in str(refused.value)


@pytest.mark.parametrize("path", ["nothing", "none", "answer.deeper", "tags[2]", "messages[0].name", "gold[0]"])
def test_a_missing_item_is_nobodys_score(path: str) -> None:
    with pytest.raises(Ungradable, match=f"the item has no 'item.{path}'".replace("[", r"\[")):
        Template(f"{{{{ item.{path} }}}}").render(SAMPLE, ITEM)


@pytest.mark.parametrize("path", ["nothing", "output_json.m", "output_tools[1]", "output_json.list[1].k.deeper"])
def test_a_missing_sample_is_the_models_fault(path: str) -> None:
    with pytest.raises(ModelFault):
        Template(f"{{{{ sample.{path} }}}}").render(SAMPLE, ITEM)


def test_a_missing_item_is_found_before_a_missing_sample() -> None:
    with pytest.raises(Ungradable):
        Template("{{ sample.nothing }} {{ item.nothing }}").render(SAMPLE, ITEM)


def test_a_megabyte_of_opening_braces_is_refused_at_once() -> None:
    with cpu_at_most(0.5), pytest.raises(ValueError, match="at most 100 variables"):
        Template("{{" * 500_000)


@given(st.text())
def test_any_text_is_a_template_or_refused_with_a_value_error(source: str) -> None:
    with contextlib.suppress(ValueError):
        assert Template(source).source == source


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner), max_leaves=5))
def test_any_value_renders_or_counts_as_missing(value: Any) -> None:
    try:
        assert isinstance(Template("{{ item.value }}").render(SAMPLE, {"value": value}), str)
    except Ungradable:
        assert value is None
