"""Scales of a picture add up to it, each holding its own wavelengths."""

import pytest
import torch

from napari_icenet.models.icenet.pyramid import collapsed, enlarged, pyramid, reduced


@pytest.mark.parametrize("levels", [1, 2, 4])
def test_scales_add_up_to_the_picture(levels):
    picture = torch.randn(3, 2, 32, 64, generator=torch.Generator().manual_seed(0))
    scales = pyramid(picture, levels)
    assert [tuple(s.shape[-2:]) for s in scales] == [(32 >> k, 64 >> k) for k in range(levels)]
    assert torch.allclose(collapsed(scales), picture, atol=1e-6)


def test_a_ripple_lies_in_the_finest_scale_and_a_swell_in_the_coarsest():
    along = torch.arange(64, dtype=torch.float32)
    for wavelength, holder in ((3.0, 0), (64.0, 3)):
        picture = torch.sin(2 * torch.pi * along / wavelength).expand(1, 1, 64, 64)
        power = [float(s.square().mean()) for s in pyramid(picture, 4)]
        assert power.index(max(power)) == holder
        assert power[holder] > 0.8 * sum(power)


def test_a_level_picture_stays_level():
    picture = torch.full((1, 1, 16, 16), 7.0)
    assert torch.allclose(reduced(picture), torch.full((1, 1, 8, 8), 7.0))
    assert torch.allclose(enlarged(picture), torch.full((1, 1, 32, 32), 7.0))
