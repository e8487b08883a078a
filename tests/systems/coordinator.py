"""A coordinator's day: 5,000 orders, 400 in trouble, one person who works by the public API alone.

    python tests/systems/coordinator.py --orders 5000 --exceptions 400 --json out.json

The day is made by `troubles`: its orders come in over HTTP, workers on PostgreSQL run the shipped processes against the
sandbox, and business time jumps from event to event. Every twenty minutes the person looks, as the pages do: cases of
one cause are fixed together, those alone one by one, approvals many at once, and what is nobody's is given to somebody.
What a person finds out by a telephone call is in the manifest; which case is about what is read from the API only.

Counted are human actions: every request that changes something, previews too. A bulk fix that was wrong counts as five
at least. In the end every order in trouble must have gone the way that the manifest says is right.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import installation
import troubles
import uvloop
from installation import MORNING, OPENS, Asked, Installation
from troubles import TENANT, Troubled, Truth

from crossdock import embedded, exactjson
from crossdock.cases import sla
from crossdock.gateway import identity

ROUND = timedelta(minutes=20)
HOUR = timedelta(hours=1)
SHEET = 2 * HOUR
BEGINS, HANDS_OVER, GOES = (MORNING + timedelta(hours=h) for h in (7, 14, 19))
JUMP = timedelta(minutes=2)
PASSWORD = "a person of this day"
PEOPLE = {"cora": "coordinator", "nils": "coordinator", "bo": "approver", "olga": "approver", "ada": "admin"}
APPROVES = {"bo": Decimal(5_000)}  # who is the last to agree has no limit
PAGE = 200
WRONG_COUNTS = 5
# What a coordinator does about a case that concerns no more than its order, by what kind it is of.
TEAMS = ("order-desk", "logistics", "purchasing", "receivables", "integration", "partners")
USUAL = {"price-deviation": ("contract", "cancel"), "call-failed": ("retry",), "outage": ("seen",)}


@dataclass(slots=True)
class Person:
    """Somebody who is signed in, and what they did."""

    house: Installation
    name: str
    cookie: str = ""
    done: Counter[str] = field(default_factory=Counter[str])

    async def sign_in(self) -> None:
        answer = await self.send("POST", "/api/session", {"user": self.name, "password": PASSWORD, "tenant": TENANT})
        assert answer.status == 204, answer
        self.cookie = answer.headers["set-cookie"].split(";")[0]

    async def send(self, method: str, path: str, body: Any = None) -> Asked:
        headers = {"X-Crossdock": "1", "Content-Type": "application/json", "Cookie": self.cookie}
        content = b"" if body is None else exactjson.dumps(body)
        answer = await self.house.send(method, self.house.url + path, headers, content)
        assert isinstance(answer, Asked), answer
        return answer

    async def see(self, path: str) -> Any:
        answer = await self.send("GET", path)
        assert answer.status == 200, (path, answer)
        return answer.json()

    async def all(self, path: str) -> list[Any]:
        """Every page of a list, as one who scrolls."""
        found: list[Any] = []
        more = "&" if "?" in path else "?"
        page = await self.see(f"{path}{more}limit={PAGE}")
        found += page["items"]
        while page["next"]:
            page = await self.see(f"{path}{more}limit={PAGE}&cursor={page['next']}")
            found += page["items"]
        return found

    async def members(self, cluster: str) -> list[Any]:
        """The open cases of a cause; none when it is gone meanwhile."""
        answer = await self.send("GET", f"/api/clusters/{cluster}/cases?limit={PAGE}")
        assert answer.status in (200, 404), answer
        return answer.json() if answer.status == 200 else []

    async def act(self, what: str, path: str, body: Any = None, method: str = "POST") -> Asked:
        self.done[what] += 1
        return await self.send(method, path, body)


@dataclass(slots=True)
class Desk:
    """What the people of the day know and remember."""

    house: Installation
    truth: Truth
    cora: Person
    nils: Person
    bo: Person
    olga: Person
    ada: Person
    shown: dict[str, datetime] = field(default_factory=dict[str, datetime])  # case → first on a list
    unowned: int = 0  # the most that were nobody's when somebody looked
    given_wrong: dict[str, str] = field(default_factory=dict[str, str])  # fix → the cause's key
    fixed: set[str] = field(default_factory=set[str])
    suggested: Counter[str] = field(default_factory=Counter[str])  # what the sheet said, held against the truth
    weighed: set[str] = field(default_factory=set[str])
    clustered: set[str] = field(default_factory=set[str])  # cases that were seen beside others of their cause
    refused: Counter[str] = field(default_factory=Counter[str])
    to_undo: list[tuple[str, datetime]] = field(default_factory=list[tuple[str, datetime]])
    coming_back: set[str] = field(default_factory=set[str])  # orders whose wrong goods had left, and are returned
    hourly_at: datetime | None = None  # when approvals were last looked at
    sheet_at: datetime | None = None  # when the suggested answers last were

    @property
    def people(self) -> tuple[Person, ...]:
        return self.cora, self.nils, self.bo, self.olga, self.ada

    # ── what the truth says about what a case shows ─────────────────────────────────────────────────────────────

    def meant(self, customer: str, number: str, *, first: bool) -> str:
        """The item, as the customer says; `first`: before somebody looked twice."""
        key = (customer, number)
        wrong = self.truth.wrong.get(key) if first else None
        return wrong or self.truth.items.get(key, "")

    def corrected(self, case: dict[str, Any], po: str) -> dict[str, Any] | None:
        """The order of the case as it was meant: what the customer says on the telephone."""
        data = case["data"]
        meant = self.truth.meant.get(po)
        if meant is None or not isinstance(data, dict):
            return None
        wanted = {n.line: n for n in meant.lines}
        lines: list[dict[str, Any]] = []
        for line in data["lines"]:
            own = wanted[str(line["line"])]
            named = " ".join(str(i["value"]) for i in line["items"])
            sku = self.truth.items.get((data["customer_id"], named))
            items = [{"scheme": "supplier", "value": sku}] if sku else line["items"]
            quantity = line["quantity"] if Decimal(str(line["quantity"])) > 0 else own.quantity
            unit = "EA" if line["unit"] == "BG" else line["unit"]
            lines.append({**line, "items": items, "quantity": quantity, "unit": unit})
        requested = data["requested_on"] if str(data["requested_on"]) > "2026" else meant.requested_on
        ship_to = data["ship_to"] if data["ship_to"].get("city") else meant.ship_to
        return {**data, "lines": lines, "requested_on": requested, "ship_to": ship_to}


# ── one look at the queue ───────────────────────────────────────────────────────────────────────────────────────


async def look(desk: Desk, now: datetime) -> None:
    """What a coordinator does every twenty minutes."""
    who = desk.cora if now < HANDS_OVER else desk.nils
    for case in await who.all("/api/cases?status=open"):
        desk.shown.setdefault(case["id"], now)
    nobodys = await who.all("/api/cases?status=open&owner=none")
    desk.unowned = max(desk.unowned, len(nobodys))
    for case in nobodys:
        await who.act("assign", f"/api/cases/{case['id']}/assign", {"owner": who.name})
    await undo_wrong(desk, now)
    await take_back(desk, who)
    for cluster in (await desk.ada.see(f"/api/clusters?limit={PAGE}"))["items"]:
        await together(desk, cluster, now)
    together_later = await as_suggested(desk, who, now)
    for cluster in (await who.see(f"/api/clusters?alone=true&limit={PAGE}"))["items"]:
        await alone(desk, who, cluster, together_later)
    if desk.hourly_at is None or now >= desk.hourly_at + HOUR:  # approvals each hour, not one by one
        desk.hourly_at = now
        await approve(desk)


async def together(desk: Desk, cluster: dict[str, Any], now: datetime) -> None:
    """One fix for all cases of a cause. The shift's leader does these: an entry is for all that come after, too."""
    key = cluster["key"]
    if cluster["under_way"] >= cluster["cases"]:  # the list says that a fix has them already
        return
    members = await desk.ada.members(key)
    if not members:
        return
    offers = {o["kind"]: o for o in await desk.ada.see(f"/api/clusters/{key}/offers")}
    desk.clustered |= {m["id"] for m in members}
    chosen = choose(desk, cluster, offers, await desk.ada.see(f"/api/cases/{members[0]['id']}"))
    if chosen is None:
        desk.refused[f"no fix known: {cluster['kind']} {cluster['cause']['rule']}"] += 1
        return
    body = {"fix": chosen, "reason": "As the customer says"}
    what = f"{cluster['kind']} {cluster['cause']['rule']}".strip()
    seen = await desk.ada.act(f"preview: {what}", f"/api/clusters/{key}/fixes", body)
    if seen.status >= 300:
        desk.refused[f"preview: {seen.body[:200]!r}"] += 1
        return
    told = seen.json()
    radius = told["radius"]
    if set(radius["outcomes"]) - {"solved"}:
        desk.refused[f"foreseen: {radius['outcomes']} {radius['failing']} {radius['blocked']}"] += 1
    if not radius["cases"]:
        return
    typed = {"typed": radius["cases"]} if radius["typed"] else {}
    started = await desk.ada.act(f"fix: {what}", f"/api/fixes/{told['id']}/start", {"token": told["token"], **typed})
    if started.status >= 300:
        desk.refused[f"start: {started.body[:200]!r}"] += 1
        return
    customer, subject = cluster["cause"]["partner"], cluster["cause"]["subject"]
    if key not in desk.fixed and desk.truth.wrong.get((customer, subject)):
        desk.to_undo.append((told["id"], now))
    desk.fixed.add(key)


