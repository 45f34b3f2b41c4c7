"""A network as a table."""

from __future__ import annotations

from textdl.nn.mlp import Params


def summarise(params: Params, activation: str, output_activation: str) -> str:
    """The layers with their shapes, activations and numbers of parameters.

    Example:
        >>> import jax
        >>> from textdl.nn import mlp
        >>> print(summarise(mlp.init(jax.random.key(0), (4, 8, 3)), "relu", "softmax"))
        layer    weights  activation  parameters
        dense 1  4 x 8    relu                40
        dense 2  8 x 3    softmax             27
        total                                 67
    """
    rows, total = [("layer", "weights", "activation", "parameters")], 0
    for number, (weights, bias) in enumerate(params, start=1):
        size, last = weights.size + bias.size, number == len(params)
        shape = " x ".join(f"{axis:,}" for axis in weights.shape)
        name = output_activation if last else activation
        rows.append((f"dense {number}", shape, name, f"{size:,}"))
        total += size
    rows.append(("total", "", "", f"{total:,}"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(_aligned(row, widths)) for row in rows]
    return "\n".join(lines)


def _aligned(row: tuple[str, ...], widths: list[int]) -> list[str]:
    *words, number = row
    return [word.ljust(w) for word, w in zip(words, widths, strict=False)] + [
        number.rjust(widths[-1])
    ]
