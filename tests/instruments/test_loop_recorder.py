"""A training loop that is watched: the numbers by hand, the rows, and that nothing changes."""

import contextlib
import copy
import gc
import io
import math
import weakref

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812
from torch.utils._python_dispatch import TorchDispatchMode

from imbal_lab.instruments import LoopRecorder, attraction_repulsion
from imbal_lab.methods import ABSGD, ARBLoss, ClassWeightedLoss, FocalLoss, PerClass

C = 4
COUNTS = (12, 5, 2, 1)


def batches(n: int, seed: int = 0) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """``n`` batches of 14, rare classes often absent, in double precision."""
    generator = torch.Generator().manual_seed(seed)
    falling = torch.tensor(COUNTS, dtype=torch.float64)
    return [
        (
            torch.randn(14, 3, generator=generator, dtype=torch.float64),
            torch.multinomial(falling, 14, replacement=True, generator=generator),
        )
        for _ in range(n)
    ]


def network(*extra: nn.Module) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        body = nn.Sequential(nn.Linear(3, 6), nn.Tanh(), *extra, nn.Linear(6, C))
    return body.double()


def ordinary(model, criterion, optimizer, data):
    for x, y in data:
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()


def watched(model, criterion, data, every=1, lr=0.1):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    recorder = LoopRecorder(model, criterion, optimizer, num_classes=C, every=every)
    with recorder:
        ordinary(model, criterion, optimizer, data)
    return recorder


def class_gradient(model, criterion, x, y, c):
    """Gradient of the criterion through the logits of class ``c`` alone."""
    logits = model(x)
    through = torch.where((y == c)[:, None], logits, logits.detach())
    grads = torch.autograd.grad(criterion(through, y), list(model.parameters()))
    return torch.cat([g.flatten() for g in grads])


# ---------------------------------------------------------------- what is measured


def test_counts_losses_recalls_and_feature_norms_one_example_at_a_time():
    model, data = network(), batches(5)
    again = copy.deepcopy(model)
    curves = watched(model, nn.CrossEntropyLoss(), data).recording()
    optimizer = torch.optim.SGD(again.parameters(), lr=0.1)
    for t, (x, y) in enumerate(data):
        seen = {c: [] for c in range(C)}
        with torch.no_grad():
            for xi, c in zip(x, y.tolist(), strict=True):
                features = again[:2](xi)
                z = again[2](features).tolist()
                loss = math.log(sum(map(math.exp, z))) - z[c]
                seen[c].append((loss, z.index(max(z)) == c, math.hypot(*features.tolist())))
        for c in range(C):
            found = [q[t, c].item() for q in (curves.loss, curves.recall, curves.feature_norm)]
            means = [sum(column) / len(seen[c]) for column in zip(*seen[c], strict=True)]
            assert curves.examples[t, c] == len(seen[c])
            assert found == pytest.approx(means or [0, 0, 0], rel=1e-12)
        ordinary(again, nn.CrossEntropyLoss(), optimizer, [(x, y)])
    assert curves.step.tolist() == [0, 1, 2, 3, 4]
    assert (curves.examples == 0).any()
    assert 0 < curves.recall.mean() < 1  # or the comparison above says little


@pytest.mark.parametrize(
    "criterion",
    [
        nn.CrossEntropyLoss(),
        nn.CrossEntropyLoss(reduction="sum", label_smoothing=0.1),
        ARBLoss(COUNTS),
        ClassWeightedLoss(torch.tensor([0.2, 0.5, 1.0, 2.0])),
        FocalLoss(2.0),
        ABSGD(lam=1.0),
    ],
    ids=lambda c: type(c).__name__,
)
def test_class_gradients_of_any_criterion(criterion):
    model, (batch,) = network(), batches(1)
    criterion = criterion.double()
    before, fresh = copy.deepcopy(model), copy.deepcopy(criterion)
    recorder = watched(model, criterion, [batch])
    curves = recorder.recording()
    rows = [class_gradient(before, copy.deepcopy(fresh), *batch, c) for c in range(C)]
    for a in range(C):
        assert curves.grad_norm[0, a].item() == pytest.approx(rows[a].norm().item(), rel=1e-12)
        for b in range(C):
            expected = F.cosine_similarity(rows[a], rows[b], dim=0).item()
            assert curves.cosine[0, a, b].item() == pytest.approx(expected, abs=1e-12)
    assert recorder.engine_note == ""


