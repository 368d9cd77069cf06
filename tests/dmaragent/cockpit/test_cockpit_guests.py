"""The form of the page that checks a guest, and hostile texts."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dmaragent.agent.published import Published
from support.cockpit_host import HP, REFUSED, Host
from support.reports import HOSTILE, hostile_guest

pytestmark = pytest.mark.slow  # a browser and Cockpit run


def test_a_guest_has_the_verdict_reasons_and_fixes_of_the_api(
    make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published("lenovo-laptop"))
    host.show()

    host.check(REFUSED.replace("0a:00.0", "00:14.0"))

    answer = host.text("#guest-answer")
    assert "RDM conflict at 0x5fa2a000" in answer
    assert host.text("#guest-answer .label") == "will not start"
    lines = host.browser.run(
        "return [...document.querySelectorAll('#guest-answer pre')].map((one) => one.textContent)"
    )
    assert lines[:2] == ["rdm_mem_boundary = 1530", "memory = 1538"]


@pytest.mark.parametrize(("guest", "line"), [("pci = [ 1", "1"), ("\x00", "")])
def test_a_guest_that_cannot_be_read_is_refused_with_the_api_s_reason(
    guest: str, line: str, make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published(HP))
    host.show()

    host.check(guest)

    assert host.browser.run("return document.querySelector('#guest-answer article')") is None
    told = host.text("#guest-answer .notice")
    assert len(told.splitlines()) >= 2
    assert f"Line {line}" in told if line else "Line" not in told


def test_a_file_is_read_into_the_form(
    tmp_path: Path, make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published(HP))
    host.show()
    config = tmp_path / "guest.cfg"
    config.write_text(REFUSED)

    host.browser.choose("#guest-file", config)

    text = "return document.querySelector('#guest-text').value"
    assert host.wait_for(f"{text} || null") == REFUSED
    large = tmp_path / "large.cfg"
    large.write_text("#" * (64 * 1024 + 1))
    host.browser.choose("#guest-file", large)
    host.wait_for("return document.querySelector('#guest-answer .notice') !== null")
    assert host.browser.run(text) == REFUSED


def test_libvirt_s_guests_can_be_chosen_by_names_that_look_like_options(
    programs: Path, make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    names = ["win10", "--all", "$(id)"]
    virsh = programs / "virsh"
    virsh.write_text(
        "#!/bin/sh\n"
        f"if [ \"$1\" = list ]; then printf '%s\\n' {' '.join(map(repr, names))}; exit; fi\n"
        'printf \'name = "%s"\\n\' "$*"\n'
    )
    virsh.chmod(0o755)
    try:
        host = make_host(published(HP))
        host.show()
        host.wait_for("return !document.querySelector('#guest-libvirt').closest('[hidden]')")
        options = host.browser.run(
            "return [...document.querySelector('#guest-libvirt').options].map((one) => one.value)"
        )
        host.browser.run(
            "const one = document.querySelector('#guest-libvirt'); one.value = '--all';"
            "one.dispatchEvent(new Event('change'))"
        )
        text = host.wait_for("return document.querySelector('#guest-text').value || null")
    finally:
        virsh.unlink()

    assert options == ["", *names]
    assert text == 'name = "dumpxml --domain=--all"\n'


def test_without_libvirt_there_is_no_list(
    programs: Path, make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    asked = programs / "asked"
    virsh = programs / "virsh"
    virsh.write_text(f"#!/bin/sh\ntouch {asked}\necho 'error: failed to connect' >&2; exit 1\n")
    virsh.chmod(0o755)
    try:
        host = make_host(published(HP))
        host.show()
        host.check(REFUSED)
    finally:
        virsh.unlink()

    hidden = "return Boolean(document.querySelector('#guest-libvirt').closest('[hidden]'))"
    assert asked.exists()
    assert host.browser.run(hidden)


def test_hostile_names_are_text(
    make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published("hostile"))
    host.show()
    host.check(hostile_guest())

    markup = host.browser.run(
        "return document.querySelectorAll('img, main script, main style').length"
    )

    assert markup == 0
    assert host.browser.log == []
    assert HOSTILE in host.text("#machine")
    assert HOSTILE in host.text("#devices")
    assert HOSTILE.replace('"', "'") in host.text("#guest-answer h3")


def test_characters_that_reorder_or_hide_text_are_escaped(
    make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published(HP))
    host.show()

    host.check(REFUSED.replace("win10", "\u202egfc.x\u200b"))

    assert host.text("#guest-answer h3").startswith("\\u{202e}gfc.x\\u{200b}")
