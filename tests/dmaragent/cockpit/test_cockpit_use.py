"""The page as it is used: changes of the host, keyboard, menu, theme, policy, downloads."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from dmaragent.agent.published import Published
from support.cockpit_host import ANSWERED, HP, PATIENCE, REFUSED, Host

pytestmark = pytest.mark.slow  # a browser and Cockpit run

LIGHT, DARK = "rgb(242, 242, 242)", "rgb(21, 21, 21)"


def test_a_change_is_shown_by_itself_announced_and_keeps_form_and_focus(
    make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published(HP))
    host.show()
    host.check(REFUSED)
    host.browser.run("document.querySelector('#guest-text').focus()")
    other = published("lenovo-laptop")

    host.publish(_next(other))
    host.wait_for("return document.querySelectorAll('#picture .box.region').length === 2")

    kept = "const one = document.querySelector('#guest-text'); return [one.value, one === document.activeElement]"
    assert host.browser.run(kept) == [REFUSED, True]
    assert host.browser.run("return document.querySelector('#guest-answer .stale') !== null")
    assert (
        host.browser.run("return document.querySelector('#status').getAttribute('role')")
        == "status"
    )
    assert "inventory 4" in host.text("#status")


def _next(published: Published) -> Published:
    """Return the next generation."""
    document = json.loads(published.document)
    document["origin"]["generation"] += 1
    return replace(
        published,
        generation=published.generation + 1,
        document=json.dumps(document).encode(),
    )


def test_a_page_that_may_not_wait_for_a_change_stays_live_and_shows_the_next_one(
    make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published(HP), watching=0)
    host.show()

    host.publish(_next(published("lenovo-laptop")))
    host.wait_for("return document.querySelectorAll('#picture .box.region').length === 2 || null")

    assert host.browser.run("return document.body.dataset.state") == "live"
    assert host.notices() == []


def test_what_is_open_stays_open_when_the_host_changes(
    make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published(HP))
    host.show()
    host.browser.run("document.querySelector('#findings details').open = true")
    host.browser.run("document.querySelector('#findings summary').focus()")

    host.publish(_next(published(HP)))
    host.wait_for("return document.querySelector('#status').innerText.includes('4')")

    assert host.browser.run("return document.querySelector('#findings details').open")


def test_the_keyboard_reaches_everything_in_order(
    make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published(HP))
    host.show()
    browser = host.browser
    browser.run("document.body.tabIndex = -1; document.body.focus()")
    reached: list[Any] = []
    for _ in range(6):
        browser.tab()
        reached.append(browser.run(FOCUSED))

    assert [one["name"] for one in reached[:5]] == [
        "Download report",
        "Download support bundle",
        "guest-file",
        "guest-text",
        "Check the guest",
    ]
    assert [one for one in reached if one["outline"] == "none"] == []
    assert reached[5]["name"]


FOCUSED = """
const one = document.activeElement;
return {name: one.id || one.textContent, outline: getComputedStyle(one).outlineStyle};
"""


def test_the_keyboard_checks_a_guest(
    make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published(HP))
    host.show()
    host.browser.run("document.querySelector('#guest-text').focus()")

    host.browser.press(REFUSED, Keys.TAB, Keys.ENTER)

    host.wait_for(ANSWERED)
    assert host.browser.run("return document.querySelectorAll('#guest-answer article').length") == 1


def test_cockpit_s_menu_has_the_page(
    make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published(HP))

    host.browser.visit(f"{host.cockpit.address}/dmaragent")

    inside = "document.querySelector('iframe[name$=\"/dmaragent\"]')?.contentDocument"
    host.wait_for(f"return {inside}?.body?.dataset.state === 'live'")
    links = host.browser.run(
        "return [...document.querySelectorAll('a[href$=\"/dmaragent\"]')].map((one) => one.textContent)"
    )
    assert "Reserved memory" in links


@pytest.mark.parametrize(
    ("style", "browser_has", "background"),
    [
        ("auto", "dark", DARK),
        ("auto", "light", LIGHT),
        ("dark", "light", DARK),
        ("light", "dark", LIGHT),
    ],
)
def test_the_theme_is_the_one_of_cockpit_s_menu(
    style: str,
    browser_has: str,
    background: str,
    make_host: Callable[..., Host],
    published: Callable[[str], Published],
) -> None:
    host = make_host(published(HP))
    host.show(theme=browser_has)
    color = "return getComputedStyle(document.body).backgroundColor"
    try:
        host.browser.run(
            "window.dispatchEvent(new CustomEvent('cockpit-style', {detail: {style: arguments[0]}}));"
            "localStorage.setItem('shell:style', arguments[0]);",
            style,
        )
        now = host.browser.run(color)
        host.show(theme=browser_has)
        later = host.browser.run(color)
    finally:
        host.browser.run("localStorage.removeItem('shell:style')")

    assert now == later == background


def test_the_policy_allows_scripts_and_styles_of_files_only(
    make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published(HP))
    host.show()

    policy = host.browser.run_async(
        "fetch(location.href).then((one) => arguments[0](one.headers.get('content-security-policy')))"
    )
    host.browser.run(
        "const one = document.createElement('script'); one.textContent = 'window.ran = true';"
        "document.body.append(one);"
    )

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert host.browser.run("return window.ran") is None


def test_the_report_of_the_host_is_downloaded(
    tmp_path: Path, make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published(HP))
    folder = tmp_path / "downloads"
    host.browser.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
    host.show()

    host.browser.run("document.querySelector('#downloads button').click()")
    host.browser.wait(lambda: list(folder.glob("*.html")), PATIENCE)

    (path,) = folder.glob("*.html")
    text = path.read_text("utf-8")
    assert 'id="region-9"' in text
    assert text.rstrip().endswith("</html>")


def test_a_bundle_is_downloaded_whole(
    tmp_path: Path,
    programs: Path,
    make_host: Callable[..., Host],
    published: Callable[[str], Published],
) -> None:
    content = bytes(range(256)) * 5000
    (programs / "bundle").write_bytes(content)
    program = programs / "dmaragent"
    program.write_text(f'#!/bin/sh\n[ "$*" = "dump --output -" ] && cat {programs}/bundle\n')
    program.chmod(0o755)
    host = make_host(published(HP))
    folder = tmp_path / "downloads"
    host.browser.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
    host.show()

    host.browser.run("document.querySelectorAll('#downloads button')[1].click()")
    host.wait_for("return /tar.xz/.test(document.querySelector('#downloads').innerText)")
    host.browser.wait(lambda: list(folder.glob("*.tar.xz")), PATIENCE)

    (path,) = folder.glob("*.tar.xz")
    assert path.read_bytes() == content
    program.unlink()


def test_a_bundle_that_fails_says_why(
    programs: Path, make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    program = programs / "dmaragent"
    program.write_text("#!/bin/sh\necho 'error: the disk is full' >&2; exit 2\n")
    program.chmod(0o755)
    host = make_host(published(HP))
    host.show()

    host.browser.run("document.querySelectorAll('#downloads button')[1].click()")
    host.wait_for("return document.querySelector('#downloads .notice') !== null")
    program.unlink()

    assert "the disk is full" in host.text("#downloads .notice")
