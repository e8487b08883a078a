"""Authentication of requests, as the workflow language writes it: basic, bearer, digest, oauth2, oidc.

    policy = {"oauth2": {"authority": "https://id.example", "grant": "client_credentials", "client": {…}}}
    answer = await Authenticator(client.send).send(request, policy, owner="norrland")

A request is sent a second time only after the answer 401, which says that it was not acted upon: with the answer to a
digest challenge, or with a fresh token where the known one had expired early. Tokens and challenges are kept in memory
per owner; no owner is served with another's. Credentials travel as such and are recorded by nobody.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias
from urllib.parse import quote, urlencode, urlsplit

from crossdock import exactjson
from crossdock.flow import jsonlike
from crossdock.outbound.exchange import Request, Response, Sent, TransportProblem

Send: TypeAlias = Callable[[Request], Awaitable[Response | TransportProblem]]
Policy: TypeAlias = Mapping[str, Any]
"""{ scheme: settings }, with secrets filled in."""

DISCOVERY = "/.well-known/openid-configuration"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"  # RFC 7523
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - RFC 8693
EARLY_S = 30.0  # a token is not used in its last seconds: the request takes some of them
UNSTATED_S = 60.0  # how long a token without expires_in is kept
DISCOVERED_S = 3600.0
MOST_KEPT = 1000  # tokens and challenges; the oldest goes beyond it
_ALGORITHMS = {"SHA-512-256": "sha512_256", "SHA-256": "sha256", "MD5": "md5"}  # strongest first (RFC 7616)
_CHALLENGE = re.compile(r'(?i)\bdigest\s+((?:[a-z]+\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s,"]+)(?:\s*,\s*|\s*$))+)')
_PAIR = re.compile(r'([A-Za-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


@dataclass(frozen=True, slots=True)
class Denied:
    """No credentials came about, so nothing was sent. supported: False where we do not do this by design."""

    detail: str
    supported: bool = True


@dataclass(slots=True)
class _Token:
    value: str
    until: float


@dataclass(slots=True)
class _Challenge:
    parameters: dict[str, str]
    count: int = 0


class Authenticator:
    """send: the client's. now: seconds that only go forward; tokens age in real time, whatever business time does."""

    def __init__(self, send: Send, now: Callable[[], float] = time.monotonic) -> None:
        self._send = send
        self._now = now
        self._tokens: dict[tuple[str, str], _Token] = {}
        self._challenges: dict[tuple[str, str, str], _Challenge] = {}
        self._discovered: dict[tuple[str, str], tuple[float, dict[str, Any]]] = {}
        self._fetching: dict[tuple[str, str], asyncio.Lock] = {}

    async def send(self, request: Request, policy: Policy | None, owner: str) -> Response | TransportProblem | Denied:
        """The request with what the policy says; owner: whose credentials they are (the tenant)."""
        if not policy:
            return await self._send(request)
        scheme, given = next(iter(policy.items()))
        if scheme == "bearer" and isinstance(given, str):  # a secret that is the token itself
            given = {"token": given}
        settings = jsonlike.mapping(given)
        if settings is None:
            return Denied(f"Expected settings for authentication by {scheme}, found {type(given).__name__}.")
        match scheme:
            case "basic":
                pair = f"{settings.get('username', '')}:{settings.get('password', '')}"
                return await self._send(_with(request, "Basic " + base64.b64encode(pair.encode()).decode()))
            case "bearer":
                return await self._send(_with(request, f"Bearer {settings.get('token', '')}"))
            case "digest":
                return await self._digest(request, settings, owner)
            case "oauth2" | "oidc":
                return await self._with_token(request, scheme, settings, owner)
            case _:
                return Denied(f"Authentication by {scheme}.", supported=False)

    # ── digest (RFC 7616) ────────────────────────────────────────────────────────────────────────────────────────

    async def _digest(
        self, request: Request, settings: Mapping[str, Any], owner: str
    ) -> Response | TransportProblem | Denied:
        user, password = str(settings.get("username", "")), str(settings.get("password", ""))
        place = urlsplit(request.url)
        key = (owner, f"{place.scheme}://{place.netloc}", user)
        known = self._challenges.get(key)
        answer = await self._send(_with(request, _response(known, request, user, password)) if known else request)
        if not isinstance(answer, Response) or answer.status != 401:
            return answer
        fresh = _strongest(answer.headers.get("www-authenticate", ""))
        if fresh is None:
            return Denied("Expected a digest challenge of a known algorithm with the answer 401, found none.")
        _keep(self._challenges, key, fresh)
        if known is not None and fresh.parameters.get("stale", "").lower() != "true" and _same(known, fresh):
            return answer  # it knew our answer and refused it: the password is wrong
        return await self._send(_with(request, _response(fresh, request, user, password)))

    # ── tokens (RFC 6749, OpenID Connect) ────────────────────────────────────────────────────────────────────────

    async def _with_token(
        self, request: Request, scheme: str, settings: Mapping[str, Any], owner: str
    ) -> Response | TransportProblem | Denied:
        digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()
        key = (owner, f"{scheme} {digest}")
        token = await self._token(key, scheme, settings, request)
        if not isinstance(token, _Token):
            return token
        answer = await self._send(_with(request, f"Bearer {token.value}"))
        if not isinstance(answer, Response) or answer.status != 401:
            return answer
        if self._tokens.get(key) is token:  # else somebody has fetched another one already
            self._tokens.pop(key, None)
        token = await self._token(key, scheme, settings, request)
        return await self._send(_with(request, f"Bearer {token.value}")) if isinstance(token, _Token) else token

    async def _token(
        self, key: tuple[str, str], scheme: str, settings: Mapping[str, Any], request: Request
    ) -> _Token | TransportProblem | Denied:
        lock = self._fetching.setdefault(key, asyncio.Lock())
        try:
            async with lock:  # many calls, one fetch
                known = self._tokens.get(key)
                if known is not None and self._now() < known.until:
                    return known
                fetched = await self._fetch(key[0], scheme, settings, request)
                if isinstance(fetched, _Token):
                    _keep(self._tokens, key, fetched)
                return fetched
        finally:
            if not lock.locked():
                self._fetching.pop(key, None)

    async def _fetch(
        self, owner: str, scheme: str, settings: Mapping[str, Any], request: Request
    ) -> _Token | TransportProblem | Denied:
        authority = str(settings.get("authority", "")).rstrip("/")
        issuers = [str(i) for i in jsonlike.sequence(settings.get("issuers")) or []]
        if scheme == "oidc":
            metadata = await self._discover(owner, authority, issuers, request)
            if not isinstance(metadata, dict):
                return metadata
            endpoint = str(metadata.get("token_endpoint", ""))
        else:
            path = str(jsonlike.member(settings.get("endpoints"), "token") or "/oauth2/token")
            endpoint = path if "://" in path else f"{authority}/{path.lstrip('/')}"
        asked = _token_request(settings, endpoint)
        if isinstance(asked, Denied):
            return asked
        answer = await self._send(replace(asked, traceparent=request.traceparent, labels=request.labels))
        if isinstance(answer, TransportProblem):
            return _before(answer, endpoint)
        body = _json(answer)
        value = body.get("access_token")
        if answer.status != 200 or not isinstance(value, str) or not value:
            why = " ".join(str(body[m]) for m in ("error", "error_description") if m in body)
            return Denied(f"{endpoint} answered {answer.status} and gave no token{': ' + why if why else ''}."[:500])
        if issuers and (issuer := _issuer(value)) not in issuers:
            return Denied(f"Expected a token issued by {' or '.join(issuers)}, found {issuer or 'none stated'}.")
        stated = body.get("expires_in")
        lasts = float(stated) - EARLY_S if isinstance(stated, int) else UNSTATED_S
        return _Token(value, self._now() + lasts)

    async def _discover(
        self, owner: str, authority: str, issuers: list[str], request: Request
    ) -> dict[str, Any] | TransportProblem | Denied:
        issuer = authority.removesuffix(DISCOVERY)
        url = issuer + DISCOVERY
        known = self._discovered.get((owner, url))
        if known is not None and self._now() < known[0]:
            return known[1]
        asked = Request(
            method="GET", url=url, headers={"Accept": "application/json"}, traceparent=request.traceparent,
            labels=request.labels,
        )  # fmt: skip
        answer = await self._send(asked)
        if isinstance(answer, TransportProblem):
            return _before(answer, url)
        metadata = _json(answer)
        if answer.status != 200 or not isinstance(metadata.get("token_endpoint"), str):
            return Denied(f"Expected an OpenID configuration with a token_endpoint at {url}, found {answer.status}.")
        # OpenID Connect Discovery 4.3: the issuer "MUST exactly match" the address that the configuration came from.
        if metadata.get("issuer") not in {issuer, f"{issuer}/", *issuers}:
            return Denied(
                f"Expected the issuer {issuer} in the configuration at {url}, found {metadata.get('issuer')}."
            )
        _keep(self._discovered, (owner, url), (self._now() + DISCOVERED_S, metadata))
        return metadata