def test_attraction_and_repulsion_are_those_of_the_loss():
    for criterion, offset in ((nn.CrossEntropyLoss(), 0), (ARBLoss(COUNTS).double(), None)):
        model, ((x, y),) = network(), batches(1)
        before = copy.deepcopy(model)
        offset = criterion.counts.log() if offset is None else offset
        curves = watched(model, criterion, [(x, y)]).recording()
        features = before[:2](x)
        expected = attraction_repulsion(features, before[2](features) + offset, y)
        for name, value in expected._asdict().items():
            torch.testing.assert_close(getattr(curves, name)[0], value)


def test_factors_on_the_loss_do_not_count():
    """1/m of accumulation, or the scale of a GradScaler."""
    found = []
    for factor in (1.0, 1024.0):
        model, ((x, y),) = network(), batches(1)
        criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=0.1)
        with LoopRecorder(model, criterion, optimizer, num_classes=C) as recorder:
            (factor * criterion(model(x), y)).backward()
            optimizer.step()
        found.append(recorder.recording())
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b)
    assert found[0].grad_norm.max() > 0.01


def test_per_class_is_measured_on_the_cross_entropy_it_balances():
    data, models = batches(4), (network(), network())
    optimizer = torch.optim.SGD(models[0].parameters(), lr=0.1)
    criterion = PerClass(models[0], C)
    norms = []
    with LoopRecorder(models[0], criterion, optimizer, num_classes=C, every=1) as recorder:
        for x, y in data:
            ordinary(models[0], criterion, optimizer, [(x, y)])
            norms.append(criterion.norms)
    curves = recorder.recording()
    torch.testing.assert_close(curves.grad_norm, torch.stack(norms))
    rows = [class_gradient(models[1], nn.CrossEntropyLoss(), *data[0], c) for c in range(C)]
    expected = F.cosine_similarity(torch.stack(rows)[:, None], torch.stack(rows)[None], dim=2)
    torch.testing.assert_close(curves.cosine[0], expected)


def test_accumulated_batches_of_per_class_are_measured_on_the_first():
    model, ((x, y), (x2, y2)) = network(), batches(2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    criterion = PerClass(model, C)
    with LoopRecorder(model, criterion, optimizer, num_classes=C) as recorder:
        criterion(model(x), y).backward()
        expected = criterion.norms
        assert not criterion.keep_gram  # what it costs is asked for no longer than needed
        criterion(model(x2), y2).backward()
        optimizer.step()
    curves = recorder.recording()
    torch.testing.assert_close(curves.grad_norm[0], expected)
    features = network()[:2](x)
    pulls = attraction_repulsion(features, network()[2](features), y)
    torch.testing.assert_close(curves.component[0], pulls.component)


def test_gradients_come_every_k_steps_and_are_those_of_that_step():
    all_of_them = watched(network(), nn.CrossEntropyLoss(), batches(7)).recording()
    some = watched(network(), nn.CrossEntropyLoss(), batches(7), every=3).recording()
    assert some.step.tolist() == list(range(7))
    assert some.grad_step.tolist() == [0, 3, 6]
    assert torch.equal(some.grad_norm, all_of_them.grad_norm[[0, 3, 6]])
    none = watched(network(), nn.CrossEntropyLoss(), batches(7), every=None).recording()
    assert torch.equal(none.loss, some.loss)
    assert none.grad_norm.shape == (0, C)
    assert none.component.shape == (0, C, C)


def test_long_runs_with_batches_of_every_size_that_are_written_over():
    model, data = network(), [(x[:k], y[:k]) for k, (x, y) in enumerate(batches(14) * 10, start=1)]
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=0.1)
    recorder, losses = LoopRecorder(model, criterion, optimizer, num_classes=C, every=None), []
    with recorder:
        for x, y in data:
            mine_x, mine_y = x.clone(), y.clone()
            logits = model(mine_x)
            loss = criterion(logits, mine_y)
            losses.append(loss.item())
            loss.backward()
            optimizer.step()
            mine_x.zero_(), mine_y.zero_(), logits.detach().zero_()
    curves = recorder.recording()
    assert curves.step.tolist() == list(range(140))
    expected = torch.stack([torch.bincount(y, minlength=C) for _, y in data]).double()
    assert torch.equal(curves.examples, expected)
    means = (curves.loss * curves.examples).sum(dim=1) / expected.sum(dim=1)
    assert means.tolist() == pytest.approx(losses, rel=1e-12)
    assert torch.equal(recorder.recording().loss, curves.loss)  # reading changes nothing


