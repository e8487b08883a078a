"""The list of all routes with what each needs, for docs/routes.md: `python -m crossdock.gateway.routes` writes it."""

from pathlib import Path
from typing import Any, cast

from crossdock.clock import Clock
from crossdock.gateway.access import Declared, Gate, Signed, declared
from crossdock.gateway.app import create
from crossdock.gateway.services import Services
from crossdock.settings import Settings

PAGE = Path(__file__).parents[3] / "docs" / "routes.md"
HEAD = """# Routes

Every address of the gateway and what it needs, as the code declares it; a route that declares nothing is not served.
`python -m crossdock.gateway.routes` writes this page, and a test compares it with the code.

A *session* is the cookie of a sign-in, with the header `X-Crossdock: 1` on changes; a *key* is
`Authorization: Bearer tenant.key`. The action is what `policy/policies.cedar` is asked about. *Partners* says whether
the role partner may come in, and then sees only what is its own. *By thing*: policy is asked with the thing's own facts
(its role, amount and who took part).

| Route | Needs | Action | Partners | What it is |
|---|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    # nothing is opened or served: the routes are only read
    app = create(Services(db=cast("Any", None), clock=Clock(), settings=Settings()))
    rows = [_row(r) for r in sorted(declared(app.routes), key=lambda r: (r.path, r.method))]
    return HEAD + "\n".join(rows) + "\n"


def _row(r: Declared) -> str:
    match r.gate:
        case Gate(action, partners, by_thing):
            needs, word = "session or key", f"`{action.value}`" + (", by thing" if by_thing else "")
            own = "yes" if partners else "no"
        case Signed():
            needs, word, own = "signature of the system", "", ""
        case None:
            needs, word, own = "nothing", "", ""
    return f"| `{r.method} {r.path}` | {needs} | {word} | {own} | {r.summary} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
