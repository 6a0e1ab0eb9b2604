"""Lightning's Trainer, unchanged but for how criterion and optimizer are built."""

import copy

import pytest
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from imbal_lab import methods
from imbal_lab.models import mlp

SGD = {"lr": 0.05, "momentum": 0.9}

# Lightning's own: it calls what torch has deprecated, and advises workers where cores are many.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
]


class Module(LightningModule):
    """What Lightning's own first example looks like."""

    def __init__(self, model, build, schedule=False):
        super().__init__()
        self.model, self.criterion, self.schedule = model, build(model), schedule

    def training_step(self, batch, batch_idx):
        return self.criterion(self.model(batch[0]), batch[1])

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.model.parameters(), **SGD)
        if not self.schedule:
            return optimizer
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)]


class Validated(Module):
    def validation_step(self, batch, batch_idx):
        self.log("valid_loss", self.criterion(self.model(batch[0]), batch[1]))


class Manual(Module):
    """The same by hand: manual optimization."""

    def __init__(self, *parts):
        super().__init__(*parts)
        self.automatic_optimization = False

    def training_step(self, batch, batch_idx):
        optimizer = self.optimizers()
        optimizer.zero_grad()
        self.manual_backward(super().training_step(batch, batch_idx))
        optimizer.step()


@pytest.fixture
def trainer(tmp_path):
    def make(max_epochs, **options):
        usual = {
            "accelerator": "cpu",
            "default_root_dir": tmp_path,
            "enable_checkpointing": False,
            "enable_model_summary": False,
            "enable_progress_bar": False,
            "log_every_n_steps": 1,
            "logger": False,
        }
        return Trainer(max_epochs=max_epochs, **{**usual, **options})

    return make


@pytest.fixture
def loader(data):
    return DataLoader(TensorDataset(*data), batch_size=32)


def same(a, b):
    pairs = zip(a.parameters(), b.parameters(), strict=True)
    return all(torch.equal(p, q) for p, q in pairs)


def test_every_criterion_trains_as_in_the_plain_loop(
    build, model, loader, data, trainer, plain_loop
):
    expected = plain_loop(model, build, list(loader), epochs=20, **SGD)
    trainer(20).fit(Module(model, build), loader)
    assert same(model, expected)
    assert (model(data[0]).argmax(dim=1) == data[1]).double().mean() > 0.9


def test_manual_optimization(build, model, loader, trainer, plain_loop):
    expected = plain_loop(model, build, list(loader), epochs=2, **SGD)
    trainer(2).fit(Manual(model, build), loader)
    assert same(model, expected)


def test_accumulation_with_clipping(build, model, loader, trainer):
    twin = copy.deepcopy(model)
    criterion, optimizer = build(twin), torch.optim.SGD(twin.parameters(), **SGD)
    for k, (x, y) in enumerate(list(loader) * 2, start=1):
        (criterion(twin(x), y) / 3).backward()
        if k % 3 == 0:
            assert nn.utils.clip_grad_norm_(twin.parameters(), 0.1) > 0.1
            optimizer.step()
            optimizer.zero_grad()
    trainer(2, accumulate_grad_batches=3, gradient_clip_val=0.1).fit(Module(model, build), loader)
    for p, q in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(p, q)


def test_a_schedule(build, model, loader, trainer):
    twin = copy.deepcopy(model)
    criterion, optimizer = build(twin), torch.optim.SGD(twin.parameters(), **SGD)
    for epoch in range(3):
        optimizer.param_groups[0]["lr"] = 0.05 * 0.5**epoch
        for x, y in loader:
            optimizer.zero_grad()
            criterion(twin(x), y).backward()
            optimizer.step()
    trainer(3).fit(Module(model, build, schedule=True), loader)
    assert same(model, twin)


def test_mixed_precision(build, model, loader, data, trainer):
    trainer(20, precision="bf16-mixed").fit(Module(model, build), loader)
    assert all(p.dtype == torch.float32 for p in model.parameters())
    assert (model(data[0]).argmax(dim=1) == data[1]).double().mean() > 0.9


def test_double_precision(build, model, loader, data, trainer, plain_loop):
    """precision="64-true" converts the module, and with it the criterion's buffers."""
    batches = [(x.double(), y) for x, y in loader]
    expected = plain_loop(model.double(), lambda m: build(m).double(), batches, epochs=2, **SGD)
    trainer(2, precision="64-true").fit(Module(model.float(), build), loader)
    assert same(model, expected)


def test_a_checkpoint_midway_is_the_same_run(build, model, loader, trainer, tmp_path):
    whole = Module(copy.deepcopy(model), build, schedule=True)
    trainer(4).fit(whole, loader)
    first, half = Module(copy.deepcopy(model), build, schedule=True), trainer(2)
    half.fit(first, loader)
    half.save_checkpoint(tmp_path / "half.ckpt")
    second = Module(mlp([4, 8, 3], seed=7), build, schedule=True)
    trainer(4).fit(second, loader, ckpt_path=tmp_path / "half.ckpt", weights_only=True)
    assert same(second.model, whole.model)
    assert not same(first.model, whole.model)


def test_validation_leaves_the_normaliser_alone(model, loader, trainer, plain_loop):
    def build(_):
        return methods.ABSGD(2.0, gamma=0.1)

    far = DataLoader(TensorDataset(100 * torch.ones(6, 4), torch.arange(6) % 3), batch_size=6)
    expected = plain_loop(model, build, list(loader), epochs=3, **SGD)
    trainer(3, num_sanity_val_steps=2).fit(Validated(model, build), loader, far)
    assert same(model, expected)


class TellLabels(Callback):
    """What MajorFeatureWeakening's docstring asks for."""

    def on_train_batch_start(self, trainer, module, batch, batch_idx):
        module.weakening.tell(batch[1])


@pytest.mark.parametrize("mixed", [False, True])
def test_feature_weakening(mixed, model, loader, trainer):
    def parts(net):
        weakening = methods.MajorFeatureWeakening(net, "0", counts=(48, 32, 16), seed=1)
        return weakening, methods.MixedLabelLoss(weakening) if mixed else nn.CrossEntropyLoss()

    twin = copy.deepcopy(model)
    weakening, criterion = parts(twin)
    optimizer = torch.optim.SGD(twin.parameters(), **SGD)
    for x, y in list(loader) * 3:
        optimizer.zero_grad()
        weakening.tell(y)
        criterion(twin(x), y).backward()
        optimizer.step()
    weakening, criterion = parts(model)
    module = Module(model, lambda _: criterion)
    module.weakening = weakening
    trainer(3, callbacks=[TellLabels()]).fit(module, loader)
    assert same(model, twin)
