"""Which releases an answer assumes, and how they are known."""

import pytest

from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.question.context import Question, context_of
from support.explained import grouped, made
from support.hosts import FakeHost

_LIBRARY = b'["library", "4.17"]\n'
_READ = _LIBRARY + b'["rdm", "strategy=host,policy=strict", 0, 1, 0, false]\n'


def _on_xen() -> FakeHost:
    host = made()
    host.files["/sys/hypervisor/type"] = b"xen\n"
    for name, part in (("major", "4"), ("minor", "17"), ("extra", ".2")):
        host.files[f"/sys/hypervisor/version/{name}"] = f"{part}\n".encode()
    return host


def _on_linux() -> FakeHost:
    return grouped(made(), g1=["0000:00:19.0"])


@pytest.mark.parametrize(
    ("host", "question", "library", "has", "lacks"),
    [
        (_on_xen(), {}, None, ["tools match its Xen 4.17.2"], []),
        (_on_xen(), {}, _LIBRARY, ["runs Xen 4.17.2", "libxlutil is 4.17"], ["read the settings"]),
        (_on_xen(), {}, _READ, ["runs Xen 4.17.2", "libxlutil 4.17 read the settings"], []),
        (
            _on_xen(),
            {"toolstack_release": "4.14"},
            None,
            ["runs Xen 4.17.2", "Tools of Xen 4.14, as requested"],
            ["match"],
        ),
        (_on_xen(), {"xen": "4.18"}, None, ["Xen 4.18, as requested"], ["match", "4.17"]),
        (_on_linux(), {}, None, ["newest known release", "runs no Xen"], []),
        (_on_linux(), {}, _LIBRARY, ["Xen 4.17", "host's libxlutil", "runs no Xen"], ["newest"]),
        (_on_linux(), {"xen": "4.18"}, None, ["Xen 4.18, as requested", "runs no Xen"], []),
        (
            _on_linux(),
            {"toolstack_release": "4.14"},
            None,
            ["newest known release", "Tools of Xen 4.14, as requested"],
            [],
        ),
        (made(), {}, None, ["newest known release", "release is unknown"], []),
        (made(), {}, _LIBRARY, ["Xen 4.17", "libxlutil", "release is unknown"], ["newest"]),
    ],
)
def test_the_source_of_each_release_is_stated(
    host: FakeHost,
    question: dict[str, str],
    library: bytes | None,
    has: list[str],
    lacks: list[str],
) -> None:
    origin = context_of(join(collect(host)), Question(**question), library).stack.origin  # type: ignore[arg-type]

    assert [words for words in has if words not in origin] == []
    assert [words for words in lacks if words in origin] == []
