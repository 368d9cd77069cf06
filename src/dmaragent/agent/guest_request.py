"""What a toolstack posts to have a guest resolved, read; strict, for strangers may write it."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Never

from dmaragent.agent.messages import Response, problem
from dmaragent.asking import DOCUMENTED, Question, read_release
from dmaragent.errors import DmaragentError
from dmaragent.guests.formats import FORMATS, Guest, read_all_guests
from dmaragent.policy.guest import GuestConfig
from dmaragent.policy.settings import Toolstack

SOURCE = "guest"
"""What the posted configuration is called in places such as ``guest:3``."""
_FIELDS = ("guest", "xen", "toolstack")
_FORM = 'send {"guest": TEXT}, with "xen" and "toolstack" besides if need be; docs/api.md has more'


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestRequest:
    """Guests, and for which toolstack and release they are asked about."""

    guests: tuple[Guest, ...]
    question: Question


def read_guest_request(body: bytes) -> GuestRequest | Response:
    """Read what was posted, or say why not."""
    try:
        posted = json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_none)
    except RecursionError:
        return _bad("it is nested too deeply")
    except ValueError as error:  # also bytes that are no UTF-8, and numbers of thousands of digits
        return _bad(_said(error))
    if not isinstance(posted, dict):
        return _wrong("the body is no JSON object")
    fault = _fault(posted)
    return _wrong(fault) if fault else _read(posted)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that is given twice: which one counts, readers disagree about."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object names something twice")
    return found


def _none(_: str) -> Never:
    raise ValueError("NaN and Infinity are no JSON")


def _said(error: ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not in UTF-8"
    if isinstance(error, json.JSONDecodeError) or error.args[0].startswith(("an object", "NaN")):
        return str(error)
    return "it holds a number of thousands of digits"


def _fault(posted: dict[str, Any]) -> str:
    """Say what is wrong with the fields; empty: nothing."""
    unknown = sorted(posted.keys() - set(_FIELDS))
    if unknown:
        return f"the body has a field {unknown[0][:40]!r}, which means nothing here"
    if "guest" not in posted:
        return "the body has no guest"
    for name, value in posted.items():
        if not isinstance(value, str):
            return f"{name} is no text"
        if not _encodes(value):
            return f"{name} holds half a character: a lone surrogate"
    return ""


def _encodes(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _read(posted: dict[str, str]) -> GuestRequest | Response:
    try:
        toolstack = Toolstack(posted["toolstack"]) if "toolstack" in posted else None
    except ValueError:
        known = ", ".join(one.value for one in Toolstack)
        return _unreadable("toolstack is none that is known", hint=f"those are {known}")
    question = Question(xen=posted.get("xen"), toolstack=toolstack)
    try:
        if question.xen not in (None, DOCUMENTED):
            read_release("xen", posted["xen"])
        guests = read_all_guests(posted["guest"], SOURCE)
    except DmaragentError as error:
        return _unreadable(error.message, error.hint, _line(error))
    except RecursionError:  # what is nested almost too deeply, in the words about it
        return _unreadable("guest is nested too deeply")
    xen = (one for one in guests if isinstance(one, GuestConfig))
    refused = next((one for one in xen if not one.readable), None)
    if refused is not None:
        first = refused.refusals[0]
        hint = f"give a guest that its toolstack reads ({FORMATS})"
        return _unreadable(first.text, hint, int(first.place.rpartition(":")[2]))
    return GuestRequest(guests=guests, question=question)


def _line(error: BaseException) -> int | None:
    """Return the line of JSON or XML at which reading it ended, if that was the cause."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, json.JSONDecodeError):
            return cause.lineno
        line = getattr(cause, "line", None)  # an XmlError's, whose parser is not imported here
        if isinstance(line, int):
            return line
        cause = cause.__cause__
    return None


def _bad(why: str) -> Response:
    return problem(HTTPStatus.BAD_REQUEST, f"the body is no JSON: {why}", hint=_FORM)


def _wrong(why: str) -> Response:
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, why, hint=_FORM)


def _unreadable(why: str, hint: str = "", line: int | None = None) -> Response:
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, why, hint=hint, line=line)
