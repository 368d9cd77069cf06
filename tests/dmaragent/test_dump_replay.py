"""A bundle is the host: every verb gives the same answer on it, redacted or not."""

import json
from pathlib import Path
from typing import Any

import pytest

from dmaragent.collect.bundling import ask_host, keep_answers, pack
from dmaragent.collect.collect import collect
from dmaragent.collect.ledger import LIBXLUTIL
from dmaragent.collect.open_host import open_host
from dmaragent.host import join
from dmaragent.inventory import take_inventory
from support.cli import Ran, run
from support.hosts import Function, fake_host
from support.machines import MACHINES, NAMES
from support.tables import drhd, rmrr, scope, table

pytestmark = pytest.mark.slow  # every verb runs on every machine and its bundle


Capture = pytest.CaptureFixture[str]


def _owners(name: str) -> list[str]:
    inventory = take_inventory(join(collect(open_host(str(MACHINES / name)).reader)))
    owners = {str(owner.sbdf) for region in inventory.regions for owner in region.owners}
    return sorted(owners)[:6]


def _questions(name: str, tmp_path: Path) -> list[list[str]]:
    """Ask every verb about the machine `name`; of guests, its own and one a device."""
    owners = _owners(name)
    asked = [["inventory"], ["check"], *(["explain", each] for each in owners)]
    guests = sorted(str(path) for path in (MACHINES / name / "guests").glob("*.cfg"))
    for number, owner in enumerate(owners[:2]):
        path = tmp_path / f"guest{number}.cfg"
        path.write_text(f'name = "g"\ntype = "hvm"\nmemory = 4096\npci = [ "{owner}" ]\n')
        guests.append(str(path))
    return [*asked, *(["resolve", each] for each in guests)]


def _said(ran: Ran) -> Any:
    """Give the answer, or the error where there is none: a host without a table."""
    return json.loads(ran.out).get("answer", ran.err)


@pytest.mark.parametrize("redact", [True, False], ids=["redacted", "whole"])
@pytest.mark.parametrize("name", NAMES)
def test_every_verb_answers_alike_on_a_machine_and_its_bundle(
    name: str,
    redact: bool,  # noqa: FBT001 - a case
    tmp_path: Path,
    capsys: Capture,
) -> None:
    machine, bundle = MACHINES / name, tmp_path / "b.tar.xz"
    options = [] if redact else ["--no-redact"]
    assert run(capsys, "dump", "--host", machine, "-o", bundle, *options).code == 0

    for question in _questions(name, tmp_path):
        there = run(capsys, *question, "--json", "--host", machine)
        here = run(capsys, *question, "--json", "--host", bundle)
        assert (_said(here), here.code) == (_said(there), there.code), question


def test_a_bundle_of_a_bundle_is_the_same(tmp_path: Path, capsys: Capture) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    run(capsys, "dump", "--host", MACHINES / "hp-dl380e-gen8", "-o", first)
    run(capsys, "dump", "--host", first, "-o", second)

    with_kinds = [open_host(str(path)) for path in (first, second)]
    assert collect(with_kinds[0].reader) == collect(with_kinds[1].reader)


ANSWERS = b'["library", "4.17"]\n["rdm", "strategy=host,policy=relaxed", 0, 1, 1, false]\n'


def test_what_the_host_s_xl_made_of_a_guest_is_in_the_bundle(
    tmp_path: Path, capsys: Capture
) -> None:
    answered = _with_answers(tmp_path)
    guest = tmp_path / "g.cfg"
    guest.write_text('type = "hvm"\nmemory = 64\nrdm = "strategy=host,policy=relaxed"\n')

    origin = run(capsys, "resolve", guest, "--json", "--host", answered).document["origin"]

    assert origin["libxlutil"] == "4.17"


def test_only_the_source_of_xls_guests_names_its_library(tmp_path: Path, capsys: Capture) -> None:
    answered = _with_answers(tmp_path)
    folder = tmp_path / "guests"
    folder.mkdir()
    by_libvirt = folder / "g.xml"
    by_libvirt.write_text(
        "<domain type='xen'><os><type>hvm</type></os><memory>65536</memory></domain>"
    )
    attach = ("hotplug", "00:1d.0", "--into", by_libvirt)

    for question in (("resolve", folder), ("resolve", by_libvirt, "--details"), attach):
        assert "read the settings" not in run(capsys, *question, "--host", answered).out
    asked = ("resolve", folder, "--json", "--host", answered)
    assert run(capsys, *asked).document["origin"]["libxlutil"] is None

    kvm = folder / "kvm.xml"
    kvm.write_text(by_libvirt.read_text().replace("'xen'", "'kvm'"))
    assert (
        "read the settings" not in run(capsys, "resolve", kvm, "--details", "--host", answered).out
    )

    (folder / "xl.cfg").write_text('name = "x"\ntype = "hvm"\nmemory = 64\n')
    assert run(capsys, *asked).document["origin"]["libxlutil"] == "4.17"
    assert (
        "libxlutil 4.17 read the settings" in run(capsys, "resolve", folder, "--host", answered).out
    )


def _with_answers(folder: Path) -> Path:
    """Write the bundle of a host with the answers of its libxlutil into `folder`."""
    data = table(drhd(0xFED90000), rmrr(0x3C000000, 0x3C0FFFFF, scope(1, 0, (0x1D, 0))))
    host = fake_host([Function(sbdf="0000:00:1d.0")], {"DMAR": data})
    host.calls["libxlutil"] = ANSWERS
    host.files["/sys/hypervisor/type"] = b"xen\n"
    recorded = keep_answers(ask_host(host, lambda _: [LIBXLUTIL.request()]), redact=True)
    bundle = folder / "b"
    bundle.write_bytes(pack(recorded.files, "top", 1))
    return bundle
