"""The accessibility of a page that a browser shows, as axe-core finds it."""

from support.browser import Browser


def axe_violations(browser: Browser, axe_core: str) -> object:
    """Return the rules that the page violates, each with an element; `axe_core` is its source."""
    browser.run(axe_core)
    return browser.wait_for(
        "window.asked ??= axe.run({resultTypes: ['violations']}).then((found) => {"
        "  window.found = found.violations.map((one) => [one.id, one.nodes[0].html]);"
        "});"
        "return window.found ?? null;"
    )
