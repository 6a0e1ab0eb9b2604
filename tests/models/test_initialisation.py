import pytest
from torch import nn

from imbal_lab.models.initialisation import seeded


@pytest.mark.parametrize(
    "build", [lambda: nn.LayerNorm(4), lambda: nn.Sequential(nn.Linear(2, 3), nn.PReLU())]
)
def test_a_layer_without_a_rule_is_not_left_undefined(build):
    with pytest.raises(TypeError, match=r"(LayerNorm|PReLU): its weights would stay undefined"):
        seeded(build, seed=0)