def choose(
    desk: Desk, cluster: dict[str, Any], offers: dict[str, Any], sample: dict[str, Any]
) -> dict[str, Any] | None:
    """Which fix, with what only a person could say filled in."""
    cause = cluster["cause"]
    if cluster["kind"] == "price-deviation" and "accept-price" in offers:
        return {"kind": "accept-price", "basis": "contract"}
    if cluster["kind"] == "fix-undone":
        return {"kind": "cancel"} if "cancel" in offers else None
    if cause["rule"] == "unknown-item" and "cross-reference" in offers:
        customer = sample["data"]["customer_id"]
        ours = desk.meant(customer, cause["subject"], first=cluster["key"] not in desk.fixed)
        return {"kind": "cross-reference", **offers["cross-reference"]["fix"], "ours": ours} if ours else None
    if cause["rule"] == "date-past" and "retry-with" in offers:
        return {"kind": "retry-with", "data": {"requested_on": None}}
    if cause["rule"] == "unknown-unit" and "cross-reference" in offers:
        fix = offers["cross-reference"]["fix"]
        return {"kind": "cross-reference", **fix, "ours": "EA"} if fix.get("entry") == "unit" else None
    return {"kind": "retry"} if "retry" in offers else None


async def undo_wrong(desk: Desk, now: datetime) -> None:
    """A customer calls: these are the wrong goods. Counts as five at least."""
    for fix, at in list(desk.to_undo):
        if now < at + 2 * ROUND:
            continue
        desk.to_undo.remove((fix, at))
        answer = await desk.ada.act("undo", f"/api/fixes/{fix}/undo", {"reason": "The customer means another item"})
        assert answer.status < 300, answer
        desk.ada.done["wrong bulk fix (makes it five)"] += WRONG_COUNTS - 3  # preview, start, undo are counted


