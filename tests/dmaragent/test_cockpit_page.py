"""The page in a real Cockpit and a real browser, over the real local API."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from dmaragent.agent.published import Published
from dmaragent.agent.routes import PublishedFacts
from support.browser import Browser, chromium
from support.cockpit_page import Cockpit, cockpit, reachable_folder
from support.machines import load
from support.published import publish_host
from support.reports import HOSTILE, hostile_guest, hostile_host, recorded
from support.served import published_machine, serving_changes

pytestmark = pytest.mark.slow  # a browser and Cockpit run

HP = "hp-dl380e-gen8"
LIGHT, DARK = "rgb(242, 242, 242)", "rgb(21, 21, 21)"
HOSTS = (
    HP,
    "xen-pv-dom0",
    "xen-amd-bookworm",
    "synthetic-pvh-dom0",
    "synthetic-epyc-segments",
    "synthetic-sosreport-without-table",
    "hostile",
)
SCREENS = pytest.mark.parametrize(
    "screen", [(360, "light"), (360, "dark"), (1280, "light"), (1280, "dark")], ids=str
)
REFUSED = 'name = "win10"\ntype = "hvm"\nmemory = 4096\npci = [ "0a:00.0" ]\n'
READY = """
return document.body?.dataset.state &&
  document.querySelector("#devices").getAttribute("aria-busy") !== "true" || null;
"""


class Host:
    """A host whose agent a test controls, and the page that shows it."""

    def __init__(self, folder: Path, cockpit: Cockpit, browser: Browser) -> None:
        self.cockpit, self.browser = cockpit, browser
        self.published: Published | None = None
        self.failure = ""
        self.runtime = folder / "published"
        self.runtime.mkdir()
        self.api = folder / "api"
        self.announce: Callable[[], None] = lambda: None

    def state(self) -> tuple[Published | None, PublishedFacts]:
        """Return what the API serves."""
        return self.published, PublishedFacts(failure=self.failure)

    def publish(self, published: Published) -> None:
        """Have the agent publish another inventory."""
        self.published = published
        new = self.runtime / "new"
        new.write_bytes(published.document)
        new.chmod(0o644)
        new.replace(self.runtime / "inventory.json")
        self.announce()

    def link(self, *, socket: bool = True, file: bool = True) -> None:
        """Put the socket and the published file where an agent has them."""
        self.cockpit.link_agent(self.api if socket else None, self.runtime if file else None)

    def show(self, *, width: int = 1280, theme: str = "light", state: str = "live") -> None:
        """Show the page and wait until it has an answer, which must be of this state."""
        self.browser.visit(self.cockpit.page, width=width, theme=theme)
        self.browser.wait_for(READY)
        assert self.browser.run("return document.body.dataset.state") == state

    def text(self, selector: str) -> str:
        """Return the text of the first element."""
        found = self.browser.run("return document.querySelector(arguments[0]).innerText", selector)
        return str(found)


@pytest.fixture(scope="module")
def browser(chromium_tools: None) -> Iterator[Browser]:
    """Return the one browser of this module."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def programs() -> Iterator[Path]:
    """Return a folder of programs that tests put there, before those of this machine."""
    with reachable_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def servers(cockpit_tools: None, programs: Path) -> Iterator[Callable[[str], Cockpit]]:
    """Return a function that starts Cockpit for a user, once; empty: root."""
    running: dict[str, Cockpit] = {}
    with ExitStack() as ends:

        def server(user: str) -> Cockpit:
            if user not in running:
                folder = ends.enter_context(reachable_folder())
                running[user] = ends.enter_context(cockpit(folder, user=user, programs=programs))
            return running[user]

        yield server


@pytest.fixture
def make_host(browser: Browser, servers: Callable[[str], Cockpit]) -> Iterator[Callable[..., Host]]:
    """Return a function that makes a host with a served API, shown to a user."""
    with ExitStack() as ends:

        def made(published: Published | None, *, user: str = "") -> Host:
            host = Host(ends.enter_context(reachable_folder()), servers(user), browser)
            host.announce = ends.enter_context(serving_changes(host.api, host.state))
            host.api.chmod(0o660)
            if published is not None:
                host.publish(published)
            host.link()
            return host

        yield made


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Published]:
    """Return a function that publishes a host, once."""
    known: dict[str, Published] = {}

    def publish(name: str) -> Published:
        if name not in known:
            if name == "hostile":
                folder = tmp_path_factory.mktemp("hostile")
                known[name] = publish_host(str(recorded(hostile_host(), folder)))
            else:
                known[name] = published_machine(name)
        return known[name]

    return publish


