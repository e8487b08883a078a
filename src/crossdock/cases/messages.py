"""What customers are told: templates by moment and language, filled with the facts of the moment.

A template is a text file: `Subject: …`, an empty line, the body. `{name}` stands for a fact; a line that names a fact
we do not have is left out, so that one template serves with and without a promised date. Amounts and dates are
written as the language writes them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Any, cast

from crossdock import exactjson
from crossdock.cases.common import Arguments
from crossdock.db import Tx

DEFAULT_LANGUAGE = "en"
LANGUAGES = ("en", "de", "sv")
MOMENTS = (
    "confirmed", "backordered", "delayed", "shipped", "delivered", "cancelled", "rejected", "overdue",
    "return-approved", "return-refused", "return-credited", "dispute-credited", "dispute-refused", "delivery-credited",
    "repromised",
    "quote-sent", "quote-reminder", "quote-expired", "quote-refused",
    "customer-welcome", "customer-refused", "customer-documents",
)  # fmt: skip
_NAME = re.compile(r"\{(\w+)\}")
_MONEY = {"en": (",", "."), "de": (".", ","), "sv": ("\u00a0", ",")}
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@dataclass(frozen=True, slots=True)
class Template:
    subject: str
    body: str


Templates = Mapping[tuple[str, str], Template]  # by (language, moment)


def load() -> Templates:
    """The shipped templates. Raises ValueError for one that is missing or has no subject."""
    folder = files("crossdock.library").joinpath("templates")
    return {
        (language, moment): _parse(folder.joinpath(language, f"{moment}.txt").read_text(encoding="utf-8"))
        for language in LANGUAGES
        for moment in MOMENTS
    }


def compose(templates: Templates, a: Arguments) -> dict[str, Any]:
    """{moment, language?, notify?, data} → {wanted, moment, language, subject, body}

    notify: the moments that the customer wants to hear of, or "all" or "none". An unknown language falls back to
    English. An unknown moment is a KeyError.
    """
    moment, language = a.text("moment"), a.text("language", DEFAULT_LANGUAGE).lower()[:2]
    if language not in LANGUAGES:
        language = DEFAULT_LANGUAGE
    template = templates[language, moment]
    facts = cast("Mapping[str, Any]", a.json("data", {}))
    return {
        "wanted": wants(a.json("notify", "all"), moment),
        "moment": moment,
        "language": language,
        "subject": render(template.subject, facts, language).strip(),
        "body": render(template.body, facts, language),
    }


def wants(notify: Any, moment: str) -> bool:
    match notify:
        case "all" | None:
            return True
        case list() | tuple():
            return moment in cast("Sequence[Any]", notify)
        case _:
            return False


def render(text: str, facts: Mapping[str, Any], language: str) -> str:
    written = {name: _write(name, value, facts, language) for name, value in facts.items()}
    lines = [
        _NAME.sub(lambda m: written[m[1]], line)
        for line in text.splitlines()
        if all(written.get(name) for name in _NAME.findall(line))
    ]
    # A dropped line may leave two empty ones behind.
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def _write(name: str, value: Any, facts: Mapping[str, Any], language: str) -> str:
    match value:
        case None | "":
            return ""
        case int() | Decimal() if name in ("total", "amount", "net", "tax"):
            return f"{money_text(Decimal(value), language)} {facts.get('currency') or ''}".strip()
        case str() if name.endswith("_on"):
            return date_text(value, language)
        case list():
            rows = cast("list[Any]", value)
            return "\n".join(_line(row, language) for row in rows)
        case str() | int() | Decimal():
            return str(value)
        case _:
            return exactjson.text(value)


def _line(row: Any, language: str) -> str:
    """One order line: `  12 EA  NF-1042  Hex bolt M8`."""
    if not isinstance(row, Mapping):
        return f"  {row}"
    line = cast("Mapping[str, Any]", row)
    quantity = line.get("quantity")
    number = "" if quantity is None else format(Decimal(quantity).normalize(), "f").replace(".", _MONEY[language][1])
    amount = " ".join(p for p in (number, str(line.get("unit") or "")) if p)
    parts = (amount, str(line.get("sku") or ""), str(line.get("description") or ""))
    return "  " + "  ".join(p for p in parts if p)


def money_text(value: Decimal, language: str) -> str:
    thousands, point = _MONEY[language]
    return f"{value:,.2f}".replace(",", "\x00").replace(".", point).replace("\x00", thousands)


def date_text(value: str, language: str) -> str:
    try:
        day = date.fromisoformat(value[:10])
    except ValueError:
        return value
    match language:
        case "de":
            return day.strftime("%d.%m.%Y")
        case "sv":
            return day.isoformat()
        case _:
            return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _parse(text: str) -> Template:
    head, _, body = text.partition("\n\n")
    if not head.startswith("Subject: ") or not body.strip():
        raise ValueError(f"expected `Subject: …`, an empty line and a body; found {text[:40]!r}")
    return Template(head.removeprefix("Subject: "), body)


async def of_order(tx: Tx, tenant_id: str, order: str) -> list[dict[str, Any]]:
    """What was sent about an order, oldest first: {at, to, moment, language, subject, body, status}."""
    rows = await tx.fetch(
        "select c.called_at, c.arguments, c.state from crossdock.call c"
        " join crossdock.instance i on i.tenant_id = c.tenant_id and i.instance_id = c.instance_id"
        " where c.tenant_id = $1 and i.business_key = $2 and c.function = 'notification.send' order by c.called_at",
        tenant_id, order,
    )  # fmt: skip
    sent: list[dict[str, Any]] = []
    for row in rows:
        a = cast("dict[str, Any]", exactjson.loads(row["arguments"]))
        words = ("to", "moment", "language", "subject", "body")
        sent.append({"at": row["called_at"], **{w: a.get(w) for w in words}, "status": row["state"]})
    return sent
