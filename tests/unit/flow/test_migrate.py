"""Moving an instance to another version: each thing that would break is named with its position and what to do."""

from datetime import UTC, datetime

import pytest

from crossdock.flow import migrate, program, restart
from crossdock.flow import state as states
from crossdock.flow.facts import Call, CallCompleted, EventReceived, Fact, Started
from crossdock.flow.interpreter import advance
from crossdock.flow.state import State

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
ONE = """
  - price: { call: erp.price@crossdock, with: { sku: '${ .sku }' }, export: { as: '${ {price: .} }' } }
  - wait-for-goods:
      listen: { to: { one: { with: { type: test.goods } } } }
  - ship: { call: wms.ship@crossdock, with: { net: '${ $context.price.net }' } }
"""


def version(number: str, tasks: str, name: str = "t", more: str = "") -> program.Program:
    head = f"document: {{ dsl: '1.0.3', namespace: d, name: {name}, version: '{number}' }}\n"
    return program.load(f"{head}{more}do:{tasks}", "flow.yaml")


def standing(p: program.Program, *facts: Fact) -> tuple[State, list[Fact]]:
    played: list[Fact] = [Started({"sku": "A"}, NOW, "7"), *facts]
    state = None
    for fact in played:
        state = advance(p, state, fact).state
    assert state is not None
    return state, played


OLD = version("1.0.0", ONE)
AT_GOODS = CallCompleted("/do/0/price#1", {"net": 2}, NOW)


def codes(new: program.Program, *facts: Fact, old: program.Program = OLD, **more: dict[str, str]) -> dict[str, str]:
    state, _ = standing(old, *facts)
    found = migrate.check(old, new, state, NOW, **more)
    assert (found.fact is None) == bool(found.breaks)
    return {b.code: b.at for b in found.breaks}


def test_a_task_that_moved_down_is_still_the_same_and_the_instance_goes_on_in_the_new_version() -> None:
    new = version("1.1.0", "\n  - log: { set: '${ . }' }" + ONE + "  - tell: { call: mail.send@crossdock, with: {} }\n")
    state, facts = standing(OLD, AT_GOODS)
    found = migrate.check(OLD, new, state, NOW)
    assert found.breaks == ()
    assert found.fact is not None
    facts.append(found.fact)
    moved = advance(new, state, found.fact).state
    # the listener is still known by the name under which the host subscribed it
    heard = EventReceived("/do/1/wait-for-goods#1", {"type": "test.goods", "source": "/wms", "id": "1"}, NOW)
    step = advance(new, moved, heard)
    facts.append(heard)
    assert [(c.at, c.arguments) for c in step.commands if isinstance(c, Call)] == [("/do/3/ship#1", {"net": 2})]
    shipped = CallCompleted("/do/3/ship#1", {}, NOW)
    step = advance(new, step.state, shipped)
    facts.append(shipped)
    assert [c.function for c in step.commands if isinstance(c, Call)] == ["mail.send"]
    folded = restart.fold(lambda v: {"1.0.0": OLD, "1.1.0": new}[v], "1.1.0", facts)
    assert folded is not None
    assert states.canonical(folded) == states.canonical(step.state)


def test_no_key_is_used_twice_when_a_name_comes_to_mean_another_task() -> None:
    """`price` is called again at the same pointer: its runs are counted on, so that the key is another."""
    new = version(
        "1.1.0", ONE.replace("wait-for-goods:", "wait-for-goods:\n      then: price").replace("{ .sku }", "{ 1 }")
    )
    state, _ = standing(OLD, AT_GOODS)
    fact = migrate.check(OLD, new, state, NOW).fact
    assert fact is not None
    moved = advance(new, state, fact).state
    heard = EventReceived("/do/1/wait-for-goods#1", {"type": "test.goods", "source": "/wms", "id": "1"}, NOW)
    step = advance(new, moved, heard)
    assert [c.at for c in step.commands if isinstance(c, Call)] == ["/do/0/price#2"]


