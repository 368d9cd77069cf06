"""An error quotes no more than 20 characters of what it is about: it may have been a secret.

Of ``rdm=`` and of an entry of ``pci=`` it quotes 80, so that nearly every one is whole.
"""

import json
from pathlib import Path

import pytest

from dmaragent.agent.guest_request import GuestRequest, read_guest_request
from dmaragent.collect.recorded.manifest import load_manifest
from dmaragent.errors import DmaragentError, HostError, excerpt
from dmaragent.guests.config import Complaint
from dmaragent.guests.formats import Guest, read_all_guests
from dmaragent.guests.kvm_guest import KvmGuest
from support.cli import run
from support.kvm import domain
from support.machines import MACHINES

Capture = pytest.CaptureFixture[str]
SECRET = "".join(chr(ord("a") + number % 26) for number in range(400))
"""Text of which every 21 characters tell that 21 were quoted."""
HVM = 'name = "win"\ntype = "hvm"\nmemory = 512\n'
ADDRESS = "<hostdev mode='subsystem' type='pci'><source><address domain='{0}'/></source></hostdev>"
KVM = "ostype: l26\nmemory: 512\n"


def _quotes_too_much(text: str, most: int = 20) -> bool:
    return any(SECRET[at : at + most + 1] in text for at in range(len(SECRET) - most))


def test_an_excerpt_has_twenty_characters_from_the_place_on() -> None:
    assert excerpt("short") == "short"
    assert excerpt("a" * 20) == "a" * 20
    assert excerpt("a" * 20 + "b") == "a" * 20 + "…"
    assert excerpt("0000:0a:00.0,rdm_policy=relaxd", 24) == "….0,rdm_policy=relaxd"
    assert excerpt("0123456789" * 4, 10) == "…01234567890123456789…"


def _complaints(guest: Guest) -> tuple[Complaint, ...]:
    if isinstance(guest, KvmGuest):
        return (*guest.unknown, *guest.notes)
    return (
        *guest.refusals,
        *guest.type_refusals,
        *guest.hvm_refusals,
        *guest.warnings,
        *guest.undecidable,
    )


def _saved(**parts: object) -> str:
    return json.dumps({"c_info": {"type": "hvm", "name": "g"}, "b_info": {}, **parts})


@pytest.mark.parametrize(
    "text",
    [
        f"{HVM}{SECRET}\n",
        f"{HVM}x = '{SECRET}\n",
        f"{HVM}{SECRET} = 1\n{SECRET} += [1]\n",
        *(
            f"{HVM}{name} = '{SECRET}'\n"
            for name in ("memory", "builder", "vga", "passthrough", "device_model_version", "hap")
        ),
        f'name = "g"\ntype = "{SECRET}"\n',
        f"{HVM}rdm_{SECRET} = 1\n",
        _saved(c_info={"type": SECRET}),
        _saved(c_info={"type": "hvm", "name": [SECRET]}),
        _saved(b_info={"max_memkb": SECRET}),
        _saved(b_info={"type.hvm": {"vga": {"kind": SECRET}}}),
        _saved(b_info={"type.hvm": {"rdm": {"strategy": SECRET}}}),
        _saved(b_info={"type.hvm": {"rdm": {"policy": SECRET}}}),
        _saved(pcidevs=[{"name": f"{SECRET},"}]),
        domain().replace("kvm", SECRET, 1),
        domain(f"<hostdev mode='{SECRET}' type='{SECRET}'/>"),
        domain(ADDRESS.format(SECRET)),
        domain(f"<interface type='{SECRET}'/>"),
        domain(f"<interface type='network'><source network='{SECRET}'/></interface>"),
        domain(memory=f"<memory unit='{SECRET}'>8</memory>"),
        domain(memory=f"<memory>{SECRET}</memory>"),
        domain().replace("type='kvm'", "type='xen'").replace(">hvm<", f">{SECRET}<"),
        domain(
            ADDRESS.format("0' bus='1").replace("<source>", f"<driver name='{SECRET}'/><source>")
        ),
        f"{KVM}hostpci0: {SECRET}\n",
        f"{KVM}hostpci0: mapping={SECRET}\n",
        f"{KVM}args: -device vfio-pci,host={SECRET}\n",
        f"{KVM}args: -readconfig {SECRET}\n",
        f"{KVM}args: -vfio{SECRET} {SECRET}\n",
        f"ostype: l26\nscsihw: virtio\nmemory: {SECRET}\n",
    ],
)
def test_a_reader_of_guests_quotes_little(text: str) -> None:
    try:
        guests = read_all_guests(text, "guest")
    except DmaragentError as error:
        told = [error.message, error.hint]
    else:
        told = [complaint.text for guest in guests for complaint in _complaints(guest)]

    assert told
    assert not any(map(_quotes_too_much, told))


