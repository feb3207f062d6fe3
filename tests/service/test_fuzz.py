"""Whatever is sent to a protocol, it answers as its description says it does."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.running import Running

from fairmark_service.protocols import PROTOCOLS

DESCRIBED = [status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def described(service: Running) -> Any:
    return schemathesis.openapi.from_url(f"{service.url}/openapi.json")


@pytest.mark.parametrize("path", [protocol.path for protocol in PROTOCOLS])
def test_every_answer_is_as_described(described: Any, path: str) -> None:
    @given(described[path]["POST"].as_strategy())
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    def answers(case: schemathesis.Case[Any]) -> None:
        answer = case.call()
        assert answer.status_code != 500, answer.text
        case.validate_response(answer, checks=DESCRIBED)

    answers()
