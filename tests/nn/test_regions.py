"""Encoders give regions in the order of the grid, each image by itself, and edges know no colour."""

from __future__ import annotations

import pytest
import torch

from throughtime.base.errors import ConfigError, ShapeError
from throughtime.nn.regions import FeatureEncoder, ImageEncoder, edges


def test_regions_stand_on_axis_0_and_images_do_not_touch():
    torch.manual_seed(0)
    encoder = ImageEncoder(32, 8, 16).train()
    images = torch.randint(256, (3, 32, 32, 3), dtype=torch.uint8)
    regions = encoder(images)
    assert regions.shape == (16, 3, 16)
    assert encoder.regions == 16
    for row in range(3):
        # A convolution of one image adds up in another order.
        torch.testing.assert_close(encoder(images[row : row + 1])[:, 0], regions[:, row], rtol=1e-4, atol=1e-5)


def test_what_changes_in_a_corner_changes_the_regions_of_that_corner():
    torch.manual_seed(1)
    encoder = ImageEncoder(64, 8, 16)
    image = torch.full((1, 64, 64, 3), 127, dtype=torch.uint8)
    other = image.clone()
    other[0, 50:60, 2:12] = 0
    # Norms over the image spread every change a little; where it happens it is largest.
    change = (encoder(other) - encoder(image))[:, 0].norm(dim=1).view(8, 8)
    row, column = divmod(int(change.argmax()), 8)
    assert (row, column) in {(6, 0), (7, 0), (6, 1), (7, 1)}


def test_places_begin_alike_where_they_are_near():
    torch.manual_seed(2)
    places = ImageEncoder(64, 8, 32).places.weight[:, 0].detach().view(8, 8, 32)
    near, far = (
        (places[:, 1:] - places[:, :-1]).norm(dim=-1).mean(),
        (places[:, 4:] - places[:, :4]).norm(dim=-1).mean(),
    )
    assert near < 0.7 * far
    assert float(places.std()) == pytest.approx(0.5, rel=0.2)


def test_places_are_added_once_more_at_the_end():
    torch.manual_seed(4)
    encoder = FeatureEncoder(5, 7, 8)
    regions = encoder(torch.randn(2, 5, 7)) - encoder.places.weight
    torch.testing.assert_close(regions.mean(-1), torch.zeros(5, 2), rtol=0, atol=1e-6)  # what is left is normalised
    torch.testing.assert_close(regions.std(-1, correction=0), torch.ones(5, 2), rtol=1e-3, atol=1e-3)


def test_edges_are_the_same_whichever_colour_lies_on_which():
    draws = torch.Generator().manual_seed(3)
    inside = torch.rand(1, 1, 8, 8, generator=draws) < 0.5
    one, two = torch.tensor([0.9, -0.2, 0.1])[None, :, None, None], torch.tensor([-0.4, 0.6, -0.8])[None, :, None, None]
    torch.testing.assert_close(edges(torch.where(inside, one, two)), edges(torch.where(inside, two, one)))


def test_edges_tell_how_they_run():
    upright = torch.zeros(1, 3, 8, 8)
    upright[..., 4:] = 2.0
    strength, cosine, sine = edges(upright)[0, :, 3, 4]
    assert 0.5 < float(strength) < 1
    torch.testing.assert_close(cosine, strength)
    assert float(sine) == 0
    lying = edges(upright.transpose(2, 3))[0, :, 4, 3]
    torch.testing.assert_close(lying, torch.stack([strength, -cosine, sine]))
    assert edges(torch.zeros(1, 3, 4, 4)).abs().max() == 0


def test_features_become_regions():
    encoder = FeatureEncoder(5, 7, 8)
    features = torch.randn(2, 5, 7)
    regions = encoder(features)
    assert regions.shape == (5, 2, 8)
    encoder.scale_to(features)
    scaled = encoder(features)
    encoder.scale_to(features * 1000 + 5)
    # Their own scale says nothing, but for rounding.
    torch.testing.assert_close(encoder(features * 1000 + 5), scaled, rtol=1e-3, atol=1e-4)
    encoder.scale_to(torch.ones(2, 5, 7))
    assert torch.isfinite(encoder(torch.ones(2, 5, 7))).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ImageEncoder(30, 8, 16), "image_size=30"),
        (lambda: ImageEncoder(8, 8, 16), "at least 16: 8"),
        (lambda: ImageEncoder(32, 4, 16), "channels=4"),
        (lambda: ImageEncoder(32, 8, 24), "multiple of 16: 24"),
        (lambda: FeatureEncoder(0, 7, 8), "regions"),
    ],
)
def test_settings_are_checked(make, message):
    with pytest.raises(ConfigError, match=message):
        make()


def test_shapes_are_checked():
    with pytest.raises(ShapeError, match=r"\(1, 16, 16, 3\) came"):
        ImageEncoder(32, 8, 16)(torch.zeros(1, 16, 16, 3, dtype=torch.uint8))
    with pytest.raises(ShapeError, match=r"\(1, 4, 7\) came"):
        FeatureEncoder(5, 7, 8)(torch.zeros(1, 4, 7))
