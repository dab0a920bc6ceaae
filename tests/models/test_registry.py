import subprocess
import sys

import pytest

from napari_icenet.errors import UsageError
from napari_icenet.models.registry import MODELS, build, model_settings, network_class


@pytest.mark.parametrize("name", list(MODELS))
def test_each_is_built_from_plain_values_alone(name):
    kind = network_class(name)
    assert kind.name == name
    assert kind.title
    assert kind.limits
    assert all(limit.endswith(".") and limit[0].isupper() for limit in kind.limits)
    made = build(name, model_settings(name, {}).model_dump(mode="json"))
    assert isinstance(made, kind)
    assert made.settings == kind.settings_type()
    assert model_settings(name, {}) == made.settings


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"chip": 100}, "100 px"),
        ({"chip": 16}, "chip 16"),
        ({"channels": 0}, "channels 0"),
        ({"colour": "red"}, "no setting colour"),
        ({"recurrent": "convolutional", "latent": 100}, "multiple of 16"),
        ({"recurrent": "magic"}, "recurrent magic"),
    ],
    ids=str,
)
def test_settings_that_make_no_sense(settings, words):
    with pytest.raises(UsageError, match=words):
        build("svg-lp", settings)


def test_a_network_that_is_not_there():
    with pytest.raises(UsageError, match="no model magic; choose svg-lp, icenet"):
        build("magic")


def test_the_list_costs_nothing():
    code = (
        "import sys, napari_icenet.models.registry, napari_icenet.models.svg_lp.settings; print('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "False\n"