def _same(known: _Challenge, fresh: _Challenge) -> bool:
    """Whether a server asks what it asked before. A restarted one has other nonces, and need not call ours stale."""
    return all(known.parameters.get(name) == fresh.parameters.get(name) for name in ("realm", "nonce"))


def _with(request: Request, authorization: str) -> Request:
    return replace(request, credentials={**request.credentials, "Authorization": authorization})


def _keep(where: dict[Any, Any], key: Any, value: Any) -> None:
    where.pop(key, None)
    where[key] = value
    if len(where) > MOST_KEPT:
        del where[next(iter(where))]


def _before(problem: TransportProblem, where: str) -> TransportProblem:
    """The authority did not answer: the call itself never left, whatever became of asking for the token."""
    return TransportProblem(problem.kind, Sent.NO, f"{where}: {problem.detail}")


def _json(answer: Response) -> dict[str, Any]:
    try:
        return jsonlike.mapping(exactjson.loads(answer.body)) or {}
    except exactjson.DecodeError:
        return {}


def _issuer(token: str) -> str:
    """`iss` of a JWT, unverified: whether to trust the token is for the server it is shown to."""
    parts = token.split(".")
    if len(parts) != 3:
        return ""
    try:
        payload = exactjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, exactjson.DecodeError):
        return ""
    return str(jsonlike.member(payload, "iss") or "")


