"""The names that the folder of correlation maps offers."""

import pytest

from napari_icenet.evaluation import correlation_map


@pytest.mark.parametrize("name", correlation_map.__all__)
def test_every_name_of_the_stub_is_there(name):
    assert callable(getattr(correlation_map, name))