@pytest.mark.parametrize(
    "line",
    [
        f"rdm = '{SECRET}'",
        f"rdm = 'strategy=host,policy={SECRET}'",
        f"pci = ['{SECRET}']",
        f"pci = ['00:02.0,{SECRET}=1']",
        f"pci = ['00:02.0,rdm_policy={SECRET}']",
        f"pci = ['00:02.0,permissive={SECRET}']",
        f"pci = ['name={SECRET}']",
    ],
)
@pytest.mark.parametrize("release", ["4.14", "4.17", "documented"])
def test_so_do_the_reasons_of_an_answer(
    line: str, release: str, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "g.cfg").write_text(f"{HVM}{line}\n")
    host = MACHINES / "dell-r820"

    ran = run(capsys, "resolve", tmp_path / "g.cfg", "--host", host, "--xen", release, "--json")

    def texts(value: object, name: str = "") -> list[str]:
        if isinstance(value, dict):
            return [text for key, each in value.items() for text in texts(each, key)]
        if isinstance(value, list):
            return [text for each in value for text in texts(each, name)]
        return [value] if isinstance(value, str) and name in ("reason", "text", "message") else []

    told = texts(ran.document)
    assert told
    assert not any(_quotes_too_much(text, 80) for text in told)


@pytest.mark.parametrize(
    "readings",
    [
        [{"operation": SECRET, "path": "/x", "outcome": "value"}],
        [{"operation": f"'{SECRET}", "path": "/x", "outcome": "value"}],
        [{"operation": "read", "path": SECRET, "outcome": "value"}],
        [{"operation": "call", "path": f"{SECRET}/", "outcome": "value"}],
        [{"operation": "read", "path": [SECRET], "outcome": "value"}],
        [{"operation": "read", "path": "/x", "outcome": SECRET}],
        [{"operation": "list", "path": f"/{SECRET}", "outcome": "absent"}] * 2,
    ],
)
def test_a_manifest_is_quoted_little(readings: list[object]) -> None:
    document = {"format": "dmaragent.recording", "version": 1, "readings": readings}

    for wrong in (document, {**document, "version": SECRET}):
        with pytest.raises(HostError) as refused:
            load_manifest(json.dumps(wrong).encode(), "host")
        assert not _quotes_too_much(refused.value.message)


@pytest.mark.parametrize("name", ["structure", "kind", "key", "hex", "version"])
def test_a_document_that_is_encoded_is_quoted_little(
    name: str, tmp_path: Path, capsys: Capture
) -> None:
    document = json.loads(run(capsys, "decode", MACHINES / "dell-r820", "--json").out)
    (table,) = document["answer"]["tables"]
    structure = table["table"]["structures"][0]
    if name == "structure":
        structure["structure"] = SECRET
    elif name == "kind":
        table["damage"] = [{"offset": 0, "field": "x", "kind": SECRET, "reason": "x"}]
    elif name == "key":
        structure[SECRET] = 1
    elif name == "hex":
        table["table"]["oem_id"] = f"\u2026{SECRET}"
    else:
        document["version"] = SECRET
    (tmp_path / "table.json").write_text(json.dumps(document), "utf-8")

    ran = run(capsys, "encode", tmp_path / "table.json", "-o", tmp_path / "table")

    assert ran.code == 2
    assert not _quotes_too_much(ran.err)


def test_a_request_is_quoted_little() -> None:
    response = read_guest_request(json.dumps({"guest": "", SECRET: 1}).encode())

    assert not isinstance(response, GuestRequest)
    assert not _quotes_too_much(response.body.decode())
