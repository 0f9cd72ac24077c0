"""Text in HTML: what a reader sees travels, and what was written and read once is read the same ever after."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.port import Field
from mapping.codecs import GOES_ON, cut, to_native
from mapping.markup import markup, plain
from mapping.values import reader

TEXT = st.text(alphabet="a <>/!&[]-?;nbsp\n\t\r=\"'x#ß\N{NO-BREAK SPACE}", max_size=40)


@pytest.mark.parametrize(
    ("html", "seen"),
    [
        ("<p>Hi <b>Ann</b>,</p><p>see you</p>", "Hi Ann,\nsee you"),
        ("<p>One</p><p>&nbsp;</p><p>two</p>", "One\n\ntwo"),
        ("<p>One<br></p><p><br></p><p>two</p>", "One\n\ntwo"),
        ('<div dir="auto"><ul><li>x</li><li>y &amp; z</li></ul></div>', "- x\n- y & z"),
        ("<style>p {}</style><p>a\n b</p><script>1 < 2</script>", "a b"),
        ("no tags:\na < b &amp; c", "no tags:\na < b & c"),
        ("<p>a <!-- hidden --> b <![x", "a b <![x"),
        ("<p>&nbsp;</p>", None),
        ("", None),
    ],
)
def test_what_a_reader_sees(html: str, seen: str | None) -> None:
    assert plain(html) == seen


@given(TEXT)
def test_no_text_is_too_odd_to_be_read(text: str) -> None:
    for html in (text, f"<p>{text}"):
        assert plain(html) is None or plain(html) != ""


@given(TEXT)
def test_every_word_arrives_and_what_was_read_is_written_and_read_the_same(text: str) -> None:
    read = plain(markup(text))
    assert (read or "").split() == text.replace("\N{NO-BREAK SPACE}", " ").split()
    if read is not None:
        assert plain(markup(read)) == read


@given(st.lists(st.sampled_from(["a", "b & c", "<d>", "  e"]), min_size=1))
def test_lines_stay_lines(lines: list[str]) -> None:
    assert plain(markup("\n".join(lines))) == "\n".join(lines).strip()


@given(st.integers(1, 400), st.sampled_from(["html", "long_text"]))
def test_a_long_text_is_cut_to_what_fits_and_says_so(times: int, type_: str) -> None:
    meta = Field("f", "F", type_, length=1_000)
    text = "ten & <more> of it\n" * times
    short = cut(text, meta)
    native = to_native("long_text", short, meta)
    assert len(native) <= 1_000
    fits = len(markup(text) if type_ == "html" else text) <= 1_000
    assert short == text if fits else short.endswith(GOES_ON)
    read = reader("long_text", type_)
    assert read(to_native("long_text", read(native), meta)) == read(native)
