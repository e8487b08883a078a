"""Documents that promise something about the code are held to it."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from crossdock import settings

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"


def rows(page: Path) -> Iterator[list[str]]:
    """The cells of every table row, without heads and rulers."""
    for line in page.read_text().splitlines():
        if line.startswith("| ") and not line.startswith(("| Package", "| Variable", "| Word")):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def project() -> dict[str, list[str]]:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = {"runtime": config["project"]["dependencies"], "development": config["dependency-groups"]["dev"]}
    return {name: [re.split(r"[\[<>=~!; ]", d)[0].lower() for d in listed] for name, listed in groups.items()}


def extras() -> list[str]:
    """What an operator may install beside it; the development group has them, too, so that they are tested."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return [
        re.split(r"[\[<>=~!; ]", d)[0].lower() for e in config["project"]["optional-dependencies"].values() for d in e
    ]


def test_every_extra_is_tested():
    assert set(extras()) <= set(project()["development"])


def test_every_dependency_has_its_reason_licence_and_alternative():
    page = list(rows(DOCS / "dependencies.md"))
    listed = [row[0].lower() for row in page]
    wanted = [name for names in project().values() for name in names]
    assert sorted(listed) == sorted(wanted), "docs/dependencies.md and pyproject.toml differ"
    assert [row for row in page if len(row) != 4 or not all(row)] == []


@pytest.mark.parametrize(("tree", "groups"), [("src", ["runtime", "extra"]), ("tests", ["runtime", "development"])])
def test_every_imported_package_is_declared(tree: str, groups: list[str]):
    providers = packages_distributions()
    known = {**project(), "extra": extras()}
    declared = {name.replace("_", "-") for group in groups for name in known[group]}
    # the same objects under the name of the package that they come from, or of its plugin
    declared |= {"starlette"} | ({"playwright"} if tree == "tests" else set())
    missing: dict[str, str] = {}
    for path in (ROOT / tree).rglob("*.py"):
        own = {p.stem for p in path.parent.glob("*.py")}
        for module in imported(path) - set(sys.stdlib_module_names) - own - {"crossdock", "crossdock_sandbox", "tests"}:
            names = {d.lower().replace("_", "-") for d in providers.get(module, [module])}
            if not names & declared:
                missing[module] = str(path.relative_to(ROOT))
    assert missing == {}, "add them to pyproject.toml and docs/dependencies.md, then `make lock`"


def imported(path: Path) -> set[str]:
    """Top-level names of all absolute imports, wherever in the file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=names):
                found |= {n.name.split(".")[0] for n in names}
            case ast.ImportFrom(module=str(module), level=0):
                found.add(module.split(".")[0])
            case _:
                pass
    return found


def test_runtime_licences_are_permissive():
    permissive = re.compile(r"MIT|BSD|Apache|PostgreSQL|ISC|Unlicense|PSF")
    runtime = set(project()["runtime"])
    odd = [
        row[0] for row in rows(DOCS / "dependencies.md") if row[0].lower() in runtime and not permissive.search(row[2])
    ]
    assert odd == []


def test_every_setting_is_described_with_its_default():
    described = {row[0].strip("`"): row for row in rows(DOCS / "settings.md")}
    ours = settings.described()
    elsewhere = {settings.PREFIX + name for name in settings.ELSEWHERE}
    assert set(described) == {s.variable for s in ours} | elsewhere
    differing = [s.variable for s in ours if s.default and described[s.variable][1] != f"`{s.default}`"]
    assert differing == []


def test_requirements_are_pinned_by_hash_and_name_no_address():
    text = (ROOT / "requirements.lock").read_text()
    assert "://" not in text
    assert not re.search(r"^\s*(-i|--index-url|--extra-index-url|--find-links)", text, re.MULTILINE)
    pinned = {
        line.split("==")[0].split("[")[0] for line in text.splitlines() if "==" in line.split("#")[0].split(";")[0]
    }
    missing = {n.replace("_", "-") for names in project().values() for n in names} - pinned
    assert missing == set(), "run `make lock`"


def test_a_lock_of_npm_packages_names_no_address():
    assert '"resolved"' not in (ROOT / "web" / "package-lock.json").read_text()


def test_decisions_are_numbered_once_and_have_their_three_parts():
    decisions = sorted((DOCS / "decisions").glob("*.md"))
    numbers = [d.name[:4] for d in decisions]
    assert len(set(numbers)) == len(numbers)
    for decision in decisions:
        text = decision.read_text()
        assert re.match(rf"# {int(decision.name[:4])}\. \S", text), decision.name
        for part in ("Context", "Decision", "Consequences"):
            assert re.search(rf"\*\*{part}|## {part}", text), f"{decision.name} has no {part}"


def test_every_link_between_documents_leads_somewhere():
    broken: list[str] = []
    for page in (*ROOT.glob("*.md"), *DOCS.rglob("*.md")):
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
            if "://" not in target and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def test_every_word_of_the_glossary_has_one_sentence():
    odd = [row[0] for row in rows(DOCS / "glossary.md") if len(row) != 2 or not row[1].endswith(".")]
    assert odd == []


def _committed() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("NOT RUN: not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_machine_or_a_registry():
    # a home directory, this checkout's own place, an address of a package index (by the form that clients use)
    here = re.escape(str(ROOT.parent)) + "/" if len(ROOT.parts) > 2 else r"(?!)"
    machine = re.compile(
        r"(?<![\w.])/(?:home/[a-z]+|Users/[A-Za-z]+|root/\.)/|https?://[^\s\"']*/simple\b"
        rf'|"resolved": *"https?:|registry *= *"?https?:|(?<![\w.]){here}'
    )
    own = Path(__file__)
    found: list[str] = []
    for path in _committed():
        if path == own or path.suffix in {".png", ".woff2", ".ico", ".xlsx"}:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{path.relative_to(ROOT)}: {m[0]}" for m in machine.finditer(text)]
    assert found == []
