"""What holds for any text and any bytes: decoding, splicing, lists and diffs, attacked with odd characters.

WIZARD_EXAMPLES=N sets the examples of the slow versions; hypothesis prints how to repeat a failure.
"""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.fixture_case import run_git
from wizard.diff import file_diff, holds_values, shown_diff
from wizard.edits import Edit, insert, splice
from wizard.errors import CannotEdit
from wizard.lists import insert_item
from wizard.text import decode, encode, line_end, line_number, line_start, newline, next_line, same_line

MANY = int(os.environ.get("WIZARD_EXAMPLES", "3000"))
QUICK = settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
BOMS = (b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
CODECS = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "latin-1", "cp1252")

texts = st.lists(
    st.sampled_from(
        ["\n", "\r\n", "\n", "\r\n", "\r", "\x0c", "\u2028", "\u00e9", "\U0001f600", " ", "a", "b c", "\t", "\x85"]
    ),
    max_size=12,
).map("".join)
any_bytes = st.one_of(
    st.binary(max_size=40),
    st.builds(
        lambda bom, text, codec, cut: (bom + text.encode(codec, "ignore"))[: -cut or None],
        st.sampled_from(BOMS),
        st.text(max_size=20),
        st.sampled_from(CODECS),
        st.integers(0, 3),
    ),
)
lines_of_bytes = st.lists(
    st.sampled_from(
        [b"a\n", b"b\r\n", b"\n", b"c\r", b"\xe2\x80\xa8\n", b"\x0c\n", b"\xff\n", b"- x\n", b"+y\n", b"\\z\n"]
    ),
    max_size=12,
)
contents = st.builds(lambda lines, last: b"".join(lines) + last, lines_of_bytes, st.sampled_from([b"", b"end", b"\r"]))
names = st.text(st.sampled_from("ab \"'\\\t\n\r\x01$&()[]*?~#;\u00e9\u4e2d.-"), min_size=1, max_size=8).filter(
    lambda name: name not in {".", ".."}
)


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    """A text with mixed line ends and edits that do not overlap, several insertions at one place among them."""
    text = draw(texts)
    places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    alone = draw(st.lists(st.sampled_from([True, False]), min_size=8, max_size=8))
    edits: list[Edit] = []
    while places:
        start = places.pop(0)
        end = start if not places or alone[len(places)] else places.pop(0)
        edits.append(Edit(start, end, draw(st.sampled_from(["", "x", "\nx", "x\n", "\n", ",", "\nx\ny", "\r\nx"]))))
    return text, edits


