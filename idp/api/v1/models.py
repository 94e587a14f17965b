"""What is sent and answered alike by many operations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from idp.domain.roles import Role

MOST = 100
USUAL = 50

T = TypeVar("T")


def example(**members: Any) -> ConfigDict:
    """Return the configuration of a model that shows how it may look."""
    return ConfigDict(json_schema_extra={"examples": [members]})


# Built when first used: every command imports these, and few need them.
class Sent(BaseModel):
    """What a caller sends: exactly what is described, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    def given(self) -> dict[str, Any]:
        """Return what was sent, by name."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Told(BaseModel):
    """What is answered."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Nothing(BaseModel):
    """No body, or no query."""


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[
    datetime, PlainSerializer(_moment, return_type=str), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""Answered in UTC (RFC 3339)."""


def _whole(number: Any) -> Any:
    """Read a whole number as JSON Schema does, for which 5.0 is one."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _number(text: Any) -> Any:
    return int(text) if isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) < 10 else text


def _flag(text: Any) -> Any:
    return {"true": True, "false": False}.get(text, text) if isinstance(text, str) else text


def _word(kind: Callable[[str], T]) -> Callable[[Any], T | Any]:
    """Read a word of a closed list that came as text."""

    def read(text: Any) -> T | Any:
        try:
            return kind(text)
        except ValueError:
            return text

    return read


def in_query(kind: Callable[[str], T]) -> BeforeValidator:
    """Read a word of a closed list in a query."""
    return BeforeValidator(_word(kind))


WHOLE = BeforeValidator(_whole)
"""Of a number in a body; stands last, as do all of its kind, or bounds are missing in the document."""
Flag = Annotated[bool, Field(strict=True), BeforeValidator(_flag)]
"""In a query: ``true`` or ``false``."""
Limit = Annotated[int, Field(strict=True, ge=1, le=MOST), BeforeValidator(_number)]
Cursor = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,1024}$")]
Text = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=200)]


class Paged(BaseModel):
    """Which page of a list is asked for."""

    limit: Limit = Field(USUAL, description="How many at most.")
    cursor: Cursor | None = Field(None, description="The `next` of the page before.")


class List(Told, Generic[T]):
    """One page of a list."""

    items: list[T]
    next: str | None = Field(description="The `cursor` of the next page; null at the end.")


def _as_rfc_3339(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a moment needs its zone, as in 2027-01-31T17:00:00Z")
    return at.astimezone(UTC)


Ahead = Annotated[datetime, AfterValidator(_as_rfc_3339)]
"""A moment that was sent."""
Roles = Annotated[list[Role], Field(max_length=len(Role))]
Name = Annotated[str, Field(max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$")]
Email = Annotated[
    str,
    Field(
        max_length=254,
        pattern=r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64})*"
        r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$",
    ),
]
Domain = Annotated[
    str, Field(max_length=253, pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$")
]
Code = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$")]