GOODS = "/do/1/wait-for-goods#1"


@pytest.mark.parametrize(
    ("tasks", "code", "at"),
    [
        (ONE.replace("wait-for-goods", "goods"), "migrate.task", GOODS),
        (ONE.replace("listen: { to: { one: { with: { type: test.goods } } } }", "wait: PT1H"), "migrate.kind", GOODS),
        (ONE.replace("test.goods", "test.goods.received"), "migrate.listener", GOODS),
        (ONE.replace("$context.price.net", "$context.terms.net"), "migrate.variable", "/do/2/ship"),
    ],
)  # fmt: skip
def test_what_would_break_is_named_with_its_position(tasks: str, code: str, at: str) -> None:
    assert codes(version("2.0.0", tasks), AT_GOODS) == {code: at}


def test_a_variable_whose_writer_lies_behind_says_so_and_one_with_a_default_is_no_break() -> None:
    terms = "  - terms: { call: erp.terms@crossdock, with: {}, export: { as: '${ $context + {terms: .} }' } }\n"
    reads = ONE.replace("$context.price.net", "$context.terms.net")
    state, _ = standing(OLD, AT_GOODS)
    found = migrate.check(OLD, version("2.0.0", "\n" + terms + reads[1:]), state, NOW)
    assert [b.found for b in found.breaks] == ["nothing: /do/0/terms writes it, and lies behind"]
    assert codes(version("2.0.0", reads.replace("terms.net", "terms.net // 0")), AT_GOODS) == {}


def test_an_open_call_keeps_its_function_and_arguments() -> None:
    assert codes(version("2.0.0", ONE.replace("erp.price@", "erp.quote@"))) == {"migrate.call": "/do/0/price#1"}
    other = ONE.replace("{ sku: '${ .sku }' }", "{ item: '${ .sku }' }")
    assert codes(version("2.0.0", other)) == {"migrate.arguments": "/do/0/price#1"}
    assert codes(version("2.0.0", other), AT_GOODS) == {}, "passed: nobody asks it again"


def test_a_renamed_task_is_found_where_the_operator_says() -> None:
    new = version("2.0.0", ONE.replace("wait-for-goods", "goods"))
    assert codes(new, AT_GOODS, positions={"/do/1/wait-for-goods": "/do/1/goods"}) == {}
    assert "migrate.position" in codes(new, AT_GOODS, positions={"/do/1/nope": "/do/1/goods"})


def test_the_input_it_was_started_with_must_fit() -> None:
    needs = "input: { schema: { document: { type: object, required: [customer] } } }\n"
    assert codes(version("2.0.0", ONE, more=needs), AT_GOODS) == {"migrate.input": ""}


FORK = """
  - both:
      fork:
        branches:
          - a: { wait: PT1H }
          - b: { wait: PT2H }
"""


def test_a_fork_under_way_keeps_its_branches() -> None:
    old = version("1.0.0", FORK)
    assert codes(version("2.0.0", FORK + "          - c: { wait: PT3H }\n"), old=old) == {
        "migrate.fork": "/do/0/both#1"
    }


def test_a_task_that_came_to_stand_in_another_one_breaks_where_it_stands() -> None:
    inner = ONE.replace("\n  ", "\n          ")
    new = version("2.0.0", f"\n  - all:\n      do:{inner}")
    assert codes(new, AT_GOODS) == {"migrate.task": GOODS}


def test_another_workflow_the_same_version_and_an_ended_instance_are_refused() -> None:
    assert "migrate.name" in codes(version("2.0.0", ONE, name="other"), AT_GOODS)
    assert "migrate.same" in codes(OLD, AT_GOODS)
    heard = EventReceived(GOODS, {"type": "test.goods", "source": "/wms", "id": "1"}, NOW)
    ended = (AT_GOODS, heard, CallCompleted("/do/2/ship#1", {}, NOW))
    assert "migrate.ended" in codes(version("2.0.0", ONE), *ended)
