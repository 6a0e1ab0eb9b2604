"""Small data sets with the imbalance you ask for.

>>> from imbal_lab.data import load, names
>>> data = load("gauss2d", rho=100)
>>> data
Dataset(gauss2d: 1271 training (1000, 215, 46, 10), rho=100, 2 features, 4000 test)
>>> data.x.shape, data.y.shape, data.class_names[3]
(torch.Size([1271, 2]), torch.Size([1271]), 'south')

Labels are ranks: class 0 is always the most frequent, the last class the rarest. Test sets are
balanced, so accuracy there is the mean of the class recalls. (Two exceptions: the real `shuttle`,
whose rarest classes have few rows, and `textures_seg`, where the examples are pixels.)
"""

from imbal_lab.data.batches import batches_of
from imbal_lab.data.class_batches import ClassBatches
from imbal_lab.data.dataset import Dataset
from imbal_lab.data.loading import load, names
from imbal_lab.data.shuffled_batches import ShuffledBatches

__all__ = ["ClassBatches", "Dataset", "ShuffledBatches", "batches_of", "load", "names"]
