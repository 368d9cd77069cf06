"""What the page shows without an answer: each state has its words."""

import json
from collections.abc import Callable

import pytest

from dmaragent.agent.published import Published
from support.cockpit_host import BEYOND, HP, REFUSED, SCREENS, Host
from support.machines import load

pytestmark = pytest.mark.slow  # a browser and Cockpit run


@SCREENS
@pytest.mark.parametrize("state", ["none", "published"])
def test_a_page_without_the_api_fits_and_has_no_violation(
    state: str,
    screen: tuple[int, str],
    axe_core: str,
    make_host: Callable[..., Host],
    published: Callable[[str], Published],
) -> None:
    host = make_host(published(HP))
    host.link(socket=False, file=state == "published")
    host.show(width=screen[0], theme=screen[1], state=state)

    assert host.browser.log == []
    assert host.browser.run("return document.scrollingElement.scrollWidth") <= screen[0]
    assert host.browser.run(BEYOND, screen[0]) == []
    assert host.violations(axe_core) == []


def test_with_the_socket_off_the_published_inventory_is_shown_and_how_to_enable_it(
    make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published(HP))
    host.link(socket=False)
    host.show(state="published")

    (notice,) = host.notices()

    assert "systemctl enable --now dmaragent.socket" in notice
    assert len(host.regions()) == 9
    assert host.browser.run("return document.querySelector('#guest fieldset').disabled")
    assert "blocked" not in host.text("#devices")
    assert "allowed" not in host.text("#devices")


def test_an_ordinary_user_sees_what_is_published_and_why_not_more(
    make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published(HP), user="65534")
    host.show(state="published")

    (notice,) = host.notices()

    assert "usermod --append --groups dmaragent nobody" in notice
    assert len(host.regions()) == 9
    disabled = (
        "return [...document.querySelectorAll('#downloads button')].map((one) => one.disabled)"
    )
    assert host.browser.run(disabled) == [True, True]


def test_a_member_of_the_group_sees_everything_but_the_bundle(
    make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published(HP), user="65534")
    host.api.chmod(0o666)  # as the group's members
    host.show()

    host.check(REFUSED)

    assert host.notices() == []
    disabled = (
        "return [...document.querySelectorAll('#downloads button')].map((one) => one.disabled)"
    )
    assert host.browser.run(disabled) == [False, True]


def test_without_agent_the_page_knows_nothing_and_continues_when_one_starts(
    make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published(HP))
    host.link(socket=False, file=False)
    host.show(state="none")
    (notice,) = host.notices()
    hidden = host.browser.run("return document.querySelector('#regions').hidden")

    host.link()
    host.wait_for("return document.body.dataset.state === 'live'")

    assert "systemctl status dmaragent.service" in notice
    assert hidden
    assert host.notices() == []
    assert len(host.regions()) == 9


@pytest.mark.parametrize("failure", ["the table is on fire", ""])
def test_a_failed_or_missing_scan_shows_the_agent_s_words_and_no_old_inventory(
    failure: str, make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published(HP))
    host.failure = failure
    if not failure:
        host.published = None
    host.show(state="none")

    (notice,) = host.notices()

    assert ("the table is on fire" in notice) is bool(failure)
    assert host.browser.run("return document.querySelector('#regions').hidden")


@pytest.mark.parametrize(
    "name",
    ["synthetic-sosreport-without-table", "synthetic-pvh-dom0", "synthetic-amd-vi-off"],
)
@pytest.mark.parametrize("state", ["live", "published"])
def test_a_host_without_a_table_has_the_reason_and_no_claim_that_there_are_no_regions(
    name: str,
    state: str,
    make_host: Callable[..., Host],
    published: Callable[[str], Published],
) -> None:
    host = make_host(published(name))
    host.link(socket=state == "live")
    host.show(state=state)
    answer = json.loads(published(name).document)["answer"]

    if answer["absence"] is None:
        assert load(name, "origin.toml")  # a table, but the IOMMU is off
        assert any(answer["xen"]["iommu_disabled"] in one for one in host.notices())
    else:
        assert any("unknown" in one.lower() for one in host.notices())
        assert "unknown" in host.text("#regions").lower()


def test_an_unknown_verdict_is_shown_as_unknown(
    make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published("synthetic-sosreport-without-table"))
    host.show()

    host.check(REFUSED)

    assert host.text("#guest-answer .label") in ("unknown", "will not start")
