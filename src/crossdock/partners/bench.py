"""The test bench: what would become of a file if it came in now, without its coming in.

It is read, judged and answered exactly as intake does it, with the partners, agreements, maps and numbers of this
moment; nothing is stored, no number is taken and nothing happens in the business. So the acknowledgement bears the
numbers that would be next, and the true one may bear others.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from crossdock.db import Tx, queries
from crossdock.partners import intake
from crossdock.partners.deciding import Verdict
from crossdock.partners.decoding import decode
from crossdock.partners.intake import answering
from crossdock.partners.numbering import LAST, Direction, Level, Taken

SQL = queries("crossdock.partners", "numbering.sql")
MAX_BYTES = 4 * 1024 * 1024  # one sees what is wrong in less; a larger file is taken in as a test interchange
MAX_DOCUMENTS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An acknowledgement as it would be written. about: the interchange that it answers."""

    type: str
    filename: str
    about: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """documents: the first of `count`. answers: one for each interchange that gets one."""

    verdicts: tuple[Verdict, ...]
    count: int
    answers: tuple[Answer, ...]


async def try_out(tx: Tx, tenant_id: str, raw: bytes, filename: str, partner: str | None, now: datetime) -> Tried:
    """Raises PartnerError when `partner` is none of the tenant's. filename is for people."""
    known = await intake.context(tx, tenant_id, partner, adopt=False)
    documents = await asyncio.to_thread(decode, raw, filename, replace(known, max_bytes=MAX_BYTES))
    verdicts = await intake.judge(tx, tenant_id, documents)
    answers = await _answers(tx, tenant_id, verdicts, now)
    return Tried(verdicts=tuple(verdicts[:MAX_DOCUMENTS]), count=len(verdicts), answers=tuple(answers))


async def _answers(tx: Tx, tenant_id: str, verdicts: Sequence[Verdict], now: datetime) -> list[Answer]:
    found: dict[int, Answer] = {}
    taken: dict[tuple[str, str], int] = {}
    for verdict in verdicts:
        d = verdict.document
        if d.interchange is None or d.interchange.index in found or d.partner is None or d.acknowledgement is None:
            continue
        inside = [v for v in verdicts if v.document.interchange == d.interchange]
        wanted = answering.kind_wanted([v.document for v in inside])
        if not wanted:
            continue
        pair = (str(d.receiver), str(d.sender))
        ahead = taken[pair] = taken.get(pair, -1) + 1
        numbers = await _next(tx, tenant_id, pair, answering.messages_in(d.acknowledgement), ahead)
        repeats = any(v.repeats for v in inside)
        out = answering.write(d, d.acknowledgement, numbers, now, repeats=repeats, wanted=wanted)
        found[d.interchange.index] = Answer(
            type=out.type,
            filename=out.filename(d.partner.id),
            about=d.interchange.control,
            text=out.raw.decode("utf-8", "replace"),
        )
    return [*found.values(), *[await _refusal(tx, tenant_id, v, taken, now) for v in verdicts if answering.refuses(v)]]


async def _refusal(tx: Tx, tenant_id: str, v: Verdict, taken: dict[tuple[str, str], int], now: datetime) -> Answer:
    d = v.document
    pair = (str(d.receiver), str(d.sender))
    ahead = taken[pair] = taken.get(pair, -1) + 1
    out = answering.refusal(v, await _next(tx, tenant_id, pair, 1, ahead), now)
    return Answer(
        type=out.type,
        filename=out.filename(d.partner.id if d.partner else ""),
        about=d.interchange.control if d.interchange else "",
        text=out.raw.decode("utf-8", "replace"),
    )


async def _next(tx: Tx, tenant_id: str, pair: tuple[str, str], count: int, ahead: int) -> Taken:
    """The numbers that would be next. ahead: how many answers of this file go to the same partner before it."""

    async def next_of(level: Level) -> int:
        last = await tx.fetchval(SQL["last"], tenant_id, *pair, Direction.OUT, level) or 0
        return (last + ahead) % LAST + 1

    interchange, group, message = [await next_of(level) for level in Level]
    return Taken(interchange, group, tuple((message + n - 1) % LAST + 1 for n in range(count)))


def row(verdict: Verdict, filename: str) -> dict[str, Any]:
    """As intake tells it, with what was read."""
    d = verdict.document
    told = intake.result(verdict, filename).plain()
    return {
        **told,
        "partner_name": d.partner.name if d.partner else None,
        "customer_id": d.customer_id or None,
        "sender": str(d.sender) if d.sender else None,
        "receiver": str(d.receiver) if d.receiver else None,
        "control": d.interchange.control if d.interchange else None,
        "parsed": d.parsed,
        "canonical": d.order if d.order is not None else d.content,
    }