# ── the token request ────────────────────────────────────────────────────────────────────────────────────────────


def _token_request(settings: Mapping[str, Any], endpoint: str) -> Request | Denied:
    client = jsonlike.mapping(settings.get("client")) or {}
    grant = str(settings.get("grant", ""))
    form: dict[str, str] = {"grant_type": grant}
    match grant:
        case "client_credentials":
            pass
        case "password":
            form |= {"username": str(settings.get("username", "")), "password": str(settings.get("password", ""))}
        case _ if grant == TOKEN_EXCHANGE:
            for role in ("subject", "actor"):
                token = jsonlike.mapping(settings.get(role))
                if token is not None:
                    form |= {f"{role}_token": str(token.get("token", "")), f"{role}_token_type": str(token.get("type"))}
            if "subject_token" not in form:
                return Denied("Expected `subject` for a token exchange, found none.")
        case _:
            # authorization_code needs a person at a browser, refresh_token a token that the language has no place for
            return Denied(f"The grant {grant!r}: client_credentials, password and token exchange are done.", False)
    for name, member in (("scope", "scopes"), ("audience", "audiences")):
        if values := jsonlike.sequence(settings.get(member)):
            form[name] = " ".join(map(str, values))
    credentials = _prove(form, client, endpoint)
    if isinstance(credentials, Denied):
        return credentials
    encoding = str(jsonlike.member(settings.get("request"), "encoding") or "application/x-www-form-urlencoded")
    body = exactjson.dumps(form) if encoding == "application/json" else urlencode(form).encode()
    headers = {"Content-Type": encoding, "Accept": "application/json"}
    return Request(method="POST", url=endpoint, headers=headers, credentials=credentials, body=body)


