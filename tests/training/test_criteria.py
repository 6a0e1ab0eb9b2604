import pytest
import torch

from imbal_lab.methods import METHODS, PerClass
from imbal_lab.models import mlp
from imbal_lab.training.criteria import Criteria, why_not_pure

COUNTS = [(50, 20, 5), (90, 9, 1), (7, 7, 7)]


def made(method):
    model = mlp([2, 3], seed=0)
    return [METHODS[method].criterion(model, counts) for counts in COUNTS]


BATCHED = [
    name for name, method in METHODS.items() if method.criterion and not why_not_pure(made(name)[0])
]


def test_every_method_but_the_per_class_ones_is_batched():
    """A new method is not left to the slow path by oversight."""
    for name in METHODS.keys() - set(BATCHED):
        assert METHODS[name].criterion is None or isinstance(made(name)[0], PerClass)
    assert {"gd", "sgd", "absgd", "arb", "cdt", "focal", "ldam"} <= set(BATCHED)


@pytest.mark.parametrize("method", BATCHED)
def test_losses_gradients_and_states_are_those_of_each_criterion(method):
    """Three batches, so that a running state matters."""
    generator = torch.Generator().manual_seed(0)
    together, alone = Criteria(made(method)), made(method)
    for _ in range(3):
        logits = torch.randn(3, 3, 8, generator=generator).double().requires_grad_()
        y = torch.randint(3, (3, 8), generator=generator)
        losses = together(logits, y)
        expected = torch.stack([own(logits[k].T, y[k]) for k, own in enumerate(alone)])
        torch.testing.assert_close(losses, expected, rtol=1e-14, atol=1e-14)
        (ours,), (theirs,) = (torch.autograd.grad(v.sum(), logits) for v in (losses, expected))
        torch.testing.assert_close(ours, theirs, rtol=1e-13, atol=1e-15)
    for name, stack in together.buffers.items():
        each = torch.stack([dict(own.named_buffers())[name] for own in alone])
        torch.testing.assert_close(stack, each, rtol=0, atol=0)


def test_absgd_has_a_state_of_its_own_for_every_model():
    together = Criteria(made("absgd"))
    logits, y = torch.zeros(3, 3, 4), torch.zeros(3, 4, dtype=torch.int64)
    logits[1, 0] = 5.0
    together(logits, y)
    log_u = together.buffers["log_u"]
    assert log_u[0] == log_u[2] != log_u[1]


def test_nan_of_one_model_stays_with_it():
    together = Criteria(made("absgd"))
    logits, y = torch.zeros(3, 3, 4), torch.zeros(3, 4, dtype=torch.int64)
    logits[1] = torch.nan
    for _ in range(2):
        assert together(logits, y).isnan().tolist() == [False, True, False]


@pytest.mark.parametrize("method", ["pcngd", "pcnsgd", "pcnsgd_o"])
def test_a_per_class_criterion_is_refused_with_its_name(method):
    assert why_not_pure(made(method)[0]) == "PerClass has no batched form"


def test_no_criterion_at_all():
    assert "class gradients of the whole training set" in why_not_pure(None)
