"""What the linter can say: every code with its severity and what it means. `crossdock flow lint --codes` prints it.

An error keeps a definition from being published or is certain to fail when it runs; a warning is nearly always a
mistake; a hint is worth a look. Codes never change their meaning, so that a comment that ignores one stays right.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


@dataclass(frozen=True, slots=True)
class Rule:
    severity: Severity
    about: str


def _rules(severity: Severity, about: Mapping[str, str]) -> dict[str, Rule]:
    return {code: Rule(severity, text) for code, text in about.items()}


# What only the linter says. What validation says (`crossdock flow validate`) is an error, whatever its code.
RULES: Final[Mapping[str, Rule]] = {
    **_rules(
        Severity.ERROR,
        {
            "flow.endless-loop": "Tasks that lead back to each other, with no way out and nothing to wait for.",
            "flow.forbidden-input-field": "A path into the input that its schema rules out.",
            "flow.unknown-catalogue-function": "A function `name@crossdock` that is not in the catalogue.",
        },
    ),
    **_rules(
        Severity.WARNING,
        {
            "flow.assignment-as-condition": "A condition that assigns (`=`) where it was to compare (`==`).",
            "flow.catches-nothing": "A catch that no error of its tasks can reach.",
            "flow.constant-condition": "A condition that is the same whatever the data.",
            "flow.duplicate-case": "A case of a switch that an earlier one with the same condition always takes.",
            "flow.fallback-expression": "An expression that only the jq library runs: slower, numbers not exact.",
            "flow.listen-uncorrelated": "A listener that hears the events of every instance.",
            "flow.literal-password": "A password or token written into the definition.",
            "flow.no-deadline": "A wait for a person that nobody will notice when it takes for ever.",
            "flow.partial-expression": "A text with `${ }` inside: it is an expression only when it is all of it.",
            "flow.retry-without-limit": "A retry that goes on for ever.",
            "flow.secret-in-address": "A secret in an address or a query: addresses are logged, headers are not.",
            "flow.swallowed-error": "A catch that neither handles nor repeats: errors disappear.",
            "flow.unbounded-loop": "Tasks that lead back to each other, with no way out.",
            "flow.undeclared-input-field": "A path into the input that its schema does not mention.",
            "flow.unreachable-task": "A task that nothing leads to.",
            "flow.unsupported": "A part that is valid and fails when it runs here.",
            "flow.unused-then": "A `then` that is never followed.",
            "lint.unused-ignore": "A comment that ignores what is not there.",
            "yaml.boolean-word": "A word (`yes`, `off`) that other readers of YAML take for true or false.",
            "yaml.invisible-character": "A character that looks like a space, or like nothing, and is none.",
            "yaml.merge-key": "The key `<<`, which YAML 1.2 does not merge.",
            "yaml.octal-number": "A number with a leading zero.",
            "yaml.sexagesimal": "A text such as 12:30 that other readers of YAML take for a number.",
            "yaml.underscore-number": "A text such as 1_000 that other readers of YAML take for a number.",
        },
    ),
    **_rules(
        Severity.HINT,
        {
            "flow.busy-loop": "Tasks that lead back to each other without waiting in between.",
            "flow.switch-without-default": "A switch that does nothing when no case matches.",
            "flow.unused-part": "A part of `use` that nothing uses.",
        },
    ),
}


def severity(code: str) -> Severity:
    """Of one of the rules, or of a finding of validation."""
    rule = RULES.get(code)
    return Severity.ERROR if rule is None else rule.severity
