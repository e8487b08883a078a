"""The hand-written OpenAPI documents and the served routes are the same list."""

import json

import jsonschema
import pytest

from crossdock_sandbox.app import Sandbox
from crossdock_sandbox.clock import Clock
from crossdock_sandbox.control import openapi
from crossdock_sandbox.enterprise import SYSTEMS


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return Sandbox(secret="documents", seed=7, clock=Clock(rate=0))


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_document_lists_exactly_the_served_routes(sandbox: Sandbox, system: str) -> None:
    document = json.loads(openapi(system))
    written = {
        (method.upper(), path, operation["operationId"])
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    served = {(r.method, r.path, r.operation) for r in sandbox.enterprises["norrland"].systems[system].routes}
    assert written == served


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_schemas_are_valid_and_their_references_resolve(system: str) -> None:
    document = json.loads(openapi(system))
    for name, schema in document["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert name[0].isupper()

    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if "$ref" in node else []
            return own + [found for value in node.values() for found in references(value)]
        return [found for value in node for found in references(value)] if isinstance(node, list) else []

    for reference in references(document):
        target = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_document_names_the_header_that_carries_the_key(sandbox: Sandbox, system: str) -> None:
    (scheme,) = json.loads(openapi(system))["components"]["securitySchemes"].values()
    header, _ = sandbox.enterprises["norrland"].systems[system].dialect.credential("norrland", "k")
    assert header == scheme.get("name", "Authorization").lower()


def test_the_same_thing_has_another_name_in_every_system() -> None:
    """Each system speaks its own words: no error shape and no key header of one would do for another."""
    shapes = [json.dumps(json.loads(openapi(s))["components"]["schemas"].get("Error"), sort_keys=True) for s in SYSTEMS]
    assert len(set(shapes)) == len(SYSTEMS)
