"""Every scene with every data set and method: real runs of the training code, drawn and said."""

import math
from itertools import chain, repeat

import pytest
import torch

from imbal_lab.data import batches_of, load
from imbal_lab.explore import SETUPS, Setting, explore, scenes, settings
from imbal_lab.explore.scene import RHO
from imbal_lab.explore.scenes import SCENES
from imbal_lab.explore.trained import Own, trained
from imbal_lab.figures import VIEWS
from imbal_lab.instruments import Recording, snapshot_steps, take_snapshot
from imbal_lab.methods import METHODS, MajorFeatureWeakening, class_gradients
from imbal_lab.models import cnn1d, mlp
from imbal_lab.training import fit, train

ALL = [(s.name, d, m) for s in SCENES.values() for d in s.data for m in s.methods]
OPTIONS = {"absgd": {"lam": 0.5, "gamma": 1.0}, "cdt": {"gamma": 0.2}}


def same(a, b):
    """Up to rounding: the explorer takes all class gradients of a perceptron at once."""
    pairs = zip(a, b, strict=True)
    return all(torch.allclose(x, y, rtol=1e-4, atol=1e-5, equal_nan=True) for x, y in pairs)


def whole(setting):
    """The run of a setting and its last snapshot, put together here from the rooms below."""
    setup, scene = SETUPS[setting.data], SCENES[setting.scene]
    options = {"rho": setting.rho} if setting.data != "shuttle_like" else SEVEN
    options |= {"n_max": 90} if setting.data == "curves" else {}
    data = load(setup.source, seed=setting.seed, **setup.options, **options)
    curves = setting.data == "curves"
    if curves:
        model = cnn1d(data.num_classes, seed=setting.seed, norm="batch")
    else:
        model = mlp([data.x.shape[1], *setup.hidden, data.num_classes], seed=setting.seed)
    gradients = "grad_norm" in scene.views
    if scene.name == "weakening":
        layer = {"sgd": None, "mfw": "stem" if curves else "1"}[setting.method]
        momentum = 0.9 if curves else 0.0
        return data, model, None, weakened(data, model, setup.steps, layer, momentum)
    method = METHODS[setting.method]
    batches = batches_of(method.batches, data.y, 64, seed=setting.seed)
    if scene.slot == "step":
        run = train(
            data, model, method.step, lr=0.1, steps=setup.steps, gradients=class_gradients,
            batches=batches, full_gradients=method.full_gradients, record_gradients=gradients,
        )  # fmt: skip
        return data, model, None, run
    criterion, optimizer = method.build(
        model, data.counts, setting.lr, **OPTIONS.get(setting.method, {})
    )
    return data, model, criterion, fit(
        data, model, criterion, optimizer, steps=setup.steps, batches=batches,
        record_gradients=gradients,
    )  # fmt: skip


SEVEN = {"counts": (500, 500, 500, 71, 71, 10, 10)}  # rho = 50


def weakened(data, model, steps, layer, momentum):
    """The loop of MFW: tell the labels before every pass in training mode."""
    weakening = MajorFeatureWeakening(model, layer, data.counts) if layer else None

    def told():
        for rows in chain.from_iterable(repeat(batches_of("mixed", data.y, 64, seed=0))):
            if weakening:
                weakening.tell(data.y[rows])
            yield rows

    loss, optimizer = (
        torch.nn.CrossEntropyLoss(),
        torch.optim.SGD(model.parameters(), 0.1, momentum),
    )
    return fit(data, model, loss, optimizer, steps=steps, batches=told(), record_gradients=False)


@pytest.mark.parametrize(("scene", "data", "method"), ALL)
def test_the_picture_is_a_run_of_the_training_code(open_explorer, scene, data, method):
    rho = 50 if data == "shuttle_like" else 20
    explorer = open_explorer(scene, data=data, method=method, rho=rho)
    dataset, model, criterion, run = whole(explorer.current)
    assert same(explorer.recording, Recording.of(run))
    snapshots = explorer._shown.sides[0][0].snapshots
    views = explorer._pictures.painter(data, 1).views
    wanted = [name for view in views for name in VIEWS[view].needs if name != "projection"]
    if any(VIEWS[view].needs for view in views):
        assert [seen.step for seen in snapshots] == list(snapshot_steps(12))
        fresh = take_snapshot(model, dataset, 12, wanted, criterion)
        for name in wanted:
            assert same([getattr(fresh, name)], [getattr(snapshots[-1], name)]), name
    lines = repr(explorer).splitlines()
    curves = len({"loss", "recall"} & set(views))
    assert len(lines) == 1 + 1 + len(views) - curves  # setting, curves, and each other view


