import pytest

from imbal_lab.training import group
from imbal_lab.training.group import grouped, why_serial


def sizes(runs):
    return sorted(len(each.runs) for each in grouped(runs))


def test_what_may_differ_in_a_group(tiny):
    runs = [tiny(), tiny(seed=1), tiny(rho=2), tiny(lr=1), tiny(momentum=0.9),
            tiny(weight_decay=1), tiny(data_options={"n_max": 30})]  # fmt: skip
    (one,) = grouped(runs)
    assert one.runs == tuple(runs)
    assert one.why_serial == ""


@pytest.mark.parametrize(
    "change",
    [
        {"method": "cdt"},
        {"steps": 7},
        {"batch": 9},
        {"every": 2},
        {"schedule": "cosine"},
        {"dtype": "float32"},
        {"model_options": {"widths": (2, 7, 4)}},
        {"model_options": {"widths": (2, 6, 4), "activation": "relu"}},
    ],
)
def test_what_may_not(change, tiny):
    assert sizes([tiny(), tiny(**change)]) == [1, 1]


def test_options_of_the_method_may_not(tiny):
    runs = [tiny(method="cdt", method_options={"gamma": gamma}) for gamma in (0.1, 0.2)]
    assert sizes(runs) == [1, 1]


@pytest.mark.parametrize("method", ["gd", "sgd_o"])
def test_batches_of_different_sizes_may_not(method, tiny):
    runs = [tiny(method=method, rho=rho, seed=seed) for rho in (2, 10) for seed in (0, 1)]
    assert sizes(runs) == [2, 2]


def test_large_groups_are_cut_evenly_and_none_is_lost(tiny):
    runs = [tiny(seed=seed) for seed in range(60)]
    groups = grouped(runs)
    assert [len(each.runs) for each in groups] == [20, 20, 20]
    assert [run for each in groups for run in each.runs] == runs


def test_full_batches_keep_within_memory(tiny, monkeypatch):
    runs = [tiny(method="gd", seed=seed) for seed in range(6)]
    assert sizes(runs) == [6]
    monkeypatch.setattr(group, "ROWS_AT_ONCE", 2 * len(runs[0].dataset().y) + 1)
    assert sizes(runs) == [2, 2, 2]
    monkeypatch.setattr(group, "ROWS_AT_ONCE", 1)
    assert sizes(runs) == [1] * 6


def test_serial_runs_stand_alone_with_their_reason(tiny):
    runs = [tiny(method="pcnsgd", batch=24, seed=seed) for seed in (0, 1)]
    assert [(each.runs, each.why_serial) for each in grouped(runs)] == [
        ((run,), "PerClass has no batched form") for run in runs
    ]
    assert grouped(runs)[0].train()[0].path == "serial: PerClass has no batched form"
    assert "no batched form" in why_serial(
        tiny(data="mnist1d", model="cnn1d", model_options={"norm": "batch"})
    )


def test_a_run_that_cannot_be_trained_is_found_before_any_is(tiny):
    with pytest.raises(ValueError, match="rho=1000"):
        grouped([tiny(), tiny(rho=1000)])
    with pytest.raises(ValueError, match="batch=1000: there are only"):
        grouped([tiny(), tiny(batch=1000)])


@pytest.mark.parametrize("method", ["pcngd", "pcnsgd", "pcnsgd_o", "pcnsgd_r"])
def test_a_model_that_the_method_refuses_is_found_before_any_is(method, tiny):
    """In the backward pass only, and for +R nowhere but where it is asked for."""
    options = {"shape": (1, 8, 8), "num_classes": 2, "norm": "batch"}
    images = {"data": "digits", "data_options": {"classes": (3, 8), "n_max": 40}, "batch": 22}
    with pytest.raises(ValueError, match=r"(?i)batch ?norm.* in training mode"):
        grouped([tiny(), tiny(method=method, model="cnn", model_options=options, **images)])


@pytest.mark.parametrize("method", ["pcngd", "pcnsgd"])
def test_pixels_that_the_method_refuses_are_found_before_any_is(method, tiny):
    pixels = {"data": "textures_seg", "data_options": {"n_max": 12, "n_test": 2}, "model": "fcn"}
    with pytest.raises(ValueError, match="shape"):
        grouped([tiny(), tiny(method=method, model_options={}, **pixels)])
