"""A latent as text: bit for bit there and back, and one clear line for everything else."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from latentlab.errors import ValueRangeError
from latentlab.latent.z_text import decode, encode

quick = settings(deadline=None, derandomize=True, max_examples=60)


@given(z=arrays(np.float32, st.integers(1, 300), elements=st.floats(width=32, allow_nan=False, allow_infinity=False)))
@quick
def test_there_and_back_bit_for_bit(z: npt.NDArray[np.float32]) -> None:
    text = encode(z)
    assert text.startswith("z:")
    assert text.isascii()
    back = decode(text)
    assert back.dtype == np.float32
    assert back.tobytes() == z.tobytes()


def test_it_is_little_endian_on_every_machine() -> None:
    assert encode(np.array([1.0], np.float32)) == "z:AACAPw=="


def test_line_breaks_of_a_mail_program_do_not_matter() -> None:
    z = np.arange(40, dtype=np.float32)
    text = encode(z)
    np.testing.assert_array_equal(decode(f"  {text[:30]}\n {text[30:]}\r\n"), z)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty text: is not a latent"),
        ("AACAPw==", "is not a latent"),
        ("z:", "cut short: 0 bytes"),
        ("z:AACAPw", "not base64"),
        ("z:AAC*Pw==", "not base64"),
        ("z:é", "not base64"),
        ("z:AAAA", "cut short: 3 bytes"),
        (encode(np.array([np.nan], np.float32)), "not finite"),
        (encode(np.array([1.0, -np.inf], np.float32)), "not finite"),
        ("z:" + "A" * 5001, "not base64"),
    ],
)
def test_anything_else_is_refused_in_one_short_line(text: str, why: str) -> None:
    with pytest.raises(ValueRangeError, match=why) as caught:
        decode(text)
    assert len(str(caught.value)) < 120
    assert "\n" not in str(caught.value)