async def take_back(desk: Desk, who: Person) -> None:
    """Goods that had left when the customer called: it agrees to send them back."""
    for case in await who.all("/api/cases?status=open&kind=cancel-after-handover"):
        body = {"action": "return", "note": "The customer sends them back"}
        told = await who.act("resolve cancel-after-handover", f"/api/cases/{case['id']}/resolve", body)
        assert told.status < 300, told
        desk.coming_back.add(case["order"])


async def as_suggested(desk: Desk, who: Person, now: datetime) -> set[str]:
    """The sheet of suggested answers, every other hour: what the customer confirms is ticked, the rest is not.

    Returns the cases that can wait for it, or are answered by it.
    """
    listed = await who.see(f"/api/suggestions?limit={PAGE}")
    answers: dict[str, Any] = {}
    actions: dict[str, str] = {}
    for suggested in listed:
        case = await who.see(f"/api/cases/{suggested['case']['id']}")
        po = await _po(who, case)
        if suggested["action"]:
            confirmed = suggested["action"] == answer_of(desk, case, po)[0]
        else:
            right = desk.corrected(case, po)
            confirmed = right is not None and _same(suggested["data"], right)
        desk.suggested["right" if confirmed else "wrong"] += case["id"] not in desk.weighed
        desk.weighed.add(case["id"])
        if confirmed and suggested["action"]:
            actions[case["id"]] = suggested["action"]
        elif confirmed:
            answers[case["id"]] = suggested["data"]
    last_look = now + 2 * ROUND > GOES
    if (answers or actions) and (desk.sheet_at is None or last_look or now >= desk.sheet_at + SHEET):
        desk.sheet_at = now
        body = {"answers": answers, "actions": actions, "reason": "As they say"}
        told = await who.act("preview the sheet", "/api/suggestions/fixes", body)
        assert told.status == 200, told
        seen = told.json()
        typed = {"typed": seen["radius"]["cases"]} if seen["radius"]["typed"] else {}
        began = await who.act("as suggested", f"/api/fixes/{seen['id']}/start", {"token": seen["token"], **typed})
        assert began.status == 202, began
    return {*answers, *actions}


