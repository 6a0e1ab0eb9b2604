"""Imbal Lab: a hands-on course on deep learning under class imbalance.

Importing the package pulls in no widget, no Jupyter and no plotting.
"""

__version__ = "0.1.0"
