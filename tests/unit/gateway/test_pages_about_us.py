"""docs/kpi.md and docs/api.md say what the code does."""

import inspect
import re
from pathlib import Path

from crossdock.gateway import problems
from crossdock.tower import kpis
from crossdock.tower.alerts import checks
from crossdock.tower.orders import SORTS

DOCS = Path(__file__).parents[3] / "docs"


def test_every_figure_and_alert_is_defined_on_the_page() -> None:
    page = (DOCS / "kpi.md").read_text(encoding="utf-8")
    described = set(re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE))
    figures = set(re.findall(r'key="(\w+)"', inspect.getsource(kpis.strip)))
    fired = set(re.findall(r'kind="([\w-]+)"', inspect.getsource(checks)))
    assert len(figures) == 7
    assert described == figures | fired


def test_every_status_and_sort_is_on_the_page() -> None:
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    for status, _ in problems.STATUS.values():
        assert status == 503 or f"| {status} |" in page, status
    assert all(f"`{sort}`" in page for sort in SORTS)
