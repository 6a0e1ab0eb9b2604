import runpy
from pathlib import Path

alternate = runpy.run_path(str(Path(__file__).with_name("alternation.py")))["alternate"]


def test_each_is_divided_by_its_neighbours():
    """Plain takes 1, 3, 1, 3 seconds and ours 4: the ratio is 2 every time."""
    order, clock = [], iter([1.0, 4.0, 3.0, 4.0, 1.0, 4.0, 3.0])

    def measure(name):
        order.append(name)
        return next(clock)

    ratios, usual = alternate(lambda: measure("ours"), lambda: measure("plain"), 3)
    assert ratios.tolist() == [2, 2, 2]
    assert usual.tolist() == [3, 1, 3]
    assert order == ["plain", "ours", "plain", "ours", "plain", "ours", "plain"]
