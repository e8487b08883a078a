"""Who may run programs: nobody, until a policy of the tenant names the program and the workflow."""

import pytest

from crossdock.errors import PartnerError
from crossdock.policy import Allowed, Denied, programs
from crossdock.policy.programs import Program

OPERATIONS = """
permit (principal, action == Action::"run.shell", resource) when { principal.namespace == "operations" };
forbid (principal, action == Action::"run.shell", resource) when { principal.name == "untrusted" };
"""


def may(text: str, program: Program = Program.SHELL, namespace: str = "operations", name: str = "nightly") -> bool:
    return isinstance(programs.may_run(text, program, "norrland", namespace, name, "1.0.0"), Allowed)


def test_nothing_is_permitted_without_a_policy() -> None:
    assert not any(may("", program) for program in Program)


def test_a_policy_permits_what_it_names_to_whom_it_names() -> None:
    assert may(OPERATIONS)
    assert not may(OPERATIONS, Program.SCRIPT)
    assert not may(OPERATIONS, namespace="sales")
    assert not may(OPERATIONS, name="untrusted")


def test_the_refusal_names_program_and_workflow() -> None:
    denied = programs.may_run("", Program.SCRIPT, "norrland", "sales", "quote", "1.0.0")
    assert denied == Denied("no policy of the tenant permits run.script to the workflow sales/quote")


def test_an_error_in_a_policy_permits_nothing() -> None:
    text = 'permit (principal, action == Action::"run.shell", resource) when { principal.nosuch == "x" };'
    assert not may(text)


@pytest.mark.parametrize(
    "text",
    ["permit (", "permit (principal, action, resource);",
     'permit (principal, action == Action::"approval.decide", resource);',
     'permit (principal, action in [Action::"run.shell", Action::"read"], resource);',
     'permit (principal, action == Other::"run.shell", resource);',
     'permit (principal == ?principal, action == Action::"run.shell", resource);', "/" * 30_000],
)  # fmt: skip
def test_a_text_that_speaks_of_anything_else_is_refused(text: str) -> None:
    with pytest.raises(PartnerError):
        programs.check(text)


def test_a_text_about_programs_is_taken_and_so_is_an_empty_one() -> None:
    programs.check("")
    programs.check('permit (principal, action in [Action::"run.shell", Action::"run.script"], resource);')
