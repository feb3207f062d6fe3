"""What every test may use."""

import pytest

pytest_plugins = ["tests.running", "tests.valkey"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
