"""Expressions of the command line: read by hand, refused in one line, never evaluated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.commands.expression import ExpressionTerm, parse_expression
from latentlab.errors import ValueRangeError
from latentlab.latent.z_text import encode

quick = settings(deadline=None, derandomize=True, max_examples=100)
COPIED = encode(np.array([0.1, -2.5, 3.25], np.float32))


def read(text: str) -> list[tuple[float, tuple[str, ...]]]:
    return [(term.weight, term.points) for term in parse_expression(text)]


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("5", [(1, ("5",))]),
        ("mean(3,8,12) - mean(4,9) + 5", [(1, ("3", "8", "12")), (-1, ("4", "9")), (1, ("5",))]),
        ("mean(3, 8)-mean( 4 )+5", [(1, ("3", "8")), (-1, ("4",)), (1, ("5",))]),
        ("-3 + 5", [(-1, ("3",)), (1, ("5",))]),
        ("+3-5", [(1, ("3",)), (-1, ("5",))]),
        ("mean(0-63) - 7", [(1, ("0-63",)), (-1, ("7",))]),
        ("0.5 * 3 - .25*mean(1,2) + 2*4", [(0.5, ("3",)), (-0.25, ("1", "2")), (2, ("4",))]),
        ("a.png - ./b/c.npy", [(1, ("a.png",)), (-1, ("./b/c.npy",))]),
        ("5.png - 7", [(1, ("5.png",)), (-1, ("7",))]),
        ("my-face.png - other.png", [(1, ("my-face.png",)), (-1, ("other.png",))]),
        ("'a + b.png' - \"it's, or not.png\"", [(1, ("a + b.png",)), (-1, ("it's, or not.png",))]),
        ("mean('a, b.png', c.png, 7)", [(1, ("a, b.png", "c.png", "7"))]),
        ("mean('(1).png', 2)", [(1, ("(1).png", "2"))]),
        (f"{COPIED} - {COPIED}", [(1, (COPIED,)), (-1, (COPIED,))]),
        (f"mean({COPIED}, 3)", [(1, (COPIED, "3"))]),
        (r"C:\faces\a.png - 3", [(1, (r"C:\faces\a.png",)), (-1, ("3",))]),
        ("MEAN(1)", [(1, ("1",))]),
        ("meander.png", [(1, ("meander.png",))]),
    ],
)
def test_a_sum_is_read_as_it_is_written(text: str, terms: list[tuple[float, tuple[str, ...]]]) -> None:
    assert read(text) == terms


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "ends where a term is missing"),
        ("   ", "ends where a term is missing"),
        ("3 -", "ends where a term is missing"),
        ("3 + 0.5 *", "ends where a term is missing"),
        ("3 + - 5", "at - 5: a sign stands where a term is missing"),
        ("- - 5", "at - 5: a sign stands where a term is missing"),
        ("3 * - 5", "at - 5: a sign stands where a term is missing"),
        ("3 5", "at 5: a sign is missing before it"),
        ("mean(3)mean(4)", "at mean(4): a sign is missing"),
        ("2 * 3 * 4", "at 3 * 4: has a second weight"),
        ("mean()", "an exemplar is missing"),
        ("mean(3,,4)", "cannot be read"),
        ("mean(3,)", "an exemplar is missing"),
        ("mean(3", "cannot be read"),
        ("(3 + 4)", "at (3 + 4): cannot be read"),
        ("mean(mean(3))", "cannot be read"),
        ("'' + 3", "names nothing"),
        ("'open + 3", "cannot be read"),
        ("+".join("1" * 101), "has more than 100 terms"),
    ],
)
def test_anything_else_is_refused_where_it_stops(text: str, why: str) -> None:
    with pytest.raises(ValueRangeError) as caught:
        parse_expression(text)
    assert why in str(caught.value)
    assert str(caught.value).startswith("--expr")
    assert "\n" not in str(caught.value)


seeds = st.integers(0, 2**32 - 1).map(str)
weights = st.none() | st.integers(0, 400).map(lambda quarter: quarter / 4)
terms = st.tuples(st.sampled_from("+-"), weights, st.lists(seeds, min_size=1, max_size=4), st.booleans())


@given(parts=st.lists(terms, min_size=1, max_size=6), blank=st.sampled_from(["", " ", "  "]))
@quick
def test_whatever_is_written_is_read_back(parts: list[tuple[str, float | None, list[str], bool]], blank: str) -> None:
    text, expected = "", []
    for sign, weight, points, in_mean in parts:
        named = points if in_mean else points[:1]
        factor = "" if weight is None else f"{weight:g}{blank}*{blank}"
        inside = f"mean({f',{blank}'.join(named)})" if in_mean else named[0]
        text += f"{blank}{sign}{blank}{factor}{inside}"
        value = 1.0 if weight is None else weight
        expected.append(ExpressionTerm(-value if sign == "-" else value, tuple(named)))
    assert parse_expression(text) == tuple(expected)


@given(text=st.text(alphabet="0123456789+-*()., 'mean\"z:/\\é\n", max_size=60))
@settings(deadline=None, derandomize=True, max_examples=500)
def test_no_text_breaks_it(text: str) -> None:
    try:
        found = parse_expression(text)
    except ValueRangeError:
        return
    assert all(term.points for term in found)
    assert all(point.strip() for term in found for point in term.points)


def test_a_long_text_is_read_in_time_that_grows_with_it() -> None:
    for text in ("mean(" * 5000, "'" * 9999, "1" * 20_000 + "x(", "mean(" + "1," * 20_000):
        with pytest.raises(ValueRangeError):
            parse_expression(text)
