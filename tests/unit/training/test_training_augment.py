"""What D is shown: shades, shifts and holes by hand, derivatives by differences, draws that do not depend on parts."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from latentlab.training.augment import View, draw_view, outside_hole, shaded, shifted

ALL = ("colour", "translation", "cutout")
SHAPE = (6, 3, 16, 16)


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(*shape: int) -> Tensor:
    return torch.randn(shape or SHAPE, dtype=torch.float64, generator=stream(1))


def test_the_middle_of_all_shades_changes_nothing() -> None:
    shown = pictures()
    torch.testing.assert_close(shaded(shown, torch.full((6, 3), 0.5, dtype=torch.float64)), shown)


def test_shades_by_hand() -> None:
    shown = torch.tensor([0.2, 0.4, 0.9], dtype=torch.float64).reshape(1, 3, 1, 1).expand(1, 3, 2, 2)
    brighter = shaded(shown, torch.tensor([[0.75, 0.5, 0.5]], dtype=torch.float64))
    torch.testing.assert_close(brighter, shown + 0.25)
    grey = shaded(shown, torch.tensor([[0.5, 0.0, 0.5]], dtype=torch.float64))
    torch.testing.assert_close(grey, torch.full_like(shown, 0.5))
    flat = shaded(shown, torch.tensor([[0.5, 0.5, 0.0]], dtype=torch.float64))
    torch.testing.assert_close(flat, (shown - 0.5) * 0.5 + 0.5)


@given(down=st.integers(-8, 8), right=st.integers(-8, 8))
def test_shifts_move_whole_pixels_and_bring_in_nothing(down: int, right: int) -> None:
    shown = pictures(1, 2, 8, 8)
    padded = torch.zeros((1, 2, 24, 24), dtype=torch.float64)
    padded[:, :, 8:16, 8:16] = shown
    expected = padded[:, :, 8 - down : 16 - down, 8 - right : 16 - right]
    assert torch.equal(shifted(shown, torch.tensor([[down, right]])), expected)


def test_holes_are_squares_of_half_the_side_cut_by_the_edge() -> None:
    mask = outside_hole(torch.tensor([[8, 8], [0, 16], [4, 12]]), 16)
    assert mask.shape == (3, 1, 16, 16)
    assert (mask == 0).sum(dim=(1, 2, 3)).tolist() == [64, 16, 64]
    assert not mask[0, 0, 4:12, 4:12].any()
    assert not mask[1, 0, :4, 12:].any()


@pytest.mark.parametrize("policy", [(name,) for name in ALL] + [ALL])
def test_derivatives_by_differences(policy: tuple[str, ...]) -> None:
    view = draw_view(policy, 0.1, (2, 3, 4, 4), stream())
    doubled = View(
        *(each.double() if each is not None and each.is_floating_point() else each for each in vars(view).values())
    )
    assert torch.autograd.gradcheck(doubled.of, (pictures(2, 3, 4, 4).requires_grad_(),))


def test_nothing_is_drawn_for_nothing() -> None:
    untouched, used = stream(), stream()
    view = draw_view((), 0.0, SHAPE, used)
    assert view == View()
    assert torch.equal(used.get_state(), untouched.get_state())
    shown = pictures()
    assert view.of(shown) is shown


def test_parts_see_what_the_whole_batch_sees() -> None:
    view = draw_view(ALL, 0.3, SHAPE, stream())
    shown = pictures().float()
    parts = [view.part(rows).of(shown[rows]) for rows in (slice(0, 2), slice(2, 6))]
    torch.testing.assert_close(torch.cat(parts), view.of(shown))


def test_draws_are_within_their_ranges_and_reach_them() -> None:
    view = draw_view(ALL, 0.5, (2000, 1, 32, 32), stream())
    assert view.shade is not None
    assert view.shift is not None
    assert view.hole is not None
    assert view.noise is not None
    assert (view.shift.min(), view.shift.max()) == (-4, 4)
    assert (view.hole.min(), view.hole.max()) == (0, 32)
    assert 0.0 <= float(view.shade.min()) < 0.01 < 0.99 < float(view.shade.max()) < 1.0
    assert float(view.noise.std()) == pytest.approx(0.5, rel=0.01)
