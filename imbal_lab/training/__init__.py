"""Training runs: one as a generator of records, many at once as a sweep.

>>> from imbal_lab.training import Run, sweep
>>> runs = [
...     Run(data="gauss2d", rho=100, method=method, seed=seed, steps=300, momentum=0.9,
...         model_options={"widths": (2, 64, 64, 4), "activation": "relu"})
...     for method in ("sgd", "logit_adjustment") for seed in range(3)
... ]
>>> results = sweep(runs, cache=None, progress=False)  # in the order of the runs
>>> rarest = [result.test_recall[-1, -1].item() for result in results]
>>> min(rarest[3:]) > max(rarest[:3])  # logit adjustment finds the rarest class
True

With its default ``cache`` a sweep keeps every finished run on disk: ask again, and only what is
missing is trained.
"""

from imbal_lab.training.loop import train
from imbal_lab.training.optimizer_loop import fit
from imbal_lab.training.result import Result
from imbal_lab.training.run import Run
from imbal_lab.training.sweep import sweep

__all__ = ["Result", "Run", "fit", "sweep", "train"]
