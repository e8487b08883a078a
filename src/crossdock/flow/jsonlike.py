"""A value of unknown shape seen as what it is: the one place where `Any` from a parser becomes a type."""

from typing import Any, cast


def mapping(value: object) -> dict[str, Any] | None:
    """The value if it is a JSON object; their keys are texts, as every parser here makes them."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def sequence(value: object) -> list[Any] | None:
    """The value if it is a JSON array."""
    return cast("list[Any]", value) if isinstance(value, list) else None


def member(value: object, name: str) -> Any:
    """The member of an object; None where there is none, or no object."""
    return cast("dict[str, Any]", value).get(name) if isinstance(value, dict) else None