class Pixels(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Conv2d(1, 5, 3, padding=1), nn.Conv2d(5, C, 1)

    def forward(self, x):
        return self.head(self.body(x).tanh())


def test_segmentation_with_ignored_pixels():
    torch.manual_seed(0)
    model = Pixels().double()
    x, y = torch.randn(2, 1, 3, 3, dtype=torch.float64), torch.randint(0, C, (2, 3, 3))
    y[0, 0, :2] = 255
    criterion = nn.CrossEntropyLoss(ignore_index=255)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    before = copy.deepcopy(model)
    recorder = LoopRecorder(model, criterion, optimizer, num_classes=C, classifier="head")
    with recorder:
        ordinary(model, criterion, optimizer, [(x, y)])
    curves = recorder.recording()
    logits = before(x)
    losses = F.cross_entropy(logits, y, ignore_index=255, reduction="none")
    params = list(before.parameters())
    for c in range(C):
        mine = y == c
        lengths = before.body(x).tanh().norm(dim=1)[mine]
        assert curves.examples[0, c] == mine.sum()
        assert curves.loss[0, c].item() == pytest.approx(losses[mine].mean().item())
        assert curves.feature_norm[0, c].item() == pytest.approx(lengths.mean().item())
        grads = torch.autograd.grad(losses[mine].sum() / 16, params, retain_graph=True)
        assert curves.grad_norm[0, c].item() == pytest.approx(
            nn.utils.get_total_norm(grads).item(), rel=1e-10
        )
    assert curves.examples.sum() == 16
    through = logits.detach().requires_grad_()
    (pushes,) = torch.autograd.grad(criterion(through, y), through)
    expected = (pushes * (y != 1)[:, None]).sum(dim=(0, 2, 3))[1]
    torch.testing.assert_close(curves.repulsion[0, 1], expected)


# ---------------------------------------------------------------- what makes a row


def test_passes_for_validation_leave_no_row():
    model, data = network(), batches(3)
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=0.1)
    with LoopRecorder(model, criterion, optimizer, num_classes=C, every=1) as recorder:
        for batch in data:
            ordinary(model, criterion, optimizer, [batch])
            for x, y in batches(2, seed=9):
                with torch.no_grad():
                    criterion(model(x), y)
                criterion(model(x), y)  # and without, as many write it
    expected = watched(network(), criterion, data).recording()
    assert all(map(torch.equal, recorder.recording(), expected))


def test_a_validation_pass_between_forward_and_step():
    model, (batch, other) = network(), batches(2)
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=0.1)
    with LoopRecorder(model, criterion, optimizer, num_classes=C) as recorder:
        logits = model(batch[0])
        loss = criterion(logits, batch[1])
        with torch.no_grad():
            criterion(logits, batch[1])
        criterion(model(other[0]), other[1])
        loss.backward()
        criterion(model(other[0]), other[1])
        optimizer.step()
    expected = torch.bincount(batch[1], minlength=C).double()
    assert torch.equal(recorder.recording().examples[0], expected)


