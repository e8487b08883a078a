"""Just enough Gherkin for the conformance kit: features, scenarios, steps with a text block."""

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

_STEP = re.compile(r"^(?:Given|When|Then|And|But)\s+(.*?):?$")


@dataclass(frozen=True, slots=True)
class Step:
    text: str  # without Given/When/Then and without a colon at its end
    block: str | None
    line: int


@dataclass(frozen=True, slots=True)
class Scenario:
    feature: str
    name: str
    file: str
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return f"{Path(self.file).stem}: {self.name}"


def scenarios(path: Path) -> list[Scenario]:
    """Every scenario of a feature file. Raises ValueError for a line that is none of the known kinds."""
    found: list[Scenario] = []
    feature, name = "", ""
    steps: list[Step] = []
    lines = path.read_text(encoding="utf-8").splitlines()
    i = 0
    while i < len(lines):
        line = lines[i].strip()
        if line.startswith("Feature:"):
            feature = line.removeprefix("Feature:").strip()
        elif line.startswith("Scenario:"):
            if name:
                found.append(Scenario(feature, name, str(path), tuple(steps)))
            name, steps = line.removeprefix("Scenario:").strip(), []
        elif line.startswith('"""'):
            end = next(j for j in range(i + 1, len(lines)) if lines[j].strip() == '"""')
            block = textwrap.dedent("\n".join(lines[i + 1 : end]))
            last = steps[-1]
            steps[-1] = Step(last.text, block, last.line)
            i = end
        elif (step := _STEP.match(line)) is not None and name:
            steps.append(Step(step[1], None, i + 1))
        elif line and not line.startswith("#") and name:
            raise ValueError(f"{path}:{i + 1}: expected a step, found {line!r}")
        i += 1
    if name:
        found.append(Scenario(feature, name, str(path), tuple(steps)))
    return found
