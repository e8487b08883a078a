"""The shape of answers: problems, headers, the pages, health and metrics."""

import contextlib
from typing import Any

import pytest
from fastapi import HTTPException

from crossdock.gateway import pages
from crossdock.tower import metrics


async def test_what_is_wrong_leaves_as_a_problem_document(gateway: Any) -> None:
    browser = await gateway.as_("cora")
    for path, status in (
        ("/api/nothing", 404),
        ("/api/orders/SO-1", 404),
        ("/api/cases/not-a-uuid", 422),
        ("/api/cases/0191e7b2-0000-7000-8000-000000000000", 404),
        ("/hooks/x", 404),
        ("/assets/nothing.js", 404),
    ):
        answer = await browser.get(path)
        assert answer.status == status, path
        assert answer.headers["content-type"] == "application/problem+json"
        assert set(answer.json) >= {"type", "title", "status", "detail"}
        assert answer.json["status"] == status


async def test_findings_say_where_a_body_is_wrong(gateway: Any) -> None:
    answer = await (await gateway.as_("cora")).post("/api/holds", {"scope": "planet", "key": "", "kind": "x"})
    assert answer.status == 422
    assert {f["where"] for f in answer.json["findings"]} == {"/body/scope", "/body/key", "/body/reason"}


async def test_the_character_nul_is_refused_wherever_text_is_taken(gateway: Any) -> None:
    browser = await gateway.as_("cora")
    hold = '{"scope": "order", "key": "SO-1", "kind": "commercial", "reason": "%s"}'
    for method, path, raw in (
        ("GET", "/api/orders/%00", None),
        ("GET", "/api/orders?q=%00", None),
        ("GET", "/%00", None),
        ("POST", "/api/holds", (hold % r"a\u0000b").encode()),
        ("POST", "/api/holds", (hold % r"\\\u0000").encode()),
        ("POST", "/hooks/norrland/wms", rb'{"order": "\u0000"}'),
    ):
        headers = {"Content-Type": "application/json"} if raw else {}
        answer = await browser.send(method, path, raw=raw, headers=headers)
        assert (answer.status, answer.headers["content-type"]) == (422, "application/problem+json"), (path, raw)
    spelt_out = (hold % r"\\u0000").encode()  # a backslash and letters
    sent = await browser.send("POST", "/api/holds", raw=spelt_out, headers={"Content-Type": "application/json"})
    assert b"NUL" not in sent.body
    assert sent.status < 500


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(gateway: Any) -> None:
    browser = await gateway.as_("cora")
    answer = await browser.send("POST", "/api/events", raw=b" " * (1024 * 1024 + 1))
    assert answer.status == 413
    assert answer.headers["content-type"] == "application/problem+json"
    large = b'{"po": "1", "lines": [], "notes": "' + b"x" * (2 * 1024 * 1024) + b'"}'
    assert (await browser.send("POST", "/api/intake?filename=a.json", raw=large)).status == 200


async def test_every_answer_says_what_a_browser_may_do_with_it(gateway: Any) -> None:
    for path in ("/", "/livez", "/api/session"):
        headers = (await gateway.browser().get(path)).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "script-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
    assert (await gateway.browser().get("/api/session")).headers["cache-control"] == "no-store"


async def test_health_is_open_and_says_no_more_than_that(gateway: Any) -> None:
    assert (await gateway.browser().get("/livez")).json == {"status": "ok"}
    assert (await gateway.browser().get("/readyz")).json == {"status": "ok"}


async def test_openapi_describes_every_route_with_a_tag_and_a_summary(gateway: Any) -> None:
    assert (await gateway.browser().get("/api/openapi.json")).status == 401
    schema = (await (await gateway.as_("vera")).get("/api/openapi.json")).json
    for path, methods in schema["paths"].items():
        for method, said in methods.items():
            assert said["tags"], path
            assert said["summary"], path
            ok = next(s for s in said["responses"] if s.startswith("2"))
            described = said["responses"][ok]
            assert ok == "204" or described.get("content"), f"{method} {path} does not say what it answers"


async def test_metrics_add_up_processes_and_show_one_tenants_business(gateway: Any) -> None:
    await gateway.things("norrland")
    await metrics.keep(gateway.db, "worker-1")
    answer = await (await gateway.key("admin", "norrland")).get("/metrics")
    text = answer.body.decode()
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'crossdock_orders{outcome="open"} 1' in text
    assert 'crossdock_cases_open{kind="order-invalid",severity="medium"} 1' in text
    assert "crossdock_approvals_pending 1" in text
    assert 'crossdock_requests_total{route="/api/orders",status="201"}' in text
    assert "norrland" not in text
    theirs = (await (await gateway.key("admin", "castell")).get("/metrics")).body.decode()
    assert "crossdock_orders_open 0" in theirs
    assert "crossdock_approvals_pending 0" in theirs


# ── pages ───────────────────────────────────────────────────────────────────────────────────────────────────────


class Asked:
    def __init__(self, **headers: str) -> None:
        self.headers = {k.replace("_", "-"): v for k, v in headers.items()}


@pytest.fixture
def built(tmp_path: Any) -> pages.Built:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Crossdock</title>")
    (tmp_path / "assets" / "index-abc.js").write_text("let a = 1;\n" * 200)
    (tmp_path / ".vite").mkdir()
    (tmp_path / ".vite" / "manifest.json").write_text("{}")
    (tmp_path.parent / "outside.txt").write_text("not ours to give")
    return pages.Built(tmp_path)


def test_files_with_a_hash_in_their_name_are_kept_for_ever(built: pages.Built) -> None:
    answer = built.answer("assets/index-abc.js", Asked(accept_encoding="gzip"))  # type: ignore[arg-type]
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    again = built.answer("assets/index-abc.js", Asked(if_none_match=answer.headers["etag"]))  # type: ignore[arg-type]
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["", "orders", "orders/SO-10001", "sign-in", "definitions/order-to-cash/1.1.0"])
def test_addresses_of_the_pages_get_the_entry_page(built: pages.Built, path: str) -> None:
    answer = built.answer(path, Asked())  # type: ignore[arg-type]
    assert b"<title>Crossdock" in answer.body
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["../outside.txt", "assets/../../outside.txt", ".vite/manifest.json", "a\0.js"])
def test_nothing_beside_the_pages_is_given_away(built: pages.Built, path: str) -> None:
    with contextlib.suppress(HTTPException):  # a 404 is as good
        answer = built.answer(path, Asked())  # type: ignore[arg-type]
        assert b"<title>Crossdock" in answer.body


def test_pages_that_were_not_built_say_how_to_build_them(tmp_path: Any) -> None:
    answer = pages.Built(tmp_path).answer("orders", Asked())  # type: ignore[arg-type]
    assert answer.status_code == 503
    assert b"not built" in answer.body


async def test_a_refused_sign_in_repeats_no_password(gateway: Any) -> None:
    for body in ({"password": "hunter22"}, {"user": "ada", "password": "hunter22" * 200}):
        answer = await gateway.browser().post("/api/session", body)
        assert answer.status == 422
        assert b"hunter" not in answer.body
