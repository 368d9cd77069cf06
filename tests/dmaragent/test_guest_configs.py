"""From xl.cfg, options and libxl's JSON to one configuration of a guest."""

import ctypes
import json
import os
from typing import Any

import pytest

from dmaragent.addresses import MIB, SBDF
from dmaragent.errors import DmaragentError
from dmaragent.guests.config import GuestConfig, GuestType, Vga
from dmaragent.guests.rdm import Policy, Strategy
from dmaragent.guests.xl_guest import guest_from_options
from dmaragent.question.context import read_guests
from support.wording import Worded

WIN = """\
# a guest
name = "win10"
builder = 'hvm'; memory = 2048
maxmem = 4096
videoram = 32
vga = "stdvga"
mmio_hole = 1024
hap = 0
rdm = "strategy=host"
rdm_mem_boundary = 0x400
pci = [ '00:14.0',
        "0000:00:02.0,rdm_policy=relaxed" ]
pci += [ "01:00.0" ]
pci_seize = 1
passthrough = "sync_pt"
gfx_passthru = 1
device_model_stubdomain_override = 1
vnc = 1
"""


def _read(text: str) -> GuestConfig:
    (one,) = read_guests(text, "win.cfg")
    return one


def test_every_setting_that_matters_is_taken_with_its_line() -> None:
    one = _read(WIN)

    assert (one.name, one.type, one.vga) == ("win10", GuestType.HVM, Vga.STDVGA)
    assert (one.memory, one.maximum, one.videoram) == (2048 * MIB, 4096 * MIB, 32 * MIB)
    assert (one.mmio_hole, one.boundary, one.hap) == (1024 * MIB, 1024 * MIB, False)
    assert (one.rdm, one.seize, one.passthrough, one.stubdomain) == (
        "strategy=host",
        True,
        "sync_pt",
        True,
    )
    assert [(entry.text, entry.place) for entry in one.pci] == [
        ("00:14.0", "win.cfg:11"),
        ("0000:00:02.0,rdm_policy=relaxed", "win.cfg:12"),
        ("01:00.0", "win.cfg:13"),
    ]
    assert one.places["rdm"] == "win.cfg:9"
    assert (one.refusals, one.warnings) == ((), ())


def test_xl_stops_at_a_list_among_the_devices() -> None:
    """xl_parse.c ends its loop at an entry that ``xlu_cfg_get_listitem`` does not give."""
    one = _read("name='a'\npci=['00:1a.0',\n['x'],\n'00:1d.0']\n")

    assert [entry.text for entry in one.pci] == ["00:1a.0"]
    assert [warning.place for warning in one.warnings] == ["win.cfg:3"]


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ('type = "hvm"', GuestType.HVM),
        ('type = "pv"', GuestType.PV),
        ('type = "p"', GuestType.PV),
        ('type = "pvh"', GuestType.PVH),
        ('builder = "generic"', GuestType.PV),
        ('builder = "hvm"', GuestType.HVM),
        ("", GuestType.PV),
    ],
)
def test_the_type_is_found_as_xl_finds_it(settings: str, kind: GuestType) -> None:
    assert _read(f'name = "a"\n{settings}\n').type is kind


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ('type = "kvm"', "win.cfg:2"),
        ('type = "pv"\nbuilder = "hvm"', "win.cfg:2"),
        ('memory = "-512"', "win.cfg:2"),
        ('memory = "99999999999999999"', "win.cfg:2"),
        ('type = "hvm"\nmmio_hole = 128', "win.cfg:3"),
        ('type = "hvm"\nvga = "vmware"', "win.cfg:3"),
        ('passthrough = "maybe"', "win.cfg:2"),
        ('device_model_version = "qemu"', "win.cfg:2"),
        ("memory = 12k", "win.cfg:2"),
        ("name = win", "win.cfg:2"),
        ("rdm = 'x", "win.cfg:2"),
    ],
)
def test_what_xl_refuses_is_a_refusal_with_its_line(line: str, place: str, worded: Worded) -> None:
    one = _read(f'name = "a"\n{line}\n')

    refusal = (*one.type_refusals, *one.refusals, *one.hvm_refusals)[0]
    assert refusal.place == place
    worded(refusal.text)


def test_a_guest_without_a_name_is_refused(worded: Worded) -> None:
    worded(_read("memory = 512\n").refusals[0].text)


@pytest.mark.parametrize(
    "line",
    [
        "memory = ['512']",
        'memory = "2G"',
        'pci = "00:14.0"',
        'pci = [ "00:14.0", [ "00:15.0" ] ]',
        "rdm_boundary = 5",
        'rdm_policy = "strict"',
        "max_mem = 5",
    ],
)
def test_what_xl_passes_over_is_a_warning_with_its_line(line: str, worded: Worded) -> None:
    one = _read(f'name = "a"\n{line}\n')

    assert one.refusals == ()
    assert one.warnings[0].place == "win.cfg:2"
    worded(one.warnings[0].text)


