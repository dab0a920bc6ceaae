import numpy as np
import pytest

from napari_icenet.gui.session.frame_sources import SHOWN_FLAGS, labels_of
from napari_icenet.scenes import open_stack
from napari_icenet.scenes.scene import Flag
from napari_icenet.scenes.statistics import contrast
from tests.gui.conftest import HEIGHT, ORIGIN, WIDTH, make_stack


def shown(layer) -> np.ndarray:
    """What napari has sliced for drawing."""
    return layer._slice.image.raw


def test_the_picture_lies_on_the_map(session, stack):
    image = session.add_stack(stack)
    assert image.data.shape == (4, HEIGHT, WIDTH)
    np.testing.assert_allclose(image.scale, (1, 30, 30))
    assert [str(unit) for unit in image.units] == ["pixel", "meter", "meter"]
    # napari places a pixel by its centre: pixel (10, 20) lies 10 and 20 pixels from the first one's.
    y, x = image.data_to_world((0, 10, 20))[1:]
    map_x, map_y = stack.grid.xy(10, 20)
    assert x == map_x - (ORIGIN[0] + 15)
    assert -y == map_y - (ORIGIN[1] - 15)


def test_first_the_first_date_then_what_the_slider_says(session, stack):
    image = session.add_stack(stack)
    assert session.time == 0
    np.testing.assert_array_equal(shown(image), stack.read(0, "B1"))
    session.viewer.dims.set_current_step(0, 2)
    assert session.time == 2
    np.testing.assert_array_equal(shown(image), stack.read(2, "B1"))


def test_the_data_reads_like_an_array(session, stack):
    data = session.add_stack(stack).data
    expected = np.stack([stack.read(t, "B1") for t in range(4)])
    np.testing.assert_array_equal(np.asarray(data), expected)
    np.testing.assert_array_equal(data[2], expected[2])
    np.testing.assert_array_equal(data[-1], expected[-1])
    np.testing.assert_array_equal(data[1, 5:9, 10:70:3], expected[1, 5:9, 10:70:3])
    np.testing.assert_array_equal(np.asarray(data[:, 5:9, ::-2]), expected[:, 5:9, ::-2])
    np.testing.assert_array_equal(data[1:3, 7], expected[1:3, 7])
    np.testing.assert_array_equal(data[..., 0], expected[..., 0])


def test_another_band_changes_the_picture_in_place(session, stack):
    image = session.add_stack(stack)
    heard = []
    session.band_changed.connect(heard.append)
    session.band = "B3"
    assert session.image is image
    assert heard == ["B3"]
    assert image.name == "ramp · B3"
    np.testing.assert_array_equal(shown(image), stack.read(0, "B3"))
    assert [layer.name for layer in session.viewer.layers].count("ramp · B3") == 1


def test_a_name_given_by_the_user_stays(session, stack):
    image = session.add_stack(stack)
    image.name = "my glacier"
    session.band = "B2"
    assert image.name == "my glacier"


def test_contrast_follows_the_date_and_the_band(session, stack):
    image = session.add_stack(stack)
    for time, band in ((0, "B1"), (3, "B1"), (3, "B2")):
        session.time, session.band = time, band
        values = stack.read(time, band)
        expected = np.percentile(values[np.isfinite(values)], (1, 99))
        np.testing.assert_allclose(image.contrast_limits, expected, rtol=1e-6)


def test_contrast_set_by_the_user_stays_until_given_back(session, stack):
    image = session.add_stack(stack)
    image.contrast_limits = (500, 4000)
    image.colormap = "magma"
    assert not session.layers.auto_contrast
    session.time, session.band = 2, "B2"
    assert list(image.contrast_limits) == [500, 4000]
    assert image.colormap.name == "magma"
    session.layers.auto_contrast = True
    assert image.contrast_limits[0] > 3000


def test_the_mask_is_hidden_until_wanted_and_changes_no_pixel(session, archive):
    stack = open_stack(archive)
    session.add_stack(stack)
    assert [layer.name for layer in session.viewer.layers] == ["archive · B1"]
    before = shown(session.image).copy()
    session.layers.show_mask = True
    mask = session.layers.layers["mask"]
    assert mask.visible
    assert session.viewer.layers.selection.active is session.image
    np.testing.assert_array_equal(shown(mask), labels_of(stack.flags(0)))
    np.testing.assert_array_equal(shown(session.image), before)
    session.layers.show_mask = False
    assert not mask.visible
    session.layers.show_mask = True
    assert len(session.viewer.layers) == 2
    fill = SHOWN_FLAGS.index(Flag.FILL) + 1
    assert (shown(mask)[:5, :7] == fill).all()


def test_every_flag_has_its_label_and_fill_goes_first():
    labels = labels_of(np.array([0, *SHOWN_FLAGS, Flag.CLOUD | Flag.FILL, Flag.SNOW | Flag.CLOUD], np.uint8))
    assert labels.tolist() == [0, 1, 2, 3, 4, 5, 6, 1, 2]


