"""The body of ``POST /v1/resolve``, parsed strictly, because it can come from a stranger. Pure.

Parsing takes linear time in its 64 KiB. A worker parses the guests in it (``guest_answer.py``).
"""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Never

from dmaragent.agent import words
from dmaragent.agent.http_messages import ApiResponse, problem
from dmaragent.errors import DmaragentError, excerpt
from dmaragent.policy.settings import Toolstack
from dmaragent.question.context import DOCUMENTED, Question
from dmaragent.question.releases import read_release

_FIELDS = ("guest", "xen", "toolstack")


class _StrictError(ValueError):
    """Carries what is wrong with JSON that Python would accept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestRequest:
    """The text of one or more guests, and the toolstack and release to resolve them for."""

    text: str
    question: Question


def read_guest_request(body: bytes) -> GuestRequest | ApiResponse:
    """Return the request in `body`, or a problem document."""
    try:
        posted = json.loads(
            body.decode("utf-8"), object_pairs_hook=_unique_members, parse_constant=_refuse_constant
        )
    except RecursionError:
        return _no_json(words.body_nested())
    except ValueError as error:  # also bytes that are not UTF-8, and numbers of thousands of digits
        return _no_json(_json_error_words(error))
    if not isinstance(posted, dict):
        return _bad_fields(words.body_not_object())
    fault = _field_error(posted)
    return _bad_fields(fault) if fault else _guest_request(posted)


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Reject a duplicate name, because parsers disagree about which one counts."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _StrictError(words.member_twice())
    return members


def _refuse_constant(_: str) -> Never:
    raise _StrictError(words.no_number())


def _json_error_words(error: ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return words.body_not_utf8()
    if isinstance(error, json.JSONDecodeError | _StrictError):
        return str(error)
    return words.long_number()


def _field_error(posted: dict[str, Any]) -> str:
    """Return what is wrong with the fields; empty if nothing is."""
    unknown = sorted(posted.keys() - set(_FIELDS))
    if unknown:
        return words.unknown_field(excerpt(unknown[0]))
    if "guest" not in posted:
        return words.no_guest()
    for name, value in posted.items():
        if not isinstance(value, str):
            return words.field_not_text(name)
        if not _is_utf8(value):
            return words.lone_surrogate(name)
    return ""


def _is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


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


def _no_json(why: str) -> ApiResponse:
    return problem(HTTPStatus.BAD_REQUEST, words.body_not_json(why), hint=words.form_of_request())


def _bad_fields(why: str) -> ApiResponse:
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, why, hint=words.form_of_request())


def unreadable(why: str, hint: str = "", line: int | None = None) -> ApiResponse:
    """Return the answer to a request whose fields or guests are invalid or too many."""
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, why, hint=hint, line=line)