def _prove(form: dict[str, str], client: Mapping[str, Any], endpoint: str) -> dict[str, str] | Denied:
    """Adds to the form, or returns as headers, what shows who the client is."""
    name, secret = str(client.get("id", "")), str(client.get("secret", ""))
    match str(client.get("authentication") or "client_secret_post"):
        case "client_secret_basic":
            pair = f"{quote(name, safe='')}:{quote(secret, safe='')}"  # RFC 6749 2.3.1: each is form-encoded first
            return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
        case "client_secret_post":
            form |= {"client_id": name, "client_secret": secret}
        case "none":
            form["client_id"] = name
        case "client_secret_jwt":
            form |= {"client_assertion_type": JWT_BEARER, "client_assertion": _signed(name, secret, endpoint)}
        case "private_key_jwt":
            assertion = client.get("assertion")
            if not assertion:
                return Denied("Expected `client.assertion`, a signed JWT, for private_key_jwt; found none.")
            form |= {"client_assertion_type": JWT_BEARER, "client_assertion": str(assertion)}
        case other:
            return Denied(f"Client authentication by {other}.", supported=False)
    return {}


def _signed(name: str, secret: str, audience: str) -> str:
    """A client assertion of RFC 7523 signed with the client's secret (HS256), good for one minute."""
    now = int(time.time())
    claims = {"iss": name, "sub": name, "aud": audience, "jti": secrets.token_hex(16), "iat": now, "exp": now + 60}
    head = _b64(b'{"alg":"HS256","typ":"JWT"}') + "." + _b64(json.dumps(claims).encode())
    return head + "." + _b64(hmac.digest(secret.encode(), head.encode(), "sha256"))


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


# ── the answer to a digest challenge ─────────────────────────────────────────────────────────────────────────────


def _strongest(header: str) -> _Challenge | None:
    """The challenge of the strongest algorithm known here."""
    best: tuple[int, dict[str, str]] | None = None
    for found in _CHALLENGE.finditer(header):
        parameters = {m[1].lower(): (m[2] if m[2] is not None else m[3]) for m in _PAIR.finditer(found[1])}
        name = parameters.get("algorithm", "MD5").upper().removesuffix("-SESS")
        if name in _ALGORITHMS and "nonce" in parameters:
            rank = list(_ALGORITHMS).index(name)
            if best is None or rank < best[0]:
                best = (rank, parameters)
    return None if best is None else _Challenge(best[1])


def _response(challenge: _Challenge, request: Request, user: str, password: str) -> str:
    given = challenge.parameters
    algorithm = given.get("algorithm", "MD5")
    digest = _ALGORITHMS[algorithm.upper().removesuffix("-SESS")]

    def h(text: str) -> str:
        # MD5 is what such servers ask for; what it protects is the other side's choice.
        return hashlib.new(digest, text.encode(), usedforsecurity=False).hexdigest()

    parts = urlsplit(request.url)
    uri = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    realm, nonce = given.get("realm", ""), given["nonce"]
    challenge.count += 1
    count, mine = f"{challenge.count:08x}", secrets.token_hex(16)
    secret = h(f"{user}:{realm}:{password}")
    if algorithm.upper().endswith("-SESS"):
        secret = h(f"{secret}:{nonce}:{mine}")
    offered = {word.strip().lower() for word in given.get("qop", "").split(",") if word.strip()}
    fields = {"username": user, "realm": realm, "nonce": nonce, "uri": uri}
    bare = {"algorithm": algorithm}
    if offered:
        qop = "auth" if "auth" in offered else "auth-int"
        body = f":{hashlib.new(digest, request.body, usedforsecurity=False).hexdigest()}" if qop == "auth-int" else ""
        proof = h(f"{secret}:{nonce}:{count}:{mine}:{qop}:{h(f'{request.method}:{uri}{body}')}")
        fields["cnonce"] = mine
        bare |= {"qop": qop, "nc": count}
    else:  # RFC 2069, still met
        proof = h(f"{secret}:{nonce}:{h(f'{request.method}:{uri}')}")
    fields["response"] = proof
    if "opaque" in given:
        fields["opaque"] = given["opaque"]
    return "Digest " + ", ".join([*(f'{k}="{v}"' for k, v in fields.items()), *(f"{k}={v}" for k, v in bare.items())])
