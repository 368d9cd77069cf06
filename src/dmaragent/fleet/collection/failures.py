"""What a failed ssh means, by the lines that it printed."""

import re

from dmaragent.fleet.collection.model import Broken, Failure
from dmaragent.present.escaping import visible

SSH_FAILED = 255
"""The exit code of ssh for its own errors; any other is that of the command."""
LONGEST_DETAIL = 300
_OF_SSH = (
    (Failure.WRONG_HOST_KEY, r"REMOTE HOST IDENTIFICATION HAS CHANGED|REVOKED HOST KEY"),
    (Failure.UNKNOWN_HOST_KEY, r"Host key verification failed|host key is known for"),
    (Failure.NO_LOGIN, r"Permission denied|Too many authentication failures"),
    (Failure.REFUSED, r"Connection refused"),
    (Failure.TIMEOUT, r"[Tt]imed out"),
    (Failure.UNKNOWN_NAME, r"Could not resolve hostname"),
    (Failure.UNREACHABLE, r"No route to host|Network is unreachable|Host is down"),
)
"""Patterns of OpenSSH's messages, which it does not translate; the first that fits counts."""


def failure_of(code: int | None, errors: str, output: str, *, sudo: bool) -> Broken:
    """Return why the script did not run; `code` is that of ssh, None if it was ended."""
    detail = last_line(errors)
    if code is None:
        return Broken(Failure.TIMEOUT, detail)
    if code == SSH_FAILED:
        for failure, pattern in _OF_SSH:
            if re.search(pattern, errors):
                return Broken(failure, detail)
        return Broken(Failure.SSH_FAILED, detail)
    if sudo and re.search(r"^sudo: |sudo: (command )?not found", errors, re.MULTILINE):
        return Broken(Failure.NO_SUDO, detail)
    return Broken(Failure.NO_SHELL, detail or last_line(output) or f"exit code {code}")


def last_line(errors: str) -> str:
    """Return the last line with text, escaped: a stranger can have written it.

    dmaragent prints a next step after its error, which is for who runs it there.
    """
    lines = [line.strip() for line in errors.partition("\nNext: ")[0].splitlines() if line.strip()]
    return visible(lines[-1])[:LONGEST_DETAIL] if lines else ""
