r"""What xl of each release reads in a file: ``+=`` since 4.13, unknown escapes in 4.6 alone.

The answers are those of libxlutil's own lexer and grammar (libxlu_cfg.c, libxlu_cfg_l.l,
libxlu_cfg_y.y), compiled from 4.6.0, 4.7.0, 4.12.2, 4.13.0 and 4.22.0. Those of the point releases
between are the same files, or differ in messages alone. a30910bfd7 (4.13) brought ``+=``,
cf1416a6e8 (4.7) the refusal of unknown escapes.
"""

import pytest

from dmaragent.guests.config import GuestConfig
from dmaragent.guests.formats import read_all_guests
from dmaragent.guests.xlcfg import ConfigError, XlConfig, read_xl_config
from dmaragent.policy.decisions import Decider, Verdict
from dmaragent.xen.toolstack.libxl import XLCFG_ERAS, XlcfgBehaviour
from support.guests import answer, facts

BY_RELEASE = {"4.6": XLCFG_ERAS[0], "4.12": XLCFG_ERAS[1], "4.13": XLCFG_ERAS[2]}
HEAD = 'name = "win"\ntype = "hvm"\nbuilder = "hvm"\nmemory = 1024\n'

# What a holds, by 4.6, 4.7 to 4.12, and 4.13 and later; None: the file is refused.
READ: list[tuple[str, str | None, str | None, str | None]] = [
    (r'a="x\qy"', "xy", None, None),
    ('a="\\8\\-\\\u00e9 \\["', "\udca9 ", None, None),  # of a letter of two bytes one vanishes
    (r'a="\x41"', None, None, None),
    (r'a="\12"', None, None, None),
    ("a+=1", None, None, "1"),
    ('a="x"\na+="y"', None, None, "xy"),
    ("a=1 # +=\n", "1", "1", "1"),
    ('a="+="', "+=", "+=", "+="),
    ("a+ =1", None, None, None),
    ("a=1+", "1", "1", "1"),
    ("# c\0d\na=1", "1", "1", "1"),
    ("a=1\n\0", "1", "1", "1"),
    ("a=1\0\n", None, None, None),
    ('a="\0"', None, None, None),
    ('b=1\na="\\q"\nb+=1', None, None, None),
]


@pytest.mark.parametrize(("text", "first", "second", "third"), READ)
def test_what_each_release_reads(
    text: str, first: str | None, second: str | None, third: str | None
) -> None:
    found = []
    for behaviour in BY_RELEASE.values():
        config = read_xl_config(text, behaviour)
        found.append(config.text("a") if isinstance(config, XlConfig) else None)

    assert found == [first, second, third]


@pytest.mark.parametrize("behaviour", XLCFG_ERAS[:2])
def test_the_refusal_of_an_addition_names_its_line(behaviour: XlcfgBehaviour) -> None:
    error = read_xl_config("a=1\nb=2\na+=1\n", behaviour)

    assert isinstance(error, ConfigError)
    assert (error.line, error.near) == (3, "+=")
    assert "4.12" in error.expected


def _guest(text: str) -> GuestConfig:
    (one,) = read_all_guests(text, "win.cfg")
    assert isinstance(one, GuestConfig)
    return one


@pytest.mark.parametrize(
    ("release", "starts"),
    [("4.6", False), ("4.11.4", False), ("4.12.4", False), ("4.13.0", True), ("4.22", True)],
)
def test_up_to_4_12_xl_refuses_a_guest_with_an_addition(
    release: str,
    starts: bool,  # noqa: FBT001 - a column of the table
) -> None:
    found = answer(_guest(f"{HEAD}extra = 'a'\nextra += 'b'\n"), facts({}), release)

    assert (found.verdict is Verdict.STARTS) is starts
    if not starts:
        assert (found.reasons[0].decider, found.reasons[0].place) == (Decider.XL, "win.cfg:6")


@pytest.mark.parametrize(
    ("release", "starts"), [("4.6.6", True), ("4.7.0", False), ("4.13", False), ("4.22", False)]
)
def test_4_6_alone_builds_a_guest_with_an_unknown_escape(
    release: str,
    starts: bool,  # noqa: FBT001 - a column of the table
) -> None:
    found = answer(_guest(HEAD.replace("win", r"w\in \q")), facts({}), release)

    assert (found.verdict is Verdict.STARTS) is starts
    if starts:
        assert found.guest.name == "wn "
    else:
        assert (found.reasons[0].decider, found.reasons[0].place) == (Decider.XL, "win.cfg:1")


def test_a_file_that_all_releases_read_alike_is_kept_once() -> None:
    assert _guest(HEAD).older == ()
    assert _guest(f"{HEAD}extra = '\\n' # +=\n").older == ()
    assert [until for until, _ in _guest(f"{HEAD}extra += '1'\n").older] == [(4, 7), (4, 13)]
