"""The text of rdm=: the table of eras, the documented grammar, and libxlutil itself."""

import random

import pytest

from dmaragent.guests.rdm import (
    Policy,
    RdmRefusal,
    RdmText,
    Strategy,
    read_rdm_documented,
    read_rdm_shipped,
)
from dmaragent.xen.toolstack.libxl import LIBXLU_ERAS
from support.libxlutil import COUNT, SERIES, ask, distinct, parser
from support.libxlutil_child import SENTINEL

HOST, STRICT, RELAXED = Strategy.HOST, Policy.STRICT, Policy.RELAXED
SILENT, TOLD = "refused without a word", "refused with a message"
Answer = RdmText | str
TABLE: list[tuple[str, Answer, Answer, Answer]] = [
    ("strategy=host,policy=strict", RdmText(HOST, STRICT), RdmText(HOST, STRICT), SILENT),
    ("strategy=host,policy=relaxed", RdmText(HOST, RELAXED), RdmText(HOST, RELAXED), SILENT),
    ("policy=strict,strategy=host", TOLD, RdmText(HOST, STRICT), SILENT),
    ("strategy=host", SILENT, RdmText(HOST, None), RdmText(HOST, None)),
    ("policy=relaxed", TOLD, RdmText(None, RELAXED), SILENT),
    ("policy=bogus", TOLD, TOLD, RdmText(None, None)),
    ("strategy=host,policy=bogus", TOLD, TOLD, RdmText(HOST, None)),
    ("strategy=host,policy=Relaxed", TOLD, TOLD, SILENT),
    ("strategy=host,policy=invalid", TOLD, TOLD, SILENT),
    ("strategy=host, policy=relaxed", TOLD, TOLD, TOLD),
    ("strategy=HOST", TOLD, TOLD, TOLD),
    ("strategy=", TOLD, TOLD, TOLD),
    ("strategy='host'", TOLD, TOLD, TOLD),
    ("strategy=ignore", TOLD, TOLD, TOLD),
    ("strategy=host,", SILENT, SILENT, SILENT),
    ("policy=bogus,strategy=host,", TOLD, TOLD, TOLD),
    ("", SILENT, SILENT, SILENT),
    ("strategy", SILENT, SILENT, SILENT),
    ("strategy=host,,policy=strict", TOLD, TOLD, TOLD),
    ("type=host,policy=strict", TOLD, TOLD, TOLD),
    ("strategy=host,strategy=host", TOLD, RdmText(HOST, None), RdmText(HOST, None)),
    ("policy=strict,policy=relaxed", TOLD, RdmText(None, RELAXED), SILENT),
]


def _put(read: RdmText | RdmRefusal) -> Answer:
    if isinstance(read, RdmText):
        return read
    return SILENT if read.silent else TOLD


@pytest.mark.parametrize("era", range(3))
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0] or "empty")
def test_s1_s2_s3_each_era_reads_the_string_its_own_way(
    row: tuple[str, Answer, Answer, Answer], era: int
) -> None:
    assert _put(read_rdm_shipped(row[0], LIBXLU_ERAS[era])) == row[1 + era]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("strategy=host,policy=strict", RdmText(HOST, STRICT)),
        ("policy=relaxed,strategy=host", RdmText(HOST, RELAXED)),
        ("strategy=host", RdmText(HOST, None)),
        ("policy=strict", RdmText(None, STRICT)),
        ("strategy=host, policy=strict", (14, "policy without a blank")),
        ("strategy=host,policy=Strict", (21, "strict or relaxed")),
        ("strategy=all", (9, "host")),
        ("strategy=host,strategy=host", (14, "no second strategy")),
        ("reserve=strict", (0, "strategy or policy")),
        ("strategy=host,", (14, "strategy=host or policy=strict|relaxed")),
        ("", (0, "strategy=host or policy=strict|relaxed")),
    ],
)
def test_the_documented_reader_says_where_and_what_it_expected(
    text: str, answer: RdmText | tuple[int, str]
) -> None:
    read = read_rdm_documented(text)
    assert (read if isinstance(read, RdmText) else (read.position, read.expected)) == answer


def _word(draw: random.Random) -> str:
    return "".join(draw.choices("abcdehilnoprstxSR0 ='", k=draw.randrange(1, 9)))


def _pair(draw: random.Random, *, wrongly: bool) -> str:
    """Make a part of the string: most are accepted, in endless variety if policies are not."""
    kind = draw.random()
    if kind < 0.4:
        return "strategy=host"
    if kind < 0.8:
        return f"policy={_word(draw) if wrongly else draw.choice(('strict', 'relaxed'))}"
    odd = ("policy=strict", "policy=RELAXED", "policy=invalid", "strategy=Host", " strategy=host")
    return draw.choice((*odd, "strategy", "=", "policy=", "strategy==host", "", _word(draw)))


def _string(draw: random.Random, *, wrongly: bool) -> str:
    text = ",".join(_pair(draw, wrongly=wrongly) for _ in range(draw.randrange(1, 5)))
    for _ in range(draw.choice((0, 0, 0, 0, 0, 1) if wrongly else (0, 1, 1, 2))):
        at = draw.randrange(len(text) + 1)
        text = text[:at] + draw.choice("=, shp'\"SX\\") + text[at + draw.randrange(2) :]
    return text


@pytest.mark.slow
@pytest.mark.parametrize("series", SERIES)
def test_libxlutil_itself_reads_strings_as_its_release_is_modelled(series: str) -> None:
    draw = random.Random(20150722)  # noqa: S311 - the same strings each time
    wrongly = parser(series).rdm_takes_policy_wrongly
    texts = distinct(lambda: _string(draw, wrongly=wrongly))
    accepted = 0
    for text, answer in zip(texts, ask(series, (("rdm", text) for text in texts)), strict=True):
        code, *fields, printed = answer
        reading = read_rdm_shipped(text, parser(series))
        if isinstance(reading, RdmText):
            accepted += 1
            policy = SENTINEL if reading.policy is None else reading.policy is RELAXED
            assert (code, fields) == (0, [1 if reading.strategy else SENTINEL, policy]), text
        else:
            assert code != 0, text
            assert printed != reading.silent, text
    # without policies of any wording there are only so many that are accepted
    assert accepted >= (COUNT / 3 if wrongly else 80)
