"""Seeds as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.errors import ValueRangeError
from latentlab.latent.seeds import MAX_COUNT, parse_seeds


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("5", (5,)),
        ("1,2,3", (1, 2, 3)),
        ("3 1 2", (3, 1, 2)),
        (" 1, 2 ", (1, 2)),
        ("0-3", (0, 1, 2, 3)),
        ("7-7", (7,)),
        ("9,0-2,9", (9, 0, 1, 2, 9)),
        ("007", (7,)),
        ("4294967295", (2**32 - 1,)),
        ("1\n2\t3", (1, 2, 3)),
    ],
)
def test_seeds_are_read_in_the_order_given(text: str, seeds: tuple[int, ...]) -> None:
    assert parse_seeds(text) == seeds


@given(
    parts=st.lists(st.tuples(st.integers(0, 2**32 - 200), st.integers(0, 100)), min_size=1, max_size=8),
    separator=st.sampled_from([",", " ", ", ", "\n"]),
)
@settings(deadline=None, derandomize=True, max_examples=50)
def test_what_is_written_is_read(parts: list[tuple[int, int]], separator: str) -> None:
    text = separator.join(f"{first}-{first + more}" if more else str(first) for first, more in parts)
    assert parse_seeds(text) == tuple(seed for first, more in parts for seed in range(first, first + more + 1))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not a seed"),
        ("  ", "is not a seed"),
        ("-1", "is not a seed"),
        ("1.5", "is not a seed"),
        ("abc", "is not a seed"),
        ("1-2-3", "is not a seed"),
        ("1 - 3", "is not a seed"),
        ("1,,2x", "is not a seed"),
        ("0x10", "is not a seed"),
        ("9-3", "Write 3-9"),
        ("4294967296", "is outside 0 to 4294967295"),
        ("4294967295-4294967296", "is outside 0 to 4294967295"),
        ("0-100000", "more than 100000"),
        ("1,0-99999", "more than 100000"),
        ("0-4294967295", "more than 100000"),
        pytest.param("9" * 5000, "outside", id="5000 digits"),
    ],
)
def test_what_is_no_seed_is_refused_in_one_line(text: str, says: str) -> None:
    with pytest.raises(ValueRangeError, match=says) as caught:
        parse_seeds(text)
    assert len(str(caught.value).splitlines()) == 1


def test_as_many_as_allowed_are_read() -> None:
    assert len(parse_seeds(f"0-{MAX_COUNT - 1}")) == MAX_COUNT


@given(text=st.text("0123456789-,. \n\x85xé٣", max_size=12))
@settings(deadline=None, derandomize=True, max_examples=100)
def test_any_text_gives_seeds_or_one_line(text: str) -> None:
    try:
        seeds = parse_seeds(text)
    except ValueRangeError as error:
        said = str(error)
    else:
        assert seeds
        assert all(0 <= seed < 2**32 for seed in seeds)
        return
    assert len(said.splitlines()) == 1
