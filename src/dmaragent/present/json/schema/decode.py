"""The types of docs/schema/decode.v1.json."""

from typing import Annotated, Literal, NotRequired, TypedDict

from dmaragent.present.json.schema.common import TEXT_FORMS, PassedOver, ToolOrigin
from fwtables.fields import Address
from fwtables.schema import TableDocument


class Source(TypedDict):
    """The place that the bytes were read from."""

    path: str
    form: Annotated[str, ("enum", ("table", *TEXT_FORMS, "host"))]
    """The form of the input: a binary table, a host, or text of one of these kinds."""
    address: Address | None
    line: int | None
    """The first line of the table in a text, from 1."""
    problem: str
    """What is wrong with the text or the packed file; or empty."""
    last_line: NotRequired[int]
    """The last line of the table in a text; absent for acpidump text and other sources."""
    packing: NotRequired[str]
    """The tool that the file is packed with, such as gzip; absent if it is not packed."""


class Entry(TableDocument):
    """A table with its source."""

    source: Source


class Answer(TypedDict):
    """Every table that was found."""

    tables: list[Entry]
    others: list[PassedOver]
    """Tables and files that were found but not decoded."""


class DecodeDocument(TypedDict):
    """dmaragent decode --json, version 1.

    DMAR and IVRS tables, whole: dmaragent encode writes the same bytes. The fields of a DMAR have
    the names of the VT-d specification, chapter 8.
    """

    format: Literal["dmaragent.decode"]
    version: Literal[1]
    origin: ToolOrigin
    answer: Answer