def pieces(text: str) -> list[str]:
    """The text's lines with their ends, `\\r\\n` or `\\n`."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def decodes_to_itself(data: bytes) -> None:
    try:
        text, encoding = decode(data)
    except CannotEdit:
        return
    assert encode(text, encoding) == data
    assert "\0" not in text


@QUICK
@given(st.text(st.characters(categories=["Cs"]), min_size=1), st.sampled_from(BOMS))
def test_half_a_surrogate_pair_is_refused(text: str, bom: bytes) -> None:
    _, encoding = decode(bom)
    with pytest.raises(CannotEdit):
        encode("A=1\n" + text, encoding)


def splices(drawn: tuple[str, list[Edit]]) -> None:
    text, edits = drawn
    torn = any(text[at - 1 : at + 1] == "\r\n" for e in edits for at in (e.start, e.end) if at)
    if torn:
        with pytest.raises(CannotEdit):
            splice(text, edits)
        return
    after = splice(text, edits)
    eol = newline(text)
    simple, position = "", 0
    for edit in sorted(edits, key=lambda e: (e.start, e.end)):
        simple += text[position : edit.start] + edit.text
        position = edit.end
    simple += text[position:]
    assert [p.rstrip("\r\n") for p in pieces(after)] == [p.rstrip("\r\n") for p in pieces(simple)], "other content"
    if all(e.start == e.end for e in edits) and "\r" not in text.replace("\r\n", ""):
        assert set(re.findall(r"\r?\n", after)) <= {eol, *re.findall(r"\r?\n", text)}
        _old_lines_keep_their_ends(text, edits, after)


def _old_lines_keep_their_ends(text: str, edits: Sequence[Edit], after: str) -> None:
    """The end of each old line is found again in order, behind what was its last character or what was added to it."""
    old, new = re.findall(r"\r?\n", text), re.findall(r"\r?\n", after)
    added = sum(e.text.count("\n") for e in edits)
    assert len(new) == len(old) + added
    inner = [e for e in edits if "\n" in e.text and not _at_an_edge(text, e.start)]
    if not inner:
        untouched = {line_number(text, e.start) for e in edits}
        lines = [p for i, p in enumerate(pieces(text), 1) if i not in untouched and p.strip()]
        rest = iter(pieces(after))
        assert all(line in rest for line in lines), "an untouched line is gone, or its end"


def _at_an_edge(text: str, place: int) -> bool:
    return place in (line_start(text, place), line_end(text, place))


@QUICK
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["\n", "\r\n"])), min_size=1, max_size=8), st.data())
def test_a_line_added_behind_another_leaves_its_end(lines: list[tuple[str, str]], data: st.DataObject) -> None:
    text = "".join(a + b for a, b in lines)
    at = data.draw(st.integers(0, len(lines) - 1))
    place = sum(len(a + b) for a, b in lines[:at]) + 1
    eol = newline(text)
    ours = [insert(place, ","), insert(place, "\nnew"), insert(place, "\nmore")]
    wanted = [*lines[:at], (lines[at][0] + ",", lines[at][1]), ("new", eol), ("more", eol), *lines[at + 1 :]]
    assert splice(text, ours) == "".join(a + b for a, b in wanted)
    after = splice(text, ours[1:])
    start = place + len(lines[at][1])
    assert after[:start] + after[start + len("new" + eol + "more" + eol) :] == text


@QUICK
@given(texts, st.data())
def test_edges_of_lines(text: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(text)))
    start, end, following = line_start(text, place), line_end(text, place), next_line(text, place)
    assert start <= place <= following
    assert start <= end <= following
    assert "\n" not in text[start:end]
    assert text[end:following] in ("", "\n", "\r\n")
    assert text[max(end - 1, 0) : end + 1] != "\r\n"


@QUICK
@given(texts, st.integers(0, 6), st.sampled_from(["", "new\n", "new\nnew\n"]))
def test_a_line_is_found_again(text: str, at: int, added: str) -> None:
    lines = pieces(text)
    assume(len(lines) > at and len(set(lines)) == len(lines))
    after = "".join([*lines[:at], added, *lines[at:]])
    for number in range(1, len(lines) + 1):
        now = same_line(text, after, number)
        assert pieces(after)[now - 1] == lines[number - 1]


@QUICK
@given(any_bytes)
def test_bytes(data: bytes) -> None:
    decodes_to_itself(data)


@QUICK
@given(edited())
def test_splice(drawn: tuple[str, list[Edit]]) -> None:
    splices(drawn)


COMMENTS = ["", "", "", " /* c, ] */", " // c, ]\n", "\n", " ", "\n\n", "\n/* c\n d */", "\r\n", " /* a\n b */\n", "\t"]


@st.composite
def lists(draw: st.DrawFn) -> tuple[str, list[tuple[int, int]], int, int]:
    """A list of words with comments and line ends anywhere, where its items are, and where its brackets."""
    text = draw(st.sampled_from(["", "  ", "x: "])) + "["
    opened = len(text) - 1
    spans = []
    count = draw(st.integers(0, 4))
    for number in range(count):
        text += "".join(draw(st.lists(st.sampled_from(COMMENTS), max_size=2)))
        spans.append((len(text), len(text) + 2))
        text += "ab" + draw(st.sampled_from(["", "", "", " ", " /* c */", " // c\n", "\n"]))
        if number < count - 1 or draw(st.booleans()):
            text += ","
    text += "".join(draw(st.lists(st.sampled_from(COMMENTS), max_size=2)))
    return text + "]\n", spans, opened, len(text)


def words(text: str) -> list[str]:
    """The items of a list, its comments skipped; `,` for each comma."""
    return re.findall(r"[\w]+|,", re.sub(r"/\*.*?\*/|//[^\n]*", "", text[text.index("[") :], flags=re.DOTALL))


def items_land(drawn: tuple[str, list[tuple[int, int]], int, int], where: int, new: str) -> None:
    text, spans, opened, closed = drawn
    index = min(where, len(spans))
    after = splice(text, insert_item(text, opened, closed, spans, index, new))
    items = [word for word in words(after) if word != ","]
    wanted = [word for word in words(text) if word != ","]
    assert items == [*wanted[:index], *new.split(), *wanted[index:]], after
    commas = "".join("," if w == "," else "w" for w in re.sub(r"new\s+more", "new", " ".join(words(after))).split())
    assert re.fullmatch(r"(w(,w)*,?)?", commas), after
    rest = iter(after)
    assert all(char in rest for char in re.sub(r"\s", "", text)), "lost something"


@QUICK
@given(lists(), st.integers(0, 4), st.sampled_from(["new", "new\nmore"]))
def test_an_item_lands_in_any_list(drawn: tuple[str, list[tuple[int, int]], int, int], where: int, new: str) -> None:
    items_land(drawn, where, new)


def by_git(root: Path, path: str, before: bytes | None, after: bytes | None, private: bool) -> None:
    """`git apply` takes our diff and gives the very bytes, the rest of the directory as it was."""
    if before == after:
        return
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)  # a case that failed left it
    if before is not None:
        target.write_bytes(before)
    run_git(root, "apply", "--whitespace=nowarn", "-", stdin=file_diff(path, before, after, private))
    assert (target.read_bytes() if target.exists() else None) == after
    target.unlink(missing_ok=True)


def repository(factory: pytest.TempPathFactory) -> Path:
    root = factory.mktemp("repository")
    run_git(root, "init", "-q")
    return root


either = st.one_of(st.none(), contents, contents, contents, st.binary(max_size=30))


@settings(QUICK, max_examples=40)
@given(names, st.sampled_from(["", "new dir/", "[slug]/", "a b/c/"]), either, either, st.booleans())
def test_git_takes_any_diff(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    folder: str,
    before: bytes | None,
    after: bytes | None,
    private: bool,
) -> None:
    by_git(repository(tmp_path_factory), folder + name, before, after, private)


SECRETS = ["S3CRET1", "S3CRET2", "S3CRET3", "S3CRET4"]
env_files = st.builds(
    lambda lines, last: "".join(lines) + last,
    st.lists(
        st.sampled_from(
            ["A=S3CRET1\n", "B='S3CRET2'\r\n", "KEY=\n", "# note\n", 'C="S3CRET3\nS3CRET4"\n', "\n", "export KEY=\n"]
        ),
        max_size=6,
    ),
    st.sampled_from(["", "D=S3CRET1", "KEY="]),
)


def secrets_stay(root: Path, before: str, codec: str) -> None:
    from wizard.codemods.dotenv import ensure_variable

    after = ensure_variable("HOST", "https://h.example")(ensure_variable("KEY", "phc_ours")(before))
    mark = {"utf-16-le": codecs.BOM_UTF16_LE}.get(codec, b"")
    old, new = mark + before.encode(codec), mark + after.encode(codec)
    patch, shown = file_diff(".env", old, new, private=True), shown_diff(".env", old, new, private=True)
    for secret in SECRETS:
        assert secret.encode(codec) not in patch
        assert secret.encode() not in shown
    if "GIT binary patch" not in patch.decode("utf-8", "replace"):
        assert b"phc_ours" in patch
    assert b"phc_ours" in shown
    by_git(root, ".env", old, new, private=True)


@settings(QUICK, max_examples=40)
@given(env_files, st.sampled_from(["utf-8", "utf-8", "utf-16-le"]))
def test_other_values_are_never_in_a_private_diff(
    tmp_path_factory: pytest.TempPathFactory, before: str, codec: str
) -> None:
    secrets_stay(repository(tmp_path_factory), before, codec)


@pytest.mark.parametrize(
    ("path", "holds"),
    [
        (".env", True),
        ("apps/web/.env.local", True),
        (".env.production", True),
        ("prod.env", True),
        (".envrc", True),
        (".env.example", False),
        ("env.example", False),
        (".env.dist", False),
        ("example.env", False),
        ("src/environment.py", False),
        ("env.py", False),
    ],
)
def test_names_of_env_files(path: str, holds: bool) -> None:
    assert holds_values(path) is holds


@pytest.mark.slow
def test_slow(tmp_path_factory: pytest.TempPathFactory) -> None:
    """All of the above with many examples; one repository for all diffs."""
    root = repository(tmp_path_factory)
    many = settings(max_examples=MANY, deadline=None, print_blob=True, suppress_health_check=list(HealthCheck))
    some = settings(many, max_examples=MANY // 3)
    many(given(any_bytes)(decodes_to_itself))()
    many(given(edited())(splices))()
    many(given(lists(), st.integers(0, 4), st.sampled_from(["new", "new\nmore"]))(items_land))()
    some(given(st.just(root), names, either, either, st.booleans())(by_git))()
    some(given(st.just(root), env_files, st.sampled_from(["utf-8", "utf-16-le"]))(secrets_stay))()
    print(f"\nproperties: {MANY} examples of decode, splice and lists each, {MANY // 3} diffs through git, twice")
