"""Recurrence: a state that is carried from step to step; vanilla RNN, GRU and LSTM.

A cell is its `update`, from the state and the sums of a step to the next state; everything else is
shared. The products of all inputs are one product before the scan. Inside, one product makes the
sums of all gates.

References:
    Elman 1990, "Finding structure in time"; Hochreiter and Schmidhuber 1997, "Long short-term
    memory"; Gers, Schmidhuber and Cummins 2000, "Learning to forget"; Cho et al. 2014, "Learning
    phrase representations using RNN encoder-decoder for statistical machine translation" (GRU).
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from textdl.errors import DataError, ParameterError
from textdl.jax_settings import check_key
from textdl.nn.activations import ACTIVATIONS
from textdl.nn.data.sequences import SequenceBatch, masked_vectors
from textdl.nn.initializers import Initializer, glorot_uniform, orthogonal
from textdl.nn.layers.sequential import Layer
from textdl.nn.scan import State, scan_steps
from textdl.parameters import lookup


class RecurrentParams(NamedTuple):
    """The parameters of a recurrent layer of G gates; in PyTorch the weights are transposed.

    Example:
        >>> import jax
        >>> GRU(8, 4).init(jax.random.key(0)).recurrent_weights.shape
        (4, 12)
    """

    weights: Array  # (I, G H) float, W
    recurrent_weights: Array  # (H, G H) float, U
    bias: Array  # (G H,) float, b
    recurrent_bias: Array | None  # (G H,) float, c; GRU only, in the others b does what c would


@dataclass(frozen=True)
class Recurrent(Layer):
    """A state h_t that is a function of h_t-1 and of x_t, for t = 0 ... length - 1.

    Steps beyond the length leave the state as it is, so that the last state is that of the last
    step that is real.

    Args:
        inputs: I, numbers per step.
        units: H, numbers of the state.
        reverse: begin at the last step that is real, and go back to the first.
        return_sequence: the state after every step; False: only the last state, `(B, H)`.
        unroll: steps per turn of the loop; it changes speed and compilation time only.
        initializer: of W, gate by gate.
        recurrent_initializer: of U, gate by gate.

    Raises:
        ParameterError: a size, or `unroll`, is below 1.

    Example:
        >>> isinstance(LSTM(3, 8), Recurrent)
        True
    """

    inputs: int
    units: int
    reverse: bool = False
    return_sequence: bool = True
    unroll: int = 1
    initializer: Initializer = glorot_uniform
    recurrent_initializer: Initializer = orthogonal

    gates: ClassVar[int]  # G
    states: ClassVar[int] = 1  # arrays of a state

    def __post_init__(self) -> None:
        if not min(self.inputs, self.units, self.unroll) >= 1:
            raise ParameterError(
                f"a recurrent layer of {self.inputs} inputs and {self.units} units with unroll="
                f"{self.unroll}; expected 1 or more of each"
            )

    @abstractmethod
    def update(self, state: State, x: Array, h: Array) -> State:
        """The next state.

        Args:
            state: `(B, H)` each; the hidden state is the first.
            x: `(B, G H)`, x_t W + b.
            h: `(B, G H)`, h_t-1 U + c.

        Returns:
            The state after the step.
        """

    def init(self, key: Array) -> RecurrentParams:
        """Draw W and U; the biases start at 0."""
        check_key(key)
        input_key, recurrent_key = jax.random.split(key)

        def draw(key: Array, initializer: Initializer, rows: int) -> Array:
            keys = jax.random.split(key, self.gates)
            return jnp.hstack([initializer(gate_key, (rows, self.units)) for gate_key in keys])

        return RecurrentParams(
            draw(input_key, self.initializer, self.inputs),
            draw(recurrent_key, self.recurrent_initializer, self.units),
            jnp.zeros(self.gates * self.units),
            None,
        )

    def initial_state(self, batch_size: int) -> State:
        """The state before the first step: zeros."""
        return (jnp.zeros((batch_size, self.units)),) * self.states

    def apply(
        self, params: RecurrentParams, x: SequenceBatch, *, key: Array | None = None
    ) -> SequenceBatch | Array:
        """The hidden states of all steps, or the last one.

        Args:
            params: of the layer.
            x: vectors `(B, T, I)` with lengths.
            key: not used, since this layer draws nothing.

        Returns:
            `(B, T, H)` with the same lengths; without `return_sequence`, `(B, H)`.

        Raises:
            DataError: `x` is not sequences of vectors, or not of I numbers.
        """
        del key
        hidden, state = self.run(params, x)
        return hidden if self.return_sequence else state[0]

    def run(
        self, params: RecurrentParams, x: SequenceBatch, state: State | None = None
    ) -> tuple[SequenceBatch, State]:
        """All steps, from a state to a state: so a long text can be read part by part.

        Args:
            params: of the layer.
            x: vectors `(B, T, I)` with lengths.
            state: before the first step; None: zeros.

        Returns:
            The hidden states `(B, T, H)` with the same lengths, and the state after the last step
            that is real; for an empty sequence, the state before.

        Raises:
            DataError: `x` is not sequences of vectors, or not of I numbers, or the state is not
                one of this layer.
        """
        values = masked_vectors(x, "a recurrent layer", self.inputs)  # (B, T, I)
        state = self._checked(state, len(values))
        steps = values.swapaxes(0, 1)  # (T, B, I)
        # One row per step and sequence, since the gradient of a product of matrices is faster.
        product = steps.reshape(-1, self.inputs) @ params.weights
        sums = product.reshape(*steps.shape[:2], -1) + params.bias  # (T, B, G H)
        bias = params.recurrent_bias
        recurrence = (params.recurrent_weights, jnp.zeros(()) if bias is None else bias)
        hidden, state = scan_steps(
            self.update, self.reverse, self.unroll, recurrence, sums, x.mask.T, state
        )
        return x._replace(values=hidden.swapaxes(0, 1)), state

    def details(self) -> str:
        """The direction, where it is not forward."""
        return "reverse" if self.reverse else ""

    def _checked(self, state: State | None, batch_size: int) -> State:
        if state is None:
            return self.initial_state(batch_size)
        expected = [(batch_size, self.units)] * self.states
        if [jnp.shape(part) for part in state] != expected:
            raise DataError(
                f"a state of shapes {[jnp.shape(part) for part in state]}; expected {expected}, as "
                "`run` returns it for a batch of this size"
            )
        return state


@dataclass(frozen=True)
class RNN(Recurrent):
    """h_t = g(x_t W + b + h_t-1 U), the simple recurrent network.

    Args:
        inputs: I, numbers per step; this and what follows as in `Recurrent`.
        units: H.
        reverse: begin at the last step that is real.
        return_sequence: the state after every step; False: only the last state.
        unroll: steps per turn of the loop.
        initializer: of W.
        recurrent_initializer: of U.
        activation: g, a name in `ACTIVATIONS`.

    Raises:
        ParameterError: a size is below 1, or the activation is unknown.

    Example:
        >>> layer = RNN(3, 8)
        >>> batch = SequenceBatch(jnp.ones((2, 5, 3)), jnp.array([5, 2]))
        >>> layer.apply(layer.init(jax.random.key(0)), batch).values.shape
        (2, 5, 8)
    """

    activation: str = "tanh"

    gates = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        lookup("activation", self.activation, ACTIVATIONS)

    def update(self, state: State, x: Array, h: Array) -> State:
        """One sum, one activation.

        Args:
            state: `(B, H)` each.
            x: `(B, G H)`, x_t W + b.
            h: `(B, G H)`, h_t-1 U + c.

        Returns:
            The state after the step.
        """
        del state
        return (ACTIVATIONS[self.activation](x + h),)

    def details(self) -> str:
        """The activation, and the direction where it is not forward."""
        return ", ".join(part for part in (self.activation, super().details()) if part)


@dataclass(frozen=True)
class GRU(Recurrent):
    """Gated recurrent unit: with the sums x = x_t W + b and h = h_t-1 U + c of each gate.

    r = σ(x_r + h_r), z = σ(x_z + h_z), n = tanh(x_n + r h_n), h_t = (1 - z) n + z h_t-1

    The gate r acts after the product, as in cuDNN, PyTorch and Keras (``reset_after``), so that
    the gates share one product; in Cho et al. 2014 it acts before. The order of the gates is
    r, z, n.

    Args:
        inputs: I, numbers per step; this and what follows as in `Recurrent`.
        units: H.
        reverse: begin at the last step that is real.
        return_sequence: the state after every step; False: only the last state.
        unroll: steps per turn of the loop.
        initializer: of W.
        recurrent_initializer: of U.

    Raises:
        ParameterError: a size is below 1.

    Example:
        >>> layer = GRU(3, 8, return_sequence=False)
        >>> batch = SequenceBatch(jnp.ones((2, 5, 3)), jnp.array([5, 2]))
        >>> layer.apply(layer.init(jax.random.key(0)), batch).shape
        (2, 8)
    """

    gates = 3

    def init(self, key: Array) -> RecurrentParams:
        """Draw W and U; the biases start at 0."""
        params = super().init(key)
        return params._replace(recurrent_bias=jnp.zeros_like(params.bias))

    def update(self, state: State, x: Array, h: Array) -> State:
        """Gates r and z, the candidate n, and the mean of n and the old state by z.

        Args:
            state: `(B, H)` each.
            x: `(B, G H)`, x_t W + b.
            h: `(B, G H)`, h_t-1 U + c.

        Returns:
            The state after the step.
        """
        units = self.units
        reset, keep = jnp.split(jax.nn.sigmoid(x[:, : 2 * units] + h[:, : 2 * units]), 2, axis=1)
        candidate = jnp.tanh(x[:, 2 * units :] + reset * h[:, 2 * units :])
        return (candidate + keep * (state[0] - candidate),)


@dataclass(frozen=True)
class LSTM(Recurrent):
    """Long short-term memory: with the sums of each gate, s = x_t W + b + h_t-1 U.

    i = σ(s_i), f = σ(s_f), g = tanh(s_g), o = σ(s_o), c_t = f c_t-1 + i g, h_t = o tanh(c_t)

    The order of the gates is i, f, g, o. The bias of f starts at 1, so that the cell remembers at
    first (Gers et al. 2000; Jozefowicz et al. 2015).

    Args:
        inputs: I, numbers per step; this and what follows as in `Recurrent`.
        units: H.
        reverse: begin at the last step that is real.
        return_sequence: the state after every step; False: only the last state.
        unroll: steps per turn of the loop.
        initializer: of W.
        recurrent_initializer: of U.

    Raises:
        ParameterError: a size is below 1.

    Example:
        >>> layer = LSTM(3, 8)
        >>> batch = SequenceBatch(jnp.ones((2, 5, 3)), jnp.array([5, 2]))
        >>> hidden, (last, cell) = layer.run(layer.init(jax.random.key(0)), batch)
        >>> bool((last[1] == hidden.values[1, 1]).all())
        True
    """

    gates = 4
    states = 2

    def init(self, key: Array) -> RecurrentParams:
        """Draw W and U; the bias of f starts at 1, the others at 0."""
        params = super().init(key)
        return params._replace(bias=params.bias.at[self.units : 2 * self.units].set(1))

    def update(self, state: State, x: Array, h: Array) -> State:
        """Gates i, f and o, the candidate g, the cell, and what is shown of it.

        Args:
            state: `(B, H)` each.
            x: `(B, G H)`, x_t W + b.
            h: `(B, G H)`, h_t-1 U + c.

        Returns:
            The state after the step.
        """
        i, f, g, o = jnp.split(x + h, 4, axis=1)
        cell = jax.nn.sigmoid(f) * state[1] + jax.nn.sigmoid(i) * jnp.tanh(g)
        return jax.nn.sigmoid(o) * jnp.tanh(cell), cell
