"""Several approvers, people who stand in for others, what stands after a failure, many at once, links in mail."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest

from crossdock import exactjson
from crossdock.cases import approvals, asking, letters, sla
from crossdock.cases.approvals import Request
from crossdock.clock import set_to
from crossdock.gateway import identity
from crossdock.ids import new
from crossdock.outbound.mail import Mailer, NotSent
from crossdock.rules.votes import Order, Step

T = "norrland"
MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
TWO = asking.Terms(steps=(Step("approver", (), 2),), tolerance=Decimal(2))


class Desk:
    """Asks for approvals as a workflow does, without one."""

    def __init__(self, gateway: Any) -> None:
        self.gateway = gateway
        self.db = gateway.db

    async def person(self, name: str, role: str = "approver", limit: int | None = None) -> Any:
        await identity.add_user(
            self.db, name, name.title(), PASSWORD, {T: (role, None if limit is None else Decimal(limit))}
        )
        return await self.gateway.as_(name)

    async def ask(self, terms: asking.Terms | None = None, **more: Any) -> approvals.Approval:
        made = {
            "kind": "credit", "title": "Credit for ACME", "data": {"total": 100, "tier": "A"}, "order": "SO-1",
            "amount": Decimal(100), "currency": "EUR", "instance_id": new(), "at": "/do/3/ask#1", "terms": terms,
        }  # fmt: skip
        async with self.db.transaction(T) as tx:
            return await approvals.request(tx, T, Request(**{**made, **more}), MONDAY)

    async def stands(self, terms: asking.Terms | None = None, **more: Any) -> approvals.Approval | None:
        made = {
            "kind": "credit", "title": "Credit for ACME", "data": {"total": 100, "tier": "A"}, "order": "SO-1",
            "amount": Decimal(100), "currency": "EUR", "instance_id": new(), "at": "/do/3/ask#2", "terms": terms,
        }  # fmt: skip
        async with self.db.transaction(T) as tx:
            return await approvals.standing(tx, T, Request(**{**made, **more}), MONDAY + timedelta(hours=1))

    async def withdraw(self, approval: approvals.Approval) -> None:
        """What a technical failure does: the task run nobody waits for any more."""
        assert approval.instance_id is not None
        async with self.db.transaction(T) as tx:
            await approvals.withdraw(tx, T, approval.instance_id, approval.at, MONDAY)

    async def audited(self, approval: approvals.Approval) -> list[tuple[str, str, Any]]:
        async with self.db.transaction(T) as tx:
            rows = await tx.fetch(
                "select actor, action, detail from crossdock.audit where object_id = $1 order by seq", approval.number
            )
        return [(r["actor"], r["action"], exactjson.loads(r["detail"])) for r in rows]


@pytest.fixture
async def desk(gateway: Any) -> Desk:
    await set_to(gateway.db.pool, MONDAY, 0)
    await gateway.clock.refresh(gateway.db.pool)
    return Desk(gateway)


async def yes(browser: Any, approval: approvals.Approval, **more: Any) -> Any:
    decision = {"outcome": "approved", "note": "", "hash": approval.hash, **more}
    return await browser.post(f"/api/approvals/{approval.approval_id}/decide", decision)


# ── several ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_two_different_people_have_to_say_yes_and_each_vote_is_kept_with_its_hash(desk: Desk) -> None:
    bo, app = await desk.person("bo"), await desk.gateway.as_("app")
    asked = await desk.ask(TWO)
    first = await yes(app, asked, note="fine")
    assert (first.status, first.json["status"], first.json["steps"][0]["missing"]) == (200, "pending", 1)
    again = await yes(app, asked)
    assert again.status == 403
    assert "voted already" in again.json["detail"]
    second = await yes(bo, asked)
    assert (second.json["status"], second.json["decided_by"]) == ("approved", "app, bo")
    assert [(v["voter"], v["hash"], v["way"]) for v in second.json["votes"]] == [
        ("app", asked.hash, "page"), ("bo", asked.hash, "page")
    ]  # fmt: skip
    assert [(actor, action) for actor, action, _ in await desk.audited(asked)] == [
        ("app", "approval.voted"), ("bo", "approval.approved")
    ]  # fmt: skip


async def test_one_refusal_ends_it_whatever_others_said(desk: Desk) -> None:
    bo, app = await desk.person("bo"), await desk.gateway.as_("app")
    asked = await desk.ask(TWO)
    await yes(app, asked)
    refused = await yes(bo, asked, outcome="rejected", note="pays late")
    assert (refused.json["status"], refused.json["decided_by"]) == ("rejected", "bo")
    assert (await yes(await desk.gateway.as_("ada", T), asked)).status == 409


async def test_steps_in_sequence_wait_for_each_other_and_named_people_are_named(desk: Desk) -> None:
    bo, app, ada = await desk.person("bo"), await desk.gateway.as_("app"), await desk.gateway.as_("ada", T)
    steps = (Step("approver", ("bo",)), Step("admin"))
    asked = await desk.ask(asking.Terms(steps=steps))
    early = await yes(ada, asked)
    assert (early.status, early.json["detail"]) == (403, "It is for bo to decide")
    assert (await yes(app, asked)).status == 403
    assert (await yes(bo, asked)).json["steps"][1]["open"] is True
    assert (await yes(ada, asked)).json["status"] == "approved"
    parallel = await desk.ask(asking.Terms(steps=steps, order=Order.PARALLEL), order="SO-2")
    assert (await yes(ada, parallel)).json["status"] == "pending"
    assert (await yes(bo, parallel)).json["status"] == "approved"


# ── what stands ─────────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_was_approved_is_not_asked_again_after_a_failure(desk: Desk) -> None:
    bo = await desk.person("bo")
    asked = await desk.ask()
    assert await desk.stands() is None, "not yet approved"
    await yes(bo, asked)
    stood = await desk.stands()
    assert stood is not None
    assert stood.number == asked.number
    assert ("system", "approval.stands") in [(a, b) for a, b, _ in await desk.audited(asked)]
    within = {"amount": Decimal(102), "data": {"total": 102, "tier": "A"}}
    loose = asking.Terms(steps=asked.steps, tolerance=Decimal(2))
    assert await desk.stands(loose, **within) is not None, "within the tolerance that counts now"
    assert await desk.stands(**within) is None, "without a tolerance it is another thing"
    assert await desk.stands(loose, data={"total": 103, "tier": "A"}) is None
    assert await desk.stands(loose, data={"total": 100, "tier": "B"}) is None
    assert await desk.stands(TWO) is None, "two are asked now, one was"
    assert await desk.stands(not_by=("bo",)) is None, "who is excluded now had decided"
    assert await desk.stands(order="SO-2") is None
    assert await desk.stands(at="/do/9/other#1") is None, "another question of the process"


async def test_a_tolerance_never_reaches_above_somebodys_limit(desk: Desk) -> None:
    cy = await desk.person("cy", limit=100)
    await yes(cy, await desk.ask())
    loose = asking.Terms(steps=(Step("approver"),), tolerance=Decimal(5))
    assert await desk.stands(loose, amount=Decimal(101)) is None
    assert await desk.stands(loose, amount=Decimal(99)) is not None


async def test_a_changed_order_drops_its_votes_and_says_what_changed(desk: Desk) -> None:
    app = await desk.gateway.as_("app")
    first = await desk.ask(TWO)
    await yes(app, first)
    await desk.withdraw(first)
    assert (await yes(await desk.person("bo"), first)).status == 409, "it fell with the order that it was about"
    again = await desk.ask(TWO, amount=Decimal(250), data={"total": 250, "tier": "A"})
    shown = (await app.get(f"/api/approvals/{again.approval_id}")).json
    assert (shown["votes"], shown["again_of"], shown["can_decide"]) == ([], first.number, True)
    assert [(c["where"], c["was"], c["now"]) for c in shown["changed"]] == [
        ("/amount", 100, 250), ("/data/total", 100, 250)
    ]  # fmt: skip


async def test_votes_for_the_very_same_survive_a_technical_restart(desk: Desk) -> None:
    app, bo = await desk.gateway.as_("app"), await desk.person("bo")
    first = await desk.ask(TWO)
    await yes(app, first)
    await desk.withdraw(first)
    again = await desk.ask(TWO, at="/do/3/ask#2")
    assert [v.voter for v in again.votes] == ["app"]
    assert (await yes(bo, again)).json["status"] == "approved"


# ── standing in ─────────────────────────────────────────────────────────────────────────────────────────────────


async def away(browser: Any, taker: str, **more: Any) -> Any:
    until = (MONDAY + timedelta(days=5)).isoformat()
    return await browser.post("/api/delegations", {"taker": taker, "until_at": until, "reason": "holiday", **more})


async def test_bo_decides_for_app_within_what_app_may(desk: Desk) -> None:
    app, cora = await desk.gateway.as_("app"), await desk.gateway.as_("cora")
    small, large = await desk.ask(), await desk.ask(amount=Decimal(5001), order="SO-2")
    assert (await yes(cora, small)).status == 403
    assert (await away(app, "cora")).status == 201
    shown = (await cora.get(f"/api/approvals/{small.approval_id}")).json
    assert (shown["can_decide"], shown["acts_for"]) == (True, "app")
    assert (await cora.get("/api/approvals?status=pending&mine=true")).json["total"] == 2
    assert (await yes(cora, large)).json["detail"].startswith("It asks for the role"), "nor could app"
    done = (await yes(cora, small)).json
    assert (done["status"], done["decided_by"], done["votes"][0]["who"]) == (
        "approved", "cora for app", "cora for app"
    )  # fmt: skip
    [(actor, action, detail)] = await desk.audited(small)
    assert (actor, action, detail["for"]) == ("cora", "approval.approved", "app")


async def test_standing_in_never_makes_two_of_one_nor_lets_anybody_approve_their_own(desk: Desk) -> None:
    app, bo, cora = await desk.gateway.as_("app"), await desk.person("bo"), await desk.gateway.as_("cora")
    await away(app, "bo")
    both = await desk.ask(TWO)
    await yes(bo, both)
    again = await yes(bo, both)
    assert again.status == 403
    assert "voted already" in again.json["detail"], "not for app either"
    used = await desk.ask(TWO, order="SO-2")
    await away(await desk.gateway.as_("ada", T), "cora", giver="app")
    await yes(cora, used)
    assert "voted for you" in (await yes(app, used)).json["detail"], "app's right is used"
    own = await desk.ask(order="SO-3", not_by=("cora",))
    assert (await yes(cora, own)).status == 403, "cora asked, whoever's right it would be"
    theirs = await desk.ask(order="SO-4", not_by=("app",))
    assert (await yes(cora, theirs)).status == 403, "app asked, so nobody decides in app's name"
    assert (await yes(bo, theirs)).json["decided_by"] == "bo"


async def test_a_delegation_has_its_kinds_its_limit_and_its_time(desk: Desk) -> None:
    app, cora, bo = await desk.gateway.as_("app"), await desk.gateway.as_("cora"), await desk.person("bo", limit=9000)
    made = await away(app, "cora", kinds=["price"], limit="50")
    assert (await yes(cora, await desk.ask())).status == 403
    assert (await yes(cora, await desk.ask(kind="price"))).status == 403, "above the delegation's own limit"
    assert (await yes(cora, await desk.ask(kind="price", amount=Decimal(50), order="SO-5"))).status == 200
    assert (await cora.post(f"/api/delegations/{made.json['id']}/end")).status == 403
    assert (await app.post(f"/api/delegations/{made.json['id']}/end")).status == 204
    assert (await yes(cora, await desk.ask(kind="price", amount=Decimal(50), order="SO-6"))).status == 403
    assert (await app.post(f"/api/delegations/{made.json['id']}/end")).status == 409
    later = (MONDAY + timedelta(days=1)).isoformat()
    coming = await away(bo, "cora", from_at=later)
    assert coming.json["state"] == "coming"
    assert (await yes(cora, await desk.ask(order="SO-7"))).status == 403
    await set_to(desk.db.pool, MONDAY + timedelta(days=2), 0)
    assert (await yes(cora, await desk.ask(order="SO-8"))).status == 200
    await set_to(desk.db.pool, MONDAY + timedelta(days=6), 0)
    assert (await yes(cora, await desk.ask(order="SO-9"))).status == 403


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"taker": "app"}, "/taker"), ({"taker": "vera"}, "/taker"), ({"taker": "carl"}, "/taker"),
        ({"taker": "cora", "until_at": "2026-03-01T00:00:00Z"}, "/until_at"),
        ({"taker": "cora", "until_at": "2028-03-01T00:00:00Z"}, "/until_at"),
        ({"taker": "cora", "limit": "-1"}, "/limit"),
    ],
)  # fmt: skip
async def test_who_cannot_stand_in_is_not_named(desk: Desk, given: dict[str, Any], where: str) -> None:
    answer = await away(await desk.gateway.as_("app"), **given)
    assert answer.status == 422
    assert answer.json["findings"][0]["where"] == where


async def test_nobody_is_made_to_stand_aside_by_somebody_else(desk: Desk) -> None:
    assert (await away(await desk.gateway.as_("cora"), "cora", giver="app")).status == 403
    assert (await away(await desk.gateway.as_("vera"), "cora")).status == 422, "a viewer has nothing to give"


# ── time ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_is_overdue_leads_the_list_and_pages_go_on_from_there(desk: Desk) -> None:
    hours = {"SO-1": 5, "SO-2": None, "SO-3": -2, "SO-4": 1, "SO-5": None, "SO-6": -3}
    for order, due in hours.items():
        await desk.ask(order=order, due_at=None if due is None else MONDAY + timedelta(hours=due))
    app = await desk.gateway.as_("app")
    seen: list[tuple[str, bool]] = []
    cursor = ""
    while True:
        page = (await app.get(f"/api/approvals?status=pending&limit=2{cursor}")).json
        seen += [(a["order"], a["overdue"]) for a in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [
        ("SO-6", True), ("SO-3", True), ("SO-4", False), ("SO-1", False), ("SO-2", False), ("SO-5", False)
    ]  # fmt: skip


async def test_it_reminds_escalates_and_expires_by_itself(desk: Desk) -> None:
    hour = timedelta(hours=1)
    terms = asking.Terms(
        steps=(Step("approver", ("app",)),), remind_at=MONDAY + hour, escalate_at=MONDAY + 2 * hour,
        escalate_to="admin", expires_at=MONDAY + 3 * hour,
    )  # fmt: skip
    asked = await desk.ask(terms)
    other = await desk.ask(terms, order="SO-2")
    ada = await desk.gateway.as_("ada", T)
    assert (await yes(ada, asked)).status == 403, "it is for app"
    assert await sla.next_due(desk.db) == MONDAY + hour
    assert await sla.run_due(desk.db, MONDAY + hour) == 2
    assert await sla.run_due(desk.db, MONDAY + hour) == 0, "once"
    assert await sla.next_due(desk.db) == MONDAY + 2 * hour
    await sla.run_due(desk.db, MONDAY + 2 * hour)
    shown = (await ada.get(f"/api/approvals/{asked.approval_id}")).json
    assert (shown["can_decide"], shown["escalated_to"]) == (True, "admin")
    assert (await yes(ada, asked)).json["status"] == "approved"
    await sla.run_due(desk.db, MONDAY + 3 * hour)
    assert (await ada.get(f"/api/approvals/{other.approval_id}")).json["status"] == "expired"
    await desk.gateway.hand_on()
    events = (await ada.get("/api/events?limit=100")).json["items"]
    types = [e["type"].removeprefix("crossdock.approval.") for e in events if "approval" in e["type"]]
    assert (types.count("reminded"), types.count("escalated"), types.count("decided")) == (2, 2, 2)


# ── the table ───────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_tenants_own_table_says_who_is_asked_and_a_wrong_one_is_not_put(desk: Desk) -> None:
    ada, cora = await desk.gateway.as_("ada", T), await desk.gateway.as_("cora")
    about = {"kind": "credit", "amount": "200000", "percent": "3"}
    usual = (await cora.post("/api/approval-table/preview", about)).json
    assert (usual["steps"], usual["order"]) == ([{"role": "approver", "people": [], "need": 2}], "parallel")
    shipped = (await ada.get("/api/approval-table")).json
    document = shipped["document"]
    rule = document["nodes"][1]["content"]["rules"][0]
    rule["to_steps"] = "[{people: ['bo', 'cy', 'di'], need: 2}, {role: 'admin'}]"
    rule["amount"] = "> 50000"
    assert (await cora.send("PUT", "/api/approval-table", {"document": document})).status == 403
    tried = (await cora.post("/api/approval-table/preview", {**about, "document": document})).json
    assert [s["need"] for s in tried["steps"]] == [2, 1]
    put = await ada.send("PUT", "/api/approval-table", {"document": document, "note": "two of three"})
    assert (put.status, put.json["version"]) == (200, 1)
    assert (await ada.send("PUT", "/api/approval-table", {"document": document})).json["version"] == 1, "the same"
    async with desk.db.transaction(T) as tx:
        terms = await asking.terms(
            tx, T, asking.shipped(), {"kind": "credit", "role": "approver", "amount": Decimal(60000), "percent": None},
            MONDAY,
        )  # fmt: skip
    assert (terms.steps[0].people, terms.table) == (("bo", "cy", "di"), "approvals/1/large-credit")
    assert (terms.remind_at, terms.escalate_at) == (MONDAY + timedelta(hours=2), MONDAY + timedelta(hours=4))
    rule["amount"] = "<< 5"
    wrong = await ada.send("PUT", "/api/approval-table", {"document": document})
    assert (wrong.status, wrong.json["findings"][0]["where"]) == (422, "/nodes/1/content/rules/0/amount")
    rule["amount"], rule["to_steps"] = "", "[{need: 0}]"
    followed = await cora.post("/api/approval-table/preview", {**about, "document": document})
    assert followed.status == 422
    assert "/steps/0/need" in followed.json["findings"][0]["found"]


# ── many ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_many_are_decided_within_limits_and_the_others_say_why_not(desk: Desk) -> None:
    app = await desk.gateway.as_("app")
    asked = [
        await desk.ask(order="SO-1", amount=Decimal("1200.50")), await desk.ask(order="SO-2", amount=Decimal(5001)),
        await desk.ask(order="SO-3", amount=Decimal(300), not_by=("app",)),
        await desk.ask(order="SO-4", amount=Decimal(99)),
    ]  # fmt: skip
    stale = await desk.ask(order="SO-5")
    items = [{"id": str(a.approval_id), "hash": a.hash} for a in asked]
    items += [{"id": str(stale.approval_id), "hash": "0" * 64}, {"id": str(new()), "hash": "x"}]
    many = {"outcome": "approved", "note": "the weekly list", "items": items}
    seen = (await app.post("/api/approvals/preview", many)).json
    assert seen["sums"] == [{"currency": "EUR", "amount": "1299.50", "count": 2}]
    assert [i["why_not"] for i in seen["items"]] == [
        None, "The amount is above your limit", "Four eyes: you took part in this order yourself", None,
        "It is not what you saw", "No such approval",
    ]  # fmt: skip
    assert (await app.get("/api/approvals?status=decided")).json["total"] == 0, "looking decides nothing"
    done = (await app.post("/api/approvals/decide", many)).json
    assert (done["sums"], done["refused"]) == (seen["sums"], 4)
    assert [i["status"] for i in done["items"]] == ["approved", "pending", "pending", "approved", "pending", None]
    for approval in (asked[0], asked[3]):
        assert [(a, b) for a, b, _ in await desk.audited(approval)] == [("app", "approval.approved")]
    assert await desk.audited(asked[1]) == []


# ── mail ────────────────────────────────────────────────────────────────────────────────────────────────────────


class Post:
    """A mail server's end: keeps what it is given, or takes nothing."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.down = False

    def message(self, to: Sequence[str], subject: str, text: str, *, id: str, at: datetime) -> EmailMessage:
        return Mailer(None, "crossdock@example.com").message(to, subject, text, id=id, at=at)

    async def send(self, mail: EmailMessage) -> None:
        if self.down:
            raise NotSent("the mail server did not take it")
        self.taken.append(mail)

    def token(self, n: int = -1) -> str:
        text: str = self.taken[n].get_content()
        return next(line.partition("#")[2] for line in text.splitlines() if "/approve#" in line)


