"""The page of a shared order: plain HTML in the customer's language, and its papers to read and to print.

No script, nothing loaded from anywhere, one style whose hash the page's own policy names. What is on it stands in
tower.shared.View; every text of ours stands in texts/<language>.json, and everything else is escaped.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any, cast

from crossdock import exactjson
from crossdock.cases.messages import date_text, money_text
from crossdock.tower.around import Shipment
from crossdock.tower.shared import BRAND, STEPS, Line, View


@dataclass(frozen=True, slots=True)
class Html:
    """policy: the Content-Security-Policy under which it is shown."""

    text: str
    policy: str


@cache
def texts(language: str) -> Mapping[str, Any]:
    return exactjson.loads(files("crossdock.tower").joinpath("texts", f"{language}.json").read_bytes())


def order_page(v: View, here: str) -> Html:
    """here: the page's own address, below which its papers are."""
    t = texts(v.language)
    way = "".join(_step(t, n, v.step) for n in range(len(STEPS))) if v.step is not None else ""
    facts = [
        (t["your_number"], v.po), (t["our_number"], v.order), (t["ordered_on"], _day(v.received_on, v)),
        (t["promised_on"], _day(v.promised_on, v)), (t["ship_to"], _address(v.ship_to)),
    ]  # fmt: skip
    body = [
        f'<p class="seller">{_e(v.seller)}</p><h1>{_e(t["order"])} {_e(v.po or v.order)}</h1>',
        f'<p class="state" data-state="{_e(v.state)}">{_e(t["states"][v.state])}</p>',
        f"<p>{_e(t['explained'][v.state])}</p>",
        f'<ol class="way" aria-label="{_e(t["progress"])}">{way}</ol>' if way else "",
        '<dl class="facts">' + "".join(_fact(k, x) for k, x in facts if x) + "</dl>",
        _section(t["lines"], _lines(v, t)),
        _section(t["shipments"], _shipments(v, t, here) if v.shipments else f"<p>{_e(t['no_shipments'])}</p>"),
        _section(t["invoices"], _invoices(v, t, here)) if v.invoices else "",
        f'<footer><p>{_e(t["until"])} {_e(_day(v.expires_at.date(), v))}. {_e(t["questions"])}</p></footer>',
    ]  # fmt: skip
    return _page(v, f"{t['order']} {v.po or v.order}", "".join(body))


def invoice_page(v: View, number: str, here: str) -> Html | None:
    """One invoice to read or print; None when the order has none of this number."""
    found = next((i for i in v.invoices if i.invoice == number), None)
    if found is None:
        return None
    t = texts(v.language)
    names = {line.line: line for line in v.lines}
    rows = "".join(
        f"<tr><td>{_e(_at(row, 'line'))}</td><td>{_item(names.get(_at(row, 'line')), _at(row, 'sku'))}</td>"
        f'<td class="r">{_e(_quantity(_decimal(row.get("quantity")), v))}</td>'
        f'<td class="r">{_e(_money(_decimal(row.get("amount")), v))}</td></tr>'
        for row in found.lines
    )
    sums = "".join(
        f'<tr><th scope="row" colspan="3">{_e(t[k])}</th><td class="r">{_e(_money(amount, v))}</td></tr>'
        for k, amount in (
            ("net", found.net), ("tax", found.tax), ("total", found.total), ("paid", found.paid),
            ("credited", found.credited), ("open", found.open),
        )
        if amount or k in ("net", "total")
    )  # fmt: skip
    facts = [
        (t["date"], _day(found.at.date(), v)), (t["due"], _day(iso(found.due_on), v)), (t["your_number"], v.po),
        (t["our_number"], v.order), (t["customer"], v.customer), (t["ship_to"], _address(v.ship_to)),
    ]  # fmt: skip
    head = "".join(f'<th scope="col"{r}>{_e(t[k])}</th>' for k, r in _HEADS)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody><tfoot>{sums}</tfoot></table>"  # fmt: skip
    return _paper(v, f"{t['invoice']} {found.invoice}", facts, table, here)


