"""Nothing is reachable from an expression but its data: a test for each way out that one may think of."""

import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from crossdock.flow import jq, program, yaml12
from crossdock.flow import secrets as marks

DATA = {"a": 1, "text": "x", "list": [1]}


def first(source: str, value: Any = DATA, **variables: Any) -> Any:
    return jq.compile(source).evaluate(value, variables)


@pytest.mark.parametrize(
    "name",
    ["env", "input", "inputs", "input_filename", "input_line_number", "halt", "halt_error", "stderr", "now",
     "localtime", "get_search_list", "modulemeta", "get_prog_origin", "get_jq_origin", "$ENV", "$__prog_args"],
)  # fmt: skip
@pytest.mark.parametrize(
    "around", ["{}", "[{}]", "try {} catch .", "{}?", "if false then {} else 1 end", "def f: {}; 1"]
)
def test_what_reaches_outside_is_refused_wherever_it_stands(name: str, around: str) -> None:
    with pytest.raises(jq.ExpressionError, match="blocked"):
        jq.compile(around.format(name))


@pytest.mark.parametrize("source", ['import "a" as a; .', 'import "os" as $os; .', 'include "a"; .', "module {}; ."])
def test_no_module_is_loaded(source: str) -> None:
    with pytest.raises(jq.ExpressionError):
        jq.compile(source)


@pytest.mark.parametrize("name", ["__prog", "__loc__", "__builtins__", "__prog_name", "self", "env"])
def test_a_variable_that_nobody_gave_is_none_of_pythons(name: str) -> None:
    try:
        expression = jq.compile(f"${name}")
    except jq.ExpressionError:
        return  # refused even earlier
    with pytest.raises(jq.EvaluationError, match="found none of that name"):
        expression.evaluate(DATA, {})


@pytest.mark.parametrize("name", ["__class__", "__dict__", "__init__", "keys", "items", "get", "__mro__"])
def test_a_path_reads_members_of_the_data_and_no_attributes_of_python(name: str) -> None:
    assert first(f".{name}") is None
    assert first(f'.["{name}"]') is None
    assert first(f'getpath(["{name}", "x"])') is None
    assert first(f'has("{name}")') is False
    assert first(f'.["{name}"] = 1') == {**DATA, name: 1}
    for value in ("text", 5, [1], True):
        with pytest.raises(jq.EvaluationError, match="Cannot index"):
            first(f".{name}", value)


@pytest.mark.parametrize("call", ["__import__", "eval", "exec", "open", "getattr", "system", "print", "globals"])
def test_no_function_of_python_has_a_name_here(call: str) -> None:
    for source in (call, f'{call}("os")', f'{call}("os"; "x")'):
        with pytest.raises(jq.ExpressionError, match="known function"):
            jq.compile(source)


@pytest.mark.parametrize("text", ["{0.__class__}", "%(a)s %s %n", "{a!r:>{b}}", "$(id)", "`id`", "${a}", "\\N{BULLET}"])
def test_a_text_is_never_a_template(text: str) -> None:
    for source in (".", '"\\(.)"', "@text", "ascii_downcase | ascii_upcase | ascii_downcase", "[.] | .[0]"):
        assert first(source, text).casefold() == text.casefold()
    assert first("0 | strftime($f)", f="{0.__class__}") == "{0.__class__}"


def test_sh_gives_a_text_and_runs_nothing(tmp_path: Path) -> None:
    hostile = f"'; touch {tmp_path}/made; echo '"
    quoted = first("@sh", hostile)
    assert not (tmp_path / "made").exists()
    shown = subprocess.run(["/bin/sh", "-c", f"printf %s {quoted}"], capture_output=True, text=True, check=True).stdout
    assert shown == hostile
    assert not (tmp_path / "made").exists()


def test_debug_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    assert first('debug | debug("x") | .a') == 1
    assert capfd.readouterr() == ("", "")


def test_the_environment_of_the_process_is_nowhere_in_what_can_be_built() -> None:
    os.environ["CROSSDOCK_TEST_CANARY"] = "canary-7f3a"
    try:
        for source in (".. | tojson", "[paths]", "to_entries", '[splits("x")?]', "getpath([])", "[.[]?]", "@json"):
            assert "canary" not in str(jq.compile(source).evaluate_all(DATA, {}))
    finally:
        del os.environ["CROSSDOCK_TEST_CANARY"]


@pytest.mark.parametrize(
    "source", [".text.x", "error", "tonumber", '"x" | fromjson', '"(" as $p | test($p)', "implode", ".a | ltrimstr({})"]
)
def test_an_error_tells_of_the_data_and_not_of_the_machine(source: str) -> None:
    with pytest.raises(jq.EvaluationError) as caught:
        jq.compile(source).evaluate(DATA, {})
    assert not any(word in str(caught.value) for word in ("/", "Traceback", "object at 0x", ".py"))


def test_a_secret_is_a_mark_that_no_expression_turns_into_its_value() -> None:
    given = {"erp": marks.mark("erp")}
    for source in (
        "$secrets.erp",
        "$secrets | tojson",
        "$secrets.erp | @base64",
        "[$secrets.erp | explode[]] | implode",
    ):
        assert "hunter2" not in str(first(source, secrets=given))


def test_the_compiler_needs_nothing_of_the_outside() -> None:
    """Loading and running expressions imports no module that reaches the network, files or other processes."""
    code = (
        "import sys; from crossdock.flow import jq; jq.compile('.a + 1').evaluate({'a': 1}, {}); "
        "print(sorted({'socket', 'subprocess', 'urllib.request', 'asyncio', 'ssl'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# shipped expressions

LIBRARY = Path(str(files("crossdock.library")))


@pytest.mark.parametrize("path", sorted(LIBRARY.glob("workflows/*.yaml")), ids=lambda path: path.name)
def test_no_shipped_expression_falls_back(path: Path) -> None:
    """Workflows as a whole, and every text of the form `${ … }` in any shipped file."""
    if ".test." not in path.name:
        assert program.load(path.read_bytes(), path.name).native


@pytest.mark.parametrize("path", sorted(LIBRARY.rglob("*.yaml")), ids=lambda path: path.name)
def test_every_expression_in_a_shipped_file_is_native(path: Path) -> None:
    for text in _texts(yaml12.read(path.read_bytes(), path.name).value):
        if (source := jq.strip(text)) is not None:
            assert jq.compile(source).native, source


def _texts(value: Any) -> list[str]:
    match value:
        case str():
            return [value]
        case dict():
            return [text for item in value.values() for text in _texts(item)]
        case list():
            return [text for item in value for text in _texts(item)]
        case _:
            return []