def test_three_bands_in_colour(session, stack):
    session.add_stack(stack)
    session.layers.show_composite = True
    composite = session.layers.layers["composite"]
    assert composite.rgb
    assert not session.image.visible
    np.testing.assert_array_equal(composite.scale, session.image.scale)
    rgb = shown(composite)
    assert rgb.shape == (HEIGHT, WIDTH, 3)
    assert (rgb[:4] == 0).all()
    values = stack.read(0, "B3")
    low, high = contrast(stack, 0, "B3")
    row, col = 33, 44
    assert rgb[row, col, 2] == int((values[row, col] - low) / (high - low) * 254 + 1)
    session.layers.set_composite(("B3", "B3", "B3"))
    assert (np.ptp(shown(composite)[10:], axis=-1) == 0).all()
    session.layers.show_composite = False
    assert session.image.visible
    assert not composite.visible


def test_reflectance_on_demand(session, archive):
    stack = open_stack(archive)
    session.add_stack(stack)
    assert session.layers.can_show_reflectance
    session.layers.reflectance = True
    image = session.image
    assert image.dtype == np.float32
    np.testing.assert_array_equal(shown(image), stack.read(0, "B1", reflectance=True))
    assert 0 < image.contrast_limits[0] < image.contrast_limits[1] < 1.5
    session.layers.reflectance = False
    assert image.dtype == np.uint16


def test_the_area_of_interest_is_outlined(session, stack):
    stack.area = np.zeros((HEIGHT, WIDTH), bool)
    stack.area[10:40, 20:70] = True
    session.add_stack(stack)
    (line,) = session.layers.layers["area"].data
    np.testing.assert_array_equal(line.min(axis=0), (10, 20))
    np.testing.assert_array_equal(line.max(axis=0), (39, 69))
    np.testing.assert_allclose(session.layers.layers["area"].scale, (30, 30))


def test_a_removed_mask_comes_back_only_when_asked_for(session, stack):
    session.add_stack(stack)
    session.layers.show_mask = True
    session.viewer.layers.remove(session.layers.layers["mask"])
    session.time = 1
    assert len(session.viewer.layers) == 1
    session.layers.show_mask = True
    assert [layer.name for layer in session.viewer.layers] == ["ramp · B1", "ramp · mask"]


@pytest.mark.parametrize("kind", ["composite", "mask", "area"])
def test_a_layer_that_is_removed_troubles_nothing(session, stack, kind):
    stack.area = np.ones((HEIGHT, WIDTH), bool)
    session.add_stack(stack)
    layers, heard = session.layers, []
    layers.show_composite = layers.show_mask = True
    layers.changed.connect(lambda: heard.append((layers.show_composite, layers.show_mask)))
    session.viewer.layers.remove(layers.layers[kind])
    assert heard == [(kind != "composite", kind != "mask")]
    session.time, session.band = 2, "B2"
    layers.set_composite(("B3", "B2", "B1"))
    layers.reflectance = True
    session.add_stack(make_stack("other"))
    session.show(stack)
    assert kind not in layers.layers
    layers.restore()
    assert kind in layers.layers
    session.close_stack(stack)
    assert [layer.name for layer in session.viewer.layers] == ["other · B1"]


def test_the_whole_list_may_be_cleared(session, stack):
    session.add_stack(stack)
    session.layers.show_mask = True
    session.viewer.layers.clear()
    assert session.stack is None
    session.add_stack(stack)
    assert [layer.name for layer in session.viewer.layers] == ["ramp · B1"]


def test_a_hidden_composite_has_the_chosen_bands_once_it_is_shown(session, stack):
    session.add_stack(stack)
    session.layers.show_composite = True
    session.layers.show_composite = False
    session.layers.set_composite(("B3", "B3", "B3"))
    session.layers.show_composite = True
    assert (np.ptp(shown(session.layers.layers["composite"])[10:], axis=-1) == 0).all()


def test_a_hidden_picture_has_the_chosen_band_once_it_is_shown(session, stack):
    image = session.add_stack(stack)
    image.visible = False
    session.band = "B3"
    image.visible = True
    assert image.name == "ramp · B3"
    np.testing.assert_array_equal(shown(image), stack.read(0, "B3"))


def test_closed_layers_hear_no_more_of_the_viewer(session, stack, qtbot):
    session.add_stack(stack)
    layers = session.layers
    layers.show_composite = layers.show_mask = True
    session.close_stack(stack)
    layers.close()
    layers.draw()
    session.viewer.scene.camera.zoom = 3
    session.cache.loaded.emit(layers.source, 0)
    assert not session.viewer.layers


@pytest.mark.parametrize("georeferenced", [True, False])
def test_all_layers_of_a_stack_lie_alike(session, georeferenced):
    stack = make_stack(georeferenced=georeferenced)
    stack.area = np.ones((HEIGHT, WIDTH), bool)
    session.add_stack(stack)
    session.layers.show_composite = session.layers.show_mask = True
    units = {tuple(map(str, layer.units[-2:])) for layer in session.viewer.layers}
    scales = {tuple(layer.scale[-2:]) for layer in session.viewer.layers}
    assert len(units) == len(scales) == 1
    assert len(session.viewer.layers) == 4
