"""skorch's training loop, unchanged but for how criterion and optimizer are built."""

import copy

import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback, Checkpoint, EarlyStopping, LRScheduler
from skorch.helper import predefined_split
from torch import nn

from imbal_lab import methods
from imbal_lab.models import mlp

SGD = {"lr": 0.05, "momentum": 0.9}
PLAIN = {  # batches in order, as the plain loop takes them
    "verbose": 0,
    "batch_size": 32,
    "train_split": None,
    "optimizer": torch.optim.SGD,
    "optimizer__momentum": 0.9,
    "lr": 0.05,
}


class Net(NeuralNetClassifier):
    """skorch's own way for a criterion that needs the module: the method that builds it."""

    def __init__(self, module, *, build, **kwargs):
        self.build = build
        super().__init__(module, **kwargs)

    def initialize_criterion(self):
        self.criterion_ = self.build(self.module_)
        return self


@pytest.fixture
def arrays(data):
    return data[0].numpy(), data[1].numpy()


@pytest.fixture
def batches(data):
    return list(zip(data[0].split(32), data[1].split(32), strict=True))


def same(a, b):
    pairs = zip(a.parameters(), b.parameters(), strict=True)
    return all(torch.equal(p, q) for p, q in pairs)


def test_every_criterion_trains_as_in_the_plain_loop(build, model, arrays, batches, plain_loop):
    expected = plain_loop(model, build, batches, epochs=20, **SGD)
    net = Net(model, build=build, max_epochs=20, **PLAIN).fit(*arrays)
    assert same(net.module_, expected)
    assert net.score(*arrays) > 0.9
    assert (net.predict(arrays[0]) == net.predict_proba(arrays[0]).argmax(axis=1)).all()


