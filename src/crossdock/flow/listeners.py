"""Reading what a definition listens to: strategies, event filters, correlation; for `listen` and for `schedule.on`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crossdock.flow import correlation, jq, jsonlike, model, reading
from crossdock.flow.dataflow import Template, escape
from crossdock.flow.reading import describe

if TYPE_CHECKING:
    from crossdock.flow.definition import Reader

READ = ("data", "envelope", "raw")


def listen(reader: "Reader", task: Mapping[str, Any], pointer: str) -> model.Listen:
    here = f"{pointer}/listen"
    part = reader.problems.map(task.get("listen"), here, reading.LISTEN, "listen")
    reader.problems.word(part.get("read"), f"{here}/read", READ)
    raw = part.get("to", {})
    to = strategy(reader, raw, f"{here}/to")
    until, until_events = _until(reader, raw.get("until"), f"{here}/to/until")
    return model.Listen(to, until, until_events, str(part.get("read", "data")), _foreach(reader, task, pointer))


def strategy(reader: "Reader", raw: Any, pointer: str) -> model.Strategy:
    part = reader.problems.map(raw, pointer, reading.STRATEGY, "what to listen to")
    kinds = [kind for kind in ("one", "any", "all") if kind in part]
    if len(kinds) != 1:
        found = " and ".join(kinds) or "none"
        reader.problems.add("flow.listen", pointer, "one of one, any, all", found, "Keep one.")
        return model.Strategy("any", ())
    kind = kinds[0]
    if "until" in part and kind != "any":
        reader.problems.add(
            "flow.listen", f"{pointer}/until", "until only with any", f"until with {kind}", "Remove it."
        )
    if kind == "one":
        return model.Strategy(kind, (_filter(reader, part["one"], f"{pointer}/one"),))
    items: list[Any] = part[kind]
    if not items and kind == "all":
        reader.problems.add("flow.listen", f"{pointer}/all", "at least one filter", "none", "Say what to listen to.")
    return model.Strategy(kind, tuple(_filter(reader, item, f"{pointer}/{kind}/{i}") for i, item in enumerate(items)))


def _until(reader: "Reader", raw: Any, pointer: str) -> tuple[Template | None, model.Strategy | None]:
    match raw:
        case None | False:
            return None, None
        case str():
            return reader.expression(raw, pointer), None
        case _:
            if jsonlike.member(raw, "until"):
                reader.problems.add("flow.listen", pointer, "an until without until", "another until", "Remove it.")
            return None, strategy(reader, raw, pointer)


def _filter(reader: "Reader", raw: Any, pointer: str) -> model.Filter:
    part = reader.problems.map(raw, pointer, reading.FILTER, "an event filter")
    attributes: dict[str, Any] = dict(part.get("with", {}))
    data = None
    if not attributes and "with" in part:
        reader.problems.add("flow.listen", f"{pointer}/with", "at least one attribute", "none", "Add `type:`.")
    kind = attributes.get("type")
    if kind is not None and not isinstance(kind, str):
        reader.problems.add("flow.kind", f"{pointer}/with/type", "a text", describe(kind), "Quote it.")
        del attributes["type"]
    wanted: Any = attributes.get("data")
    if isinstance(wanted, str) and jq.strip(wanted) is not None:
        # A condition on each event; every other expression is evaluated once, when the listener subscribes.
        data = reader.expression(wanted, f"{pointer}/with/data")
        del attributes["data"]
    correlate = tuple(
        _correlation(reader, name, value, f"{pointer}/correlate/{escape(name)}")
        for name, value in part.get("correlate", {}).items()
    )
    return model.Filter(reader.template(attributes, f"{pointer}/with"), data, correlate)


def _correlation(reader: "Reader", name: str, raw: Any, pointer: str) -> model.Expectation:
    part = reader.problems.map(raw, pointer, reading.CORRELATE, "a correlation")
    source = str(part.get("from", "null"))
    reader.expression(source, f"{pointer}/from")
    inner = jq.strip(source)
    path = (source if inner is None else inner).strip()
    if correlation.compiled(path) is None:
        fix = "Use a path such as .data.order: hosts evaluate it for every event."
        reader.problems.add("flow.correlation", f"{pointer}/from", "an expression of the native subset", path, fix)
    expect = part.get("expect")
    return model.Expectation(name, path, None if expect is None else reader.template(expect, f"{pointer}/expect"))


def _foreach(reader: "Reader", task: Mapping[str, Any], pointer: str) -> model.Foreach | None:
    if "foreach" not in task:
        return None
    here = f"{pointer}/foreach"
    part = reader.problems.map(task["foreach"], here, reading.FOREACH, "foreach")
    item, at = str(part.get("item", "item")), str(part.get("at", "index"))
    reader.names((item, at), here)
    body = reader.body(part.get("do"), f"{here}/do", (item, at))
    outer, reader.scope = reader.scope, reader.scope | {item, at}
    output_schema, output_as = reader.in_out(part.get("output"), f"{here}/output", reading.OUTPUT, "as")
    export_schema, export_as = reader.in_out(part.get("export"), f"{here}/export", reading.OUTPUT, "as")
    reader.scope = outer
    return model.Foreach(item, at, body, output_as, output_schema, export_as, export_schema)