def test_projections_are_of_batches_of_the_methods_own_kind(open_explorer):
    explorer = open_explorer("noise", method="pcnsgd", rho=20)
    setting = explorer.current
    data = load("gauss2d", rho=20, seed=0, n_max=400, n_test=250)
    rows = batches_of("natural", data.y, 64, seed=1000)
    batches = [batch for _, batch in zip(range(4), rows, strict=False)]
    model = mlp([2, 32, 32, 4], seed=0)  # as it is at step 0
    fresh = take_snapshot(model, data, 0, ["projection"], batches=batches)
    first = explorer._shown.sides[0][0].snapshots[0]
    assert torch.equal(first.projection, fresh.projection)
    assert setting.batch == 64


@pytest.mark.parametrize("scene", SCENES)
def test_every_slider_of_every_scene_changes_the_run(open_explorer, scene):
    explorer = open_explorer(scene)  # with a method that every slider is for
    values = {control.name: control.positions for control in SCENES[scene].controls}
    assert len(values) + 2 <= 5  # with data and method
    for name, positions in values.items():
        setting = explorer.current
        runs = [
            explorer.run(Setting(**{**vars(setting), name: position}))
            for position in (positions[0], positions[-2])
        ]
        assert not same(*runs), name


@pytest.mark.parametrize("data", SETUPS)
def test_there_is_data_at_every_imbalance(data):
    for rho in RHO.positions:
        made = settings.dataset(data, rho, SETUPS[data].seed)
        assert min(made.counts) >= 1


@pytest.mark.parametrize("scene", SCENES)
def test_names_in_the_table_exist(scene):
    row = SCENES[scene]
    assert row.name == scene
    assert set(row.data) <= set(SETUPS)
    assert set(row.methods) <= {*METHODS, "mfw"}
    assert row.stands_for in row.methods
    assert set(row.named.values()) <= set(row.methods)
    assert {*row.views, *row.beside} <= set(VIEWS)
    assert set(row.beside) <= set(row.views)
    assert len(row.views) == 4
    assert all(c.start in c.positions for c in row.controls)
    assert set(row.starts) <= {c.name for c in row.controls}


def test_scenes_are_listed(capsys):
    scenes()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(SCENES)
    assert 'explore("absgd")' in "".join(lines)


def test_an_unknown_scene_is_refused_with_what_there_is():
    with pytest.raises(ValueError, match=r"scene = 'abgsd': choose one of .*'absgd'"):
        explore("abgsd")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"scene": "absgd", "gamma": 0.3}, "gamma = 0.3: this scene has rho, lam"),
        ({"scene": "absgd", "step": len}, r"takes mine=weights\(losses"),
        ({"rho": 0.5}, "rho = 0.5: the imbalance ratio is 1 or more"),
        ({"seeds": 2}, "seeds = 2: choose one of 1, 3, 5, 10"),
        ({"beside": "adam"}, "beside = 'adam': choose one of 'gd', 'pcngd'"),
        ({"mine": "pcngd_step"}, "mine = 'pcngd_step': give your function itself"),
    ],
)
def test_arguments_that_a_scene_does_not_have_are_refused(given, said):
    with pytest.raises(ValueError, match=said):
        explore(**given)


def test_what_lesson_04_says_of_its_explorer_is_seen_there():
    """The rarest three hold 14 % of the weight at step 30 and 5 % at the end; all is fitted."""
    data = settings.dataset("digits", 50, 0)
    rare = data.y >= data.num_classes - 3
    seen = {
        moment.record.step: moment.snapshot
        for moment in trained(Setting("absgd", "digits", "absgd", rho=50, lam=0.5), Own())
        if moment.snapshot
    }
    share = {step: s.sample_weight[rare].sum() / s.sample_weight.sum() for step, s in seen.items()}
    assert rare.double().mean().item() == pytest.approx(0.03, abs=0.005)
    assert share[30].item() == pytest.approx(0.14, abs=0.005)
    assert max(share.values()) < 0.16
    assert share[300].item() == pytest.approx(0.05, abs=0.005)
    assert seen[300].sample_loss.max() < math.log(2)
