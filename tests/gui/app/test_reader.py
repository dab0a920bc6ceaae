import os
import shutil

import numpy as np
import pytest
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QApplication

from napari_icenet.gui.app.dock import show_dock
from napari_icenet.gui.app.reader import NO_LAYERS, get_reader, read
from napari_icenet.gui.session import open_sample as sample
from napari_icenet.gui.session.session import Session
from napari_icenet.scenes import open_stack
from napari_icenet.scenes.detect import looks_like_scenes
from napari_icenet.scenes.grid import Window
from napari_icenet.scenes.store.zarr_store import save_stack
from tests.gui.conftest import PRODUCTS, make_stack
from tests.scenes.products import write_tiff


def test_scenes_are_known_by_their_names(archive, tmp_path):
    product = archive / PRODUCTS[0]
    for path in (archive, product, *product.glob("*_MTL.txt"), *product.glob("*_B1.TIF")):
        assert get_reader(str(path)) is read, path
    saved = save_stack(make_stack(), tmp_path / "saved.zarr")
    assert get_reader([str(saved)]) is read


def test_other_folders_and_files_are_left_to_others(tmp_path):
    (tmp_path / "photos").mkdir()
    write_tiff(tmp_path / "photos" / "cat.tif", np.zeros((9, 9), np.uint8))
    (tmp_path / "other.zarr").mkdir()
    (tmp_path / "other.zarr" / "zarr.json").write_text('{"attributes": {"multiscales": []}}')
    (tmp_path / "notes.txt").write_text("nothing")
    for name in ("photos", "photos/cat.tif", "other.zarr", "notes.txt", "missing"):
        assert not looks_like_scenes(tmp_path / name), name
        assert get_reader(str(tmp_path / name)) is None


@pytest.fixture
def plugins():
    from npe2 import PluginManager

    PluginManager.instance().discover()
    return PluginManager.instance()


@pytest.mark.parametrize("product", [*PRODUCTS, "LT04_L2SP_022006_19880401_20200917_02_T1", "LC80540182015326LGN00"])
@pytest.mark.parametrize("ending", ["_MTL.txt", "_B4.TIF"])
def test_the_manifest_offers_the_reader_for_products(plugins, product, ending):
    found = plugins.iter_compatible_readers([product + ending])
    assert "napari-icenet.read" in {reader.command for reader in found}


def test_the_manifest_does_not_claim_every_tiff(plugins):
    for name in ("cat.tif", "LAB_2.tif", "20200131.tif", "stack.json", "notes.txt"):
        found = {reader.command for reader in plugins.iter_compatible_readers([name])}
        assert "napari-icenet.read" not in found


def test_a_folder_opens_as_a_stack_with_its_dock(make_napari_viewer, archive):
    viewer = make_napari_viewer()
    viewer.open(archive, plugin="napari-icenet")
    session = Session.of(viewer)
    assert session.stack.shape == (3, 3, 40, 50)
    assert viewer.layers[0] is session.image
    assert session.image.data.shape == (3, 40, 50)
    assert "IceNet (napari-icenet)" in viewer.window.dock_widgets


def test_a_saved_stack_and_a_single_file_open_too(viewer, archive, tmp_path):
    stack = open_stack(archive)
    saved = save_stack(stack, tmp_path / "saved.zarr")
    viewer.open(saved, plugin="napari-icenet")
    session = Session.of(viewer)
    assert session.stack.labels == stack.labels
    np.testing.assert_array_equal(session.stack.read(1, "B2"), stack.read(1, "B2"))
    viewer.open(next((archive / PRODUCTS[1]).glob("*_MTL.txt")), plugin="napari-icenet")
    assert session.stack.shape == (1, 3, 40, 50)


def test_without_a_window_the_layer_is_returned(archive):
    ((data, kept, kind),) = read(str(archive))
    assert kind == "image"
    assert data.shape == (3, 40, 50)
    assert kept["scale"] == (1, 30, 30)
    np.testing.assert_array_equal(
        np.asarray(data[0]), open_stack(archive).scenes[0].bands["B1"].read(Window(0, 0, 40, 50))
    )


def test_a_folder_dropped_on_the_picture_opens(viewer, archive, qtbot):
    session = show_dock(viewer).session
    canvas = viewer.window._qt_window._qt_viewer
    assert drop(canvas, archive).isAccepted()
    qtbot.waitUntil(lambda: session.stack is not None, timeout=60_000)
    assert session.stack.name == "archive"


def test_other_drops_are_left_to_napari(viewer, tmp_path, monkeypatch):
    session = show_dock(viewer).session
    canvas = viewer.window._qt_window._qt_viewer
    taken = []
    with monkeypatch.context() as patch:
        patch.setattr(canvas, "_qt_open", lambda *args, **kwargs: taken.append(args))
        drop(canvas, tmp_path)
    assert len(taken) == 1
    assert session.job is None


def test_the_simulated_sample_opens_from_the_menu(viewer, archive, monkeypatch):
    from napari_icenet import samples

    monkeypatch.setattr(samples, "byrd_folder", lambda progress=None: archive)
    viewer.open_sample("napari-icenet", "byrd")
    assert Session.of(viewer).stack.name == "Byrd Glacier (simulated)"


def test_the_real_sample_carries_its_credit(viewer, archive, monkeypatch, qtbot):
    from napari_icenet import samples

    def fetch(progress):
        progress(0.5, "Fetching")
        return archive

    monkeypatch.setattr(samples, "perito_moreno_folder", fetch)
    viewer.open_sample("napari-icenet", "perito_moreno")
    session = Session.of(viewer)
    qtbot.waitUntil(lambda: session.stack is not None, timeout=60_000)
    assert session.credits[session.stack] == samples.PERITO_MORENO_CREDIT


def test_offline_is_a_plain_message(viewer, monkeypatch, qtbot):
    from napari_icenet import samples
    from napari_icenet.errors import DownloadError

    def fail(progress):
        raise DownloadError("The series cannot be fetched; connect to the network and try again.")

    monkeypatch.setattr(samples, "perito_moreno_folder", fail)
    session, said = Session.of(viewer), []
    monkeypatch.setattr(session, "report", lambda error: said.append(str(error)))
    job = sample.open_sample(session, "perito_moreno")
    job.wait_quietly()
    assert said == ["The series cannot be fetched; connect to the network and try again."]
    assert session.stack is None


def test_a_bad_folder_is_told_in_a_dialog_not_raised(viewer, archive, monkeypatch):
    session, said = Session.of(viewer), []
    monkeypatch.setattr(session, "report", lambda error: said.append(str(error)))
    for product in PRODUCTS:
        for band in (archive / product).glob("*.TIF"):
            os.truncate(band, 100)
    assert read(str(archive)) == NO_LAYERS
    assert len(said) == 1
    assert session.stack is None
    shutil.rmtree(archive)


def drop(widget, path):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    how = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(widget, QDragEnterEvent(QPoint(5, 5), *how))
    event = QDropEvent(QPointF(5, 5), *how)
    event.setAccepted(False)
    QApplication.sendEvent(widget, event)
    return event
