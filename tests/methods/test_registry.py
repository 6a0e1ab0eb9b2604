import pytest
import torch

from imbal_lab.methods import METHODS, PerClass, class_gradients, get


@pytest.mark.parametrize("name", METHODS)
def test_step_and_rule_are_the_same_method(name, model, batch, params_of):
    """The explicit step and the usual loop with what `build` gives end in the same place."""
    method = get(name)
    assert method.name == name
    expected = method.step(params_of(model), class_gradients(model, *batch, 3), 0.05)
    criterion, optimizer = method.build(model, 3, lr=0.05)
    assert isinstance(criterion, PerClass)
    assert isinstance(optimizer, torch.optim.SGD)
    criterion(model(batch[0]), batch[1]).backward()
    optimizer.step()
    torch.testing.assert_close(params_of(model), expected, rtol=0, atol=1e-14)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"method='sgd': choose one of \['gd', 'pcngd'\]"):
        get("sgd")
