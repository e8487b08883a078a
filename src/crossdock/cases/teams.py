"""Teams: whose work a case is. A team has people, who may be away, and the calendar on which its clocks run.

Who of a team gets the next case is decided by turns or by who has the least open; whoever is away gets none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crossdock import audit, exactjson
from crossdock.cases import calendars
from crossdock.db import Tx, queries
from crossdock.errors import Finding, NotFound, PartnerError

SQL = queries("crossdock.cases", "teams.sql")
MOST = 200  # people of a team
WORKERS = ("coordinator", "approver", "admin")  # roles that policy lets work on cases


@dataclass(frozen=True, slots=True)
class Member:
    """open: cases of theirs that are not closed, of all teams."""

    user: str
    away_until: datetime | None
    open: int

    def there(self, now: datetime) -> bool:
        return self.away_until is None or self.away_until <= now


@dataclass(frozen=True, slots=True)
class Team:
    """unowned: open cases of the team that nobody owns."""

    team: str
    title: str
    calendar: str
    members: Sequence[Member]
    open: int
    unowned: int


async def put(
    tx: Tx, tenant_id: str, team: str, title: str, calendar: str, members: Sequence[str], by: str, now: datetime
) -> Team:
    """Makes or changes a team; who stays in it stays away as long as before. Raises PartnerError."""
    findings: list[Finding] = []
    known = {r["user_name"] for r in await tx.fetch(SQL["workers"], tenant_id, list(WORKERS))}
    for n, user in enumerate(members):
        if user not in known:
            expected = f"a user of the tenant with the role {', '.join(WORKERS[:-1])} or {WORKERS[-1]}"
            findings.append(Finding("team.member", f"/members/{n}", expected, user, "Add the user first"))
    if len(members) > MOST:
        findings.append(Finding("team.members", "/members", f"at most {MOST}", str(len(members)), "Make two teams"))
    if calendar and await calendars.first(tx, tenant_id, [calendar]) is None:
        findings.append(Finding("team.calendar", "/calendar", "a calendar of the tenant", calendar, "Put it first"))
    if findings:
        raise PartnerError(findings)
    await tx.execute(SQL["put"], tenant_id, team, title or team, calendar, by, now)
    await tx.execute(SQL["drop_members"], tenant_id, team, list(members))
    await tx.execute(SQL["add_members"], tenant_id, team, list(members))
    detail = {"title": title, "calendar": calendar, "members": sorted(members)}
    await audit.record(tx, tenant_id, by, "team.put", team, detail)
    return await get(tx, tenant_id, team)


async def remove(tx: Tx, tenant_id: str, team: str, by: str) -> None:
    """Its cases keep their owners and its name. Raises NotFound."""
    if not await tx.fetchval(SQL["remove"], tenant_id, team):
        raise NotFound(f"No team {team!r}")
    await audit.record(tx, tenant_id, by, "team.remove", team, {})


async def away(tx: Tx, tenant_id: str, user: str, until: datetime | None, by: str) -> None:
    """Of all their teams; None: there again. Raises NotFound for somebody who is in none."""
    if await tx.fetchval(SQL["away"], tenant_id, user, until) is None:
        raise NotFound(f"{user} belongs to no team")
    await audit.record(tx, tenant_id, by, "team.away", user, {"until": until})


async def every(tx: Tx, tenant_id: str) -> list[Team]:
    return [_team(r) for r in await tx.fetch(SQL["all"], tenant_id, None)]


async def get(tx: Tx, tenant_id: str, team: str) -> Team:
    """Raises NotFound."""
    row = await tx.fetchrow(SQL["all"], tenant_id, team)
    if row is None:
        raise NotFound(f"No team {team!r}")
    return _team(row)


async def known(tx: Tx, tenant_id: str, user: str) -> bool:
    """Whether somebody may own a case."""
    return user in {r["user_name"] for r in await tx.fetch(SQL["workers"], tenant_id, list(WORKERS))}


async def next_of(tx: Tx, tenant_id: str, team: str, how: str, now: datetime) -> str | None:
    """Who of the team gets the next case; None: nobody of it is there. The team's row is locked: turns are taken
    one after the other.
    """
    row = await tx.fetchrow(SQL["turn"], tenant_id, team)
    if row is None:
        return None
    there = [(r["user_name"], r["open"]) for r in await tx.fetch(SQL["there"], tenant_id, team, now)]
    if not there:
        return None
    after = [p for p in there if p[0] > row["last_given"]] + [p for p in there if p[0] <= row["last_given"]]
    chosen = min(after, key=lambda p: p[1])[0] if how == "least-loaded" else after[0][0]
    await tx.execute(SQL["given"], tenant_id, team, chosen)
    return chosen


async def anybody(tx: Tx, tenant_id: str, now: datetime) -> tuple[str, str] | None:
    """(team, user) of whoever is there and has the least open."""
    row = await tx.fetchrow(SQL["anybody"], tenant_id, now)
    return None if row is None else (row["team"], row["user_name"])


def _team(row: Any) -> Team:
    members = [
        Member(m["user"], datetime.fromisoformat(m["away_until"]) if m["away_until"] else None, m["open"])
        for m in exactjson.loads(row["members"])
    ]
    return Team(row["team"], row["title"], row["calendar"], members, row["open"], row["unowned"])
