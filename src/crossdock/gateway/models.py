"""What the answers are made of, as OpenAPI describes it: money as text, times in UTC, exact numbers elsewhere."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from crossdock.errors import Finding

T = TypeVar("T")
MOST = 500


def _text(value: Any) -> Any:
    """An amount with all its digits; what is text already stays."""
    match value:
        case Decimal():
            return f"{value:f}"
        case bool():
            return value
        case int():
            return str(value)
        case _:
            return value


def _utc(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def exact(value: Any) -> Any:
    """A stored document as plain JSON: a Decimal becomes a number where a double holds all its digits, else text."""
    match value:
        case Decimal():
            number = float(value)
            return number if value.is_finite() and Decimal(repr(number)) == value else f"{value:f}"
        case datetime():
            return _utc(value)
        case date():
            return value.isoformat()
        case dict():
            return {str(k): exact(v) for k, v in cast("dict[Any, Any]", value).items()}
        case list() | tuple():
            return [exact(v) for v in cast("list[Any]", value)]
        case str() | int() | float() | None:
            return value
        case _:
            return str(value)


Money = Annotated[str, BeforeValidator(_text), Field(examples=["1234.50"])]
Time = Annotated[datetime, PlainSerializer(_utc, return_type=str)]
Day = date
Json = Annotated[Any, PlainSerializer(exact)]
"""Any JSON value, as it was stored."""


class Answer(BaseModel):
    """Base of all answers: what a query gives and the model does not name stays inside."""

    model_config = ConfigDict(extra="ignore", from_attributes=True)


class Page(Answer, Generic[T]):
    """One page of a list. `next` is the cursor of the following one, null at the end."""

    items: list[T]
    next: str | None = None
    total: int


class FindingOut(Answer):
    """One thing wrong with what was sent, in words its author can act on."""

    code: str
    where: str
    expected: str
    found: str
    fix: str

    @classmethod
    def of(cls, finding: Finding) -> "FindingOut":
        return cls(
            code=finding.code,
            where=finding.where,
            expected=finding.expected,
            found=finding.found,
            fix=finding.fix,
        )


class Problem(Answer):
    """RFC 9457 problem details."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    findings: list[FindingOut] | None = None


Limit = Annotated[int, Field(ge=1, le=MOST, description="How many at most")]
Cursor = Annotated[str | None, Field(max_length=2000, description="`next` of the page before")]
Search = Annotated[str | None, Field(max_length=200, description="Finds what has this text in it")]
PROBLEMS: dict[int | str, dict[str, Any]] = {"4XX": {"model": Problem}, "5XX": {"model": Problem}}
