"""Criteria and torch optimizers: the records of `fit` against loops written out by hand."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812
from torch.nn.utils import parameters_to_vector

from imbal_lab.data import ClassBatches, batches_of
from imbal_lab.instruments import Recording
from imbal_lab.methods import ABSGD, METHODS, PerClass, TrainOnly, gd_step, pcngd_step
from imbal_lab.training import fit, train


def params_of(model):
    return parameters_to_vector(model.parameters()).detach().clone()


def natural(dataset):
    return ClassBatches(dataset.y, 11, seed=1)


def sgd(model, **options):
    return torch.optim.SGD(model.parameters(), lr=0.05, **options)


@pytest.mark.parametrize("name", [name for name, m in METHODS.items() if m.criterion and m.step])
def test_the_same_records_as_the_explicit_step(name, dataset, fresh):
    method, one, two = METHODS[name], fresh(), fresh()
    explicit = train(dataset, one, method.step, lr=0.05, steps=9, every=4, batches=natural(dataset))
    built = method.build(two, dataset.counts, lr=0.05)
    usual = fit(dataset, two, *built, steps=9, every=4, batches=natural(dataset))
    for ours, theirs in zip(Recording.of(explicit), Recording.of(usual), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(params_of(one), params_of(two), rtol=0, atol=1e-12)
    assert (params_of(one) - params_of(fresh())).norm() > 0.05


@pytest.mark.parametrize("name", [name for name, m in METHODS.items() if m.criterion])
def test_every_method_of_the_registry_trains(name, dataset, fresh):
    """On its own batches and with Adam, for which none was made: both classes get better."""
    method, model = METHODS[name], fresh()
    criterion = method.criterion(model, dataset.counts).double()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    batches = batches_of(method.batches, dataset.y, 11, seed=1)
    run = fit(dataset, model, criterion, optimizer, steps=100, every=100, batches=batches)
    first, last = run
    assert (last.loss < 0.9 * first.loss).all()


def test_momentum_decay_and_a_scheduler_as_torch_has_them(dataset, fresh):
    model = fresh()
    optimizer = sgd(model, momentum=0.9, weight_decay=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=3, gamma=0.1)
    run = fit(
        dataset,
        model,
        nn.CrossEntropyLoss(),
        optimizer,
        steps=8,
        batches=natural(dataset),
        scheduler=scheduler,
    )
    list(run)
    theirs, velocity = fresh(), 0.0
    again = natural(dataset)
    rows = [*again, *again]
    for t in range(8):
        loss = F.cross_entropy(theirs(dataset.x[rows[t]]), dataset.y[rows[t]])
        grads = torch.autograd.grad(loss, list(theirs.parameters()))
        theta = params_of(theirs)
        gradient = torch.cat([g.flatten() for g in grads]) + 0.1 * theta
        velocity = 0.9 * velocity + gradient
        new = theta - 0.05 * 0.1 ** (t // 3) * velocity
        nn.utils.vector_to_parameters(new, theirs.parameters())
    torch.testing.assert_close(params_of(model), params_of(theirs), rtol=0, atol=1e-12)


def test_lbfgs_evaluates_its_closure_as_often_as_it_likes(dataset, fresh):
    model = fresh()
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=20)
    first, *_, last = fit(dataset, model, nn.CrossEntropyLoss(), optimizer, steps=3)
    assert last.loss.max() < 0.1 * first.loss.min()


def test_without_batches_it_is_the_whole_set(dataset, fresh):
    one, two = fresh(), fresh()
    list(fit(dataset, one, nn.CrossEntropyLoss(), sgd(one), steps=5))
    list(train(dataset, two, gd_step, lr=0.05, steps=5))
    torch.testing.assert_close(params_of(one), params_of(two), rtol=0, atol=1e-14)


def test_state_of_a_criterion_is_kept_from_step_to_step(dataset, fresh):
    model, criterion = fresh(), ABSGD(lam=1.0, gamma=0.5)
    run = fit(dataset, model, criterion, sgd(model), steps=4, batches=natural(dataset))
    seen = [criterion.log_u.item() for _ in run]
    assert len(set(seen)) == 5


def test_nothing_runs_before_next_and_closing_cancels(dataset, fresh):
    model = fresh()
    start = params_of(model)
    run = fit(dataset, model, nn.CrossEntropyLoss(), sgd(model), steps=100)
    assert next(run).step == 0
    assert torch.equal(params_of(model), start)
    next(run)
    moved = params_of(model)
    run.close()
    assert list(run) == []
    assert torch.equal(params_of(model), moved)
    assert not torch.equal(moved, start)


@pytest.mark.parametrize(("steps", "every", "expected"), [(7, 3, [0, 3, 6, 7]), (0, 1, [0])])
def test_records_at_zero_every_and_the_last(steps, every, expected, dataset, fresh):
    model = fresh()
    run = fit(dataset, model, nn.CrossEntropyLoss(), sgd(model), steps=steps, every=every)
    assert [record.step for record in run] == expected


def test_without_class_gradients_the_rest_is_the_same(dataset, fresh):
    one, two = fresh(), fresh()
    whole = list(fit(dataset, one, nn.CrossEntropyLoss(), sgd(one), steps=4))
    run = fit(dataset, two, nn.CrossEntropyLoss(), sgd(two), steps=4, record_gradients=False)
    light = list(run)
    for a, b in zip(whole, light, strict=True):
        assert a.step == b.step
        assert torch.equal(a.loss, b.loss)
        assert torch.equal(a.recall, b.recall)
        assert b.grad_norm.isnan().all()
        assert b.cosine.isnan().all()
        assert (b.grad_norm.shape, b.cosine.shape) == (a.grad_norm.shape, a.cosine.shape)


def test_how_often_one_records_does_not_change_a_run_with_dropout(dataset, fresh):
    ends = []
    for every in (1, 6):
        model = nn.Sequential(*fresh()[:2], nn.Dropout(0.5), fresh()[2])
        model[1].eval()  # a mode of one's own is not lost
        torch.manual_seed(0)
        run = fit(dataset, model, nn.CrossEntropyLoss(), sgd(model), steps=6, every=every)
        first = next(run)
        whole = F.cross_entropy(model.eval()(dataset.x), dataset.y, reduction="none")
        assert first.loss[0].item() == pytest.approx(whole[dataset.y == 0].mean().item())
        model.train()
        model[1].eval()
        list(run)
        assert [module.training for module in model] == [True, False, True, True]
        ends.append(params_of(model))
    assert torch.equal(*ends)


def test_one_thread_inside_and_as_many_as_before_outside(dataset, fresh):
    inside = []

    class Watched(nn.CrossEntropyLoss):
        def forward(self, logits, y):
            inside.append(torch.get_num_threads())
            return super().forward(logits, y)

    torch.set_num_threads(2)
    try:
        model = fresh()
        for _ in fit(dataset, model, Watched(), sgd(model), steps=2):
            assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)  # what all tests run with
    assert inside == [1, 1]


def normalised() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)).double()


def test_batch_normalisation_is_refused_with_the_remedy_where_classes_are_kept_apart(dataset):
    model, batches = normalised(), natural(dataset)
    with pytest.raises(ValueError, match=r"layer '1' is BatchNorm1d .* use nn\.GroupNorm"):
        next(train(dataset, model, pcngd_step, lr=0.1, steps=1, batches=batches))
    with pytest.raises(ValueError, match=r"batch normalisation|BatchNorm1d"):
        list(fit(dataset, model, PerClass(model, 2), sgd(model), steps=1))


def test_a_plain_loss_trains_batch_normalisation_as_an_ordinary_loop_does(dataset):
    model, twin = normalised(), normalised()
    list(fit(dataset, model, nn.CrossEntropyLoss(), sgd(model), steps=3))
    optimizer = sgd(twin)
    for _ in range(3):
        optimizer.zero_grad()
        nn.functional.cross_entropy(twin(dataset.x), dataset.y).backward()
        optimizer.step()
    for mine, theirs in zip(model.state_dict().values(), twin.state_dict().values(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-12, atol=1e-14)


def test_second_stage_with_frozen_layers(dataset, fresh):
    model = fresh()
    head = [name for name, layer in model.named_modules() if isinstance(layer, nn.Linear)][-1]
    with TrainOnly(model, head) as stage:
        before = [p.detach().clone() for p in model.parameters()]
        records = list(fit(dataset, model, nn.CrossEntropyLoss(), sgd(model), steps=3))
        moved = [not torch.equal(p, q) for p, q in zip(model.parameters(), before, strict=True)]
        mine = {id(p) for p in stage.parameters}
        assert moved == [id(p) in mine for p in model.parameters()]
    assert records[-1].loss.mean() < records[0].loss.mean()


def test_errors_as_train_has_them(dataset, fresh):
    model = fresh()
    loss = nn.CrossEntropyLoss()
    with pytest.raises(ValueError, match="steps=-1, every=1: use steps >= 0"):
        next(fit(dataset, model, loss, sgd(model), steps=-1))
    with pytest.raises(ValueError, match="batches: there are none left"):
        list(fit(dataset, model, loss, sgd(model), steps=1, batches=[]))

    class Infinite(nn.Module):
        def forward(self, logits, y):
            return (logits * torch.inf).sum()

    with pytest.raises(FloatingPointError, match=r"lr=0\.05: .* no longer finite after step 1;"):
        list(fit(dataset, model, Infinite(), sgd(model), steps=2))


def test_the_rare_class_learns_sooner_when_it_is_oversampled(dataset, fresh):
    losses = {}
    for oversample in (False, True):
        model = fresh()
        batches = ClassBatches(dataset.y, 11, oversample=oversample, seed=1)
        *_, last = fit(
            dataset, model, nn.CrossEntropyLoss(), sgd(model), steps=40, every=40, batches=batches
        )
        losses[oversample] = last.loss[1].item()
    assert losses[True] < 0.7 * losses[False]
