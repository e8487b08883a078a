"""Who works in a demo tenant: people with their roles, the teams that own its exceptions, and what they write with.

Every exception has an owner from the first minute, so the teams are there before the first order. The people share one
password, so that whoever looks may sign in as any of them and meet that person's limits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from crossdock.cases import mailing, replies, teams
from crossdock.db import Database
from crossdock.gateway import identity

BY = "system:demo"


@dataclass(frozen=True, slots=True)
class Person:
    """limit: up to which amount they approve; None: they approve nothing."""

    user: str
    name: str
    role: str
    limit: Decimal | None = None


PEOPLE = (
    Person("demo", "Dana Demo", "admin", Decimal(1_000_000)),
    # what one administrator writes, another publishes
    Person("kim", "Kim Kowalski", "admin", Decimal(1_000_000)),
    Person("bo", "Bo Berg", "approver", Decimal(5_000)),
    Person("cora", "Cora Lind", "coordinator"),
    Person("gil", "Gil Moreau", "coordinator"),
)
# The teams that the shipped table of assignments names, each with its people.
TEAMS: Mapping[str, tuple[str, Sequence[str]]] = {
    "order-desk": ("Order desk", ("demo", "cora", "gil")),
    "customer-service": ("Customer service", ("cora", "gil")),
    "logistics": ("Logistics", ("gil", "demo")),
    "purchasing": ("Purchasing", ("gil",)),
    "receivables": ("Receivables", ("bo", "cora")),
    "partners": ("Partners", ("cora", "demo")),
    "integration": ("Integration", ("demo",)),
}
# name → title, then the text by language; the first is the template's own.
TEMPLATES: Mapping[str, tuple[str, Mapping[str, tuple[str, str]]]] = {
    "delay": (
        "We are late",
        {
            "en": (
                "Your order {po}: we are late",
                "Dear {customer},\n\nyour order {po} (ours: {order}) does not go as we promised: {title}.\n"
                "It was promised for {promised_on}.\nWe tell you as soon as we know the new day.\n\n{me}",
            ),
            "de": (
                "Ihre Bestellung {po}: wir sind spät",
                "Guten Tag {customer},\n\nIhre Bestellung {po} (unsere Nummer: {order}) verzögert sich.\n"
                "Zugesagt war sie für den {promised_on}.\nWir melden uns, sobald der neue Tag feststeht.\n\n{me}",
            ),
            "sv": (
                "Er order {po}: vi är sena",
                "Hej {customer},\n\ner order {po} (vårt nummer: {order}) blir försenad.\n"
                "Den var utlovad till {promised_on}.\nVi hör av oss när den nya dagen är klar.\n\n{me}",
            ),
        },
    ),
    "question": (
        "A question about an order",
        {
            "en": (
                "Your order {po}: a question",
                "Dear {customer},\n\nwe cannot go on with your order {po}: {reason}\n"
                "Please tell us what you need.\n\n{me}",
            ),
            "de": (
                "Ihre Bestellung {po}: eine Frage",
                "Guten Tag {customer},\n\nzu Ihrer Bestellung {po} haben wir eine Frage: {reason}\n"
                "Bitte sagen Sie uns, was Sie brauchen.\n\n{me}",
            ),
        },
    ),
}  # fmt: skip


async def people(db: Database, tenants: Sequence[str], password: str) -> None:
    for p in PEOPLE:
        await identity.add_user(db, p.user, p.name, password, {t: (p.role, p.limit) for t in tenants})


async def staff(db: Database, tenant: str, now: datetime) -> None:
    """Teams, reply templates, and the address from which the tenant writes. Its people are there already."""
    async with db.transaction(tenant) as tx:
        for team, (title, members) in TEAMS.items():
            await teams.put(tx, tenant, team, title, "", list(members), BY, now)
        for name, (title, texts) in TEMPLATES.items():
            for language, (subject, body) in texts.items():
                await replies.put(tx, tenant, name, title, subject, body, BY, now, language=language)
        await mailing.put_desk(tx, tenant, f"service@{tenant}.example", tenant.capitalize(), BY, now)