@SCREENS
@pytest.mark.parametrize("name", HOSTS)
def test_a_page_fits_logs_nothing_and_has_no_violation(
    name: str,
    screen: tuple[int, str],
    axe_core: str,
    make_host: Callable[..., Host],
    published: Callable[[str], Published],
) -> None:
    host = make_host(published(name))
    host.show(width=screen[0], theme=screen[1])
    browser = host.browser
    _check(host, hostile_guest() if name == "hostile" else REFUSED)
    browser.run("for (const one of document.querySelectorAll('details')) one.open = true;")

    assert browser.log == []
    assert browser.run("return document.scrollingElement.scrollWidth") <= screen[0]
    assert browser.run(BEYOND, screen[0]) == []
    browser.cdp("Runtime.evaluate", expression=axe_core)
    violations = browser.wait_for(AXE)
    assert violations == []


BEYOND = """
return [...document.querySelectorAll("main *")].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.width && box.right > arguments[0] + 0.5 && !one.closest("pre, thead");
}).map((one) => one.outerHTML.slice(0, 200));
"""
AXE = """
window.axeResult ??= axe.run().then(({violations}) => {
  window.axeFound = violations.map(({id, nodes}) => [id, nodes.map((one) => one.html.slice(0, 200))]);
});
return window.axeFound ?? null;
"""


@pytest.mark.parametrize("name", HOSTS)
def test_every_region_is_in_the_table_and_in_the_picture(
    name: str, make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published(name))
    host.show()
    regions = json.loads(published(name).document)["answer"]["regions"]

    rows = host.browser.run(COLUMN, "#regions table", REGION_CAPTION)
    drawn = host.browser.run("return document.querySelectorAll('#picture .box.region').length")

    assert rows == [str(region["number"]) for region in regions]
    assert drawn == sum(int(r["base"], 16) <= int(r["limit"], 16) for r in regions)


REGION_CAPTION = "firmware"
COLUMN = """
const [tables, caption] = arguments;
const found = [...document.querySelectorAll(tables)].filter(
  (one) => one.caption.textContent.includes(caption));
return found.flatMap((one) => [...one.tBodies[0].rows].map((row) => row.cells[0].textContent));
"""


def test_a_wide_table_has_headers_and_a_narrow_one_names_each_cell(
    make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published(HP))
    host.show(width=360)

    cells = host.browser.run(LABELS)

    assert cells
    assert [one for one in cells if one["label"] != one["column"] or not one["scope"]] == []


LABELS = """
return [...document.querySelectorAll("tbody th, tbody td")].map((one) => {
  const label = getComputedStyle(one, "::before").content.replaceAll('"', "");
  const at = [...one.parentElement.children].indexOf(one);
  const head = one.closest("table").querySelectorAll("thead th")[at];
  const scope = head.scope === "col" && (at > 0 || one.scope === "row");
  return {label, column: head.textContent, scope};
});
"""


def _check(host: Host, guest: str) -> None:
    """Paste a guest, send the form and wait for the answer."""
    host.browser.run(
        "document.querySelector('#guest-text').value = arguments[0];"
        "document.querySelector('#guest form').requestSubmit();",
        guest,
    )
    host.browser.wait_for(ANSWERED)


ANSWERED = "return document.querySelector('#guest-answer :is(article, .notice)') !== null"


def test_a_guest_has_the_verdict_reasons_and_fixes_of_the_api(
    make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published("lenovo-laptop"))
    host.show()

    _check(host, REFUSED.replace("0a:00.0", "00:14.0"))

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

    _check(host, guest)

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
    assert host.browser.wait_for(f"{text} || null") == REFUSED
    large = tmp_path / "large.cfg"
    large.write_text("#" * (64 * 1024 + 1))
    host.browser.choose("#guest-file", large)
    host.browser.wait_for("return document.querySelector('#guest-answer .notice') !== null")
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
        host.browser.wait_for(
            "return !document.querySelector('#guest-libvirt').closest('[hidden]')"
        )
        options = host.browser.run(
            "return [...document.querySelector('#guest-libvirt').options].map((one) => one.value)"
        )
        host.browser.run(
            "const one = document.querySelector('#guest-libvirt'); one.value = '--all';"
            "one.dispatchEvent(new Event('change'))"
        )
        text = host.browser.wait_for("return document.querySelector('#guest-text').value || null")
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
        _check(host, REFUSED)
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
    _check(host, hostile_guest())

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

    _check(host, REFUSED.replace("win10", "\u202egfc.x\u200b"))

    assert host.text("#guest-answer h3").startswith("\\u{202e}gfc.x\\u{200b}")