def _same(suggested: dict[str, Any], right: dict[str, Any]) -> bool:
    """A day that is over may become none; the items must be those that were meant."""
    if "lines" in suggested:
        ours = [[i["value"] for i in n["items"] if i["scheme"] == "supplier"] for n in suggested["lines"]]
        meant = [[i["value"] for i in n["items"] if i["scheme"] == "supplier"] for n in right["lines"]]
        if ours != meant:
            return False
    return "ship_to" not in suggested or suggested["ship_to"]["city"] == right["ship_to"]["city"]


async def _po(who: Person, case: dict[str, Any]) -> str:
    return (await who.see(f"/api/orders/{case['order']}"))["po"] if case["order"] else ""


async def alone(desk: Desk, who: Person, cluster: dict[str, Any], together_later: set[str]) -> None:
    """A case that shares its cause with no other: answered by itself."""
    members = await who.members(cluster["key"])
    if not members or members[0]["id"] in together_later:
        return
    case = await who.see(f"/api/cases/{members[0]['id']}")
    if case["kind"] in ("inbound-rejected", "inbound-held"):
        await _correct(desk, case)
        return
    action, data = answer_of(desk, case, await _po(who, case))
    if not action:
        desk.refused[f"left alone: {case['kind']} {[a['id'] for a in case['actions']]}"] += 1
        return
    body = {"action": action, "note": "As the customer says", **({"data": data} if data is not None else {})}
    told = await who.act(f"resolve {case['kind']}", f"/api/cases/{case['id']}/resolve", body)
    if told.status >= 300:
        desk.refused[f"resolve {case['kind']} {action}: {told.status} {told.body[:200]!r}"] += 1


async def _correct(desk: Desk, case: dict[str, Any]) -> None:
    """A document that cannot be read as it is: its value as the customer says, and through it goes again."""
    meant = desk.truth.meant[case["evidence"]["po"]]
    edits = [{"pointer": "/lines/0/quantity", "value": str(meant.lines[0].quantity)}]
    body = {"edits": edits, "reason": "As the customer says"}
    path = f"/api/documents/{case['evidence']['document']}/resubmit"
    told = await desk.ada.act("alone: correct a document", path, body)
    if told.status >= 300:
        desk.refused[f"correct: {told.status} {told.body[:200]!r}"] += 1


def answer_of(desk: Desk, case: dict[str, Any], po: str) -> tuple[str, Any]:
    """Which of its actions, with the data as they should have been."""
    actions = [a["id"] for a in case["actions"]]
    if "resubmit" in actions:
        data = desk.corrected(case, po)
        return ("resubmit", data) if data is not None else ("", None)
    return next((a for a in USUAL.get(case["kind"], ()) if a in actions), ""), None


