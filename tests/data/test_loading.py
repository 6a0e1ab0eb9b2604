"""`load`: what holds for every source."""

import random
import subprocess
import sys

import numpy as np
import pytest
import torch

from imbal_lab.data import load, names

SHAPED = ("gauss2d", "gauss2d_binary", "mnist1d", "digits", "fashion14", "features_lt")
EVERY = pytest.mark.parametrize("name", names())
EVERY_SHAPED = pytest.mark.parametrize("name", SHAPED)  # one label an example, counts by rho


SMALL = {"features_lt": {"classes": range(12)}}


def rows(data, rank):
    """Training examples of one class as a set."""
    return {row.numpy().tobytes() for row in data.x[data.y == rank]}


def test_names():
    assert names() == (*SHAPED, "shuttle_like", "textures_seg")


@EVERY_SHAPED
def test_shapes_types_and_balanced_test_set(name):
    data = load(name, rho=10, n_test=20)
    assert data.x.dtype == data.x_test.dtype == torch.float32
    assert data.y.dtype == data.y_test.dtype == torch.int64
    assert data.x.shape[1:] == data.x_test.shape[1:]
    assert len(data.x) == len(data.y) == sum(data.counts)
    assert torch.bincount(data.y_test).tolist() == [20] * data.num_classes
    assert list(data.counts) == sorted(data.counts, reverse=True)
    assert data.rho == pytest.approx(10, rel=0.05)
    assert torch.isfinite(data.x).all()


@EVERY
def test_same_seed_same_data_and_other_seed_other_data(name):
    a, b, c = load(name, seed=3), load(name, seed=3), load(name, seed=4)
    assert torch.equal(a.x, b.x)
    assert torch.equal(a.x_test, b.x_test)
    assert not torch.equal(a.x, c.x)


@EVERY_SHAPED
@pytest.mark.parametrize("profile", ["long-tailed", "step"])
@pytest.mark.parametrize("rare", ["label", "hard", "random"])
def test_training_sets_are_nested_in_rho(name, profile, rare):
    small, large = (
        load(name, rho=rho, profile=profile, rare=rare, seed=5, n_test=1, **SMALL.get(name, {}))
        for rho in (60, 10)
    )
    assert small.class_names == large.class_names
    for rank in range(small.num_classes):
        assert rows(small, rank) <= rows(large, rank)
    assert torch.equal(small.x_test, large.x_test)


@pytest.mark.parametrize("name", ["gauss2d", "mnist1d", "digits", "fashion14"])
def test_a_class_does_not_depend_on_the_others(name):
    a = load(name, classes=(3, 0), counts=(30, 20), seed=2)
    b = load(name, classes=(1, 2, 3), counts=(30, 30, 30), seed=2)
    everything = load(name, n_max=30, seed=2)
    label = everything.class_names[3]
    first = a.x[a.y == a.class_names.index(label)]
    assert torch.equal(first, b.x[b.y == b.class_names.index(label)])
    assert torch.equal(first, everything.x[everything.y == 3])


@EVERY_SHAPED
def test_training_and_test_examples_are_different(name):
    data = load(name, **SMALL.get(name, {}))
    test = {row.numpy().tobytes() for row in data.x_test}
    for rank in range(data.num_classes):
        assert len(rows(data, rank)) == data.counts[rank]  # and no example comes twice
        assert not rows(data, rank) & test


def test_labels_are_ranks_in_the_order_asked_for():
    assert load("digits", classes=(8, 3), rho=10).class_names == ("8", "3")
    assert load("fashion14", rho=10).class_names[-1] == "ankle boot"
    hard = load("fashion14", rho=10, rare="hard")
    assert hard.class_names[0] == "trouser"
    assert hard.class_names[-1] == "shirt"
    assert load("digits", classes=(8, 3, 0), rare="hard").class_names == ("0", "3", "8")


def test_hard_order_moves_the_images_with_the_names():
    label, hard = load("fashion14"), load("fashion14", rare="hard")
    for rank, name in enumerate(hard.class_names):
        assert rows(hard, rank) == rows(label, label.class_names.index(name))


def test_random_order_is_a_seeded_permutation():
    orders = {load("digits", rare="random", seed=seed).class_names for seed in range(6)}
    assert len(orders) > 3
    assert all(sorted(order) == list("0123456789") for order in orders)
    again = load("digits", rare="random", rho=20, seed=0).class_names
    assert again == load("digits", rare="random", seed=0).class_names


def test_imb_factor_and_rho_say_the_same():
    assert torch.equal(load("gauss2d", imb_factor=0.02).x, load("gauss2d", rho=50).x)


def test_own_counts():
    data = load("gauss2d", counts=[7, 7, 2, 1])
    assert data.counts == (7, 7, 2, 1)
    assert data.rho == 7


def test_integers_of_other_libraries_are_integers():
    plain = load("digits", classes=(3, 8), counts=(9, 5), n_test=4, seed=2)
    other = load(
        "digits",
        classes=torch.tensor([3, 8]),
        counts=np.array([9, 5]),
        n_test=np.int64(4),
        seed=torch.tensor(2),
    )
    assert other.class_names == plain.class_names
    assert torch.equal(other.x, plain.x)
    assert torch.equal(other.x_test, plain.x_test)


def test_global_random_states_are_left_alone():
    before = (torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate())
    for name in names():
        load(name, rare="label" if name == "shuttle_like" else "random")
    assert torch.equal(before[0], torch.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])
    assert before[2] == random.getstate()


