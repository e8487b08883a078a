"""The http and openapi calls of the language as messages: arguments to request, response to output. No network here.

openapi calls resolve an operation of a Swagger 2.0 or OpenAPI 3 document to the same kind of request.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urljoin, urlsplit, urlunsplit

from crossdock import exactjson
from crossdock.flow import faults, jsonlike, yaml12
from crossdock.flow.facts import Error
from crossdock.flow.outcomes import Done, Failed

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True, slots=True)
class Message:
    method: str
    uri: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    authentication: Mapping[str, Any] = field(default_factory=dict[str, Any])  # { scheme: settings }; see outbound


def request(arguments: Mapping[str, Any], key: str = "") -> Message:
    """The request of an http call. Raises faults.Raised when the arguments do not make one.

    key: sent as Idempotency-Key with a method that has effects, unless the definition sets the header itself.
    """
    endpoint = arguments.get("endpoint")
    uri = str(jsonlike.member(endpoint, "uri") or endpoint)
    policy = jsonlike.member(endpoint, "authentication")
    method = str(arguments.get("method", "get")).upper()
    headers = {str(name): _text(value) for name, value in _mapping(arguments.get("headers")).items()}
    return _message(method, uri, headers, _mapping(arguments.get("query")), arguments.get("body"), policy, key)


def shown(uri: str) -> str:
    """An address as people may see it: a password in it, and what its query says, are left out."""
    scheme, _, rest = uri.partition("?")[0].partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}" + ("?…" if "?" in uri else "")


def answer(
    arguments: Mapping[str, Any], sent: Message, status: int, headers: Mapping[str, str], body: bytes
) -> Done | Failed:
    """The call's output as `output` wants it, or the communication error of the language.

    Every error is the workflow's at once, a 503 too: `catch` and `retry` say what follows, and nothing is repeated
    behind their back. Who wants the host's patience calls through a connector.
    """
    accepted = 399 if arguments.get("redirect") else 299
    content = _content(headers, body)
    if not 200 <= status <= accepted:
        detail = content if isinstance(content, str) else exactjson.text(content) if content is not None else ""
        error = Error(faults.COMMUNICATION, status, f"{sent.method} {shown(sent.uri)} answered {status}", detail[:2000])
        return Failed(error)
    match arguments.get("output", "content"):
        case "raw":
            return Done(base64.b64encode(body).decode())
        case "response":
            described = {"method": sent.method, "uri": shown(sent.uri), "headers": _public(sent)}
            return Done({"request": described, "statusCode": status, "headers": dict(headers), "content": content})
        case _:
            return Done(content)


def operation(document: Any, document_uri: str, arguments: Mapping[str, Any], key: str = "") -> Message:
    """The request of an openapi call. Raises faults.Raised when document and arguments do not make one."""
    wanted = str(arguments.get("operationId"))
    for path, item in _mapping(_mapping(document).get("paths")).items():
        for method in _METHODS:
            found = _mapping(_mapping(item).get(method))
            if found.get("operationId") == wanted:
                return _bound(document, document_uri, path, _mapping(item), method, found, arguments, key)
    raise faults.fault(
        faults.CONFIGURATION, 400, "Unknown operation", f"Expected operation {wanted!r} in {document_uri}, found none."
    )


def parse_document(body: bytes, uri: str) -> Any:
    """An OpenAPI document in JSON or YAML."""
    source = yaml12.read(body, uri)
    if source.findings:
        raise faults.fault(faults.CONFIGURATION, 400, "Unreadable OpenAPI document", str(source.findings[0]))
    return source.value


def _bound(
    document: Any,
    document_uri: str,
    path: str,
    item: Mapping[str, Any],
    method: str,
    found: Mapping[str, Any],
    arguments: Mapping[str, Any],
    key: str,
) -> Message:
    """Give each parameter its place; what the operation does not declare goes into the query, `body` into the body."""
    given = dict(_mapping(arguments.get("parameters")))
    headers: dict[str, str] = {}
    query: dict[str, Any] = {}
    body: Any = given.pop("body", None) if "requestBody" in found else None
    form: dict[str, Any] = {}
    for reference in [*item.get("parameters", []), *found.get("parameters", [])]:
        parameter = _mapping(_resolved(document, reference))
        name, place = str(parameter.get("name")), parameter.get("in")
        if name not in given:
            if parameter.get("required"):
                expected = f"Expected the {place} parameter '{name}' of {found.get('operationId')}, found none."
                raise faults.fault(faults.CONFIGURATION, 400, "Missing parameter", expected)
            continue
        value = given.pop(name)
        match place:
            case "path":
                path = path.replace(f"{{{name}}}", quote(_text(value), safe=""))
            case "header":
                headers[name] = _text(value)
            case "body":
                body = value
            case "formData":
                form[name] = value
            case "cookie":
                headers["Cookie"] = f"{name}={_text(value)}"
            case _:
                query[name] = ",".join(map(_text, value)) if parameter.get("collectionFormat") == "csv" else value
    query.update(given)
    if form:
        body = urlencode(form, doseq=True)
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    uri = _base(document, document_uri).rstrip("/") + path
    return _message(method.upper(), uri, headers, query, body, arguments.get("authentication"), key)


def _base(document: Any, document_uri: str) -> str:
    """Where the operations live: servers (OpenAPI 3), or scheme, host and basePath (Swagger 2.0)."""
    top = _mapping(document)
    if "openapi" in top:
        server = _mapping((top.get("servers") or [{}])[0])
        url = str(server.get("url", "/"))
        for name, variable in _mapping(server.get("variables")).items():
            url = url.replace(f"{{{name}}}", str(_mapping(variable).get("default", "")))
        return urljoin(document_uri, url)
    origin = urlsplit(document_uri)
    schemes = top.get("schemes") or [origin.scheme]
    scheme = origin.scheme if origin.scheme in schemes else schemes[0]
    return urlunsplit((str(scheme), str(top.get("host") or origin.netloc), str(top.get("basePath", "")), "", ""))


def _resolved(document: Any, value: Any) -> Any:
    reference = _mapping(value).get("$ref")
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return value
    for segment in reference[2:].split("/"):
        document = _mapping(document).get(segment.replace("~1", "/").replace("~0", "~"))
    return document


def _message(
    method: str,
    uri: str,
    headers: dict[str, str],
    query: Mapping[str, Any],
    body: Any,
    policy: Any,
    key: str,
) -> Message:
    if not uri.startswith(("http://", "https://")):
        raise faults.fault(
            faults.CONFIGURATION, 400, "Not an HTTP address", f"Expected http(s)://…, found {uri[:200]!r}."
        )
    names = {name.lower() for name in headers}
    if query:
        listed = ((name, jsonlike.sequence(item) or [item]) for name, item in query.items())
        pairs = [(name, _text(value)) for name, items in listed for value in items]
        uri += ("&" if "?" in uri else "?") + urlencode(pairs)
    if body is None:
        content = b""
    elif isinstance(body, str):
        content = body.encode()
    else:
        content = exactjson.dumps(body)
        if "content-type" not in names:
            headers["Content-Type"] = "application/json"
    if "accept" not in names:
        headers["Accept"] = "application/json, */*;q=0.5"
    if key and method not in SAFE and "idempotency-key" not in names:
        headers["Idempotency-Key"] = key
    return Message(method, uri, headers, content, _mapping(policy))


def _content(headers: Mapping[str, str], body: bytes) -> Any:
    if not body:
        return None
    kind = next((v for name, v in headers.items() if name.lower() == "content-type"), "")
    media = kind.partition(";")[0].strip().lower()
    if media == "application/json" or media.endswith("+json"):
        try:
            return exactjson.loads(body)
        except exactjson.DecodeError:
            return body.decode("utf-8", "replace")
    return body.decode("utf-8", "replace")


def _public(sent: Message) -> dict[str, str]:
    """The request's headers as the workflow may see them: without what proves who we are."""
    shown = {name: "***" if name.lower() == "authorization" else value for name, value in sent.headers.items()}
    return shown | ({"Authorization": "***"} if sent.authentication else {})


def _mapping(value: Any) -> dict[str, Any]:
    return jsonlike.mapping(value) or {}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return exactjson.text(value)
