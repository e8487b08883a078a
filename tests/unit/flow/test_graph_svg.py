"""The picture of a definition: nothing overlaps, everything leads where it should, any text is safe in it."""

from importlib.resources import files
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from crossdock.cli.flow import app
from crossdock.flow import program
from crossdock.flow.graph import Edge, Graph, Node, graph
from crossdock.flow.layout import Box, Layout, Line, lay_out
from crossdock.flow.svg import svg

SVG = "{http://www.w3.org/2000/svg}"
CHAIN = [Line(0, 1), Line(1, 2)]
BOX = Box(100, 40)


def overlapping(boxes: list[Box], laid: Layout) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for (i, a), (j, b) in combinations(enumerate(boxes), 2):
        dx = abs(laid.centres[i][0] - laid.centres[j][0])
        dy = abs(laid.centres[i][1] - laid.centres[j][1])
        if dx < (a.width + b.width) / 2 and dy < (a.height + b.height) / 2:
            found.append((i, j))
    return found


@st.composite
def drawings(draw: st.DrawFn) -> tuple[list[Box], list[Line]]:
    count = draw(st.integers(1, 12))
    sizes = st.builds(Box, st.integers(10, 200), st.integers(10, 60))
    boxes = draw(st.lists(sizes, min_size=count, max_size=count))
    places = st.integers(0, count - 1)
    labels = st.none() | st.builds(Box, st.integers(10, 90), st.integers(10, 40))
    return boxes, draw(st.lists(st.builds(Line, places, places, labels), max_size=24))


@settings(max_examples=150, deadline=None)
@given(drawings())
def test_no_boxes_overlap_and_every_line_joins_its_boxes(drawing: tuple[list[Box], list[Line]]) -> None:
    boxes, lines = drawing
    laid = lay_out(boxes, lines)
    assert overlapping(boxes, laid) == []
    for (x, y), box in zip(laid.centres, boxes, strict=True):
        assert box.width / 2 - 1 <= x <= laid.width - box.width / 2 + 1
        assert box.height / 2 - 1 <= y <= laid.height - box.height / 2 + 1
    for line, route in zip(lines, laid.routes, strict=True):
        assert (route.label is None) == (line.label is None)
        for end, place in ((route.points[0], line.source), (route.points[-1], line.target)):
            x, y = laid.centres[place]
            assert abs(end[0] - x) <= boxes[place].width / 2 + 0.2
            assert abs(abs(end[1] - y) - boxes[place].height / 2) <= 0.2 or line.source == line.target


@settings(max_examples=50, deadline=None)
@given(drawings())
def test_the_same_graph_gives_the_same_picture(drawing: tuple[list[Box], list[Line]]) -> None:
    assert lay_out(*drawing) == lay_out(*drawing)


def test_a_chain_is_one_straight_column_in_reading_order() -> None:
    laid = lay_out([BOX] * 3, CHAIN)
    assert len({x for x, _ in laid.centres}) == 1
    assert all(upper[1] < lower[1] for upper, lower in pairwise(laid.centres))
    assert [route.back for route in laid.routes] == [False, False]


def test_a_way_back_leads_up_and_is_marked() -> None:
    laid = lay_out([BOX] * 3, [*CHAIN, Line(2, 0)])
    assert [route.back for route in laid.routes] == [False, False, True]
    assert laid.routes[2].points[0][1] > laid.routes[2].points[-1][1]


def test_a_graph_that_can_be_drawn_without_crossings_is() -> None:
    """Two chains whose boxes are named in turns."""
    lines = [Line(0, 2), Line(1, 3), Line(2, 5), Line(3, 4)]
    laid = lay_out([BOX] * 6, lines)
    left = laid.centres[0][0] < laid.centres[1][0]
    assert (laid.centres[2][0] < laid.centres[3][0]) is left
    assert (laid.centres[5][0] < laid.centres[4][0]) is left


def test_nothing_to_draw_is_an_empty_layout() -> None:
    assert lay_out([], []) == Layout(0, 0, (), ())


HOSTILE = '<script>alert("1")</script> & "quotes" \u202e日本'


def test_any_text_is_escaped() -> None:
    nodes = (Node("start", "Start", "start", ""), Node(HOSTILE, HOSTILE, "task", "/do/0/<b>"))
    drawn = svg(Graph(nodes, (Edge("start", HOSTILE, HOSTILE), Edge(HOSTILE, HOSTILE, "again"))), HOSTILE)
    root = ElementTree.fromstring(drawn)
    assert root.find(f".//{SVG}script") is None
    assert [node.get("data-id") for node in root.iter(f"{SVG}g") if node.get("data-id")] == ["start", HOSTILE]
    assert HOSTILE in [text.text for text in root.iter(f"{SVG}text")]


def test_the_picture_is_told_to_those_who_do_not_see_it() -> None:
    path = files("crossdock.library").joinpath("workflows", "backorder.yaml")
    root = ElementTree.fromstring(svg(graph(program.load(path.read_bytes(), "backorder.yaml")), "Backorder"))
    assert (root.get("role"), root.get("aria-labelledby")) == ("img", "graph-title graph-desc")
    title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert title.text == "Backorder"
    assert desc is not None
    assert desc.text is not None
    assert desc.text.startswith("Start leads to Backorder.")
    style = root.find(f"{SVG}style")
    assert style is not None
    assert "prefers-color-scheme: dark" in str(style.text)


WORKFLOWS = files("crossdock.library").joinpath("workflows")
SHIPPED = sorted(
    w.name.removesuffix(".yaml") for w in WORKFLOWS.iterdir() if w.name.endswith(".yaml") and ".test." not in w.name
)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_processes_are_drawn_whole(name: str) -> None:
    path = files("crossdock.library").joinpath("workflows", f"{name}.yaml")
    drawn = graph(program.load(path.read_bytes(), f"{name}.yaml"))
    root = ElementTree.fromstring(svg(drawn, name))
    shown = [node.get("data-id") for node in root.iter(f"{SVG}g") if node.get("data-id")]
    assert shown == [node.id for node in drawn.nodes]
    assert len([way for way in root.iter(f"{SVG}path") if "way" in str(way.get("class"))]) == len(drawn.edges)


@pytest.mark.parametrize("name", [n for n in SHIPPED if n != "backorder"])
def test_the_picture_in_the_documents_is_the_shipped_process(name: str) -> None:
    path = WORKFLOWS.joinpath(f"{name}.yaml")
    loaded = program.load(path.read_bytes(), f"{name}.yaml")
    shown = Path(__file__).parents[3] / "docs" / "images" / f"{name}.svg"
    fix = f"crossdock flow graph {path} --format svg -o {shown}"
    assert shown.read_text(encoding="utf-8") == svg(graph(loaded), loaded.title), fix


def test_the_command_writes_a_file(tmp_path: Path) -> None:
    flow = tmp_path / "flow.yaml"
    flow.write_text(
        "document: { dsl: '1.0.3', namespace: d, name: t, version: '1.0.0', title: A & B }\ndo: [ a: { wait: PT1S } ]\n"
    )
    picture = tmp_path / "flow.svg"
    done = CliRunner().invoke(app, ["graph", str(flow), "--format", "svg", "-o", str(picture)])
    assert (done.exit_code, done.stdout) == (0, "")
    assert '<title id="graph-title">A &amp; B</title>' in picture.read_text()
    assert CliRunner().invoke(app, ["graph", str(flow)]).stdout.startswith("flowchart LR\n")
