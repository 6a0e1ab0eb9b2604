import dataclasses
import math
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch

from imbal_lab.data import load
from imbal_lab.models import mlp
from imbal_lab.training import Run


def test_the_key_says_the_same_for_the_same_run(tiny):
    same = tiny(rho=10.0, model_options=(("widths", [2, 6, 4]),), every=None)
    assert same == tiny()
    assert same.key == tiny().key
    assert hash(same) == hash(tiny())
    assert len(tiny().key) == 64


@pytest.mark.parametrize(
    "change",
    [
        {"data": "gauss2d_binary"},
        {"method": "cdt"},
        {"rho": 11},
        {"rho": None},
        {"seed": 1},
        {"steps": 7},
        {"batch": 9},
        {"lr": 0.051},
        {"momentum": 0.9},
        {"weight_decay": 1e-4},
        {"schedule": "cosine"},
        {"every": 2},
        {"dtype": "float32"},
        {"data_options": {"n_max": 40}},
        {"method_options": {"gamma": 0.1}},
        {"model_options": {"widths": (2, 7, 4)}},
        {"model": "cnn1d", "model_options": {}},
    ],
)
def test_whatever_a_run_says_is_in_its_key(change, tiny):
    assert tiny(**change).key != tiny().key


def test_every_field_is_tried_above(tiny):
    tried = test_whatever_a_run_says_is_in_its_key.pytestmark[0].args[1]
    assert {field.name for field in dataclasses.fields(Run)} == set().union(*tried)


def test_the_key_is_the_same_in_another_process(tiny):
    """Where strings hash differently, and for a run that was sent there."""
    code = "import pickle, sys; print(pickle.load(sys.stdin.buffer).key)"
    sent = pickle.dumps(tiny(method="absgd", method_options={"lam": math.inf}))
    run = subprocess.run([sys.executable, "-c", code], input=sent, capture_output=True, check=True)
    assert run.stdout.decode().strip() == pickle.loads(sent).key


def test_a_run_cannot_be_changed(tiny):
    widths = [2, 6, 4]
    run = tiny(model_options={"widths": widths})
    widths.append(9)
    assert dict(run.model_options) == {"widths": (2, 6, 4)}
    with pytest.raises(dataclasses.FrozenInstanceError):
        run.seed = 2


@pytest.mark.parametrize(
    ("steps", "every", "expected"),
    [(7, 3, (0, 3, 6, 7)), (6, 3, (0, 3, 6)), (2, 9, (0, 2)), (5, None, (0, 5)), (0, None, (0,))],
)
def test_recorded_steps(steps, every, expected, tiny):
    assert tiny(steps=steps, every=every).recorded_steps == expected


def test_build_is_what_load_and_the_model_give(tiny):
    run = tiny(seed=3, dtype="float32", method="cdt", method_options={"gamma": 0.5})
    dataset, model, criterion = run.build()
    expected = load("gauss2d", rho=10, seed=3, n_max=40, n_test=5)
    assert torch.equal(dataset.x, expected.x)
    assert torch.equal(dataset.y_test, expected.y_test)
    for ours, theirs in zip(model.parameters(), mlp([2, 6, 4], seed=3).parameters(), strict=True):
        assert torch.equal(ours, theirs)
    n = torch.tensor(expected.counts)
    torch.testing.assert_close(criterion.temperatures, (40 / n) ** 0.5)
    assert model.training


def test_a_method_without_criterion(tiny):
    assert tiny(method="pcnsgd_r").build().criterion is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": "mnist"}, "data='mnist': choose one of 'gauss2d'"),
        ({"method": "adam"}, "method='adam': choose one of 'gd'"),
        ({"model": "vit"}, "model='vit': choose one of 'cnn'"),
        ({"schedule": "linear"}, "schedule='linear': choose one of 'constant', 'cosine', 'steps'"),
        ({"dtype": "float16"}, "dtype='float16': choose one of 'float32', 'float64'"),
        ({"rho": 0.5}, "rho=0.5: use a finite number >= 1"),
        ({"lr": 0}, "lr=0.0: the step size must be a positive number"),
        ({"lr": math.nan}, "lr=nan: use a finite number"),
        ({"momentum": -0.1}, "momentum=-0.1: use a finite number >= 0"),
        ({"weight_decay": "1"}, "weight_decay='1': use a finite number >= 0"),
        ({"steps": -1}, "steps=-1: use an integer >= 0"),
        ({"steps": 2.5}, "steps=2.5: use an integer >= 0"),
        ({"batch": 0}, "batch=0: use an integer >= 1"),
        ({"every": 0}, "every=0: use an integer >= 1"),
        ({"seed": None}, "seed=None: use an integer >= 0"),
        ({"data_options": 3}, "data_options=3: give a dictionary"),
        ({"data_options": {"seed": 1}}, "data_options: leave out seed; the run has seed= for it"),
        ({"data_options": {"rho": 5}}, "data_options: leave out rho; the run has rho= for it"),
        ({"data_options": {"name": "x"}}, "data_options: leave out name; the run has data= for it"),
        ({"model_options": {"widths": (2, 4), "seed": 1}}, "model_options: leave out seed"),
        ({"model_options": {"width": (2, 4)}}, "model_options=.*'mlp' takes widths"),
        ({"model_options": {}}, "model_options=.*'mlp' takes widths"),
        ({"method_options": {"lam": torch.ones(1)}}, r"method_options\['lam'\]=tensor.*plain data"),
        ({"data_options": {"n_max": np.int64(3)}}, r"data_options\['n_max'\]=.*plain data"),
    ],
)
def test_what_is_refused_at_once(change, message, tiny):
    with pytest.raises(ValueError, match=message):
        tiny(**change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rho": 1000}, "rho=1000 with n_max=40 leaves class 2 without examples"),
        ({"data_options": {"n": 4}}, "n=4: options of 'gauss2d'"),
        ({"method": "cdt", "method_options": {"gamma": -1}}, "gamma=-1"),
        ({"method": "cdt", "method_options": {"tau": 1}}, "method_options=.*tau"),
        ({"method": "sgd", "method_options": {"tau": 1}}, "method_options=.*tau"),
        ({"method": "pcnsgd_r", "method_options": {"floor": 1}}, "method_options=.*has none"),
        ({"model_options": {"widths": (3, 4)}}, "does not take the inputs of 'gauss2d'"),
        ({"model_options": {"widths": (2, 5)}}, r"outputs of shape \(5,\).*needs \(4,\)"),
    ],
)
def test_what_is_refused_when_it_is_built(change, message, tiny):
    with pytest.raises(ValueError, match=message):
        tiny(**change).build()
