"""Errors of a recording or a bundle that was changed or damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmaragent.errors import HostError, OtherFormatError, excerpt
from dmaragent.readings import Missing, MissingKind

if TYPE_CHECKING:
    pass
from dmaragent.collect.words import AS_ROOT, shown


def no_manifest(where: str, name: str) -> HostError:
    """Return the error for an archive of a recorded machine that lacks its manifest, `name`."""
    return HostError(
        f"{where} contains a recorded machine that lacks its {name}",
        _BUNDLE_CHANGED,
    )


_BUNDLE_CHANGED = "copy the bundle again: it was changed or damaged after it was made"
_RECORDING_CHANGED = "copy the recording again: it was changed or damaged after it was made"


def stranger_in_bundle(where: str, stranger: str) -> HostError:
    """Return the error for a bundle with a member that bundles never contain."""
    return HostError(f"{where}: {stranger}, which bundles never contain", _BUNDLE_CHANGED)


def beside_machine(where: str, top: str, others: list[str]) -> HostError:
    """Return the error for a bundle with `others` beside its only folder, `top`."""
    names = ", ".join(map(shown, others))
    return HostError(
        f"{where}: not part of the recorded machine {shown(top)}: {names}", _BUNDLE_CHANGED
    )


def wrong_recording_manifest(error: HostError) -> HostError:
    """Return the error for a recording whose manifest cannot be read because of `error`."""
    if isinstance(error, OtherFormatError):
        return error
    return HostError(error.message, error.hint or _RECORDING_CHANGED, where=error.where)


def wrong_bundle_manifest(error: HostError) -> HostError:
    """Return the error for a bundle whose manifest cannot be read because of `error`."""
    if isinstance(error, OtherFormatError):
        return error
    return HostError(error.message, error.hint or _BUNDLE_CHANGED)


def file_gone(where: str, file: str) -> HostError:
    """Return the error for a bundle that lacks a file of its manifest."""
    return HostError(f"{where}: {shown(file)} is in the manifest, but missing", _BUNDLE_CHANGED)


def file_changed(where: str, file: str) -> HostError:
    """Return the error for a file of a bundle that differs from the recorded one."""
    return HostError(f"{where}: {shown(file)} differs from the manifest (sha256)", _BUNDLE_CHANGED)


def file_not_recorded(where: str, file: str) -> HostError:
    """Return the error for a file of a bundle that is not in its manifest."""
    return HostError(f"{where}: {shown(file)} is not in the manifest", _BUNDLE_CHANGED)


def recording_unreadable(where: str, file: str, why: Missing) -> HostError:
    """Return the error for a file of a recording that cannot be read."""
    return HostError(
        f"{where}: {file} is in the manifest, but cannot be read: {why.detail}",
        AS_ROOT if why.kind is MissingKind.DENIED else _RECORDING_CHANGED,
    )


def recording_changed(where: str, file: str) -> HostError:
    """Return the error for a file of a recording that differs from the recorded one."""
    return HostError(f"{where}: {file} differs from the manifest (sha256)", _RECORDING_CHANGED)


_MANIFEST = "manifest.json"


def too_many_values(where: str, most: int) -> HostError:
    """Return the error for a manifest with more values than are read."""
    return HostError(f"{where}: {_MANIFEST} has more than {most} values")


def manifest_not_json(where: str, why: Exception) -> HostError:
    """Return the error for a manifest that is not JSON."""
    if isinstance(why, RecursionError):
        return HostError(f"{where}: {_MANIFEST} is nested too deeply")
    return HostError(f"{where}: {_MANIFEST} is not JSON: {why}")


def not_a_manifest(where: str) -> HostError:
    """Return the error for JSON that is not the manifest of a recorded machine."""
    return HostError(f"{where}: {_MANIFEST} is not the manifest of a recorded machine")


def other_version(where: str, version: object, ours: int) -> HostError:
    """Return the error for a recording whose version is not `ours`."""
    return OtherFormatError(
        f"{where}: the recording has version {excerpt(repr(version))}; this dmaragent "
        f"reads version {ours}",
        "use the release of dmaragent that made it, or a newer one",
    )


def no_readings(where: str) -> HostError:
    """Return the error for a manifest without a list of readings."""
    return HostError(f"{where}: {_MANIFEST} has no list of readings")


def wrong_reading(where: str, number: int, why: str) -> HostError:
    """Return the error for an invalid reading in a manifest."""
    return HostError(f"{where}: reading {number} of {_MANIFEST} is invalid: {why}")


def double_reading(where: str, number: int, path: str) -> HostError:
    """Return the error for a reading that is in a manifest twice."""
    return HostError(
        f"{where}: reading {number} of {_MANIFEST} is a duplicate: {excerpt(path, len(path))!r}"
    )