def test_global_random_states_do_not_matter():
    a = load("mnist1d", n_max=20)
    torch.manual_seed(99)
    np.random.seed(99)
    random.seed(99)
    assert torch.equal(a.x, load("mnist1d", n_max=20).x)


def test_importing_data_stays_light():
    heavy = ("matplotlib", "sklearn", "scipy", "IPython", "ipywidgets", "imbal_lab.methods")
    code = f"import sys, imbal_lab.data; print([m for m in {heavy} if m in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("cifar10", {}, r"name='cifar10'.*'gauss2d'.*'fashion14'"),
        ("gauss2d", {"rare": "last"}, r"rare='last'.*'label', 'hard', 'random'"),
        ("gauss2d", {"profile": "exp"}, r"profile='exp'.*'long-tailed', 'step', 'power-law'"),
        ("gauss2d", {"profile": ""}, r"profile=''.*'long-tailed', 'step'"),
        ("gauss2d", {"rho": 0.1}, r"rho=0\.1.*>= 1.*imb_factor="),
        ("gauss2d", {"rho": 2000}, r"rho=2000 with n_max=1000 leaves class 3"),
        ("gauss2d", {"n_max": 0}, r"n_max=0: use an integer >= 1"),
        ("gauss2d", {"n_test": 0}, r"n_test=0: use an integer >= 1"),
        ("gauss2d", {"seed": -1}, r"seed=-1.*>= 0"),
        ("gauss2d", {"offset": 1.0}, r"offset=1\.0.*'gauss2d' are: none"),
        ("gauss2d_binary", {"ofset": 1.0}, r"ofset=1\.0.*are: offset"),
        ("gauss2d", {"counts": (9, 8, 7, 6), "rho": 3}, r"counts=.*leave the others out"),
        ("gauss2d", {"counts": (9, 8, 7, 6), "n_max": 3}, r"counts=.*leave the others out"),
        ("gauss2d", {"rho": "10"}, r"rho='10'.*must be a number >= 1"),
        ("gauss2d", {"rho": True}, r"rho=True.*must be a number >= 1"),
        ("gauss2d", {"imb_factor": "0.1"}, r"imb_factor='0\.1'.*in \(0, 1\]"),
        ("gauss2d", {"n_max": 1.5}, r"n_max=1\.5: use an integer >= 1"),
        ("gauss2d", {"n_max": True}, r"n_max=True: use an integer >= 1"),
        ("gauss2d", {"n_max": "5"}, r"n_max='5': use an integer >= 1"),
        ("gauss2d", {"n_test": 2.5}, r"n_test=2\.5: use an integer >= 1"),
        ("gauss2d", {"seed": None}, r"seed=None: use an integer >= 0"),
        ("gauss2d", {"seed": 1.5}, r"seed=1\.5: use an integer >= 0"),
        ("gauss2d_binary", {"offset": "a"}, r"offset='a': use a finite number"),
        ("gauss2d_binary", {"offset": float("nan")}, r"offset=nan: use a finite number"),
        ("gauss2d", {"counts": 10}, r"counts=10: give a list of integers >= 1"),
        ("gauss2d_binary", {"counts": [10.0, 5.0]}, r"counts=\[10\.0, 5\.0\]: give a list"),
        ("gauss2d_binary", {"counts": (9, 5), "profile": "exp"}, r"counts=.*leave the others out"),
        ("digits", {"classes": 3}, r"classes=3: give a list of integers >= 0"),
        ("digits", {"classes": (3.0, 8.0)}, r"classes=\(3\.0, 8\.0\): give a list of integers"),
        ("digits", {"classes": (3,)}, r"classes=\(3,\).*two or more.*from 0 to 9"),
        ("digits", {"classes": (3, 3)}, r"classes=\(3, 3\).*different"),
        ("digits", {"classes": (3, 10)}, r"classes=\(3, 10\).*from 0 to 9"),
        ("digits", {"n_max": 130}, r"n_max.* asks for 130 .*digit 0 .*at most 128"),
        ("digits", {"n_test": 178}, r"n_test asks for 178 .*digit 0.*at most 177"),
        ("fashion14", {"n_max": 601}, r"n_max.* asks for 601 .*at most 600"),
        ("fashion14", {"n_test": 201}, r"n_test asks for 201 .*at most 200"),
        ("textures_seg", {"rare": "hard"}, r"rare='hard'.*'label', 'random'"),
        ("textures_seg", {"classes": (0, 4)}, r"classes=\(0, 4\).*from 0 to 3"),
        ("features_lt", {"classes": (0, 1000)}, r"classes=\(0, 1000\).*from 0 to 999"),
        ("shuttle_like", {"rho": 1}, r"rho=1: 'shuttle_like' is imbalanced by nature.*counts="),
        ("shuttle_like", {"imb_factor": 0.1}, r"imb_factor=0\.1: .* by nature.*leave imb_factor"),
        ("shuttle_like", {"profile": "step"}, r"profile='step': .* by nature.*22793, 4451"),
        ("shuttle_like", {"n_max": 100}, r"n_max=100: .* by nature.*leave n_max out"),
        ("shuttle_like", {"rare": "random"}, r"rare='random'.*'shuttle_like'.*leave rare out"),
        ("shuttle_like", {"rho": 3, "counts": (1,) * 7}, r"counts=.*leave the others out"),
    ],
)
def test_errors_name_the_argument_and_what_is_allowed(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        load(name, **arguments)
