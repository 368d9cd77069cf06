"""Recorded machines with other answers to some readings."""

import json
import shutil
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from dmaragent.collect.recorded import manifest
from support.machines import MACHINES

Answers = Mapping[str, bytes | None]
"""By path or name; None: it was not collected."""
NO_ANSWERS: Answers = {}


def altered(
    name: str,
    target: Path,
    files: Answers = NO_ANSWERS,
    calls: Answers = NO_ANSWERS,
    *,
    absent: Iterable[tuple[str, str]] = (),
) -> Path:
    """Copy the recording of a machine to `target`, with these answers in place of its own.

    `absent`: readings, as operation and path, of what the host does not have.
    """
    shutil.copytree(MACHINES / name, target)
    place = target / manifest.NAME
    document = json.loads(place.read_bytes())
    answers = [("read", path, answer) for path, answer in files.items()]
    answers += [("call", path, answer) for path, answer in calls.items()]
    new: list[dict[str, Any]] = [
        {"operation": operation, "path": path, "outcome": "absent", "detail": ""}
        for operation, path in absent
    ]
    for operation, path, answer in answers:
        reading: dict[str, Any] = {"operation": operation, "path": path}
        if answer is None:
            new.append({**reading, "outcome": "not-collected", "detail": ""})
            continue
        hashed = sha256(answer).hexdigest()
        new.append({**reading, "outcome": "value", "sha256": hashed, "redacted": False})
        file = target / ("calls" if operation == "call" else "root") / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(answer)
    replaced = {(reading["operation"], reading["path"]) for reading in new}
    kept = [
        reading
        for reading in document["readings"]
        if (reading["operation"], reading["path"]) not in replaced
    ]
    place.write_text(json.dumps({**document, "readings": kept + new}))
    return target


def dom0_with_hap(target: Path, files: Answers = NO_ANSWERS) -> Path:
    """Copy xen-pv-dom0 to `target` with HAP: the machine itself can run no HVM guest."""
    info = (MACHINES / "xen-pv-dom0/calls/xl-info").read_bytes()
    lists = info.replace(b" pv_directio ", b" pv_directio hap ")
    return altered("xen-pv-dom0", target, files, calls={"xl-info": lists})
