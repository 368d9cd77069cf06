"""The body of ``POST /v1/resolve``. Pure.

A worker parses the guests in it (``guest_answer.py``).
"""

from dataclasses import dataclass
from http import HTTPStatus

from dmaragent.agent import words
from dmaragent.agent.http_messages import ApiResponse, problem
from dmaragent.agent.json_body import read_fields
from dmaragent.errors import DmaragentError, excerpt
from dmaragent.policy.settings import Toolstack
from dmaragent.question.context import DOCUMENTED, Question
from dmaragent.question.releases import read_release

_FIELDS = ("guest", "xen", "toolstack")


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestRequest:
    """The text of one or more guests, and the toolstack and release to resolve them for."""

    text: str
    question: Question


def read_guest_request(body: bytes) -> GuestRequest | ApiResponse:
    """Return the request in `body`, or a problem document."""
    fields = read_fields(body, _FIELDS, words.form_of_request())
    return fields if isinstance(fields, ApiResponse) else _guest_request(fields)


def _guest_request(posted: dict[str, str]) -> GuestRequest | ApiResponse:
    try:
        toolstack = Toolstack(posted["toolstack"]) if "toolstack" in posted else None
    except ValueError:
        known = ", ".join(toolstack.value for toolstack in Toolstack)
        return unreadable(
            words.unknown_toolstack(excerpt(posted["toolstack"])),
            hint=words.known_toolstacks(known),
        )
    question = Question(xen=posted.get("xen"), toolstack=toolstack)
    try:
        if question.xen not in (None, DOCUMENTED):
            read_release("xen", posted["xen"])
    except DmaragentError as error:
        return unreadable(error.message, error.hint)
    return GuestRequest(text=posted["guest"], question=question)


def unreadable(why: str, hint: str = "", line: int | None = None) -> ApiResponse:
    """Return the answer to a request whose fields or guests are invalid or too many."""
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, why, hint=hint, line=line)