def test_accumulated_batches_share_a_row():
    model, data = network(), batches(6)
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=0.1)
    with LoopRecorder(model, criterion, optimizer, num_classes=C, every=1) as recorder:
        for k, (x, y) in enumerate(data):
            (criterion(model(x), y) / 3).backward()
            if k % 3 == 2:
                optimizer.step()
                optimizer.zero_grad()
    curves = recorder.recording()
    model = network()
    x, y = map(torch.cat, zip(*data[:3], strict=True))
    losses = F.cross_entropy(model(x), y, reduction="none")
    expected = [losses[y == c].mean().item() for c in range(C)]
    assert curves.examples.sum(dim=1).tolist() == [42, 42]
    assert curves.loss[0].tolist() == pytest.approx(expected)
    alone = watched(model, criterion, data[:1]).recording()
    torch.testing.assert_close(curves.grad_norm[0], alone.grad_norm[0])  # of the first


def test_two_batches_in_one_loss_share_a_row():
    model, ((x, y), (x2, y2)) = network(), batches(2)
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=0.1)
    with LoopRecorder(model, criterion, optimizer, num_classes=C) as recorder:
        logits, logits2 = model(x), model(x2)
        (criterion(logits, y) + criterion(logits2, y2)).backward()
        optimizer.step()
    curves, before = recorder.recording(), network()
    expected = torch.bincount(torch.cat([y, y2]), minlength=C).double()
    assert torch.equal(curves.examples[0], expected)
    lengths, labels = before[:2](torch.cat([x, x2])).norm(dim=1), torch.cat([y, y2])
    assert curves.feature_norm[0, 0].item() == pytest.approx(lengths[labels == 0].mean().item())


@pytest.mark.parametrize("line_search", [None, "strong_wolfe"])
def test_a_closure_is_recorded_where_the_step_sets_off(line_search):
    model, data = network(), batches(3)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=4, line_search_fn=line_search)
    calls, first = [], []
    with LoopRecorder(model, criterion, optimizer, num_classes=C, every=1) as recorder:
        for x, y in data:

            def closure(x=x, y=y):
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()
                calls.append(loss.item())
                return loss

            first.append(optimizer.step(closure).item())
    curves = recorder.recording()
    assert len(calls) > 6
    means = (curves.loss * curves.examples).sum(dim=1) / 14
    assert curves.examples.sum(dim=1).tolist() == [14, 14, 14]
    assert means.tolist() == pytest.approx(first, rel=1e-12)


@pytest.mark.parametrize("clear_first", [True, False])
def test_a_step_skipped_by_the_scaler_has_no_row(clear_first):
    model, data = network(), batches(4)
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    with LoopRecorder(model, criterion, optimizer, num_classes=C, every=1) as recorder:
        for k, (x, y) in enumerate(data):
            if clear_first:
                optimizer.zero_grad()
            loss = criterion(model(x), y)
            if not clear_first:
                optimizer.zero_grad()
            scaler.scale(loss).backward()
            if k == 1:
                model[0].weight.grad[0, 0] = math.inf
            scaler.step(optimizer)
            scaler.update()
    curves = recorder.recording()
    kept = [data[0], data[2], data[3]]
    expected = torch.stack([torch.bincount(y, minlength=C) for _, y in kept]).double()
    assert torch.equal(curves.examples, expected)
    assert curves.step.tolist() == curves.grad_step.tolist() == [0, 1, 2]
    assert torch.equal(curves.loss, watched(network(), criterion, kept).recording().loss)
    plain = watched(network(), criterion, kept).recording()
    torch.testing.assert_close(curves.grad_norm, plain.grad_norm)


def test_extra_backward_passes_are_no_batches():
    model, ((x, y), (x2, y2)) = network(), batches(2)
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=0.1)
    params = list(model.parameters())
    with LoopRecorder(model, criterion, optimizer, num_classes=C) as recorder:
        torch.autograd.grad(criterion(model(x2), y2), params)
        loss = criterion(model(x), y)
        torch.autograd.grad(loss, params[-1:], retain_graph=True)
        torch.autograd.grad(loss, params, retain_graph=True, create_graph=True)
        loss.backward()
        torch.autograd.grad(criterion(model(x2), y2), params)
        optimizer.step()
    expected = watched(network(), criterion, [(x, y)]).recording()
    for ours, plain in zip(recorder.recording(), expected, strict=True):
        torch.testing.assert_close(ours, plain)


