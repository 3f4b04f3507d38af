#!/usr/bin/env python3
"""Fits the polynomials of src/kernels/vector_math-inl.h and prints them with their errors.

Needs numpy and scipy. Minimax by Lawson's algorithm: least squares whose weights grow where the
error is large. Coefficients are rounded to float32 one by one, each time the rest is fitted again.
"""
import numpy as np
from scipy.special import erfc


def minimax(target, powers, weight, x, rounds=2000):
    """Coefficients c that minimize max |weight * (sum c_i x^powers_i - target)|, and that maximum."""
    columns = weight[:, None] * x[:, None] ** np.array(powers)
    scaled = weight * target
    lawson = np.ones_like(x)
    best = (np.inf, None)
    for _ in range(rounds):
        root = np.sqrt(lawson)
        c = np.linalg.lstsq(columns * root[:, None], scaled * root, rcond=None)[0]
        error = np.abs(columns @ c - scaled)
        if error.max() < best[0]:
            best = (error.max(), c)
        lawson *= error / error.max() + 1e-12
        lawson /= lawson.max()
    return best


def minimax_float32(target, powers, weight, x):
    """As minimax, with coefficients that are float32 numbers."""
    fixed = []
    target = target.copy()
    for i in range(len(powers)):
        _, c = minimax(target, powers[i:], weight, x)
        fixed.append(float(np.float32(c[0])))
        target -= fixed[-1] * x ** powers[i]
    return fixed, np.abs(weight * target).max()


def chebyshev_points(low, high, count=1200):
    return (low + high) / 2 - (high - low) / 2 * np.cos(np.pi * (np.arange(count) + 0.5) / count)


def show(name, formula, coefficients, error):
    print(f"{name}: {formula}, largest weighted error {error:.1e}")
    for i, c in enumerate(coefficients):
        print(f"  c{i} = {np.float32(c):.9g}f")


def main():
    # exp(r) = 1 + r + r^2 q(r) on half a step of the reduction by ln 2, relative error.
    r = chebyshev_points(-0.3475, 0.3475)
    r = r[np.abs(r) > 1e-3]  # The quotient cancels there; the fit is smooth.
    weight = r**2 * np.exp(-r)
    show("exp", "q(r)", *minimax_float32((np.expm1(r) - r) / r**2, range(5), weight, r))

    # gelu(x) = relu(x) - a / p(a)^8 with a = |x|: p(a) = (erfc(a / sqrt 2) / 2)^(-1/8). An error of p
    # moves the result by 8 a T^(9/8), T = erfc(a / sqrt 2) / 2. The error counts against max(1/2, a).
    a = chebyshev_points(0, 6)
    tail = erfc(a / np.sqrt(2)) / 2
    weight = 8 * tail**1.125 * a / np.maximum(a, 0.5)
    weight = np.maximum(weight, 1e-12)
    show("gelu", "p(a)", *minimax_float32(tail**-0.125, range(9), weight, a))

    # tanh(x) = x + x^3 q(x^2) for |x| < 0.625, relative error.
    x = chebyshev_points(0.02, 0.625)
    weight = x**3 / np.tanh(x)
    show("tanh", "q(x^2)", *minimax_float32((np.tanh(x) - x) / x**3, range(0, 10, 2), weight, x))

    # For results that are rounded to bf16: 2^r = 1 + r q(r) on half a step, relative error;
    r = chebyshev_points(-0.5, 0.5)
    r = r[np.abs(r) > 1e-3]
    show("exp2, near", "q(r)", *minimax_float32(np.expm1(r * np.log(2)) / r, range(3), np.abs(r) * np.exp2(-r), r))
    # gelu(x) = relu(x) - a (4 - a) q(a) with a = min(|x|, 4), absolute error.
    a = chebyshev_points(0, 4)
    show("gelu, near", "q(a)", *minimax_float32(erfc(a / np.sqrt(2)) / 2 / (4 - a), range(7), a * (4 - a), a))

    ln2_high = np.float32(np.round(np.log(2) * 2**15) / 2**15)  # 15 bits: n * ln2_high is exact.
    print(f"ln 2 = {ln2_high:.12g}f + {np.float32(np.log(2) - np.float64(ln2_high)):.9g}f")


if __name__ == "__main__":
    main()
