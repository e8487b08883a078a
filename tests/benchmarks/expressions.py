"""What one expression costs here and in the jq library, on an order of 40 lines (about 5 kB).

Run: python tests/benchmarks/expressions.py
"""

import statistics
import timeit
from collections.abc import Callable
from typing import Any

import jq as library

from crossdock import exactjson
from crossdock.flow import jq

EXPRESSIONS = {
    "path": ".order.id",
    "sum of 40 products": ".order.lines | map(.qty * .price) | add",
    "object of six fields": (
        "{id: .order.id, customer: .order.customer.name, city: .order.ship.city, lines: (.order.lines | length), "
        'tier: $context.customer.tier, currency: (.order.currency // "USD")}'
    ),
    "select of 40": '.order.lines | map(select(.warehouse == "A2")) | length',
    "condition": ".order.customer.vip and (.order.lines | length) > 10",
    "interpolation": '"order \\(.order.id) for \\(.order.customer.name)"',
    "merge": "$context + {price: .}",
    "update": ".order.lines[].qty += 1",
    "group": ".order.lines | group_by(.warehouse) | map({key: .[0].warehouse, value: length}) | from_entries",
}
CONTEXT = {"price": 1, "customer": {"tier": "gold"}, "attempt": 2}


def order() -> dict[str, Any]:
    lines = [
        {
            "no": number,
            "sku": f"SKU-{number * 37:06}",
            "name": f"Product number {number} blue, large",
            "qty": 1 + number % 5,
            "price": number + 10.5,
            "warehouse": "B1" if number % 3 else "A2",
            "unit": "pcs",
        }
        for number in range(40)
    ]
    customer = {"id": 4711, "name": "Ada Lovelace GmbH", "email": "ada@example.com", "vip": True}
    ship = {"street": "Some Street 12", "zip": "10115", "city": "Berlin", "country": "DE"}
    return {"order": {"id": "SO-0000001", "customer": customer, "currency": "EUR", "ship": ship, "lines": lines}}


def microseconds(call: Callable[[], Any]) -> float:
    """Median of five rounds of at least 50 ms."""
    timer = timeit.Timer(call)
    number, taken = timer.autorange()
    number = max(1, int(number * 0.05 / taken))
    return statistics.median(timer.repeat(5, number)) / number * 1e6


def main() -> None:
    plain = order()
    text = exactjson.dumps(plain)
    document = exactjson.loads(text)
    print(f"document: {len(text)} bytes; µs per evaluation, median of 5\n")
    print(f"{'expression':22}{'native':>10}{'jq library':>12}{'ratio':>8}{'compile':>10}")
    for name, source in EXPRESSIONS.items():
        expression = jq.compile(source)
        assert expression.native
        # the library fixes variables when it compiles, so a context per run travels in the input
        program = library.compile(f".context as $context | .input | {source}" if "$context" in source else source)
        given = {"context": CONTEXT, "input": plain} if "$context" in source else plain
        native = microseconds(lambda e=expression: e.evaluate(document, {"context": CONTEXT}))
        outside = microseconds(lambda p=program, g=given: p.input_value(g).first())
        compiling = microseconds(lambda s=source: jq.compile(s))
        print(f"{name:22}{native:10.2f}{outside:12.1f}{outside / native:7.0f}x{compiling:10.0f}")


if __name__ == "__main__":
    main()
