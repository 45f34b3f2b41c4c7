"""Layers of sequences as loops in NumPy, one sequence at a time, without padding or batches."""

import numpy as np
from scipy.special import expit


def rnn_step(state, x, h):
    return (np.tanh(x + h),)


def gru_step(state, x, h):
    """Gates r, z, n."""
    (xr, xz, xn), (hr, hz, hn) = np.split(x, 3), np.split(h, 3)
    r, z = expit(xr + hr), expit(xz + hz)
    n = np.tanh(xn + r * hn)
    return ((1 - z) * n + z * state[0],)


def lstm_step(state, x, h):
    """Gates i, f, g, o."""
    i, f, g, o = np.split(x + h, 4)
    cell = expit(f) * state[1] + expit(i) * np.tanh(g)
    return expit(o) * np.tanh(cell), cell


STEPS = {"RNN": (rnn_step, 1), "GRU": (gru_step, 1), "LSTM": (lstm_step, 2)}


def recur(name, params, x, *, state=None, reverse=False):
    """The hidden states of one sequence `(T, I)` in the order of its steps, and the last state."""
    step, arrays = STEPS[name]
    units = len(params.recurrent_weights)
    state = state or (np.zeros(units),) * arrays
    recurrent_bias = 0 if params.recurrent_bias is None else params.recurrent_bias
    hidden = np.zeros((len(x), units))
    for t in range(len(x))[:: -1 if reverse else 1]:
        sums = x[t] @ params.weights + params.bias
        state = step(state, sums, state[0] @ params.recurrent_weights + recurrent_bias)
        hidden[t] = state[0]
    return hidden, state


def convolve_1d(x, kernel, bias, *, padding, stride, dilation):
    """One sequence `(T, I)` by a double loop over windows and their positions."""
    width, _, outputs = kernel.shape
    span = dilation * (width - 1) + 1
    first = -((span - 1) // 2) if padding == "same" else 0
    last = first + len(x) if padding == "same" else len(x) - span + 1
    rows = []
    for begin in range(first, last, stride):
        total = bias.astype(float)
        for k in range(width):
            if 0 <= begin + k * dilation < len(x):
                total = total + x[begin + k * dilation] @ kernel[k]
        rows.append(total)
    return np.array(rows).reshape(-1, outputs)


def convolve_2d(x, kernel, bias, *, padding, stride, dilation):
    """One image `(H, W, I)`, window by window."""
    span = [d * (n - 1) + 1 for n, d in zip(kernel.shape[:2], dilation, strict=True)]
    first = [-((n - 1) // 2) if padding == "same" else 0 for n in span]
    begins = [
        range(f, f + n if padding == "same" else n - s + 1, step)
        for f, n, s, step in zip(first, x.shape[:2], span, stride, strict=True)
    ]
    out = np.zeros((len(begins[0]), len(begins[1]), kernel.shape[3]))
    for i, row in enumerate(begins[0]):
        for j, column in enumerate(begins[1]):
            out[i, j] = bias
            for k in range(kernel.shape[0]):
                for m in range(kernel.shape[1]):
                    y = row + k * dilation[0]
                    z = column + m * dilation[1]
                    if 0 <= y < x.shape[0] and 0 <= z < x.shape[1]:
                        out[i, j] += x[y, z] @ kernel[k, m]
    return out
