"""Worked examples: neural networks from one perceptron to text, with every number shown.

Each example is a file of pure functions that return its numbers, and a `show(folder)` that explains
them and writes the pictures. ``python -m scripts.worked FOLDER`` shows all.
"""

import warnings

# They train for a set number of epochs, to show what happens in them.
warnings.filterwarnings("ignore", "Stochastic Optimizer: Maximum iterations")