async def approve(desk: Desk) -> None:
    """Within one's limit together; what is above it is the administrator's."""
    for person in (desk.bo, desk.ada, desk.olga):  # what one may not decide, the next may
        mine = [a for a in await person.all("/api/approvals?status=pending") if a["can_decide"]]
        for start in range(0, len(mine), PAGE):
            items = [{"id": a["id"], "hash": a["hash"]} for a in mine[start : start + PAGE]]
            body = {"outcome": "approved", "note": "Within the frame", "items": items}
            await person.act("approve many", "/api/approvals/decide", body)


async def hand_over(desk: Desk) -> None:
    mine = await desk.cora.all("/api/cases?status=open&owner=cora")
    if mine:
        body = {"to_owner": "nils", "note": "The rest of the day"}
        answer = await desk.cora.act("hand over", "/api/handovers", body)
        assert answer.status == 201, answer


# ── the day ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def play(house: Installation, desk: Desk, say: Callable[[str], None]) -> datetime:
    """Jumps from event to event, looks every round, until everybody goes home."""
    pending = list(reversed(house.plan.deliveries))
    now, look_at, told_at, handed = OPENS - timedelta(minutes=30), BEGINS, 0.0, False
    await house.set_clock(now, 0)
    while now < GOES or pending:
        outside_at = await house.quiet()
        if now >= look_at:
            if now >= HANDS_OVER and not handed:
                handed = True
                await hand_over(desk)
            await look(desk, now)
            look_at = now + ROUND
            await house.quiet()
        if time.perf_counter() - told_at > 10:
            told_at = time.perf_counter()
            actions = sum(sum(p.done.values()) for p in desk.people)
            say(f"{now:%H:%M}  {len(house.plan.deliveries) - len(pending)} orders in, {actions} actions")
        moments = [outside_at, await house.db.pool.fetchval("select crossdock.next_due()"), look_at]
        moments += [await sla.next_due(house.db), pending[-1].at if pending else None]
        now = min(GOES, max(now, min(m for m in moments if m is not None)) + JUMP)
        await house.set_clock(now, 0)
        house.jumps += 1
        due: list[Any] = []
        while pending and pending[-1].at <= now:
            due.append(pending.pop())
        for start in range(0, len(due), 8):
            await asyncio.gather(*(house.deliver(d) for d in due[start : start + 8]))
        if now == GOES and not pending:
            break
    await house.quiet()
    return now


async def report(house: Installation, desk: Desk, day: Troubled, seconds: float) -> dict[str, Any]:
    """All by the API, but for the clocks of closed cases, which are on each case."""
    opened = await desk.ada.all("/api/cases?status=open") + await desk.ada.all("/api/cases?status=closed")
    approvals = [a for s in ("pending", "decided") for a in await desk.ada.all(f"/api/approvals?status={s}")]
    exceptions = len(opened) + len(approvals)
    done = sum((p.done for p in desk.people), Counter[str]())
    details = [await desk.ada.see(f"/api/cases/{c['id']}") for c in opened]
    unseen = [c["number"] for c in details if _late_unseen(desk, c)]
    orders = {o["po"]: o for o in await desk.ada.all("/api/orders")}
    wrong = await _wrong(desk, day, orders)
    open_ = [c for c in opened if c["status"] != "closed"]
    return {
        "orders": len(day.orders), "orders_known": len(orders), "planned": dict(day.counts),
        "exceptions": exceptions, "cases": dict(Counter(c["kind"] for c in opened)),
        "approvals": dict(Counter(a["kind"] for a in approvals)),
        "singletons": sum(1 for c in opened if c["id"] not in desk.clustered),
        "how_closed": dict(Counter(_ended(c) for c in details)),
        "actions": dict(done), "actions_total": sum(done.values()),
        "actions_per_exception": round(sum(done.values()) / max(1, exceptions), 3),
        "suggestions": dict(desk.suggested),
        "most_unowned_at_a_look": desk.unowned, "past_clock_unseen": unseen,
        "open_at_the_end": [f"{c['number']} {c['kind']}: {c['title']}" for c in open_][:40],
        "not_as_meant": wrong[:40], "not_as_meant_total": len(wrong), "refused": dict(desk.refused),
        "seconds": round(seconds, 1), "orders_per_s": round(len(day.orders) / seconds, 2), "jumps": house.jumps,
        "good": not unseen and not wrong and len(orders) == len(day.orders),
    }  # fmt: skip


