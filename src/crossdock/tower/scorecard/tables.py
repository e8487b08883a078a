"""The scorecard, and what is behind a figure, as tables for a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

from crossdock.tower.scorecard.measure import Card, Measured, Row, Wanted

HEAD = (
    "figure", "value", "unit", "low_95", "high_95", "before", "change", "target", "met", "judged", "of",
    "complete_percent", "small_sample", "formula", "excluded", "clock",
)  # fmt: skip
ROW_HEAD = ("id", "order", "at", "counts", "amount", "customer", "channel", "total", "currency")
WIDTHS = {"figure": 24, "formula": 80, "excluded": 50, "clock": 40, "of": 20, "customer": 28, "at": 20, "id": 18}


def rows_of(measured: Iterable[Measured]) -> list[Sequence[Any]]:
    return [
        (m.figure.label, m.value, m.figure.unit, m.low, m.high, m.before, m.change, m.target, m.met, m.known,
         m.figure.of, m.completeness, m.small, m.figure.formula, m.figure.excluded, m.figure.clock)
        for m in measured
    ]  # fmt: skip


def rows_behind(rows: Iterable[Row]) -> list[Sequence[Any]]:
    return [(r.id, r.order, r.at, r.hit, r.amount, r.customer, r.channel, r.total, r.currency) for r in rows]


def as_csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(head)
    writer.writerows([cell(v) for v in row] for row in rows)
    return out.getvalue()


def cell(value: Any) -> str:
    """As text that no spreadsheet takes for a formula."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case Decimal() | int() | date():
            return str(value)
        case _:
            text = str(value)
            return f"'{text}" if text[:1] in "=+-@\t\r" else text


def as_xlsx(sheets: dict[str, tuple[Sequence[str], Sequence[Sequence[Any]]]]) -> bytes:
    """Name → head and rows. Numbers are numbers, and text is never a formula."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    import xlsxwriter  # pyright: ignore[reportMissingTypeStubs] - it has none; only who exports has to load it

    with cast("Any", xlsxwriter.Workbook(out, options)) as book:
        bold = book.add_format({"bold": True, "bottom": 1})
        for name, (head, rows) in sheets.items():
            sheet = book.add_worksheet(name[:31])
            sheet.freeze_panes(1, 1)
            for x, word in enumerate(head):
                sheet.write_string(0, x, word, bold)
                sheet.set_column(x, x, WIDTHS.get(word, 12))
            for y, row in enumerate(rows, 1):
                for x, value in enumerate(row):
                    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
                        sheet.write_number(y, x, float(value))
                    elif text := cell(value).removeprefix("'") if isinstance(value, str) else cell(value):
                        sheet.write_string(y, x, text)
    return out.getvalue()


def workbook(card: Card, wanted: Wanted, as_of: datetime) -> bytes:
    """The scorecard with its days, and a sheet that says what it is about."""
    days = [(m.figure.label, day, value) for m in card.measured for day, value in m.series]
    about = [
        ("tenant", wanted.tenant_id), ("from", wanted.period.since), ("until (not included)", wanted.period.until),
        ("time zone", wanted.zone), ("channel", wanted.channel or "all"), ("customer", wanted.customer or "all"),
        ("site", wanted.site or "all"),
        ("as of", as_of), ("behind by seconds", card.behind_s),
    ]  # fmt: skip
    return as_xlsx(
        {
            "Scorecard": (HEAD, rows_of(card.measured)),
            "Days": (("figure", "day", "value"), days),
            "About": (("what", "value"), about),
        }
    )