def test_each_setting_of_a_device_is_read_though_one_alone_matters() -> None:
    one = _read("name = 'a'\npci_permissive = 'yes'\npci_seize = 1\npci_msitranslate = 'on'\n")

    assert one.seize
    assert {warning.place for warning in one.warnings} == {"win.cfg:2", "win.cfg:4"}


def test_a_name_that_resembles_a_setting_which_is_set_is_no_mistake() -> None:
    assert len(_read("name = 'a'\nmax_mem = 5\n").warnings) == 1
    assert _read("name = 'a'\nmaxmem = 4096\nmax_mem = 5\n").warnings == ()


@pytest.mark.parametrize(
    ("setting", "field", "value"),
    [
        ("passthrough = 'Sync_PT'", "passthrough", "sync_pt"),
        ("passthrough = 'DISABLED'", "passthrough", "disabled"),
        ("mmio_hole = 256", "mmio_hole", 256 * MIB),
        ("mmio_hole = 3840", "mmio_hole", 3840 * MIB),
        ("mmio_hole = 3841", "mmio_hole", None),
        ("mmio_hole = 255", "mmio_hole", None),
        ("memory = 0", "memory", 0),
        ("gfx_passthru = 'IGD'", "gfx_passthru", "IGD"),
    ],
)
def test_the_ends_of_what_xl_accepts(setting: str, field: str, value: object) -> None:
    one = _read(f"name = 'a'\ntype = 'hvm'\n{setting}\n")

    assert getattr(one, field) == value
    assert bool((*one.refusals, *one.hvm_refusals)) is (value is None)


def test_settings_that_xl_has_and_that_do_not_matter_are_passed_over() -> None:
    text = 'name = "a"\nmaxvcpus = 2\ndisk = [ "x" ]\nstubdomain_memory = 64\nvif = [ "" ]\n'

    assert _read(text).warnings == ()


def test_options_make_the_guest_that_a_file_of_them_would() -> None:
    one = guest_from_options({"type": "hvm", "memory": "512", "rdm": "x"}, ["00:14.0"])

    assert (one.memory, one.rdm, one.places["rdm"]) == (512 * MIB, "x", "--rdm")
    assert one.pci[0].place == "--pci 00:14.0"


# libxl's JSON ----------------------------------------------------------------------------

SAVED: dict[str, Any] = {
    "c_info": {"type": "hvm", "name": "win", "hap": "True", "passthrough": "enabled"},
    "b_info": {
        "max_memkb": 2097152,
        "target_memkb": 2097152,
        "video_memkb": 16384,
        "device_model_version": "qemu_xen",
        "type.hvm": {
            "mmio_hole_memkb": 1048576,
            "vga": {"kind": "std"},
            "rdm": {"strategy": "host", "policy": "strict"},
            "rdm_mem_boundary_memkb": 1048576,
        },
    },
    "pcidevs": [{"bus": 1, "func": 2, "rdm_policy": "relaxed"}, {"dev": 20}],
}


def _libxl_writes(document: dict[str, Any]) -> str:
    """Have libxl 4.17 read `document` and write it again."""
    try:
        library = ctypes.CDLL("libxenlight.so.4.17")
    except OSError:
        message = "libxenlight.so.4.17 is not installed (Debian package libxenmisc4.17)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    library.libxl_domain_config_to_json.restype = ctypes.c_char_p
    room = [ctypes.create_string_buffer(1 << 16) for _ in range(2)]
    library.libxl_domain_config_init(room[1])
    text = json.dumps(document).encode()
    assert library.libxl_domain_config_from_json(*room, ctypes.c_char_p(text)) == 0
    written: bytes = library.libxl_domain_config_to_json(*room)
    return written.decode()


@pytest.mark.parametrize("by_libxl", [False, True])
def test_libxls_json_gives_the_same_configuration(by_libxl: bool) -> None:  # noqa: FBT001
    text = _libxl_writes(SAVED) if by_libxl else json.dumps(SAVED)
    (one,) = read_guests(text, "win.json")

    assert (one.name, one.type, one.hap, one.vga) == ("win", GuestType.HVM, True, Vga.STDVGA)
    assert (one.memory, one.videoram, one.boundary) == (2048 * MIB, 16 * MIB, 1024 * MIB)
    assert (one.mmio_hole, one.passthrough) == (1024 * MIB, "enabled")
    assert one.saved_rdm is not None
    assert (one.saved_rdm.strategy, one.saved_rdm.policy) == (Strategy.HOST, Policy.STRICT)
    devices = [(each.read and each.read.sbdf, each.policy) for each in one.pci]
    assert devices == [
        (SBDF(0, 1, 0, 2), Policy.RELAXED),
        (SBDF(0, 0, 0x14, 0), Policy.INVALID),
    ]