def _ended(case: dict[str, Any]) -> str:
    by = case["resolved_by"] or ""
    return f"{case['kind']}: {case['resolution'] or case['status']}, {'people' if by in PEOPLE else by}"


def _late_unseen(desk: Desk, case: dict[str, Any]) -> bool:
    due, closed = case["due_at"], case["closed_at"]
    ended = datetime.fromisoformat(closed) if closed else GOES
    if not due or datetime.fromisoformat(due) >= ended:
        return False
    shown = desk.shown.get(case["id"])
    return shown is None or shown > datetime.fromisoformat(due)


async def _wrong(desk: Desk, day: Troubled, orders: dict[str, Any]) -> list[str]:
    """Orders in trouble that did not go on as the manifest says: with other goods, or not at all."""
    found: list[str] = []
    for sent in day.orders:
        trouble = day.truth.troubles.get(sent.po)
        order = orders.get(sent.po)
        if order is None:
            found.append(f"{sent.po} ({trouble}): not known")
            continue
        first = sent.lines[0]
        misled = (sent.customer, first.sku) in day.truth.wrong  # may have been cancelled when that was noticed
        if misled and order["order"] in desk.coming_back:
            continue
        if order["status"] in ("rejected", "cancelled") and not misled:
            found.append(f"{sent.po} ({trouble}): {order['status']}")
        elif trouble in ("number", "typo") and order["status"] not in ("rejected", "cancelled"):
            lines = (await desk.ada.see(f"/api/orders/{order['order']}"))["lines"]
            right = day.truth.items[sent.customer, first.sku]
            found += [
                f"{sent.po} ({trouble}): {n['sku']} instead of {right}"
                for n in lines if n["line"] == first.line and n["sku"] != right
            ]  # fmt: skip
    return found


async def run(orders: int, exceptions: int, seed: int, workers: int) -> dict[str, Any]:
    day = troubles.make(orders, exceptions, seed, MORNING)

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    with tempfile.TemporaryDirectory(prefix="crossdock-day-") as base:
        logs = Path(base)
        logs.chmod(0o755)  # the database's account walks through it
        (logs / "world.json").write_bytes(day.world)
        async with embedded.running(logs / "data") as server:
            name = "crossdock_day"
            await installation.fresh(server.admin_dsn, name)
            async with installation.opened(
                server.admin_dsn_of(name), server.app_dsn(name), logs, orders=0, seed=seed, faults=False,
                worlds={TENANT: logs / "world.json"},
            ) as house:  # fmt: skip
                house.plan.deliveries.extend(day.deliveries)
                await house.start_gateway()
                for _ in range(workers):
                    await house.start_worker()
                desk = await _hired(house, day.truth)
                started = time.perf_counter()
                await play(house, desk, say)
                return await report(house, desk, day, time.perf_counter() - started)


async def _hired(house: Installation, truth: Truth) -> Desk:
    people: dict[str, Person] = {}
    for name, role in PEOPLE.items():
        await identity.add_user(house.db, name, name.title(), PASSWORD, {TENANT: (role, APPROVES.get(name))})
        people[name] = Person(house, name)
        await people[name].sign_in()
    ada = people["ada"]
    for team in await _teams(ada):
        body = {"title": team.replace("-", " ").title(), "members": ["cora", "nils"]}
        answer = await ada.send("PUT", f"/api/case-teams/{team}", body)
        assert answer.status < 300, answer
    return Desk(house, truth, people["cora"], people["nils"], people["bo"], people["olga"], ada)


async def _teams(ada: Person) -> list[str]:
    """The teams that the tenant's table of assignment names."""
    known = await ada.see("/api/case-teams")
    return [t["team"] for t in known["items"]] or list(TEAMS)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=5000)
    parser.add_argument("--exceptions", type=int, default=400)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    told = uvloop.run(run(options.orders, options.exceptions, options.seed, options.workers))
    if options.json:
        options.json.write_bytes(exactjson.dumps(told) + b"\n")
    print(json.dumps(told, indent=1, default=str))
    return 0 if told["good"] else 1


if __name__ == "__main__":
    sys.exit(main())
