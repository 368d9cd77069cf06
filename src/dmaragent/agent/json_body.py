"""The JSON body of a request, parsed strictly, because it can come from a stranger. Pure.

A body is an object of strings. Parsing takes linear time in its 64 KiB.
"""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Never

from dmaragent.agent import words
from dmaragent.agent.http_messages import ApiResponse, problem
from dmaragent.errors import excerpt


class _StrictError(ValueError):
    """Carries what is wrong with JSON that Python would accept."""


def read_fields(body: bytes, names: Sequence[str], form: str) -> dict[str, str] | ApiResponse:
    """Return the fields of the object in `body`, or a problem document with the hint `form`.

    The first of `names` is required, and no others are allowed.
    """
    try:
        posted = json.loads(
            body.decode("utf-8"), object_pairs_hook=_unique_members, parse_constant=_refuse_constant
        )
    except RecursionError:
        return _no_json(words.body_nested(), form)
    except ValueError as error:  # also bytes that are not UTF-8, and numbers of thousands of digits
        return _no_json(_json_error_words(error), form)
    if isinstance(posted, dict):
        fault = _field_error(posted, names)
        if not fault:
            return posted
    else:
        fault = words.body_not_object()
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, fault, hint=form)


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


def _field_error(posted: dict[str, Any], names: Sequence[str]) -> str:
    """Return what is wrong with the fields; empty if nothing is."""
    unknown = sorted(posted.keys() - set(names))
    if unknown:
        return words.unknown_field(excerpt(unknown[0]))
    if names[0] not in posted:
        return words.field_missing(names[0])
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


def _no_json(why: str, form: str) -> ApiResponse:
    return problem(HTTPStatus.BAD_REQUEST, words.body_not_json(why), hint=form)