_HEADS = (("line", ""), ("item", ""), ("quantity", ' class="r"'), ("amount", ' class="r"'))


def packing_page(v: View, number: str, here: str) -> Html | None:
    """What is in one shipment, package by package; None when nothing of this number was sent."""
    found = next((s for s in v.shipments if s.shipment == number), None)
    if found is None:
        return None
    t = texts(v.language)
    names = {line.line: line for line in v.lines}
    packages = cast("list[dict[str, Any]]", found.packages) or [{"lines": found.lines}]
    tables = ""
    for package in packages:
        rows = "".join(
            f"<tr><td>{_e(_at(row, 'line'))}</td><td>{_item(names.get(_at(row, 'line')), _at(row, 'sku'))}</td>"
            f'<td class="r">{_e(_quantity(_decimal(row.get("quantity")), v))}</td></tr>'
            for row in cast("list[dict[str, Any]]", package.get("lines") or [])
        )
        caption = f"<caption>{_e(t['package'])} {_e(_at(package, 'sscc'))}</caption>" if package.get("sscc") else ""
        head = "".join(f'<th scope="col"{r}>{_e(t[k])}</th>' for k, r in _HEADS[:3])
        tables += f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    facts = [
        (t["tracking"], found.tracking), (t["sent_on"], _day(found.shipped_at and found.shipped_at.date(), v)),
        (t["your_number"], v.po), (t["our_number"], v.order), (t["ship_to"], _address(v.ship_to)),
    ]  # fmt: skip
    return _paper(v, f"{t['packing_list']} {found.shipment}", facts, tables, here)


def gone_page(language: str) -> Html:
    """For a link that does not work: says nothing of whether it ever did."""
    t = texts(language)
    blank = f"<h1>{_e(t['gone'])}</h1><p>{_e(t['gone_do'])}</p>"
    return _html(language, t["gone"], blank, BRAND)


def _paper(v: View, title: str, facts: Sequence[tuple[str, str]], table: str, here: str) -> Html:
    t = texts(v.language)
    body = [
        f'<p class="seller">{_e(v.seller)}</p><h1>{_e(title)}</h1>',
        '<dl class="facts">' + "".join(_fact(k, x) for k, x in facts if x) + "</dl>",
        f'{_wide(title, table)}<p class="back"><a href="{_e(here)}">{_e(t["back"])}</a></p>',
    ]
    return _page(v, title, "".join(body))


def _step(t: Mapping[str, Any], n: int, reached: int | None) -> str:
    done = reached is not None and n < reached
    now = ' aria-current="step"' if reached is not None and n == reached - 1 else ""
    return f'<li class="{"done" if done else "todo"}"{now}>{_e(t["steps"][STEPS[n]])}</li>'


