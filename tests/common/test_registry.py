"""Things known by name."""

import json

import pytest

from napari_icenet.common.registry import Registry
from napari_icenet.errors import UsageError

FUNCTIONS = Registry("function", {"dump": "json:dumps", "load": "json:loads"})


def test_an_attribute_is_loaded_by_name():
    assert FUNCTIONS.load("dump") is json.dumps


def test_an_unknown_name_lists_those_there_are():
    with pytest.raises(UsageError, match="dump, load"):
        FUNCTIONS.load("save")
