import pytest
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from imbal_lab.data.class_batches import ClassBatches
from imbal_lab.methods import METHODS, PerClass, class_gradients
from imbal_lab.methods.pcnsgd import rescaled_step
from imbal_lab.training import serial
from imbal_lab.training.result import class_losses
from imbal_lab.training.row_numbers import row_numbers
from imbal_lab.training.serial import train_alone


def test_the_same_as_a_loop_written_by_hand(tiny):
    run = tiny(
        method="logit_adjustment", momentum=0.9, weight_decay=0.01, schedule="cosine", steps=30
    )
    dataset, model, _ = run.build()
    log_n = torch.tensor(dataset.counts).double().log()
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9, weight_decay=0.01)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 30)
    batches = row_numbers(run, dataset.y)
    for _ in range(30):
        rows = next(batches)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(dataset.x[rows]) + log_n, dataset.y[rows]).backward()
        optimizer.step()
        scheduler.step()
    with torch.no_grad():
        logits = model(dataset.x_test)
    result = train_alone(run)
    torch.testing.assert_close(result.test_logits, logits, rtol=0, atol=1e-6)  # float32 offset
    torch.testing.assert_close(
        result.test_loss[-1], class_losses(logits, dataset.y_test, 4)[0], rtol=0, atol=1e-6
    )


def test_per_class_normalised_with_oversampling(tiny):
    run = tiny(method="pcnsgd_o", steps=8)
    dataset, model, _ = run.build()
    criterion = PerClass(model, 4)
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    batches = ClassBatches(dataset.y, 8, oversample=True, seed=0)
    for rows in list(batches)[:8]:
        optimizer.zero_grad()
        criterion(model(dataset.x[rows]), dataset.y[rows]).backward()
        optimizer.step()
    assert len(batches) >= 8
    torch.testing.assert_close(
        train_alone(run).test_logits, model(dataset.x_test).detach(), rtol=0, atol=1e-12
    )


def test_the_rescaled_form_is_its_explicit_step(tiny):
    run = tiny(method="pcnsgd_r", batch=24, steps=5)
    dataset, model, _ = run.build()
    batches = row_numbers(run, dataset.y)
    for _ in range(5):
        rows = next(batches)
        params = parameters_to_vector(model.parameters()).detach()
        batch = class_gradients(model, dataset.x[rows], dataset.y[rows], 4)
        full = class_gradients(model, dataset.x, dataset.y, 4)
        vector_to_parameters(rescaled_step(params, batch, full, 0.05), model.parameters())
    torch.testing.assert_close(
        train_alone(run).test_logits, model(dataset.x_test).detach(), rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("method", METHODS)
def test_every_method_trains(method, tiny):
    run = tiny(method=method, lr=0.002, batch=24, steps=40, every=20)
    result = train_alone(run)
    assert result.step.tolist() == [0, 20, 40]
    assert result.path == "serial"
    assert all(curve.shape == (3, 4) for curve in result[1:5])
    assert (result.train_loss[0] - result.train_loss[-1]).abs().max() > 1e-3


def test_it_says_after_every_step_that_it_goes_on(tiny):
    steps = []
    train_alone(tiny(steps=7), advance=steps.append)
    assert steps == [1] * 7


@pytest.mark.parametrize("method", ["sgd", "absgd", "pcnsgd"])
def test_a_run_that_diverges_ends_in_nan_and_says_nothing(method, tiny):
    result = train_alone(tiny(method=method, lr=1e35, batch=24, steps=20, every=5))
    assert result.diverged
    assert not result.train_loss[0].isnan().any()
    assert result.train_loss[-1].isnan().all()
    assert result.test_recall[-1].isnan().all()


def test_one_batch_beyond_the_limit_is_not_forgotten(tiny, monkeypatch):
    """Even where the model is back within it when it is measured; and no step is made of it."""
    verdicts = iter([True, True, False])
    monkeypatch.setattr(serial, "within_limit", lambda logits: next(verdicts))
    result = train_alone(tiny(every=2))
    assert result.train_loss.isnan().all(dim=1).tolist() == [False, False, True, True]


def test_batch_normalisation_is_used_as_trained(tiny):
    run = tiny(data="mnist1d", model="cnn1d", model_options={"norm": "batch"}, steps=2)
    result = train_alone(run)
    assert not result.diverged
    one_by_one = train_alone(run)
    assert torch.equal(result.test_logits, one_by_one.test_logits)
