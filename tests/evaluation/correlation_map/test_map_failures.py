"""What went wrong in a process, in a sentence."""

import pickle

import pytest

from napari_icenet.errors import IceNetError, WeightsError
from napari_icenet.evaluation.correlation_map.scheduler import map_process_died
from napari_icenet.evaluation.correlation_map.worker import sentence_of


class OutOfMemoryError(RuntimeError):
    """As torch's own, by name."""


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (WeightsError("these weights are for another network; choose others."), "another network; choose others."),
        (MemoryError(), "the memory is full; choose a smaller area"),
        (OutOfMemoryError("CUDA out of memory.\nTried to allocate"), r"out of memory.*choose the device cpu"),
        (FileNotFoundError(2, "No such file", "B1.TIF"), "B1.TIF.*open the stack again"),
        (ZeroDivisionError("division by zero"), "nobody foresaw.*ZeroDivisionError"),
    ],
)
def test_an_error_is_a_sentence_that_can_be_sent(error, words):
    made = pickle.loads(pickle.dumps(sentence_of(error)))
    assert isinstance(made, IceNetError)
    with pytest.raises(IceNetError, match=words):
        raise made
    assert "\n" not in str(made)


def test_the_end_of_a_process_says_how_and_what_to_do():
    made = str(map_process_died("was killed (signal 9), perhaps for lack of memory"))
    assert made.startswith("a process that worked on the map was killed (signal 9)")
    assert "choose fewer predictors or a smaller area" in made
