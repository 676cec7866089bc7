"""The mathematics of *Pixels to Tracks*: one module or subpackage for each part of the book."""

__version__ = "0.1.0"
