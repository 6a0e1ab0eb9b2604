import pytest
import torch

from imbal_lab.training.schedule import SCHEDULES


def torchs(make, steps):
    """The factors that torch's own scheduler gives."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler, factors = make(optimizer), []
    for _ in range(steps):
        factors.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return factors


@pytest.mark.parametrize("steps", [1, 7, 40])
def test_cosine_is_torchs(steps):
    ours = [SCHEDULES["cosine"](t, steps) for t in range(steps)]
    expected = torchs(lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, steps), steps)
    assert ours == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("steps", [10, 200])
def test_steps_is_torchs_multi_step(steps):
    ours = [SCHEDULES["steps"](t, steps) for t in range(steps)]
    marks = [steps * 8 // 10, steps * 9 // 10]
    expected = torchs(lambda o: torch.optim.lr_scheduler.MultiStepLR(o, marks), steps)
    assert ours == pytest.approx(expected, rel=1e-12)


def test_constant():
    assert {SCHEDULES["constant"](t, 5) for t in range(5)} == {1.0}
