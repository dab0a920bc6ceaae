"""Settings from plain values."""

import pickle
import re

import pytest
from pydantic import BaseModel, Field, ValidationError, model_validator

from napari_icenet.common.settings_model import Settings, given_or_default, made
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


class Choices(Settings):
    side: int = Field(default=8, gt=0)
    band: str | int = 1
    inner: Inner = Inner()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"side": 0}, "side 0 cannot be used: input should be greater than 0."),
        ({"sid": 3}, "there is no setting sid; did you mean side?"),
        ({"weather": 3}, "there is no setting weather; choose side, band, inner."),
        ({"band": None}, "band None cannot be used: input should be a valid string or a valid integer."),
        ({"inner": {"side": -1}}, "inner.side -1 cannot be used: input should be greater than 0."),
    ],
)
def test_settings_that_are_made_by_name_say_in_a_sentence_what_cannot_be(values, sentence):
    with pytest.raises(UsageError, match=f"^{re.escape(sentence)}$"):
        Choices(**values)


def test_settings_take_no_places():
    with pytest.raises(UsageError, match=r"by name, as in side="):
        Choices(8)


def test_settings_are_still_a_pydantic_model():
    chosen = Choices(side=3, band="B4")
    assert pickle.loads(pickle.dumps(chosen)) == chosen
    assert Choices.model_validate_json(chosen.model_dump_json()) == chosen
    assert chosen.model_copy(update={"side": 4}).side == 4
    with pytest.raises(ValidationError):
        Choices.model_validate({"side": 0})
    with pytest.raises(ValidationError):
        chosen.side = 4


def test_settings_within_settings_tell_the_way_to_a_wrong_value():
    class Outermost(Settings):
        choices: Choices = Choices()

    with pytest.raises(UsageError, match=r"^choices\.side 0 cannot"):
        Outermost(choices={"side": 0})
    with pytest.raises(UsageError, match=r"^there is no setting choices\.sid; did you mean side\?$"):
        Outermost(choices={"sid": 1})


@pytest.mark.parametrize("given", [{"side": 3}, Outer(), "quick"])
def test_what_is_no_settings_of_the_kind_is_refused(given):
    with pytest.raises(UsageError, match=r"is no settings.*Choices"):
        given_or_default(Choices, given)
    assert given_or_default(Choices, None) == Choices()
    assert given_or_default(Choices, chosen := Choices(side=3)) is chosen
