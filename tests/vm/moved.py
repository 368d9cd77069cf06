"""Guests that are saved and restored, and what is attached to them then."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from vm.fleet import USB, asked
from vm.guests import ERRORS, Outcome, files

TITLE = "Fleet: devices attached to a guest that was saved and restored"
"""The section of the page."""
_ENABLED = 'passthrough = "enabled"'
GUESTS: Mapping[str, tuple[str, ...]] = {
    "moved-bare": (),
    "moved-device": (f"pci = ['{USB},rdm_policy=strict']",),
    "moved-enabled": (_ENABLED,),
    "moved-overlap": (_ENABLED,),
}
"""By name, what a configuration has besides."""
_LARGE = "moved-overlap"
"""Its RAM is over the device's region; the others have less, because it takes long to save."""
DETACHED = "moved-device"
_ID, _SETTINGS = "8086:2934", "rdm_policy=strict"


def configurations() -> dict[str, bytes]:
    """Return the configurations as files."""
    return {
        path: data if _LARGE in path else data.replace(b"memory = 400", b"memory = 64")
        for path, data in files(GUESTS, {}).items()
    }


def share_files() -> dict[str, bytes]:
    """Return those, and what is done with the guests, as files of the share."""
    found = configurations()
    found[f"guests/{DETACHED}.detach"] = f"{USB}\n".encode()
    for name in GUESTS:
        found[f"guests/{name}.restore"] = b""
        found[f"guests/{name}.attach"] = f"{USB},{_SETTINGS}\n".encode()
    return found


def named(name: str) -> str:
    """Return a guest with what its configuration has besides, and with the device."""
    memory = "memory = 400" if name == _LARGE else "memory = 64"
    return f"{name}: {', '.join((memory, *GUESTS[name]))}; {USB},{_SETTINGS}"


def predicted(folder: Path, document: Path) -> Iterator[tuple[str, str]]:
    """Yield each guest with the answer of `fleet move` about the host of a document.

    The target is the same host under another name: `fleet move` leaves out the source.
    """
    target = folder / "target"
    target.mkdir()
    (target / f"again{''.join(document.suffixes)}").write_bytes(document.read_bytes())
    for path, data in configurations().items():
        (folder / path.rpartition("/")[2]).write_bytes(data)
    for name in GUESTS:
        words = ("--from", str(document), "--on", str(target), "--device", f"{_ID},{_SETTINGS}")
        move = asked(folder, "move", f"{name}.cfg", *words)["move"]
        (found,) = move["targets"][0]["devices"]
        printed = map(_printed, found["shown"]) if found["verdict"] == "refused" else ()
        yield name, "; ".join((found["verdict"], *printed))


def _printed(shown: str) -> str:
    return "no IOMMU?" if shown == "EOPNOTSUPP" else ERRORS.get(shown, shown)


def attached(outcome: Outcome) -> str:
    """Return what became of a device, in the words of `fleet move`, and why not."""
    return "attached" if outcome.starts else "; ".join(("refused", *outcome.words))
