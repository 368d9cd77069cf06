"""What is said of each way in which an archive means harm: the first violation, and no other.

That no such archive gives another answer is tested beside; here, that it is not let pass.
"""

import json
import tarfile
from hashlib import sha256
from pathlib import Path

import pytest

from dmaragent.collect.collect import collect
from dmaragent.collect.open_host import open_host
from dmaragent.errors import HostError
from support.bundles import TOP, machine_files, member, tar_of
from support.evil_archives import MACHINE, NAMES, RAW, with_members, with_name
from support.machines import MACHINES
from support.wording import Worded

OUT = "leads out of the archive"
SIZE = "a member's size is not a plausible number"
PAX = "a pax header is damaged"
TWO = "two extended headers describe one member"
OTHER = "is a device, a pipe or something else, which bundles never contain"
UNKNOWN = "is not in the manifest"
BESIDE = f"not part of the recorded machine '{TOP}': "
CUT = "is cut off after byte"
GIB = "an extended header has 1073741824 bytes"
MEMBERS = {
    "pax name up": OUT,
    "pax name with NUL": "is not a valid name",
    "pax name empty": "is not a valid name",
    "pax name long": "has a name or a link target that is too long",
    "pax name deep": "is more than 100 directories deep",
    "pax size absurd": SIZE,
    "pax size longer": SIZE,
    "pax size negative": SIZE,
    "pax size no number": SIZE,
    "pax sparse": "a member is a sparse file",
    "pax sparse name": "a member is a sparse file",
    "pax length 0": PAX,
    "pax length absurd": PAX,
    "pax length digits": PAX,
    "pax no equals": PAX,
    "pax no newline": PAX,
    "pax twice in one": "a pax header sets a field twice",
    "pax twice": TWO,
    "pax and long name": TWO,
    "pax for all": "a header sets one name or size for all members",
    "pax for nothing": "the last header describes a next member, which is missing",
    "pax charset": BESIDE,
    "pax claims a GiB": GIB,
    "long name claims a GiB": GIB,
    "long name up": OUT,
    "long name of NULs": "is not a valid name",
    "long names for ever": TWO,
    "long target": "is a symbolic link, which bundles never contain",
    "size base 256": SIZE,
    "size base 256 negative": SIZE,
    "size absurd": CUT,
    "size no number": SIZE,
    "size with underscore": SIZE,
    "checksum": "the checksum of a member's header is wrong",
    "one empty block": "a block of zeros is not followed by a second one",
    "no ustar": UNKNOWN,
    "prefix up": OUT,
    "name empty": "is not a valid name",
    "directory with data": "is a directory of 512 bytes",
    "link with data": "is a symbolic link of 512 bytes",
    "data cut": CUT,
    "type b'1'": "is a hard link, which bundles never contain",
    "type b'2'": "is a symbolic link, which bundles never contain",
    "type b'7'": UNKNOWN,
    "type b'S'": "is a sparse file, which is not supported",
    **{
        f"type {kind!r}": OTHER
        for kind in (b"3", b"4", b"6", b"V", b"M", b"D", b"N", b"Z", b"\xff")
    },
}
FILES = {
    "absolute": f"{BESIDE}'etc'",
    "absolute twice": f"{BESIDE}'etc'",
    "up": OUT,
    "up within": OUT,
    "up from a name": OUT,
    "dot": "'.' has no name",
    "a second top": f"{BESIDE}'other'",
    "in root": UNKNOWN,
    "backslash": BESIDE,
    "twice": "is a duplicate",
    "twice, otherwise spelt": "is a duplicate",
    "in calls": UNKNOWN,
    "terminal": r"'root/\x1b[2J\n\x07' is not in the manifest",
}


def _refusal(data: bytes, tmp_path: Path) -> str:
    path = tmp_path / "bundle"
    path.write_bytes(data)
    with pytest.raises(HostError) as caught:
        open_host(str(path))
    assert caught.value.hint
    return caught.value.message


@pytest.mark.parametrize("name", RAW)
def test_a_member_that_means_harm_is_refused_for_what_it_is(name: str, tmp_path: Path) -> None:
    assert MEMBERS[name] in _refusal(with_members(RAW[name]), tmp_path)


@pytest.mark.parametrize("name", FILES)
def test_a_file_where_none_may_be_is_refused(name: str, tmp_path: Path) -> None:
    assert FILES[name] in _refusal(with_name(NAMES[name]), tmp_path)


def test_what_is_below_a_file_or_has_no_bytes_changes_no_answer(tmp_path: Path) -> None:
    machine = collect(open_host(str(MACHINES / MACHINE)).reader)
    for name in NAMES.keys() - FILES.keys():
        path = tmp_path / "bundle"
        path.write_bytes(with_name(NAMES[name]))
        assert collect(open_host(str(path)).reader) == machine


def test_a_link_s_target_is_as_short_as_a_name(tmp_path: Path, worded: Worded) -> None:
    link = [(member("x/sys/devices", b"2", "y" * 4097), b"")]
    data = tar_of({}, "", link, tarfile.PAX_FORMAT)

    worded(_refusal(data, tmp_path))


def test_two_machines_in_one_archive_are_not_one(tmp_path: Path, worded: Worded) -> None:
    files = machine_files(MACHINE)
    both = {f"{top}/{name}": files[name] for top in ("one", "two") for name in files}

    worded(_refusal(tar_of(both, ""), tmp_path))


def test_a_manifest_is_not_read_beyond_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worded: Worded
) -> None:
    monkeypatch.setattr("dmaragent.collect.recorded.manifest.LARGEST", 1000)

    said = _refusal(tar_of(machine_files(MACHINE)), tmp_path)
    worded(said)


def test_bytes_behind_the_window_of_a_file_are_held_against_its_hash(tmp_path: Path) -> None:
    files = machine_files(MACHINE)
    name = next(name for name in files if name.endswith("/config"))
    kept = files[name]
    assert len(kept) == 64
    reading = next(
        each
        for each in json.loads(files["manifest.json"])["readings"]
        if each["path"] == name.removeprefix("root")
    )
    assert reading["sha256"] == sha256(kept).hexdigest()

    said = _refusal(tar_of({**files, name: kept + b"hidden"}), tmp_path)
    assert "differs from the manifest" in said