def test_a_functional_loss_is_observed():
    model, data = network(), batches(3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with LoopRecorder(model, None, optimizer, num_classes=C, every=1) as recorder:
        for x, y in data:
            logits = model(x)
            loss = F.cross_entropy(logits, y)
            recorder.observe(logits, y, loss)
            optimizer.zero_grad()
            (4 * loss).backward()
            for group in optimizer.param_groups:
                group["lr"] = 0.1 / 4
            optimizer.step()
    expected = watched(network(), nn.CrossEntropyLoss(), data).recording()
    for ours, plain in zip(recorder.recording(), expected, strict=True):
        torch.testing.assert_close(ours, plain)


def test_it_goes_on_when_entered_again():
    model, data = network(), batches(5)
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=0.1)
    recorder = LoopRecorder(model, criterion, optimizer, num_classes=C, every=2)
    for part in (data[:2], data[2:]):
        with recorder:
            ordinary(model, criterion, optimizer, part)
    expected = watched(network(), criterion, data, every=2).recording()
    assert all(map(torch.equal, recorder.recording(), expected))


# ---------------------------------------------------------------- that nothing changes


def accumulating(model, criterion, optimizer, data):
    for k, (x, y) in enumerate(data):
        (criterion(model(x), y) / 2).backward()
        if k % 2:
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()
            optimizer.zero_grad()


def validating(model, criterion, optimizer, data):
    for batch in data:
        ordinary(model.train(), criterion, optimizer, [batch])
        model.eval()
        criterion(model(batch[0]), batch[1])
        with torch.no_grad():
            criterion(model(batch[0]), batch[1])


def mixed_precision(model, criterion, optimizer, data):
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    for x, y in data:
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = criterion(model(x.to(model[0].weight.dtype)), y)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()


def scheduled(model, criterion, optimizer, data):
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, len(data))
    for batch in data:
        ordinary(model, criterion, optimizer, [batch])
        scheduler.step()


def with_closure(model, criterion, optimizer, data):
    for x, y in data:

        def closure(x=x, y=y):
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            return loss

        optimizer.step(closure)


def with_functional(model, criterion, optimizer, data):
    for x, y in data:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()


def sgd(params):
    return torch.optim.SGD(params, lr=0.1, momentum=0.9, weight_decay=1e-2)


def lbfgs(params):
    return torch.optim.LBFGS(params, max_iter=5, line_search_fn="strong_wolfe")


LOOPS = {
    "dropout": (ordinary, [nn.Dropout(0.5)], sgd, None),
    "schedule": (scheduled, [], torch.optim.AdamW, None),
    "accumulation": (accumulating, [nn.Dropout(0.2)], sgd, None),
    "validation": (validating, [nn.Dropout(0.2)], sgd, None),
    "closure": (with_closure, [], lbfgs, None),
    "autocast": (mixed_precision, [nn.Dropout(0.2)], sgd, None),
    "batch norm": (ordinary, [nn.BatchNorm1d(6)], sgd, None),
    "layer norm": (ordinary, [nn.LayerNorm(6)], sgd, None),
    "group norm": (ordinary, [nn.GroupNorm(2, 6)], sgd, None),
    "ABSGD": (ordinary, [], sgd, lambda model: ABSGD(1.0)),
    "PerClass": (accumulating, [], sgd, lambda model: PerClass(model, C)),
    "unreduced": (ordinary, [], sgd, lambda model: Mean()),
}


class Mean(nn.Module):
    def forward(self, logits, y):
        return F.cross_entropy(logits, y, reduction="none").mean()


