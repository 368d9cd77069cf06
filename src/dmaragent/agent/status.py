"""The state of the service as any user can see it: from its files and from systemd."""

import json
import os
import stat
from typing import Any, NamedTuple

from dmaragent.agent import words
from dmaragent.collect.live.commands import run_within
from dmaragent.iommu.kinds import HARMLESS_DAMAGE, WITHOUT_REGIONS
from dmaragent.service_paths import CAPTURE, INVENTORY, RUNTIME, SOCKET

UNITS = ("dmaragent.service", "dmaragent-capture.service", "dmaragent.socket")
_SYSTEMD = "/run/systemd/system"
"""Present if systemd runs the machine: sd_booted(3)."""
_SECONDS = 10
"""The time limit of systemctl."""


class Status(NamedTuple):
    """The state of the service, seen from outside."""

    units: tuple[tuple[str, str], ...]
    """Each unit with its state in systemd (active, inactive, failed), or why it is unknown."""
    published: bool
    """Whether there is a published inventory that can be read."""
    problem: str
    """Why there is none; else empty."""
    generation: int | None
    digest: str | None
    changed: float | None
    """When it last changed, in seconds since 1970."""
    regions: int | None
    """None if one can be missing, or if nothing is published."""
    captured: float | None
    """When root's capture was made; None if it is absent, or hidden from this user."""
    may_read_capture: bool
    socket: bool
    """Whether the socket of the local API exists."""

    @property
    def running(self) -> bool:
        """Whether the service runs, according to systemd."""
        return dict(self.units)[UNITS[0]] == "active"


def read_status(runtime: str = RUNTIME, capture: str = CAPTURE, socket: str = SOCKET) -> Status:
    """Return the state of the service."""
    path = os.path.join(runtime, INVENTORY)
    problem, generation, digest, regions = "", None, None, None
    try:
        document = json.loads(_content(path))
        generation = int(document["origin"]["generation"])
        digest = str(document["origin"]["digest"])
        regions = _region_count(document["answer"])
    except OSError as error:
        problem = f"{path}: {os.strerror(error.errno or 0)}"
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        problem = words.not_an_inventory(path)
    return Status(
        units=tuple((unit, _state(unit)) for unit in UNITS),
        published=not problem,
        problem=problem,
        generation=generation,
        digest=digest,
        changed=_modification_time(path),
        regions=regions,
        captured=_modification_time(capture),
        may_read_capture=os.access(capture, os.R_OK),
        socket=os.path.exists(socket),
    )


def _region_count(answer: dict[str, Any]) -> int | None:
    """Return how many regions a published inventory has; None if one can be missing."""
    table, absence = answer["table"], answer["absence"]
    if absence is not None:
        return 0 if absence["kind"] in {kind.value for kind in WITHOUT_REGIONS} else None
    damage = {one["kind"] for one in table["damage"]}
    whole = table["state"] == "decoded" and damage <= HARMLESS_DAMAGE
    return len(answer["regions"]) if whole else None


def _content(path: str) -> bytes:
    """Return the bytes of a regular file; another file counts as empty.

    Raises:
        OSError: it cannot be read.

    """
    # O_NONBLOCK: a pipe without a writer would block.
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        return file.read() if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else b""


def _state(unit: str) -> str:
    """Return the state of `unit` in systemd."""
    if not os.path.isdir(_SYSTEMD):
        return words.without_systemd()
    command = ["systemctl", "show", "--property=ActiveState", "--value", unit]
    try:
        ended = run_within(_SECONDS, command)
    except OSError as error:
        return words.state_unknown(os.strerror(error.errno or 0))
    if ended.code is None:
        return words.state_unknown(words.no_answer_within(_SECONDS))
    if ended.code:
        return words.state_unknown(ended.errors.decode("utf-8", "backslashreplace").strip())
    return ended.output.decode("utf-8", "backslashreplace").strip() or words.state_unknown()


def _modification_time(path: str) -> float | None:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return None