@pytest.mark.parametrize(
    ("criterion", "options", "build"),
    [
        (methods.ABSGD, {"criterion__lam": 2.0}, lambda _: methods.ABSGD(2.0)),
        (
            methods.LDAMLoss,
            {"criterion__counts": (48, 32, 16), "criterion__scale": 3.0},
            lambda _: methods.LDAMLoss((48, 32, 16), scale=3.0),
        ),
        (
            methods.CDTLoss,
            {"criterion__counts": (48, 32, 16), "criterion__gamma": 0.3},
            lambda _: methods.CDTLoss((48, 32, 16), 0.3),
        ),
        (methods.FocalLoss, {}, lambda _: methods.FocalLoss()),
        (methods.ARBLoss, {}, lambda _: methods.ARBLoss()),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_skorch_builds_the_criterion_from_its_parameters(
    criterion, options, build, model, arrays, batches, plain_loop
):
    expected = plain_loop(model, build, batches, epochs=3, **SGD)
    net = NeuralNetClassifier(model, criterion=criterion, max_epochs=3, **options, **PLAIN)
    assert same(net.fit(*arrays).module_, expected)


def test_per_class_as_an_instance(model, arrays, batches, plain_loop):
    """Without a subclass: module and criterion are made beforehand and handed over."""
    expected = plain_loop(model, lambda m: methods.PerClass(m, 3), batches, epochs=3, **SGD)
    net = NeuralNetClassifier(model, criterion=methods.PerClass(model, 3), max_epochs=3, **PLAIN)
    assert same(net.fit(*arrays).module_, expected)
    with pytest.raises(ValueError, match="model: the loss depends on no trained parameter"):
        clone(net).fit(*arrays)  # which copies them one by one


def test_clones_train_alike(build, model, arrays):
    """scikit-learn copies module and criterion one by one, for every search and every fold."""
    net = Net(model, build=build, max_epochs=2, **PLAIN)
    other = clone(net).fit(*arrays)
    assert not same(other.module_, model)
    assert same(net.fit(*arrays).module_, other.module_)


def test_a_grid_search_over_lambda(arrays):
    net = NeuralNetClassifier(
        mlp,
        module__widths=[4, 8, 3],
        module__seed=0,
        criterion=methods.ABSGD,
        criterion__lam=1.0,
        max_epochs=10,
        **PLAIN,
    )
    search = GridSearchCV(net, {"criterion__lam": [0.5, 2.0, 5.0]}, cv=2, error_score="raise")
    search.fit(*arrays)
    assert search.best_score_ > 0.8
    assert search.best_estimator_.criterion_.lam == search.best_params_["criterion__lam"]


def test_early_stopping_with_a_scheduler(build, model, data, arrays, batches, plain_loop):
    """Validation labels are wrong on purpose: it gets worse, and the first epoch is kept."""
    misled = torch.utils.data.TensorDataset(data[0], (data[1] + 1) % 3)
    net = Net(
        model,
        build=build,
        max_epochs=50,
        callbacks=[
            EarlyStopping(patience=3, load_best=True, sink=lambda _: None),
            LRScheduler(torch.optim.lr_scheduler.StepLR, step_size=1, gamma=0.9),
        ],
        **{**PLAIN, "train_split": predefined_split(misled)},
    )
    expected = plain_loop(model, build, batches, epochs=1, **SGD)
    net.fit(*arrays)
    assert len(net.history) == 4
    assert net.history[:-1, "event_lr"] == pytest.approx([0.05 * 0.9**k for k in range(3)])
    assert same(net.module_, expected)


def test_validation_leaves_the_normaliser_alone(model, arrays, batches, plain_loop):
    far = torch.utils.data.TensorDataset(100 * torch.ones(6, 4), torch.arange(6) % 3)
    build = lambda _: methods.ABSGD(2.0, gamma=0.1)  # noqa: E731
    expected = plain_loop(model, build, batches, epochs=3, **SGD)
    net = Net(
        model, build=build, max_epochs=3, **{**PLAIN, "train_split": predefined_split(far)}
    ).fit(*arrays)
    assert same(net.module_, expected)


def test_saved_and_loaded_midway_is_the_same_run(build, model, arrays, tmp_path):
    files = {f"f_{part}": tmp_path / f"{part}.pt" for part in ("params", "optimizer", "criterion")}
    whole = Net(copy.deepcopy(model), build=build, max_epochs=4, **PLAIN).fit(*arrays)
    first = Net(copy.deepcopy(model), build=build, max_epochs=2, **PLAIN).fit(*arrays)
    first.save_params(**files)
    second = Net(mlp([4, 8, 3], seed=7), build=build, max_epochs=2, **PLAIN).initialize()
    second.load_params(**files)
    second.partial_fit(*arrays)
    assert same(second.module_, whole.module_)
    assert not same(second.module_, first.module_)


def test_checkpoint_callback_keeps_the_criterion(model, arrays, tmp_path):
    keep = Checkpoint(monitor=None, dirname=tmp_path, f_criterion="criterion.pt")
    net = NeuralNetClassifier(
        model, criterion=methods.ABSGD, criterion__lam=2.0, max_epochs=2, callbacks=[keep], **PLAIN
    ).fit(*arrays)
    saved = torch.load(tmp_path / "criterion.pt", weights_only=True)
    assert torch.equal(saved["log_u"], net.criterion_.log_u)
    assert saved["log_u"].isfinite()


class TellLabels(Callback):
    """What MajorFeatureWeakening's docstring asks for."""

    def __init__(self, weakening):
        self.weakening = weakening

    def on_batch_begin(self, net, batch=None, training=False, **kwargs):
        if training:
            self.weakening.tell(batch[1])


@pytest.mark.parametrize("mixed", [False, True])
def test_feature_weakening(mixed, model, arrays, batches):
    twin = copy.deepcopy(model)

    def parts(net):
        weakening = methods.MajorFeatureWeakening(net, "0", counts=(48, 32, 16), seed=1)
        return weakening, methods.MixedLabelLoss(weakening) if mixed else nn.CrossEntropyLoss()

    weakening, criterion = parts(twin)
    optimizer = torch.optim.SGD(twin.parameters(), **SGD)
    for x, y in batches * 20:
        optimizer.zero_grad()
        weakening.tell(y)
        criterion(twin(x), y).backward()
        optimizer.step()
    weakening, criterion = parts(model)
    net = NeuralNetClassifier(
        model, criterion=criterion, callbacks=[TellLabels(weakening)], max_epochs=20, **PLAIN
    ).fit(*arrays)
    assert same(net.module_, twin)
    assert net.score(*arrays) > 0.9
