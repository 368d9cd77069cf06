"""What the collection from one host can end with."""

from enum import Enum
from typing import NamedTuple


class Failure(Enum):
    """Why there is no new document of a host."""

    REFUSED = "refused"
    """Its port is closed."""
    UNKNOWN_NAME = "unknown-name"
    """Its name has no address."""
    UNREACHABLE = "unreachable"
    """There is no route to it."""
    TIMEOUT = "timeout"
    """It did not finish in time."""
    UNKNOWN_HOST_KEY = "unknown-host-key"
    """Its host key was never accepted."""
    WRONG_HOST_KEY = "wrong-host-key"
    """Its host key is not the one that was accepted."""
    NO_LOGIN = "no-login"
    """It accepts no key of this user."""
    SSH_FAILED = "ssh-failed"
    """Another error of ssh."""
    NO_SHELL = "no-shell"
    """Neither dmaragent nor a shell ran there."""
    NO_SUDO = "no-sudo"
    """``sudo -n`` failed there."""
    NOT_ROOT = "not-root"
    """The user there is not root."""
    DUMP_FAILED = "dump-failed"
    """dmaragent or capture.sh failed there."""
    HALF = "half"
    """The stream ended before the document did."""
    WRONG_HASH = "wrong-hash"
    """What arrived is not what was sent."""
    TOO_LARGE = "too-large"
    """It sends more than a document can have."""
    NOT_A_DOCUMENT = "not-a-document"
    """What it sent is not a document that this dmaragent reads."""


class Broken(NamedTuple):
    """Why nothing usable arrived."""

    failure: Failure
    detail: str = ""
    """What ssh, or the host, printed last."""


class Received(NamedTuple):
    """A document that arrived as it was sent."""

    made_by: str
    """``dmaragent`` or ``capture.sh``."""
    document: bytes


class Outcome(NamedTuple):
    """The result of one host."""

    host: str
    file: str
    """The name of its new document in the folder; empty: there is none."""
    made_by: str
    broken: Broken | None
    kept: str
    """The name of an earlier document that stays; empty: there is none."""
    at: int
    """When it ended, in seconds since 1970."""
    seconds: float
    """How long it took."""
