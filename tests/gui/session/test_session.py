import threading

import numpy as np
import pytest

from napari_icenet.errors import Cancelled, SceneError, StackError
from napari_icenet.gui.session import session as module
from napari_icenet.gui.session.session import Session
from tests.gui.conftest import make_stack


@pytest.fixture
def sentences(monkeypatch):
    """What would be said in dialogs."""
    said = []
    monkeypatch.setattr(module, "show_error", lambda viewer, sentence: said.append(sentence))
    return said


def test_a_viewer_has_one_session(viewer):
    from napari.utils._proxies import PublicOnlyProxy

    assert Session.of(viewer) is Session.of(viewer)
    assert Session.of(PublicOnlyProxy(viewer)) is Session.of(viewer)


def test_several_stacks_are_open_and_one_is_shown(session):
    first, second = make_stack("first"), make_stack("second")
    heard = []
    session.stack_changed.connect(heard.append)
    session.add_stack(first)
    session.add_stack(second)
    assert session.stacks == (first, second)
    assert session.stack is second
    assert [layer.name for layer in session.viewer.layers if layer.visible] == ["second · B1"]
    session.show(first)
    assert [layer.name for layer in session.viewer.layers if layer.visible] == ["first · B1"]
    session.close_stack(first)
    assert session.stack is second
    assert {layer.name for layer in session.viewer.layers} == {"second · B1"}
    session.viewer.layers.remove(session.image)
    assert session.stack is None
    assert heard == [first, second, first, second, None]


def test_beyond_the_shown_stacks_dates_the_slider_stays_the_users(session):
    from datetime import datetime

    from napari_icenet.scenes.stack import SceneStack

    short = SceneStack.from_array(np.ones((2, 9, 9)), [datetime(2020, 1, 1), datetime(2020, 1, 2)], name="short")
    long = make_stack(georeferenced=False)
    session.add_stack(long)
    session.add_stack(short)
    session.time = 1
    session.viewer.dims.set_current_step(0, 3)
    assert session.viewer.dims.current_step[0] == 3
    assert session.time == 1
    assert session.unseen == "frame 3 is none of the dates of short; move the slider to one of 0 to 1."
    session.show(long)
    assert (session.time, session.unseen) == (3, "")
    session.show(short)
    assert session.viewer.dims.current_step[0] == session.time == 1
    assert not session.unseen


def test_opening_goes_on_behind_the_window(session, archive, qtbot):
    main, seen = threading.get_ident(), []
    job = session.open(archive)
    job.progressed.connect(lambda fraction, text: seen.append((threading.get_ident(), text)))
    assert session.stack is None
    with qtbot.waitSignal(job.ended, timeout=60_000):
        pass
    assert session.stack.shape == (3, 3, 40, 50)
    assert session.job is None
    assert seen
    assert {ident for ident, _ in seen} == {main}


def test_bad_input_is_one_sentence_and_the_rest_stays_open(session, stack, tmp_path, sentences, qtbot):
    session.add_stack(stack)
    empty = tmp_path / "empty"
    empty.mkdir()
    with qtbot.waitSignal(session.open(empty).ended, timeout=60_000):
        pass
    (sentence,) = sentences
    assert str(empty) in sentence
    assert "Traceback" not in sentence
    assert session.stack is stack


def test_cancel_stops_and_says_nothing(session, sentences, qtbot):
    going = threading.Event()

    def find(progress):
        while True:
            going.set()
            progress(0.5, "searching")

    job = session.start("Opening a folder without end", find)
    assert going.wait(10)
    with qtbot.waitSignal(job.ended, timeout=60_000):
        session.cancel()
    assert (session.job, session.stack, sentences) == (None, None, [])
    with pytest.raises(Cancelled):
        job.wait()


def test_one_thing_at_a_time(session, stack, sentences, qtbot):
    release = threading.Event()

    def find(progress):
        assert release.wait(10)
        return stack

    job = session.start("Opening one", find)
    assert session.open("another") is None
    assert sentences == ["Opening one is still under way; wait for it, or cancel it."]
    with qtbot.waitSignal(job.ended, timeout=60_000):
        release.set()
    assert session.stack is stack


def test_waiting_hands_on_result_and_error(session, qtbot):
    assert session.run("Counting", lambda progress: 12).wait() == 12

    def fail(progress):
        raise StackError("No.")

    job = session.run("Failing", fail)
    with pytest.raises(StackError, match="No"):
        job.wait()


def test_the_dialog_holds_the_sentence_and_does_not_block(session):
    from qtpy.QtWidgets import QMessageBox

    session.report(SceneError("The file x.tif is truncated; fetch it again."))
    (box,) = session.viewer.window._qt_window.findChildren(QMessageBox)
    assert box.text() == "The file x.tif is truncated; fetch it again."
    assert not box.isModal()
    box.close()


def test_nothing_is_left_when_the_window_closes(make_napari_viewer, qtbot, stack):
    viewer = make_napari_viewer()
    session = Session.of(viewer)
    session.add_stack(stack)
    session.cache.ask(session.layers.source, 2, urgent=False)
    viewer.close()
    qtbot.waitUntil(lambda: viewer not in Session._sessions, timeout=60_000)
    assert not [thread for thread in threading.enumerate() if thread.name == "icenet-frames"]
    assert session.cache.held(session.cache, 0) is None
