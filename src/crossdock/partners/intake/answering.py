"""Every interchange is answered once: a 997, 999, TA1 or CONTRL, as agreed, in the transaction that takes it in;
and, where agreed, a message whose content cannot be used by an APERAK."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, assert_never
from uuid import UUID

from crossdock import exactjson, ids
from crossdock.db import Tx, queries
from crossdock.partners import numbering
from crossdock.partners.deciding import Verdict
from crossdock.partners.edi import outbound
from crossdock.partners.edifact import aperak, contrl
from crossdock.partners.edifact.contrl import Contrl
from crossdock.partners.intake.keeping import kept
from crossdock.partners.model import Decoded, Format, Status
from crossdock.partners.numbering import Taken
from crossdock.partners.profiles import Identifier
from crossdock.partners.sending import acknowledging
from crossdock.partners.x12 import acknowledge
from crossdock.partners.x12.acknowledge import Acknowledgement
from crossdock.partners.x12.write import Address

SQL = queries("crossdock.partners", "intake.sql")
NO_ACKNOWLEDGEMENT = "none"


async def interchanges(
    tx: Tx, tenant_id: str, receipt: Any, verdicts: list[Verdict], stored: Sequence[UUID | None]
) -> None:
    """Remembers the interchange numbers of a file, and answers each interchange once."""
    answered: set[int] = set()
    for v, document_id in zip(verdicts, stored, strict=True):
        d = v.document
        if d.interchange is None:
            continue
        inside = [w for w in verdicts if w.document.interchange == d.interchange]
        if not d.test and any(w.status is not Status.REJECTED and not w.repeats for w in inside):
            await tx.execute(
                SQL["remember_interchange"],
                tenant_id,
                kept(d.interchange.key),
                d.interchange.digest,
                receipt["receipt_id"],
                receipt["received_at"],
            )
        wanted = kind_wanted([w.document for w in inside])
        if d.interchange.index in answered or not wanted or document_id is None:
            continue
        answered.add(d.interchange.index)
        answer = d.acknowledgement
        if answer is not None:
            repeats = any(w.repeats for w in inside)
            await answer_one(tx, tenant_id, receipt, d, document_id, answer, repeats, wanted)


def kind_wanted(inside: Sequence[Decoded]) -> str:
    """Which acknowledgement an interchange is answered with: as agreed about its documents, else as with the partner;
    "" when none of them wants one."""
    kinds: list[str] = []
    for d in inside:
        if d.partner is not None:
            agreed = d.agreement.acknowledgement if d.agreement else None
            kinds.append(agreed or (d.partner.acknowledgement if d.partner.acknowledge else NO_ACKNOWLEDGEMENT))
    return next((k for k in kinds if k != NO_ACKNOWLEDGEMENT), "")


@dataclass(frozen=True, slots=True)
class Written:
    """An acknowledgement in its bytes. control: of its own interchange, as it stands there."""

    type: str
    control: str
    format: Format
    raw: bytes

    def filename(self, partner_id: str) -> str:
        return f"{self.type}-{partner_id}-{self.control}.edi"


def messages_in(answer: Acknowledgement | Contrl) -> int:
    """How many message numbers it takes: a CONTRL is one message, a 997 one set for each group, a TA1 none."""
    return len(answer.groups) if isinstance(answer, Acknowledgement) else 1


def write(
    d: Decoded, answer: Acknowledgement | Contrl, taken: Taken, now: datetime, *, repeats: bool, wanted: str
) -> Written:
    """The 997, 999, TA1 or CONTRL under these numbers. repeats: what it answers had come before."""
    at = now.astimezone(UTC)
    match answer:
        case Contrl():
            answer = contrl.repeated(answer) if repeats else answer
            raw = contrl.write(answer, taken.interchange, taken.messages[0], at)
            return Written("CONTRL", str(taken.interchange), Format.EDIFACT, raw)
        case Acknowledgement():
            if repeats and d.interchange is not None:
                answer = acknowledge.repeated(answer, d.interchange.control, f"{now:%y%m%d}", f"{now:%H%M}")
            own = acknowledge.Numbers(taken.interchange, taken.group, taken.messages)
            text = acknowledge.write(answer, own, at, "999" if wanted == "999" else "997")
            kind = "TA1" if not answer.groups else "999" if "~ST*999*" in text else "997"
            return Written(kind, f"{taken.interchange:09d}", Format.X12, text.encode("utf-8", "replace"))
        case _:
            assert_never(answer)


async def answer_one(
    tx: Tx,
    tenant_id: str,
    receipt: Any,
    d: Decoded,
    about: UUID,
    answer: Acknowledgement | Contrl,
    repeats: bool,
    wanted: str,
) -> None:
    """Writes the acknowledgement under the next numbers of this pair of partners, and offers it."""
    if d.partner is None or d.interchange is None:
        return
    key = acknowledging.key_of(receipt["receipt_id"], d.interchange.index)
    now: datetime = receipt["received_at"]
    sender, receiver = kept(str(d.receiver)), kept(str(d.sender))
    count = messages_in(answer)
    grouped = isinstance(answer, Acknowledgement) and count > 0
    taken = await numbering.take(tx, tenant_id, sender, receiver, messages=count, group=grouped)
    out = write(d, answer, taken, now, repeats=repeats, wanted=wanted)
    await _keep(tx, tenant_id, receipt, d, about, key, out, taken)


async def refusals(
    tx: Tx, tenant_id: str, receipt: Any, verdicts: Sequence[Verdict], stored: Sequence[UUID | None]
) -> None:
    """An APERAK for each message whose content cannot be used as it is, where that was agreed."""
    for v, document_id in zip(verdicts, stored, strict=True):
        d = v.document
        if document_id is None or d.sender is None or not refuses(v):
            continue
        sender, receiver = kept(str(d.receiver)), kept(str(d.sender))
        taken = await numbering.take(tx, tenant_id, sender, receiver, messages=1, group=False)
        out = refusal(v, taken, receipt["received_at"])
        key = acknowledging.key_of_refusal(document_id)
        await _keep(tx, tenant_id, receipt, d, document_id, key, out, taken)


def refuses(v: Verdict) -> bool:
    told = v.status in {Status.HELD, Status.REJECTED} and not v.repeats
    return told and aperak.due(v.document, v.errors)


def refusal(v: Verdict, taken: Taken, now: datetime) -> Written:
    d, at, number = v.document, now.astimezone(UTC), str(taken.interchange)
    rejected = v.status is Status.REJECTED
    said = aperak.refusal(d, v.errors, number=number, rejected=rejected, today=at.date())
    address = Address(
        sender=d.receiver or Identifier("", ""), receiver=d.sender or Identifier("", ""), version="", test=d.test
    )
    written = outbound.document("edifact-aperak", said)
    raw = outbound.edifact_interchange([written], address, taken.interchange, taken.messages, at)
    return Written("APERAK", number, Format.EDIFACT, raw)


async def _keep(
    tx: Tx, tenant_id: str, receipt: Any, d: Decoded, about: UUID, key: str, out: Written, taken: Taken
) -> None:
    """Stores what was written and offers it."""
    if d.partner is None or d.interchange is None:
        return
    now: datetime = receipt["received_at"]
    sender, receiver = kept(str(d.receiver)), kept(str(d.sender))
    sha256, document_id = hashlib.sha256(out.raw).digest(), ids.new()
    await tx.execute(SQL["store_raw"], tenant_id, sha256, out.raw, len(out.raw))
    parsed = {"acknowledges": d.interchange.control, "text": out.raw.decode("utf-8", "replace")}
    values: list[Any] = [
        *(tenant_id, document_id, None, 0, "out", out.format.value, out.type, Status.SENT.value, d.test, sha256),
        *(out.filename(d.partner.id), receipt["channel"], d.partner.id, d.partner.customer_id),
        *(sender, receiver, out.control, None, None, None, None, None, None, None),
        *("[]", "[]", exactjson.text(parsed), None),
        *(receipt["receipt_id"], now, None),
    ]
    await tx.execute(SQL["store_document"], *values)
    await acknowledging.offer(
        tx, tenant_id, document_id, key, now, partner_id=d.partner.id, type=out.type, sender=sender, receiver=receiver,
        taken=taken, acknowledges=kept(d.interchange.control), about=about, version=kept(d.version),
        test=d.test,
    )  # fmt: skip
