"""The state of the service as any user can see it: from its files and from systemd."""

import json
import os
import stat
from typing import Any, NamedTuple

from dmaragent.agent import words
from dmaragent.collect.live.commands import run_within
from dmaragent.iommu.kinds import HARMLESS_DAMAGE, WITHOUT_REGIONS
from dmaragent.service_paths import CAPTURE, INVENTORY, RUNTIME, SOCKET

_ACTIVE = ("active", "reloading", "refreshing")
"""The states in which a service runs: systemd's core/unit.h, ``UNIT_IS_ACTIVE_OR_RELOADING``."""
UNITS = ("dmaragent.service", "dmaragent-capture.service", "dmaragent.socket")
_SYSTEMD = "/run/systemd/system"
"""Present if systemd runs the machine: sd_booted(3)."""
_SECONDS = 10
"""The time limit of systemctl."""


class UnitState(NamedTuple):
    """The state of a unit in systemd, or why it is unknown."""

    words: str
    known: bool = True


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
    running_known: bool
    """Whether systemd reports the state of the service."""

    @property
    def running(self) -> bool:
        """Whether the service is known to run, according to systemd."""
        return dict(self.units)[UNITS[0]] in _ACTIVE


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
    states = [_state(unit) for unit in UNITS]
    return Status(
        units=tuple((unit, state.words) for unit, state in zip(UNITS, states, strict=True)),
        published=not problem,
        problem=problem,
        generation=generation,
        digest=digest,
        changed=_modification_time(path),
        regions=regions,
        captured=_modification_time(capture),
        may_read_capture=os.access(capture, os.R_OK),
        socket=os.path.exists(socket),
        running_known=states[0].known,
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


def _state(unit: str) -> UnitState:
    """Return the state of `unit` in systemd."""
    if not os.path.isdir(_SYSTEMD):
        return UnitState(words.without_systemd(), known=False)
    command = ["systemctl", "show", "--property=ActiveState", "--value", unit]
    try:
        ended = run_within(_SECONDS, command)
    except OSError as error:
        return _unknown(os.strerror(error.errno or 0))
    if ended.code is None:
        return _unknown(words.no_answer_within(_SECONDS))
    if ended.code:
        return _unknown(ended.errors.decode("utf-8", "backslashreplace").strip())
    state = ended.output.decode("utf-8", "backslashreplace").strip()
    return UnitState(state) if state else _unknown()


def _unknown(why: str | None = None) -> UnitState:
    return UnitState(words.state_unknown(why), known=False)


def _modification_time(path: str) -> float | None:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return None
