"""Who comes in, and what they may do there."""

from typing import Any

import pytest

pytestmark = pytest.mark.asyncio


async def test_a_session_says_who_is_signed_in_and_where(gateway: Any) -> None:
    browser = await gateway.as_("ada")
    session = (await browser.get("/api/session")).json
    assert session["user"] == "ada"
    assert session["tenant"] == "castell"
    assert {t["id"]: t["role"] for t in session["tenants"]} == {"norrland": "admin", "castell": "admin"}
    assert (await browser.post("/api/session/tenant", {"tenant": "norrland"})).status == 204
    assert (await browser.get("/api/session")).json["tenant"] == "norrland"


@pytest.mark.parametrize("path", ["/api/kpis", "/api/flow", "/api/throughput", "/api/orders", "/api/cases", "/api/approvals", "/api/holds", "/api/incidents", "/api/documents", "/api/events", "/api/definitions", "/api/instances", "/api/alerts", "/api/users", "/api/audit", "/api/now", "/api/customers", "/api/items", "/api/search?q=so", "/metrics", "/api/openapi.json", "/", "/livez", "/readyz", "/api/orders.csv"])
async def test_smoke(gateway: Any, path: str) -> None:
    browser = await gateway.as_("ada")
    a = await browser.get(path)
    print(a.body[:1500])
    assert a.status == 200
