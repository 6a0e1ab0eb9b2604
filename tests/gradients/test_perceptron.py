"""All class gradients of a perceptron at once, against one pass a class."""

import pytest
import torch
from torch import nn

from imbal_lab import models
from imbal_lab.gradients import is_perceptron, perceptron_gradients
from imbal_lab.methods import class_gradients


@pytest.mark.parametrize("activation", [nn.Tanh, nn.ReLU, nn.Identity])
@pytest.mark.parametrize("labels", [[2, 0, 1, 0, 0, 2, 1], [3, 3, 0, 3, 0, 0, 0], [1] * 7])
def test_they_are_those_of_one_pass_a_class(activation, labels):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 5), activation(), nn.Linear(5, 4)).double()
    x, y = torch.randn(7, 3, dtype=torch.float64), torch.tensor(labels)
    found = perceptron_gradients(model, x, y, 4)
    torch.testing.assert_close(found, class_gradients(model, x, y, 4), rtol=1e-12, atol=1e-15)
    assert all(p.grad is None for p in model.parameters())


def test_the_models_of_the_course():
    assert is_perceptron(models.mlp([2, 32, 32, 4], seed=0))
    assert not is_perceptron(models.cnn1d(num_classes=10, seed=0))


def test_what_it_is_not_for():
    shared = nn.Linear(3, 3)
    assert not is_perceptron(nn.Sequential(shared, nn.ReLU(), shared))
    assert not is_perceptron(nn.Sequential(nn.Linear(3, 3, bias=False)))
    assert not is_perceptron(nn.Sequential(nn.Linear(3, 3), nn.Softmax(dim=0)))
    assert not is_perceptron(nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3)))
    assert not is_perceptron(nn.Linear(3, 3))
    assert not is_perceptron(nn.Sequential(nn.ReLU()))