@pytest.mark.parametrize("name", LOOPS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_training_is_the_same_to_the_last_bit(name, dtype):
    loop, extra, make_optimizer, make_criterion = LOOPS[name]
    data = [(x.to(dtype), y) for x, y in batches(6)]
    ends = []
    for watching in (False, True):
        torch.manual_seed(5)
        model = network(*copy.deepcopy(extra)).to(dtype)
        criterion = make_criterion(model) if make_criterion else nn.CrossEntropyLoss()
        optimizer = make_optimizer(model.parameters())
        recorder = LoopRecorder(model, criterion, optimizer, num_classes=C, every=2)
        with recorder if watching else contextlib.nullcontext():
            loop(model, criterion, optimizer, data)
        state = [*model.state_dict().values(), *criterion.buffers()]
        grads = [p.grad for p in model.parameters() if p.grad is not None]
        ends.append((*state, *grads, torch.get_rng_state()))
    assert len(ends[0]) == len(ends[1])
    assert all(map(torch.equal, *ends))
    assert all(t.isfinite().all() for t in recorder.recording())
    assert len(recorder.recording().step) == (3 if loop is accumulating else 6)
    assert recorder.recording().grad_norm.max() > 0


def hooks_of(model, criterion, optimizer):
    found = [optimizer._optimizer_step_post_hooks, criterion._forward_hooks]
    for module in model.modules():
        found += [module._forward_hooks, module._forward_pre_hooks, module._backward_hooks]
    for param in model.parameters():
        found += [param._backward_hooks or {}, param._post_accumulate_grad_hooks or {}]
    return sum(map(len, found))


def test_hooks_go_also_after_an_exception():
    model, ((x, y),) = network(), batches(1)
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=0.1)
    recorder = LoopRecorder(model, criterion, optimizer, num_classes=C)

    def interrupted():
        with recorder:
            ordinary(model, criterion, optimizer, [(x, y)])
            assert hooks_of(model, criterion, optimizer) > 0
            criterion(model(x), y).backward()
            raise KeyboardInterrupt

    assert hooks_of(model, criterion, optimizer) == 0
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert hooks_of(model, criterion, optimizer) == 0
    ordinary(model, criterion, optimizer, [(x, y)])
    assert recorder.recording().step.tolist() == [0]


def test_copies_and_pickles_of_the_model_are_free_of_it():
    model, ((x, y),) = network(), batches(1)
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=0.1)
    with LoopRecorder(model, criterion, optimizer, num_classes=C) as recorder:
        loss = criterion(model(x), y)  # a graph cannot be copied, so that it must stay out
        file = io.BytesIO()
        torch.save((model, criterion), file)
        file.seek(0)
        twins = (copy.deepcopy((model, criterion)), torch.load(file, weights_only=False))
        for twin, judge in twins:
            other = torch.optim.SGD(twin.parameters(), lr=0.1)
            ordinary(twin, judge, other, [(x, y)])
        with pytest.raises(ValueError, match="no step was seen"):
            recorder.recording()
        ordinary(model, criterion, optimizer, [(x, y)])
    assert loss.requires_grad
    assert torch.equal(twins[0][0][0].weight, model[0].weight)
    assert len(recorder.recording().step) == 1


@pytest.mark.parametrize("use", ["next batch", "gradients alone", "a step", "the end"])
def test_graphs_are_freed_at_once(use):
    """Without waiting for Python's garbage collection, which cannot see through every hook."""
    model, ((x, y), (x2, y2)) = network(), batches(2)
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=0.1)
    recorder = LoopRecorder(model, criterion, optimizer, num_classes=C, every=1)
    gc.disable()
    try:
        with recorder:
            hidden = model[:2](x)  # the graph keeps it, for the gradient of the last layer
            alive = weakref.ref(hidden)
            loss = criterion(model[2](hidden), y)
            if use == "gradients alone":
                torch.autograd.grad(loss, model[2].bias, retain_graph=True)
            elif use == "a step":
                loss.backward(retain_graph=True)
                optimizer.step()
            del hidden, loss
            if use in ("next batch", "gradients alone"):
                criterion(model(x2), y2).backward()
                optimizer.step()
            assert (alive() is None) == (use != "the end")
        assert alive() is None
    finally:
        gc.enable()


