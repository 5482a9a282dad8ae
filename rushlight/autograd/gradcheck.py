"""``gradcheck``: compare what backward computes with finite differences of the function itself.

The Jacobian of each output is built twice: column by column from central differences ``(f(x + eps) - f(x - eps)) / 2 eps``, and
row by row from backward with unit vectors. A complex output is two real functions, its real and its imaginary part; a
complex input is moved along both axes, and PyTorch's gradient of a real ``L`` is ``dL/dx + i dL/dy``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import errors
from ..tensor import Tensor, edge_of, wrap
from . import engine
from .mode import enable_grad

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]

ndarray = np.ndarray

_NOT_MULTIPLIED = "backward not multiplied by grad_output"


class GradcheckError(RuntimeError):
    """The gradient that backward computes is not the function's."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """True if backward through ``func`` agrees with finite differences at ``inputs``.

    Args:
        func: takes the inputs, returns a tensor or a sequence of them.
        inputs: a tensor or a sequence; those that require grad are varied, in place and back again. Use float64.
        eps: the step of the differences.
        atol, rtol: how far the Jacobians may be apart, as in ``torch.allclose``.
        raise_exception: raise GradcheckError instead of returning False.
        nondet_tol: how far two runs of the same backward may be apart.
        check_undefined_grad: also run backward with nothing arriving at some outputs.
        check_grad_dtypes: the gradients must have the dtypes of the inputs.
        check_batched_grad: also compare ``autograd.grad(is_grads_batched=True)`` with single calls.
        check_forward_ad: also compare what forward mode computes with the differences; without ``check_backward_ad`` alone.
        check_batched_forward_grad: also compare a batch of tangents under ``vmap`` with single ones.
        fast_mode: accepted; the full Jacobians are compared all the same.
        masked: accepted; it concerns sparse tensors only.

    Raises:
        RuntimeError: the Jacobians differ; its type is GradcheckError.
        ValueError: no input requires grad.
        AssertionError: nothing is to be checked, or what is asked for needs the other mode.
    """
    if not (check_forward_ad or check_backward_ad):
        raise AssertionError("Expected at least one of check_forward_ad or check_backward_ad to be True")
    if check_batched_grad and not check_backward_ad:
        raise AssertionError("Setting check_batched_grad=True requires check_backward_ad to be True")
    if check_batched_forward_grad and not check_forward_ad:
        raise AssertionError("Setting check_batched_forward_grad=True requires check_forward_ad to be True")
    args = _as_sequence(inputs)
    check = _Check(func, args, eps, atol, rtol, nondet_tol)
    try:
        with enable_grad():
            check.inputs_are_fit()
            if check_forward_ad:
                check.run_forward(check_batched_forward_grad)
            if check_backward_ad:
                check.run(check_grad_dtypes, check_undefined_grad, check_batched_grad)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """True if the gradient of the gradient of ``func`` agrees with finite differences of the gradient.

    ``grad_outputs`` are the vectors that the first backward starts from, random ones between -1 and 1 if not given. The other
    arguments are those of ``gradcheck``.
    """
    if not (check_fwd_over_rev or check_rev_over_rev):
        raise AssertionError("Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True")
    if check_undefined_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_undefined_grad=True requires check_rev_over_rev to be True")
    if check_batched_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_batched_grad=True requires check_rev_over_rev to be True")
    args = _as_sequence(inputs)
    if grad_outputs is None:
        outputs = _differentiable(func(*args))
        vectors = tuple(_random_like(o, gen_non_contig_grad_outputs) for o in outputs)
    else:
        vectors = _as_sequence(grad_outputs)
    n = len(args)

    def gradient(*varied: Any) -> tuple[Any, ...]:
        from . import grad

        outputs = _differentiable(func(*varied[:n]))
        wanted = [x for x in varied[:n] if isinstance(x, Tensor) and edge_of(x) is not None]
        grads = grad(outputs, wanted, varied[n:], create_graph=True, allow_unused=True)
        return tuple([g for g in grads if g is not None])

    return gradcheck(
        gradient,
        (*args, *vectors),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad,
        check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev,
        fast_mode=fast_mode,
        masked=masked,
    )


def _as_sequence(x: Any) -> tuple[Any, ...]:
    return (x,) if isinstance(x, Tensor) else tuple(x)


def _differentiable(outputs: Any) -> tuple[Tensor, ...]:
    return tuple([o for o in _as_sequence(outputs) if edge_of(o) is not None])


def _random_like(x: Tensor, strided: bool) -> Tensor:
    a = x._a
    t: Any = wrap(np.empty(a.shape + ((2,) if a.dtype.kind == "c" else ()), a.real.dtype))
    t.uniform_(-1, 1)
    values = t._a.view(a.dtype).reshape(a.shape) if a.dtype.kind == "c" else t._a
    if strided and values.ndim:
        values = np.repeat(values[..., None], 2, -1)[..., 0]
    return wrap(values).requires_grad_()  # type: ignore[no-any-return]


class _Check:
    """One comparison: the function, its inputs, the tolerances."""

    def __init__(
        self,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        eps: float,
        atol: float,
        rtol: float,
        nondet_tol: float,
    ):
        self.func, self.args, self.eps = func, args, eps
        self.atol, self.rtol, self.nondet_tol = atol, rtol, nondet_tol
        self.varied: list[Tensor] = [x for x in args if isinstance(x, Tensor) and edge_of(x) is not None]

    def inputs_are_fit(self) -> None:
        if not self.varied:
            raise errors.value(
                "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True.",
                "Make the inputs with requires_grad=True, and of dtype torch.float64.",
            )
        for i, x in enumerate(self.args):
            if not isinstance(x, Tensor) or edge_of(x) is None:
                continue
            a = x._a
            if a.dtype not in (np.float64, np.complex128):
                import warnings

                warnings.warn(
                    f"Input #{i} requires gradient and is not a double precision floating point or complex. This check will "
                    "likely fail if all the inputs are not of double precision floating point or complex. ",
                    UserWarning,
                    stacklevel=4,
                )
            if any(s == 0 and n > 1 for s, n in zip(x.stride(), a.shape, strict=True)):
                raise errors.runtime(
                    f"The {i}th input has a dimension with stride 0. gradcheck only supports inputs that are non-overlapping to "
                    "be able to compute the numerical gradients correctly. You should call .contiguous on the input before "
                    "passing it to gradcheck."
                )

    def run(self, dtypes: bool, undefined: bool, batched: bool) -> None:
        outputs = _as_sequence(self.func(*self.args))
        flows = [edge_of(o) is not None for o in outputs]
        numerical = self.numerical(len(outputs))
        if not any(flows):
            for per_input in numerical:
                for n in per_input:
                    if not np.allclose(n, 0, self.rtol, self.atol):
                        raise GradcheckError("Numerical gradient for function expected to be zero")
            return
        outputs = tuple(o for o, f in zip(outputs, flows, strict=True) if f)
        numerical = [n for n, f in zip(numerical, flows, strict=True) if f]
        for i, o in enumerate(outputs):
            if o._a.dtype.kind == "c":
                # the imaginary part first, as PyTorch does
                self.compare(i, o, [n.imag for n in numerical[i]], 1j, dtypes)
                self.compare(i, o, [n.real for n in numerical[i]], 1, dtypes)
            else:
                self.compare(i, o, numerical[i], 1, dtypes)
        self.is_reentrant(outputs)
        self.is_multiplied(outputs)
        if undefined:
            self.undefined_is_handled(outputs)
        if batched:
            self.batched_agrees(outputs)

    # --- finite differences ---------------------------------------------------------------------------------------
    def numerical(self, n_outputs: int) -> list[list[Any]]:
        """For each output and input: differences, rows by input element (for a complex input: real axis, then imaginary)."""
        out: list[list[Any]] = [[] for _ in range(n_outputs)]
        for x in self.varied:
            a = x._a
            steps = (self.eps, self.eps * 1j) if a.dtype.kind == "c" else (self.eps,)
            rows: list[list[Any]] = [[] for _ in range(n_outputs)]
            flat = a.flat
            for step in steps:
                for j in range(a.size):
                    old = flat[j]
                    try:
                        flat[j] = old + step
                        up = self.values()
                        flat[j] = old - step
                        down = self.values()
                    finally:
                        flat[j] = old
                    for row, u, d in zip(rows, up, down, strict=True):
                        row.append((u - d) / (2 * self.eps))
            for i, row in enumerate(rows):
                out[i].append(np.array(row).reshape(len(steps), a.size, -1) if row else np.zeros((len(steps), 0, 0)))
        return out

    def values(self) -> list[Any]:
        out = []
        for o in _as_sequence(self.func(*self.args)):
            a = o._a
            out.append(a.astype(np.complex128 if a.dtype.kind == "c" else np.float64).reshape(-1))
        return out

    # --- backward -------------------------------------------------------------------------------------------------
    def gradients(self, outputs: Sequence[Tensor], vectors: Sequence[Any]) -> list[Any]:
        """The gradients of the varied inputs from these vectors at the outputs, as arrays."""
        found = engine.backward(
            outputs,
            [wrap(v) for v in vectors],
            keep_graph=True,
            create_graph=False,
            inputs=self.varied,
            accumulate=False,
        )
        return [None if g is None else g._a for g in found]

    def analytical(self, o: Tensor, unit: Any, dtypes: bool) -> list[Any]:
        """The Jacobian of one output from backward, for each input: rows by input element, columns by output element."""
        a = o._a
        out = [np.zeros((x._a.size, a.size), x._a.dtype) for x in self.varied]
        for j in range(a.size):
            v = np.zeros(a.shape, a.dtype)
            v.flat[j] = unit
            for x, jacobian, g in zip(self.varied, out, self.gradients([o], [v]), strict=True):
                if g is None:
                    continue
                if dtypes and g.dtype != x._a.dtype:
                    raise GradcheckError("Analytical gradient has incorrect dtype")
                jacobian[:, j] = g.reshape(-1)
        return out

    def compare(self, i: int, o: Tensor, numerical: list[Any], unit: Any, dtypes: bool) -> None:
        for j, (n, a) in enumerate(zip(numerical, self.analytical(o, unit, dtypes), strict=True)):
            expected = _jacobian(n)
            if a.size and not np.allclose(a, expected, self.rtol, self.atol):
                part = "imaginary" if unit == 1j else "real"
                raise GradcheckError(
                    (f"While considering the {part} part of complex outputs only, " if o._a.dtype.kind == "c" else "")
                    + f"Jacobian mismatch for output {i} with respect to input {j},\n"
                    f"numerical:{wrap(expected.astype(a.dtype))!r}\nanalytical:{wrap(a)!r}\n"
                )

    # --- forward mode -----------------------------------------------------------------------------------------------
    def run_forward(self, batched: bool) -> None:
        """Compare the differences with tangents of unit vectors, along both axes of a complex input."""
        outputs = _as_sequence(self.func(*self.args))
        numerical = self.numerical(len(outputs))
        for j, x in enumerate(self.varied):
            for axis, unit in enumerate((1, 1j) if x._a.dtype.kind == "c" else (1,)):
                tangents = [_unit(x, n, unit) for n in range(x._a.size)]
                found = [self.tangents(x, wrap(t)) for t in tangents]
                for i, o in enumerate(outputs):
                    expected = numerical[i][j][axis]
                    if not found or edge_of(o) is None:
                        continue
                    computed = np.stack([row[i] for row in found])
                    if not np.allclose(computed, expected, self.rtol, self.atol):
                        raise GradcheckError(
                            f"Jacobian computed with forward mode mismatch for output {i} with respect to input {j},\n"
                            f"numerical:{wrap(expected)!r}\nanalytical:{wrap(computed)!r}\n"
                        )
                if batched and len(tangents) > 1:
                    self.batched_tangents_agree(x, np.stack(tangents), found)

    def tangents(self, x: Tensor, tangent: Tensor) -> list[Any]:
        """The tangents of all outputs, flat, for a tangent of one input."""
        from . import forward_ad

        with forward_ad.dual_level():
            args = [forward_ad.make_dual(a, tangent) if a is x else a for a in self.args]
            duals = [forward_ad.unpack_dual(o) for o in _as_sequence(self.func(*args))]
            return [np.zeros(d.primal._a.size) if d.tangent is None else d.tangent._a.reshape(-1) for d in duals]

    def batched_tangents_agree(self, x: Tensor, tangents: Any, singles: list[Any]) -> None:
        """A batch of tangents under ``vmap`` gives what single ones give."""
        from ..func import jvp, vmap

        def along(tangent: Tensor) -> Any:
            of_x = lambda value: self.func(*[value if a is x else a for a in self.args])  # noqa: E731
            return jvp(of_x, (x,), (tangent,))[1]

        for i, batch in enumerate(_as_sequence(vmap(along)(wrap(tangents)))):
            single = np.stack([row[i] for row in singles])
            if not np.allclose(batch._a.reshape(single.shape), single, self.rtol, self.atol):
                raise GradcheckError(f"For output {i}: tangents computed under vmap differ from single ones")

    # --- the manners of a backward ----------------------------------------------------------------------------------
    def is_reentrant(self, outputs: Sequence[Tensor]) -> None:
        """The same backward twice gives the same."""
        vectors = [np.linspace(0.5, 1.5, o._a.size).reshape(o._a.shape).astype(o._a.dtype) for o in outputs]
        first, second = self.gradients(outputs, vectors), self.gradients(outputs, vectors)
        for a, b in zip(first, second, strict=True):
            if a is not None and a.size and not np.abs(a - b).max() <= self.nondet_tol and not np.isnan(a).any():
                raise GradcheckError(
                    "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times gives "
                    "different values, although analytical gradient matches numerical gradient.The tolerance for "
                    f"nondeterminism was {self.nondet_tol}."
                )

    def is_multiplied(self, outputs: Sequence[Tensor]) -> None:
        """From zeros come zeros, shaped like the inputs."""
        zeros = [np.zeros(o._a.shape, o._a.dtype) for o in outputs]
        for x, g in zip(self.varied, self.gradients(outputs, zeros), strict=True):
            if g is None:
                continue
            if not (g == 0).all():
                raise GradcheckError(_NOT_MULTIPLIED)
            if g.shape != x._a.shape:
                raise GradcheckError("grad is incorrect size")

    def undefined_is_handled(self, outputs: Sequence[Tensor]) -> None:
        """Nothing arriving at one output, or at all but one, must not matter."""
        if len(outputs) < 2:
            return
        for i in range(len(outputs)):
            rest = [o for j, o in enumerate(outputs) if j != i]
            try:
                self.gradients(rest, [np.ones(o._a.shape, o._a.dtype) for o in rest])
            except RuntimeError as error:
                raise GradcheckError(
                    f"Expected backward function to handle undefined output grads: with none at output {i} it raised"
                ) from error

    def batched_agrees(self, outputs: Sequence[Tensor]) -> None:
        """A batch of vectors in one call gives what single calls give."""
        from . import grad

        for i, o in enumerate(outputs):
            a = o._a
            rows = np.linspace(-1, 1, 2 * a.size).reshape(2, *a.shape).astype(a.dtype)
            found = grad(o, self.varied, wrap(rows), retain_graph=True, allow_unused=True, is_grads_batched=True)
            singles = [self.gradients([o], [row]) for row in rows]
            for j, g in enumerate(found):
                if g is not None and not np.allclose(g._a, np.stack([s[j] for s in singles]), self.rtol, self.atol):
                    raise GradcheckError(
                        f"For output {i} and input {j}: gradients computed with is_grads_batched=True differ from single calls"
                    )


def _unit(x: Tensor, n: int, unit: Any) -> Any:
    """An array like a tensor's with ``unit`` at element ``n``, zeros elsewhere."""
    t = np.zeros(x._a.shape, x._a.dtype)
    t.flat[n] = unit
    return t


def _jacobian(differences: Any) -> Any:
    """Differences along the one axis of a real input, or the two of a complex one, as PyTorch's gradient."""
    return differences[0] if differences.shape[0] == 1 else differences[0] + 1j * differences[1]
