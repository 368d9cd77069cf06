"""The list of cited functions that changed between two releases of Xen or Linux."""

import subprocess
from pathlib import Path

import pytest

from support.upstream_review import (
    Citation,
    OtherChanges,
    Tree,
    changes,
    citations,
    cited,
    defined,
    other_changes,
    texts,
)

OLD = """\
#define WIDE(x) (x)
static int kept(int a)
{
    return a;
}

int __init changed(struct unit *unit,
                   int number)
{
    if ( number )
    {
        return 1;
    }
    return 0;
}

void gone(void) { return; }
"""
NEW = OLD.replace("return 1;", "return 2;").replace("void gone(void) { return; }\n", "")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Make a repository with two tagged releases."""
    file = tmp_path / "xen/drivers/dmar.c"
    file.parent.mkdir(parents=True)
    _git(tmp_path, "init", "--quiet")
    for tag, text in (("old", OLD), ("new", NEW + "int came(void)\n{\n    return 0;\n}\n")):
        file.write_text(text)
        _git(tmp_path, "add", ".")
        _git(tmp_path, "commit", "--quiet", "--message", tag)
        _git(tmp_path, "tag", tag)
    return tmp_path


def _git(folder: Path, *words: str) -> None:
    own = ["-c", "user.name=t", "-c", "user.email=t@t.invalid", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *own, *words], cwd=folder, check=True)


def test_a_citation_is_a_file_and_the_functions_after_it() -> None:
    text = "Source: vtd/dmar.c, ``parse_rmrr`` and ``add_rmrr``; drivers/pci/pci.c, ``parse_pci``."

    assert list(cited(text)) == [
        ("vtd/dmar.c", "parse_rmrr"),
        ("vtd/dmar.c", "add_rmrr"),
        ("drivers/pci/pci.c", "parse_pci"),
    ]


def test_citations_are_found_in_modules_with_their_places(tmp_path: Path) -> None:
    module = tmp_path / "m.py"
    module.write_text('X = 1\n"""See vtd/dmar.c, ``changed``."""\nRULE = ("dmar.c, some_name")\n')

    assert citations([module]) == (
        Citation("dmar.c", "some_name", (f"{module}:3",)),
        Citation("vtd/dmar.c", "changed", (f"{module}:2",)),
    )


def test_functions_end_with_a_brace_at_the_start_of_a_line() -> None:
    functions = defined(OLD)

    assert set(functions) == {"kept", "changed"}
    assert functions["kept"] == "static int kept(int a) { return a; }"


def test_what_changed_went_or_came_is_listed_and_what_is_not_there_too(repository: Path) -> None:
    wanted = [
        Citation("dmar.c", name, ("m.py:1",)) for name in ("kept", "changed", "came", "missing")
    ]

    found, undefined = changes(wanted, Tree(repository, "old"), Tree(repository, "new"))

    assert [(change.function, change.how) for change in found] == [
        ("came", "new"),
        ("changed", "changed"),
    ]
    assert [citation.function for citation in undefined] == ["missing"]


def test_adjacent_strings_are_one_text_and_single_words_are_none() -> None:
    source = 'printk("unit %u is "\n       "at 0x%x", a); f("word"); g("one \\"more\\" time"); /* "a comment" */'

    assert list(texts(source)) == ["unit %u is at 0x%x", 'one \\"more\\" time']


def test_what_nothing_cites_is_listed_by_file_with_the_texts_that_came(repository: Path) -> None:
    file = repository / "xen/drivers/dmar.c"
    file.write_text(file.read_text() + 'void told(void)\n{\n    printk("it is off");\n}\n')
    _git(repository, "add", ".")
    _git(repository, "commit", "--quiet", "--message", "newest")
    _git(repository, "tag", "newest")
    wanted = [Citation("dmar.c", "changed", ("m.py:1",))]
    old, new = Tree(repository, "old"), Tree(repository, "newest")
    found, _ = changes(wanted, old, new)

    assert other_changes(wanted, found, old, new) == [
        OtherChanges("xen/drivers/dmar.c", ("came", "told"), ("it is off",))
    ]
