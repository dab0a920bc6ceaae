"""Settings from plain values."""

import pytest
from pydantic import BaseModel, Field, model_validator

from napari_icenet.common.settings_model import made
from napari_icenet.errors import UsageError


class Inner(BaseModel):
    side: int = Field(default=8, gt=0)


class Outer(BaseModel):
    inner: Inner = Inner()
    name: str = "ice"

    @model_validator(mode="after")
    def _fit(self):
        if self.name == "rock":
            raise ValueError("rock does not flow")
        return self


def test_plain_values_become_settings():
    assert made(Outer, {"inner": {"side": 4}}) == Outer(inner=Inner(side=4))


def test_the_first_wrong_value_is_named_with_its_path():
    with pytest.raises(UsageError, match=r"inner\.side -1"):
        made(Outer, {"inner": {"side": -1}})


def test_values_that_do_not_fit_together_give_the_models_own_reason():
    with pytest.raises(UsageError, match="Rock does not flow"):
        made(Outer, {"name": "rock"})