# States ---------------------------------------------------------------------------------


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
    host.browser.cdp("Runtime.evaluate", expression=axe_core)
    assert host.browser.wait_for(AXE) == []


def _notices(host: Host) -> list[str]:
    found: list[str] = host.browser.run(
        "return [...document.querySelectorAll('#notices .notice')].map((one) => one.innerText)"
    )
    return found


def test_with_the_socket_off_the_published_inventory_is_shown_and_how_to_enable_it(
    make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published(HP))
    host.link(socket=False)
    host.show(state="published")

    (notice,) = _notices(host)

    assert "systemctl enable --now dmaragent.socket" in notice
    assert len(host.browser.run(COLUMN, "#regions table", REGION_CAPTION)) == 9
    assert host.browser.run("return document.querySelector('#guest fieldset').disabled")
    assert "blocked" not in host.text("#devices")
    assert "allowed" not in host.text("#devices")


def test_an_ordinary_user_sees_what_is_published_and_why_not_more(
    make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published(HP), user="65534")
    host.show(state="published")

    (notice,) = _notices(host)

    assert "adduser nobody dmaragent" in notice
    assert len(host.browser.run(COLUMN, "#regions table", REGION_CAPTION)) == 9
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

    _check(host, REFUSED)

    assert _notices(host) == []
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
    (notice,) = _notices(host)
    hidden = host.browser.run("return document.querySelector('#regions').hidden")

    host.link()
    host.browser.wait_for("return document.body.dataset.state === 'live'")

    assert "systemctl status dmaragent.service" in notice
    assert hidden
    assert _notices(host) == []
    assert len(host.browser.run(COLUMN, "#regions table", REGION_CAPTION)) == 9


@pytest.mark.parametrize("failure", ["the table is on fire", ""])
def test_a_failed_or_missing_scan_shows_the_agent_s_words_and_no_old_inventory(
    failure: str, make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published(HP))
    host.failure = failure
    if not failure:
        host.published = None
    host.show(state="none")

    (notice,) = _notices(host)

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
        assert any(answer["xen"]["iommu_disabled"] in one for one in _notices(host))
    else:
        assert any("unknown" in one.lower() for one in _notices(host))
        assert "unknown" in host.text("#regions").lower()


def test_an_unknown_verdict_is_shown_as_unknown(
    make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published("synthetic-sosreport-without-table"))
    host.show()

    _check(host, REFUSED)

    assert host.text("#guest-answer .label") in ("unknown", "will not start")


# Change ---------------------------------------------------------------------------------


def test_a_change_is_shown_by_itself_announced_and_keeps_form_and_focus(
    make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published(HP))
    host.show()
    _check(host, REFUSED)
    host.browser.run("document.querySelector('#guest-text').focus()")
    other = published("lenovo-laptop")

    host.publish(_next(other))
    host.browser.wait_for("return document.querySelectorAll('#picture .box.region').length === 2")

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


def test_what_is_open_stays_open_when_the_host_changes(
    make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published(HP))
    host.show()
    host.browser.run("document.querySelector('#findings details').open = true")
    host.browser.run("document.querySelector('#findings summary').focus()")

    host.publish(_next(published(HP)))
    host.browser.wait_for("return document.querySelector('#status').innerText.includes('4')")

    assert host.browser.run("return document.querySelector('#findings details').open")


# Keyboard, menu, policy -----------------------------------------------------------------


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

    host.browser.wait_for(ANSWERED)
    assert host.browser.run("return document.querySelectorAll('#guest-answer article').length") == 1


def test_cockpit_s_menu_has_the_page(
    make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published(HP))

    host.browser.visit(f"{host.cockpit.address}/dmaragent")

    inside = "document.querySelector('iframe[name$=\"/dmaragent\"]')?.contentDocument"
    host.browser.wait_for(f"return {inside}?.body?.dataset.state === 'live'")
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


# Downloads ------------------------------------------------------------------------------


def test_the_report_of_the_host_is_downloaded(
    tmp_path: Path, make_host: Callable[..., Host], published: Callable[[str], Published]
) -> None:
    host = make_host(published(HP))
    folder = tmp_path / "downloads"
    host.browser.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
    host.show()

    host.browser.run("document.querySelector('#downloads button').click()")
    host.browser.wait(lambda: list(folder.glob("*.html")))

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
    host.browser.wait_for("return /tar.xz/.test(document.querySelector('#downloads').innerText)")
    host.browser.wait(lambda: list(folder.glob("*.tar.xz")))

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
    host.browser.wait_for("return document.querySelector('#downloads .notice') !== null")
    program.unlink()

    assert "the disk is full" in host.text("#downloads .notice")