def test_hooks_of_the_user_run_as_often_as_without():
    calls = {False: [], True: []}
    for watching, seen in calls.items():
        model, ((x, y),) = network(), batches(1)
        criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=0.1)
        recorder = LoopRecorder(model, criterion, optimizer, num_classes=C)
        with recorder if watching else contextlib.nullcontext():
            hidden = model[0](x)
            hidden.register_hook(seen.append)
            criterion(model[1:](hidden), y).backward()
            optimizer.step()
    assert len(calls[True]) == len(calls[False]) == 1
    assert torch.equal(calls[True][0], calls[False][0])
    assert len(recorder.recording().grad_step) == 1


class NoLookAtValues(TorchDispatchMode):
    """Fails where Python asks for the value of a tensor, which a GPU would have to wait for."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        assert func is not torch.ops.aten._local_scalar_dense.default
        assert func is not torch.ops.aten.nonzero.default
        return func(*args, **(kwargs or {}))


def test_no_step_waits_for_the_device():
    model, data = network(), batches(3)
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=0.1)
    recorder = LoopRecorder(model, criterion, optimizer, num_classes=C, every=None)
    with recorder, NoLookAtValues():
        ordinary(model, criterion, optimizer, data)
    assert len(recorder.recording().step) == 3


def test_the_slow_way_is_exact_and_says_why():
    model, (batch,) = network(nn.BatchNorm1d(6)), batches(1)
    before = copy.deepcopy(model)
    recorder = watched(model, nn.CrossEntropyLoss(), [batch])
    assert recorder.engine_note.startswith("one backward pass a class: ")
    rows = [class_gradient(before, nn.CrossEntropyLoss(), *batch, c) for c in range(C)]
    expected = torch.stack([row.norm() for row in rows])
    torch.testing.assert_close(recorder.recording().grad_norm[0], expected)


# ---------------------------------------------------------------- bad input


def test_the_classifier_can_be_named():
    model, data = nn.ModuleDict({"body": nn.Linear(3, C), "head": nn.Linear(C, C)}), batches(1)
    model.double().forward = lambda x: model["body"](model["head"](model["body"](x)))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    criterion = nn.CrossEntropyLoss()
    for name in (None, "body"):
        recorder = LoopRecorder(model, criterion, optimizer, num_classes=C, classifier=name)
        assert recorder._inputs.classifier is model[name or "head"]
    with pytest.raises(ValueError, match=r"classifier='tail': no such .* are 'body', 'head'"):
        LoopRecorder(model, criterion, optimizer, num_classes=C, classifier="tail")
    with pytest.raises(ValueError, match=r"classifier=None: no nn.Linear with 7 outputs"):
        LoopRecorder(model, criterion, optimizer, num_classes=7)
    with pytest.raises(ValueError, match="every=0: measure gradients every 1, 2"):
        LoopRecorder(model, criterion, optimizer, num_classes=C, every=0)
    assert data


def test_a_batch_that_does_not_fit_is_refused():
    model, ((x, y),) = network(), batches(1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with LoopRecorder(model, None, optimizer, num_classes=C) as recorder:
        logits = model(x)
        with pytest.raises(ValueError, match=r"shapes \(14, 4\) and \(13,\); give logits"):
            recorder.observe(logits, y[1:])
        with pytest.raises(ValueError, match=r"num_classes=4: .*shapes \(14, 3\)"):
            recorder.observe(logits[:, :3], y)
        with pytest.raises(ValueError, match=r"labels of torch.float64"):
            recorder.observe(logits, y.double())
        with pytest.raises(ValueError, match=r"classifier: its input has 14 rows for 7 labels"):
            recorder.observe(logits[:7], y[:7])
        with pytest.raises(RuntimeError, match="watching already"):
            recorder.__enter__()
    criterion = nn.CrossEntropyLoss()
    with (
        LoopRecorder(model, criterion, optimizer, num_classes=C),
        pytest.raises(ValueError, match="classifier: it was not called"),
    ):
        criterion(logits, y)
    with (
        LoopRecorder(model, model, optimizer, num_classes=C),
        pytest.raises(ValueError, match=r"not called with logits \[n, C\] and labels"),
    ):
        model(x)
