"""Writes docs/functions.md from the signatures in the code: `python docs/make_functions.py`. A test compares them."""

from pathlib import Path

from crossdock.cases.signatures import SIGNATURES, Signature

PAGE = Path(__file__).with_name("functions.md")

HEAD = """# Catalogue functions

Made from the signatures in the code (`crossdock.cases.signatures`) by `docs/make_functions.py`; edit those and
run it.

A workflow calls them as `name@crossdock`; role operations (`erp.priceOrder@crossdock`) are in
[connectors.md](connectors.md). Arguments that are written out are checked when a definition is published and by
`crossdock flow validate`; those that expressions give, when the call is made. A wrong one is the error `validation`
with what was expected, what was found, and where.

## Business calendars

`crossdock calendar list | show NAME | put FILE…`. A calendar is a document, kept by version; a deadline names the
version it was counted on. `calendar: [ site/north, default, always ]` counts on the first that exists; `always` does.

```yaml
name: site/north
title: Northern depot
time_zone: Europe/Stockholm
hours: # per weekday; an end at or before its start is on the next day; `hours: always` is around the clock
  monday: ['06:00-12:00', '13:00-22:00']
  friday: ['22:00-06:00']
cutoffs: { ship: '15:00' } # released later counts as of the next business day; never after the day's closing
holidays: { country: SE } # and subdivision: public holidays of the library `holidays`
closures: [ { on: '12-31', name: Stocktaking }, { from: '2026-07-13', to: '2026-07-24', name: Summer } ]
exceptions: [ { on: '2026-12-24', hours: ['06:00-12:00'], cutoffs: { ship: '10:00' } } ]
```

An exception beats closures and holidays. On the days when clocks change, elapsed time counts: a time that comes twice
means the first, one that is skipped the moment of the change. A calendar that does not open within three years of a
moment is an error, not a promise for never.

## Reference tables

`crossdock lookup list | show TABLE | put FILE`. A table is published by edition, checked whole, in effect from its
time (`--from`), and never edited; `show` writes the CSV that `put` reads, digit for digit. Columns are text, integer,
decimal, boolean or date; up to 100,000 rows.

```console
crossdock lookup put skus.csv --table customer-skus --key customer,their_sku --types factor:decimal
```

Over REST an administrator does the same with `PUT /api/calendars` and `PUT /api/reference-tables` (the documents as
JSON); `GET` of both lists them, `?name=…&versions=true` every version of a calendar, and
`/api/reference-tables/{table}/rows?version=…` the rows of an edition. Each put is in the audit trail.

## Programs

`run: shell` and `run: script` are off. `crossdock programs allow FILE` makes Cedar policies of a tenant what its
workflows may run; they are asked when a definition is published and again when the task runs, and may speak of nothing
else:

```cedar
permit (principal, action == Action::"run.shell", resource)
when { principal.namespace == "operations" && principal.name == "nightly" };
```

What is permitted runs in an empty directory that is removed, with no variable of ours, as `nobody` where the worker is
root. It is no sandbox: the network, and the files that user may read, are open to it.

| limit | of | where it holds |
|---|---|---|
| 30 s, then it is killed; 31 s of processor time | the program; each process | everywhere |
| 1 MB of output on a stream, and in any one file | each process | everywhere |
| 256 open files, no core file | each process | everywhere |
| 1 GiB of memory | each process | Linux; other kernels do not count it, so nothing limits it there |
| 128 processes and threads, beside what its user runs already | the user | Linux; unlimited elsewhere |
| an end with all that it has started, when it ends or the worker dies | every process | Linux; see below |

On other systems only the process group of the program is found: what began a session of its own goes on. A program that
is killed for its time, or whose worker dies, may have had its effect: the outcome is unknown, and a
person settles it. Containers are refused: no engine comes with Crossdock.
"""


def page() -> str:
    return HEAD + "\n## Functions\n" + "".join(_section(s) for s in SIGNATURES.values())


def _section(signature: Signature) -> str:
    lines = [f"\n### {signature.name}\n", signature.summary + "\n"]
    if signature.arguments:
        lines.append("| Argument | Kind | Meaning | Default |\n|---|---|---|---|")
        for a in signature.arguments:
            default = "**required**" if a.required else a.default
            kind = " ".join(f"`{w}`" for w in a.words) if a.words else a.kind.value
            lines.append(f"| `{a.name}` | {kind} | {a.doc} | {default} |")
        lines.append("")
    if signature.one_of:
        lines.append(f"At least one of {', '.join(f'`{n}`' for n in signature.one_of)} is given.\n")
    lines.append(f"Gives {signature.output}.\n")
    if signature.notes:
        lines.append(signature.notes + "\n")
    if signature.errors:
        lines.append("Errors:\n")
        lines += [f"- {e}" for e in signature.errors]
        lines.append("")
    lines.append(f"```yaml\n{signature.example.rstrip()}\n```")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
