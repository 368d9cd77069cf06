"""The types of docs/schema/problem.v1.json."""

from typing import Annotated, NotRequired, TypedDict

from dmaragent.present.json.schema.common import Ordinal, Prose


class ProblemDocument(TypedDict):
    """A refusal of the agent's local API (RFC 9457), version 1.

    Sent as application/problem+json. There is no type, which means about:blank: the title is then
    the status's phrase.
    """

    title: str
    status: Annotated[int, ("minimum", 400), ("maximum", 599)]
    detail: Annotated[Prose, ("maxLength", 500)]
    """What is wrong, as a sentence."""
    hint: NotRequired[Prose]
    """What to do, as a sentence."""
    line: NotRequired[Ordinal]
    """The wrong line of the guest's text, if that cannot be read."""