async def send(desk: Desk, post: Post, now: datetime = MONDAY) -> int:
    return await letters.run_due(desk.db, post, "https://tower.example", now)


OPEN = replace(TWO, steps=(Step("approver"),), mail="link")
SIGNED = replace(OPEN, mail="sign-in")


async def mailed(desk: Desk, terms: asking.Terms, **more: Any) -> tuple[approvals.Approval, Post]:
    app = await desk.gateway.as_("app")
    put = await app.send("PUT", "/api/approval-addresses/app", {"email": "app@example.com"})
    assert put.status == 200, put.body
    asked, post = await desk.ask(terms, **more), Post()
    assert await send(desk, post) == 1
    return asked, post


async def test_a_mailed_link_decides_once_on_a_phone_without_signing_in(desk: Desk) -> None:
    asked, post = await mailed(desk, OPEN)
    [mail] = post.taken
    assert mail["To"] == "app@example.com"
    body: str = mail.get_content()
    assert "Credit for ACME" in body
    assert "Amount: 100 EUR" in body
    assert '"total": 100' in body
    phone, token = desk.gateway.browser(), post.token()
    seen = await phone.post("/api/approval-link/look", {"token": token})
    assert (seen.status, seen.json["person"], seen.json["sign_in"]) == (200, "app", False)
    assert seen.json["approval"]["data"] == {"total": 100, "tier": "A"}
    assert (await phone.get(f"/approve?token={token}")).status == 200, "a page, as any address is"
    assert (await phone.get("/api/approval-link/decide")).status == 404
    async with desk.db.transaction(T) as tx:
        assert (await approvals.get(tx, T, asked.approval_id)).status == "pending", "looking decides nothing"
    decision = {"token": token, "outcome": "approved", "hash": asked.hash, "note": "from the train"}
    assert (await phone.post("/api/approval-link/decide", {**decision, "hash": "0" * 64})).status == 409
    done = await phone.post("/api/approval-link/decide", decision)
    assert (done.status, done.json["status"], done.json["votes"][0]["way"]) == (200, "approved", "mail link")
    again = await phone.post("/api/approval-link/decide", decision)
    assert again.status == 409
    assert "was used" in again.json["detail"]
    [(actor, action, detail)] = await desk.audited(asked)
    assert (actor, action, detail["way"]) == ("app", "approval.approved", "mail link")


