"""Virtual NUMA nodes of an xl.cfg: their sum is the guest's memory."""

import json

import pytest

from dmaragent.addresses import MIB
from dmaragent.guests.config import GuestConfig
from dmaragent.guests.libxl_json import guests_from_libxl_json
from dmaragent.policy.contradictions import DEFAULTS_RULE, NODES_RULE
from dmaragent.policy.decisions import Decider, SourceRule, Verdict
from dmaragent.question.context import read_guests
from support.guests import HOST_STRICT, answer, ends_of, who_decided
from support.wording import Worded

NODES = (
    'vnuma = [ [ "pnode=0", "size=1400", "vcpus=0" ], [ "pnode=1", " size = 1400 ", "vcpus=1" ] ]'
)


def _guest(*lines: str, kind: str = "hvm") -> GuestConfig:
    text = "\n".join(["name = 'a'", f"type = '{kind}'", *lines, ""])
    (one,) = read_guests(text, "a.cfg")
    return one


@pytest.mark.parametrize(
    "memory", [(), ("memory = 2800",), ("maxmem = 2800",), ("memory = 2800", "maxmem = 2800")]
)
def test_the_nodes_are_the_guests_memory(memory: tuple[str, ...]) -> None:
    one = _guest(*memory, NODES)

    assert (one.maximum, one.vnuma) == (2800 * MIB, (1400 * MIB, 1400 * MIB))
    found = answer(one)
    assert found.verdict is Verdict.STARTS
    assert ends_of(found)[0] == (2800 - 8) * MIB  # it was laid out with libxl's 32 MiB


def test_regions_in_the_memory_of_the_nodes_count() -> None:
    alike = _guest("memory = 2800", f'rdm = "{HOST_STRICT}"')

    found = answer(_guest(NODES, f'rdm = "{HOST_STRICT}"'), release="4.14.6")
    assert ends_of(found) == ends_of(answer(alike, release="4.14.6"))


@pytest.mark.parametrize(
    ("lines", "kind", "decider"),
    [
        (("maxmem = 2048", NODES), "hvm", Decider.XL),
        (("memory = 2048", NODES), "hvm", Decider.LIBXL),
        (("memory = 2048", NODES), "pvh", Decider.LIBXL),
        ((NODES,), "pv", Decider.LIBXL),
        (('vnuma = [ [ "size=4" ], [ "size=2000" ] ]',), "hvm", Decider.LIBXL),
        (('vnuma = [ "size=2000" ]',), "hvm", Decider.XL),
    ],
    ids=["maxmem", "less-memory", "less-memory-pvh", "pv", "video", "no-list"],
)
def test_what_is_refused(
    lines: tuple[str, ...], kind: str, decider: Decider, worded: Worded
) -> None:
    found = answer(_guest(*lines, kind=kind))

    assert (found.verdict, who_decided(found)) == (Verdict.REFUSED, decider)
    worded([reason.reason for reason in found.reasons])


@pytest.mark.parametrize("item", ["size=2G", "size=0x400", "size", "size=1, size=2"])
def test_a_node_that_is_not_understood_leaves_the_answer_unknown(item: str) -> None:
    found = answer(_guest(f'vnuma = [ [ "size=2000" ], [ "{item}" ] ]'))

    assert found.verdict is Verdict.UNDECIDED


def test_a_second_size_of_a_node_leaves_the_answer_unknown() -> None:
    one = _guest('vnuma = [ [ "size=2000", "size=1000" ] ]')

    assert (one.vnuma, answer(one).verdict) == ((2000 * MIB,), Verdict.UNDECIDED)


def test_maxmem_of_0_does_not_match_the_nodes() -> None:
    assert _guest("maxmem = 0", NODES).refusals != ()


@pytest.mark.parametrize("value", ['"1"', "[ ]", "2"])
def test_what_is_no_list_of_nodes_is_ignored(value: str) -> None:
    found = answer(_guest("memory = 2800", f"vnuma = {value}"))

    assert (found.verdict, found.guest.vnuma) == (Verdict.STARTS, ())


def test_a_list_within_a_node_is_skipped() -> None:
    assert _guest('vnuma = [ [ [ "size=1" ], "size=2000" ] ]').vnuma == (2000 * MIB,)


@pytest.mark.parametrize(
    ("most", "least", "rule"),
    [
        (2 << 20, 2 << 20, None),
        (2 << 20, None, None),
        (2 << 20, 1 << 20, DEFAULTS_RULE),
        (3 << 20, 3 << 20, NODES_RULE),
        ((2 << 20) - 1024, (2 << 20) - 1024, NODES_RULE),
    ],
)
def test_the_nodes_of_a_saved_guest(most: int, least: int | None, rule: SourceRule | None) -> None:
    nodes = [{"memkb": 1 << 20, "pnode": 0}, {"memkb": 1 << 20}]
    build: dict[str, object] = {
        "max_memkb": most,
        "target_memkb": least,
        "vnuma_nodes": nodes,
        "type.hvm": {},
    }
    text = json.dumps({"c_info": {"type": "hvm", "name": "a"}, "b_info": build})
    (saved,) = guests_from_libxl_json(text, "a.json")

    assert saved.vnuma == (1024 * MIB, 1024 * MIB)
    assert [reason.rule for reason in answer(saved).reasons] == ([] if rule is None else [rule])


@pytest.mark.parametrize(("video", "verdict"), [(8, Verdict.STARTS), (9, Verdict.REFUSED)])
def test_the_first_node_has_the_video_memory(video: int, verdict: Verdict) -> None:
    one = _guest('vnuma = [ [ "size=8" ], [ "size=2000" ] ]', f"videoram = {video}")

    assert answer(one).verdict is verdict
    pvh = _guest('vnuma = [ [ "size=4" ], [ "size=2000" ] ]', kind="pvh")
    assert answer(pvh).verdict is Verdict.STARTS
