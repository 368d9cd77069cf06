"""The writer: text is text whatever it holds, and nothing that could load or run is written."""

import base64
import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmaragent.present.escaping import visible
from dmaragent.present.html.markup import Child, element, page, several, text_lines
from support.pages import Page
from support.wording import Worded

HOSTILE = "</script><img src=x onerror=alert(1)>"


def test_text_is_escaped_in_elements_and_in_attributes() -> None:
    written = element("p", HOSTILE, "\"&'", title='" onclick="x')

    assert written.source == (
        '<p title="&quot; onclick=&quot;x">&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;'
        "&quot;&amp;&#x27;</p>"
    )


@given(text=st.text())
def test_any_text_comes_out_as_one_text_made_visible(text: str) -> None:
    read = Page(element("p", text, title=text).source)

    assert [one.name for one in read.elements] == ["p"]
    assert read.elements[0].text == visible(text)
    assert read.elements[0].attributes["title"] == visible(text)


@pytest.mark.parametrize("text", ["\x1b[2J", "\u202egpj.exe", "a\nb", "\udc80"])
def test_controls_and_bidirectional_marks_are_shown(text: str) -> None:
    assert visible(text) in element("p", text).source
    assert text not in element("p", text).source


def test_children_are_text_markup_and_lists_of_them() -> None:
    children: list[Child] = ["a<", None, [element("b", "c"), ("d", [])]]

    assert element("p", children).source == "<p>a&lt;<b>c</b>d</p>"
    assert several("x", element("br")).source == "x<br>"
    assert text_lines(["a<", "b\n"]).source == "a&lt;\nb\\x0a"


def test_attributes_are_left_out_or_stand_alone() -> None:
    written = element("p", a=None, b=False, c=True, for_="x", data_region="1", width=1.5, x=2.0)

    assert written.source == '<p c="" for="x" data-region="1" width="1.5" x="2"></p>'


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("script", {}),
        ("style", {}),
        ("img", {}),
        ("iframe", {}),
        ("p><b", {}),
        ("p", {"onclick": "x"}),
        ("p", {"style": "x"}),
        ("p", {"src": "x"}),
        ("a", {"href": "https://example.org/"}),
        ("a", {"href": "javascript:alert(1)"}),
        ("p", {"a b": "x"}),
    ],
    ids=str,
)
def test_what_could_load_or_run_something_is_refused(
    name: str, attributes: dict[str, str], worded: Worded
) -> None:
    with pytest.raises(ValueError) as refused:
        element(name, **attributes)
    worded(str(refused.value))


def test_a_page_allows_its_own_style_and_script_by_hash_and_nothing_else() -> None:
    whole = page(element("title", "t"), element("p", "x"), css="p { }", script="let a = 1;")

    read = Page(whole)
    policy = read.all("meta", http_equiv="Content-Security-Policy")[0].attributes["content"]
    hashes = [
        base64.b64encode(hashlib.sha256(one.text.encode()).digest()).decode()
        for name in ("style", "script")
        for one in read.all(name)
    ]
    assert re.findall("sha256-([^']+)'", policy) == hashes
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy


@pytest.mark.parametrize("content", ["</style>", "<!--"])
def test_a_style_that_could_end_itself_is_refused(content: str, worded: Worded) -> None:
    with pytest.raises(ValueError) as refused:
        page(element("title", "t"), element("p"), css=content, script="")
    worded(str(refused.value))