async def test_where_policy_asks_for_it_a_link_works_only_for_its_person_signed_in(desk: Desk) -> None:
    asked, post = await mailed(desk, SIGNED)
    decision = {"token": post.token(), "outcome": "approved", "hash": asked.hash}
    phone = desk.gateway.browser()
    seen = (await phone.post("/api/approval-link/look", {"token": post.token()})).json
    assert (seen["sign_in"], seen["approval"]["data"]) == (True, None), "what is approved is not shown to a mere link"
    assert (await phone.post("/api/approval-link/decide", decision)).status == 401
    bo = await desk.person("bo")
    assert (await bo.post("/api/approval-link/decide", decision)).status == 403, "it was sent to app"
    done = await (await desk.gateway.as_("app")).post("/api/approval-link/decide", decision)
    assert done.json["votes"][0]["way"] == "mail link, signed in"


async def test_a_link_that_was_changed_stolen_or_is_old_decides_nothing(desk: Desk) -> None:
    asked, post = await mailed(desk, OPEN)
    phone, token = desk.gateway.browser(), post.token()
    tenant, ident, secret = token.split(".")

    async def status(given: str) -> int:
        decision = {"token": given, "outcome": "approved", "hash": asked.hash}
        return (await phone.post("/api/approval-link/decide", decision)).status

    forged = (
        f"castell.{ident}.{secret}",
        f"{tenant}.{ident}.{secret[:-1]}A{secret[-1]}",
        f"{tenant}.{ident}.",
        "x",
        "..",
    )
    for wrong in (*forged, f"{tenant}.{new().hex}.{secret}", f"{tenant}.zz.{secret}"):
        assert await status(wrong) == 404, wrong
    other = await desk.ask(OPEN, order="SO-2")
    async with desk.db.transaction(T) as tx:
        await tx.execute("update crossdock.approval_link set approval_id = $1", other.approval_id)
    assert await status(token) == 404, "the row says something else than what was signed"
    async with desk.db.transaction(T) as tx:
        await tx.execute("update crossdock.approval_link set approval_id = $1", asked.approval_id)
        await tx.execute("update crossdock.approval_link set expires_at = expires_at + interval '1 year'")
    assert await status(token) == 404
    async with desk.db.transaction(T) as tx:
        await tx.execute("update crossdock.approval_link set expires_at = expires_at - interval '1 year'")
    await set_to(desk.db.pool, MONDAY + letters.GOOD_FOR, 0)
    assert await status(token) == 409, "it is over"
    await set_to(desk.db.pool, MONDAY, 0)
    assert await status(token) == 200