def _lines(v: View, t: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{_e(n.line)}</td><td>{_item(n, n.sku)}</td>"
        f'<td class="r">{_e(_quantity(n.ordered, v))} {_e(n.unit)}</td><td class="r">{_e(_quantity(n.sent, v))}</td>'
        f'<td class="r">{_e(_quantity(n.later, v)) if n.later else ""}</td></tr>'
        for n in v.lines
    )
    heads = "".join(
        f'<th scope="col"{r}>{_e(t[k])}</th>'
        for k, r in (
            ("line", ""),
            ("item", ""),
            ("quantity", ' class="r"'),
            ("sent", ' class="r"'),
            ("later", ' class="r"'),
        )
    )
    return _wide(t["lines"], f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>")


def _shipments(v: View, t: Mapping[str, Any], here: str) -> str:
    def one(s: Shipment) -> str:
        arrived = s.delivered_at is not None
        word = t["states"]["delivered" if arrived else "delayed" if s.trouble else "sent"]
        facts = [
            (t["tracking"], s.tracking), (t["sent_on"], _day(s.shipped_at and s.shipped_at.date(), v)),
            (t["delivered_on"], _day(s.delivered_at and s.delivered_at.date(), v)),
            (t["expected_on"], "" if arrived else _day(iso(s.promised_on), v)), (t["signed_by"], s.signed_by),
        ]  # fmt: skip
        link = f'<a href="{_e(here)}/packing/{_e(s.shipment)}">{_e(t["packing_list"])} {_e(s.shipment)}</a>'
        inside = "".join(_fact(k, x) for k, x in facts if x)
        return f'<li><p><strong>{_e(word)}</strong> {link}</p><dl class="facts">{inside}</dl></li>'

    return '<ul class="cards">' + "".join(one(s) for s in v.shipments) + "</ul>"


def _invoices(v: View, t: Mapping[str, Any], here: str) -> str:
    rows = "".join(
        f'<tr><td><a href="{_e(here)}/invoice/{_e(i.invoice)}">{_e(i.invoice)}</a></td>'
        f"<td>{_e(_day(i.at.date(), v))}</td><td>{_e(_day(iso(i.due_on), v))}</td>"
        f'<td class="r">{_e(_money(i.total, v))}</td><td class="r">{_e(_money(i.open, v))}</td></tr>'
        for i in v.invoices
    )
    heads = "".join(
        f'<th scope="col"{r}>{_e(t[k])}</th>'
        for k, r in (("invoice", ""), ("date", ""), ("due", ""), ("total", ' class="r"'), ("open", ' class="r"'))
    )
    return _wide(t["invoices"], f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>")


def _wide(name: str, table: str) -> str:
    """What is too wide for a phone is moved sideways, also by keyboard."""
    return f'<div class="wide" role="group" tabindex="0" aria-label="{_e(name)}">{table}</div>'


def _section(title: str, inside: str) -> str:
    return f"<section><h2>{_e(title)}</h2>{inside}</section>"


def _fact(name: str, value: str) -> str:
    return f"<div><dt>{_e(name)}</dt><dd>{_e(value)}</dd></div>"


def _item(line: Line | None, sku: str) -> str:
    text = f' <span class="muted">{_e(line.description)}</span>' if line and line.description else ""
    return f"<code>{_e(sku or (line.sku if line else ''))}</code>{text}"


STYLE = files("crossdock.tower").joinpath("texts", "shared.css").read_text("utf-8").replace("\n", "")


def _page(v: View, title: str, body: str) -> Html:
    return _html(v.language, f"{title} · {v.seller}", body, v.color)


def _html(language: str, title: str, body: str, color: str) -> Html:
    style = STYLE.replace("BRAND", color)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    text = (
        f'<!doctype html><html lang="{_e(language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex, nofollow, noarchive"><meta name="referrer" content="no-referrer">'
        f"<title>{_e(title)}</title><style>{style}</style></head>"
        f"<body><header></header><main>{body}</main></body></html>"
    )
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return Html(text, policy)


# ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _e(text: Any) -> str:
    return escape(str(text), quote=True)


def _money(amount: Decimal | None, v: View) -> str:
    return "" if amount is None else f"{money_text(amount, v.language)} {v.currency}".strip()


def _day(day: date | None, v: View) -> str:
    return "" if day is None else date_text(day.isoformat(), v.language)


def _quantity(quantity: Decimal | None, v: View) -> str:
    if quantity is None:
        return ""
    text = f"{round(quantity, 3).normalize():f}"
    return text if v.language == "en" else text.replace(".", ",")


def _address(given: Mapping[str, Any]) -> str:
    raw = given.get("lines")
    lines = [str(x) for x in cast("list[Any]", raw)] if isinstance(raw, list) else []
    city = " ".join(str(given[k]) for k in ("postal_code", "city") if given.get(k))
    return ", ".join(p for p in (str(given.get("name") or ""), *lines, city, str(given.get("country") or "")) if p)


def _at(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value)


def _decimal(value: Any) -> Decimal | None:
    return Decimal(str(value)) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None


def iso(given: str | None) -> date | None:
    try:
        return date.fromisoformat(given[:10]) if given else None
    except ValueError:
        return None