def test_a_policy_that_libxl_cannot_name_is_neither() -> None:
    document = {**SAVED, "pcidevs": [{"bus": 1, "rdm_policy": None}]}
    (one,) = read_guests(json.dumps(document), "win.json")

    assert one.pci[0].policy is Policy.NEITHER


@pytest.mark.parametrize(
    ("device", "text"),
    [
        ({"bus": 1, "vdevfn": 31 << 3}, "01:00.0@1f"),
        ({"bus": 1, "func": 3, "vdevfn": 5 << 3, "vfunc_mask": 0xFFFFFFFF}, "01:00.*@5"),
        ({"name": "nic", "vfunc_mask": 0xFFFFFFFF}, "name=nic"),
        ({"bdf": {"bus": 1, "dev": 2}, "bus": 9}, "01:02.0"),
        ({"bus": 1, "seize": True}, "01:00.0,seize=1"),
        ({"bus": 1, "seize": "False"}, "01:00.0,seize=0"),
        ({"bus": 1, "seize": "<default>"}, "01:00.0"),
    ],
)
def test_a_saved_device_is_written_as_an_entry_of_pci(device: dict[str, Any], text: str) -> None:
    (one,) = read_guests(json.dumps({**SAVED, "pcidevs": [device]}), "win.json")

    assert [entry.text for entry in one.pci] == [text]


@pytest.mark.parametrize(
    ("hvm", "field", "value"),
    [
        ({"rdm_mem_boundary_memkb": (1 << 64) - 1}, "boundary", None),
        ({"gfx_passthru": "False", "gfx_passthru_kind": "igd"}, "gfx_passthru", "False"),
        ({"gfx_passthru": "True", "gfx_passthru_kind": "igd"}, "gfx_passthru", "igd"),
        ({"gfx_passthru": "True"}, "gfx_passthru", "True"),
    ],
)
def test_a_saved_setting_that_libxl_did_not_set(
    hvm: dict[str, Any], field: str, value: object
) -> None:
    document = {"c_info": {"type": "hvm", "name": "a"}, "b_info": {"type.hvm": hvm}}
    (one,) = read_guests(json.dumps(document), "a.json")

    assert getattr(one, field) == value


@pytest.mark.parametrize("there", [None, "<default>", "True", "False"])
def test_the_platform_device_of_a_saved_guest_is_there_by_default(there: str | None) -> None:
    hvm = {"bios": "seabios", **({} if there is None else {"xen_platform_pci": there})}
    document = {"c_info": {"type": "hvm", "name": "a"}, "b_info": {"type.hvm": hvm}}
    (one,) = read_guests(json.dumps(document), "a.json")

    assert one.emulated is not None
    assert one.emulated.platform is (there != "False")


@pytest.mark.parametrize("kind", ["pv", "pvh"])
def test_only_an_hvm_guest_has_a_display_adapter(kind: str) -> None:
    (one,) = read_guests(json.dumps({"c_info": {"type": kind}, "b_info": {}}), "a.json")

    assert (one.vga, one.video) == (Vga.NONE, 0)


def test_the_lists_of_xl_are_read_and_dom0_is_left_out() -> None:
    listed = [{"domid": 0, "config": {"c_info": {"type": "invalid"}}}, {"config": SAVED}]
    (one,) = read_guests(json.dumps(listed), "all.json")

    assert (one.source, one.name) == ("all.json[1]", "win")


def test_the_line_that_xl_create_writes_before_the_json_is_passed_over() -> None:
    text = f"Parsing config from win.cfg\n{json.dumps(SAVED)}"

    assert read_guests(text, "-")[0].name == "win"


@pytest.mark.parametrize(
    "change",
    [
        {"c_info": []},
        {"c_info": {"type": "kvm"}},
        {"b_info": {"max_memkb": -1}},
        {"b_info": {"max_memkb": True}},
        {"pcidevs": {}},
        {"pcidevs": [{"func": 8}]},
        {"pcidevs": [{"rdm_policy": "lax"}]},
        {"pcidevs": [{"name": "a b"}]},
    ],
)
def test_json_that_is_not_libxls_is_an_error_with_its_place(
    change: dict[str, Any], worded: Worded
) -> None:
    with pytest.raises(DmaragentError) as raised:
        read_guests(json.dumps({**SAVED, **change}), "win.json")

    worded(raised.value.message)


def test_a_name_that_a_c_string_would_cut_is_an_error_with_its_place() -> None:
    with pytest.raises(DmaragentError) as raised:
        read_guests(json.dumps({**SAVED, "pcidevs": [{"name": "a\0b"}]}), "win.json")

    assert raised.value.message.startswith("win.json.pcidevs[0].name")


@pytest.mark.parametrize("text", ["{", "[1]", "{}", "[" * 100_000, '{"c_info": 3}'])
def test_text_that_only_begins_like_json_is_an_error(text: str) -> None:
    with pytest.raises(DmaragentError):
        read_guests(text, "win.json")