async def test_a_link_is_worth_what_its_person_may_now(desk: Desk) -> None:
    asked, post = await mailed(desk, OPEN)
    async with desk.db.transaction(T) as tx:
        await tx.execute("update crossdock.membership set approval_limit = 99 where user_name = 'app'")
    decision = {"token": post.token(), "outcome": "approved", "hash": asked.hash}
    refused = await desk.gateway.browser().post("/api/approval-link/decide", decision)
    assert (refused.status, refused.json["detail"]) == (403, "The amount is above your limit")
    async with desk.db.transaction(T) as tx:
        await tx.execute("delete from crossdock.membership where user_name = 'app'")
    assert (await desk.gateway.browser().post("/api/approval-link/look", {"token": post.token()})).status == 404


async def test_links_are_not_tried_for_ever(desk: Desk) -> None:
    phone = desk.gateway.browser()
    tries = [await phone.post("/api/approval-link/look", {"token": f"{T}.{new().hex}.x"}) for _ in range(33)]
    assert {a.status for a in tries} == {404, 429}
    assert (await phone.post("/api/approval-link/look", {"token": "x"}, bare=True)).status == 403


async def test_letters_wait_for_the_mail_server_and_go_to_whoever_may_vote(desk: Desk) -> None:
    _, first = await mailed(desk, SIGNED)
    bo = await desk.person("bo", limit=50)
    await bo.send("PUT", "/api/approval-addresses/bo", {"email": "bo@example.com"})
    assert (await bo.send("PUT", "/api/approval-addresses/app", {"email": "x@example.com"})).status == 403
    assert (await bo.send("PUT", "/api/approval-addresses/bo", {"email": "no address"})).status == 422
    asked = await desk.ask(SIGNED, order="SO-2")
    post = Post()
    post.down = True
    assert await send(desk, post) == 0
    shown = (await bo.get(f"/api/approvals/{asked.approval_id}/letters")).json
    assert [(m["person"], m["state"], m["error"]) for m in shown] == [
        ("app", "waiting", "the mail server did not take it")
    ], "bo's limit is below it"  # fmt: skip
    post.down = False
    assert await send(desk, post) == 0, "not at once again"
    assert await send(desk, post, MONDAY + timedelta(hours=3)) == 1
    earlier = await desk.gateway.browser().post("/api/approval-link/look", {"token": first.token()})
    assert earlier.status == 200, "a letter about another approval leaves this link alone"


async def test_a_letter_that_is_not_needed_any_more_does_not_leave(desk: Desk) -> None:
    app = await desk.gateway.as_("app")
    await app.send("PUT", "/api/approval-addresses/app", {"email": "app@example.com"})
    asked, post = await desk.ask(SIGNED), Post()
    await yes(app, asked)
    assert await send(desk, post) == 0
    assert post.taken == []
    shown = (await app.get(f"/api/approvals/{asked.approval_id}/letters")).json
    assert [m["state"] for m in shown] == ["needless"]
    assert UUID(str(asked.approval_id))
