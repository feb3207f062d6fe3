"""Which part of a text is the program."""

import contextlib

import pytest
from tests.cpu import cpu_at_most

from fairmark_graders.code.program import NoProgram, program

FOUND = {
    "```python\nx = 1\n```": "x = 1",
    "```py\nx = 1\n```": "x = 1",
    "```Python3\nx = 1\n```": "x = 1",
    "~~~python\nx = 1\n~~~": "x = 1",
    "````python\nx = '```'\n````": "x = '```'",
    "```\nx = 1\n```": "x = 1",
    "```python\r\nx = 1\r\n```\r\n": "x = 1\r",
    "Here it is:\n```python\nx = 1\n```\nIt prints\n```\n1\n```": "x = 1",
    "```python\nx = 1\n```\nBetter:\n```python\nx = 2\n```": "x = 2",
    "```python\nx = 1\n```\nthen\n```cpp\nint x;\n```": "x = 1",
    "```python\nx = 1\n```\n```python\n```": "x = 1",
    "```python\nx = 1": "x = 1",
    "```python\nx = 1\n```python\nx = 2\n```": "x = 2",
    "Here is the code: ```python\nx = 1\n```": "x = 1",
    "```python\nx = 1```": "x = 1",
    "1. First:\n   ```python\n   if x:\n       y = 1\n   ```\n": "if x:\n    y = 1",
    "<answer>```python\nx = 1\n```</answer>": "x = 1",
    "```python\nx = 1\n``` <|im_end|>": "x = 1",
    "- ```python\n  x = 1\n  ```": "x = 1",
    "> ```python\nx = 1\n```": "x = 1",
    '```python\ndef f():\n    """\n    ```\n    f()\n    ```\n    """\n```': (
        'def f():\n    """\n    ```\n    f()\n    ```\n    """'
    ),
    '```python\ndef f():\n    """\n    ```python\n    f()\n    ```\n    """\n```': (
        'def f():\n    """\n    ```python\n    f()\n    ```\n    """'
    ),
    "print(1)": "print(1)",
    "def f():\n    return 1\n": "def f():\n    return 1\n",
    "Use `f` as in ```f(x)``` and then\n```python\nf(1)\n```": "f(1)",
}


@pytest.mark.parametrize(("text", "source"), FOUND.items())
def test_the_program_is_the_last_block_of_python(text: str, source: str) -> None:
    assert program(text) == source


@pytest.mark.parametrize("text", ["", " \n", "```cpp\nint main() {}\n```", "```python\n```", "```bash\nls\n```\n"])
def test_a_text_may_hold_no_program(text: str) -> None:
    with pytest.raises(NoProgram):
        program(text)


def test_a_text_of_nothing_but_fences_is_no_answer() -> None:
    with pytest.raises(NoProgram, match="fences"):
        program("```python\nx = 1\n```\n" * 5_000)


def test_the_language_of_the_only_blocks_is_named() -> None:
    with pytest.raises(NoProgram, match="only of cpp"):
        program("```cpp\nint main() {}\n```")


@pytest.mark.parametrize("piece", ["```\n", "```python\n", "`", "~~~ ```\n", "x```", " ```py\n", "\n", "```python x\n"])
def test_no_text_takes_longer_than_its_length(piece: str) -> None:
    text = piece * (240_000 // len(piece))
    with cpu_at_most(1), contextlib.suppress(NoProgram):
        program(text)
