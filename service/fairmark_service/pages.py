"""What people, probes and Prometheus read: the catalog, health, metrics, and the description of every protocol."""

from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from fairmark_graders import Grader

from .catalog import Catalog, Entry, UnknownGrader
from .errors import Refusal
from .health import Health
from .metrics import CONTENT_TYPE, Metrics
from .protocols import PROTOCOLS
from .protocols.protocol import Protocol


def router(catalog: Catalog, metrics: Metrics, health: Health) -> APIRouter:
    """The routes that are no protocol."""
    routes = APIRouter()

    @routes.get("/v1/graders", summary="List the graders", tags=["catalog"])
    async def graders() -> dict[str, Any]:
        snapshot = catalog.snapshot
        listed = [_listed(entry) for _, entry in sorted(snapshot.entries.items())]
        return {"graders": listed, "broken": [broken._asdict() for broken in snapshot.broken]}

    @routes.get("/v1/graders/{grader}", summary="Show one grader", tags=["catalog"])
    async def grader(grader: str) -> dict[str, Any]:
        try:
            entry = catalog.snapshot.get(grader)
        except UnknownGrader as error:
            raise Refusal(404, str(error), param="grader", code="unknown_grader") from None
        return _listed(entry) | {"configuration": entry.grader.model_dump(mode="json", exclude_unset=True)}

    @routes.get("/healthz", summary="Whether the process is alive", tags=["operators"])
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/readyz", summary="Whether it can grade", tags=["operators"])
    async def readyz() -> JSONResponse:
        return JSONResponse(health.report(), 200 if health.ready else 503)

    @routes.get("/v1/ping", summary="Whether it is there, as SandboxFusion says it", tags=["operators"])
    async def ping() -> str:
        return "pong"

    @routes.get("/health", summary="Whether it is there, as open-instruct's server says it", tags=["operators"])
    async def health_of_open_instruct() -> dict[str, str]:
        return {"status": "healthy"}

    @routes.get("/metrics", summary="Metrics, as Prometheus reads them", tags=["operators"])
    async def exposition() -> Response:
        return Response(metrics.expose(), media_type=CONTENT_TYPE)

    return routes


def _listed(entry: Entry) -> dict[str, Any]:
    grader: Grader = entry.grader
    return {"name": entry.name, "type": grader.model_dump()["type"], "version": entry.version}


def envelope_errors(app: FastAPI) -> None:
    """Answer in the error envelope wherever FastAPI would answer in its own."""

    @app.exception_handler(Refusal)
    async def refused(request: Request, refusal: Refusal) -> Response:
        return Response(refusal.body(), refusal.status, media_type="application/json")

    @app.exception_handler(Exception)
    async def broke(request: Request, error: Exception) -> Response:
        refusal = Refusal(500, "the service failed; its log says how", code="internal_error")
        return Response(refusal.body(), refusal.status, media_type="application/json")

    @app.exception_handler(HTTPException)
    async def failed(request: Request, error: HTTPException) -> Response:
        refusal = Refusal(error.status_code, f"{request.method} {request.url.path}: {error.detail}; see /docs")
        return Response(refusal.body(), refusal.status, media_type="application/json")


def describe_protocols(app: FastAPI) -> None:
    """Put every protocol into the OpenAPI document, however its body is decoded."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        schema = plain()
        models = [model for protocol in PROTOCOLS for model in (protocol.request, protocol.answer)]
        _, components = msgspec.json.schema_components(models, ref_template="#/components/schemas/{name}")
        schema.setdefault("components", {}).setdefault("schemas", {}).update({"Refused": _REFUSED, **components})
        schema["paths"] |= {protocol.path: {"post": _operation(protocol)} for protocol in PROTOCOLS}
        return schema

    app.openapi = openapi  # type: ignore[method-assign]


_REFUSED = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
            "required": ["message", "type", "param", "code"],
        }
    },
    "required": ["error"],
}


def _operation(protocol: Protocol[Any]) -> Mapping[str, Any]:
    refused = {"description": "Refused; the error says why", "content": _json("Refused")}
    operation: dict[str, Any] = {
        "summary": protocol.summary,
        "tags": ["grading"],
        "requestBody": {"required": True, "content": _json(protocol.request.__name__)},
        "responses": {
            "200": {"description": "Graded", "content": _json(protocol.answer.__name__)},
            **dict.fromkeys(("400", "401", "403", "404", "408", "413", "415", "422", "429", "503"), refused),
        },
    }
    if "{grader}" in protocol.path:
        name = {"name": "grader", "in": "path", "required": True, "schema": {"type": "string"}}
        operation["parameters"] = [name]
    return operation


def _json(model: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{model}"}}}
