#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden vectors of the metrics: MMSA's formulas for CMU-MOSI, CMU-MOSEI and CH-SIMS, classes and labels, written with
numpy, scikit-learn and scipy.

usage: golden_metrics.py OUT      writes OUT/metrics.npy, sims.npy, classes.npy, labels.npy, [1000, figures + 2 * 12] float64

Each row: n, then the figures (NaN where they are not defined), then p [12] and y [12], padded with NaN.
metrics: mae, corr, acc7, acc5, acc3, acc2_has0, f1_has0, acc2_non0, f1_non0, auroc, spearman
sims: mae, corr, acc2, f1, acc3, acc5
classes: accuracy, weighted F1, macro F1, unweighted recall, of numbers below 5
labels: weighted accuracy, weighted F1, auroc, of probabilities with threshold 0.5
Inputs hold ties at half integers and at the ends of classes, zeros and constants.
Made with numpy 1.26.4, scikit-learn 1.9.1, scipy 1.17.1."""
import sys
import warnings

import numpy as np
from scipy.stats import spearmanr
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, roc_auc_score

warnings.filterwarnings("ignore")
N = 12


def acc(p, y, k):
    return np.mean(np.round(np.clip(p, -k, k)) == np.round(np.clip(y, -k, k)))


def row(rng, kind):
    n = int(rng.integers(1, N + 1))
    y = np.round(rng.uniform(-3.4, 3.4, n) * 5) / 5
    p = rng.normal(0, 1.6, n)
    if kind == 1:
        y = rng.integers(-6, 7, n) / 2
        p = rng.integers(-8, 9, n) / 2
    if kind == 2:
        p = np.full(n, rng.normal())
    if kind == 3:
        y = np.zeros(n)
    if kind == 4:
        p = rng.integers(-1, 2, n) * 1.0
    p, y = p.astype(np.float32), np.clip(y, -3, 3).astype(np.float32)
    keep = y != 0
    const = np.all(p == p[0]) or np.all(y == y[0])
    a, b = p.astype(float), y.astype(float)
    out = [n, np.mean(np.abs(a - b)), np.nan if const else np.corrcoef(a, b)[0, 1], acc(p, y, 3), acc(p, y, 2),
           acc(p, y, 1), accuracy_score(y >= 0, p >= 0), f1_score(y >= 0, p >= 0, average="weighted"),
           accuracy_score(y[keep] > 0, p[keep] > 0) if keep.any() else np.nan,
           f1_score(y[keep] > 0, p[keep] > 0, average="weighted") if keep.any() else np.nan,
           roc_auc_score(y > 0, p) if 0 < (y > 0).sum() < n else np.nan,
           np.nan if const else spearmanr(a, b)[0]]
    return packed(out, a, b)


def packed(out, p, y):
    pad = np.full(N - len(p), np.nan)
    return np.concatenate([out, p, pad, y, pad])


def sims_row(rng, kind):
    n = int(rng.integers(1, N + 1))
    y = np.round(rng.uniform(-1.2, 1.2, n) * 5) / 5
    p = rng.normal(0, 0.6, n)
    ends = np.array([-1.5, -1, -0.7, -0.1, 0, 0.1, 0.7, 1, 2])
    if kind == 1:
        p, y = rng.choice(ends, n), rng.choice(ends, n)
    if kind == 2:
        p = np.full(n, rng.normal())
    if kind == 3:
        y = np.zeros(n)
    if kind == 4:
        p = rng.uniform(1, 3, n)  # all the same once they are clipped
    p, y = p.astype(np.float32), y.astype(np.float32)
    a, b = np.clip(p, -1, 1), np.clip(y, -1, 1)
    const = np.all(a == a[0]) or np.all(b == b[0])

    def classes(x, ends):
        out, ends = np.zeros(n), [-1.01, *ends, 1.01]
        for i in range(len(ends) - 1):
            out[np.logical_and(x > ends[i], x <= ends[i + 1])] = i
        return out

    def same(*ends):
        return np.mean(classes(a, ends) == classes(b, ends))

    out = [n, np.mean(np.abs(a.astype(float) - b)), np.nan if const else np.corrcoef(a.astype(float), b.astype(float))[0, 1],
           same(0), f1_score(classes(b, [0]), classes(a, [0]), average="weighted"), same(-0.1, 0.1),
           same(-0.7, -0.1, 0.1, 0.7)]
    return packed(out, p.astype(float), y.astype(float))


def class_row(rng, kind):
    n, k = int(rng.integers(1, N + 1)), int(rng.integers(2, 6))
    p, y = rng.integers(0, k, n), rng.integers(0, k, n)
    if kind == 1:
        p = np.full(n, rng.integers(0, k))
    if kind == 2:
        y = np.full(n, rng.integers(0, k))
    if kind == 3:
        p = np.where(rng.random(n) < 0.8, y, p)
    out = [n, accuracy_score(y, p), f1_score(y, p, average="weighted"), f1_score(y, p, average="macro"),
           balanced_accuracy_score(y, p)]
    return packed(out, p.astype(float), y.astype(float))


def label_row(rng, kind):
    n = int(rng.integers(1, N + 1))
    p, y = rng.random(n), rng.integers(0, 2, n)
    if kind == 1:
        p = rng.integers(0, 5, n) / 4  # ties, and some at the threshold
    if kind == 2:
        p = np.full(n, rng.random())
    if kind == 3:
        y = np.full(n, rng.integers(0, 2))
    both = 0 < y.sum() < n
    out = [n, balanced_accuracy_score(y, p >= 0.5) if both else np.nan, f1_score(y, p >= 0.5, average="weighted"),
           roc_auc_score(y, p) if both else np.nan]
    return packed(out, p, y.astype(float))


rng = np.random.default_rng(20261125)
for name, make in ("metrics", row), ("sims", sims_row), ("classes", class_row), ("labels", label_row):
    np.save(f"{sys.argv[1]}/{name}.npy", np.array([make(rng, i % 6) for i in range(1000)]).astype("<f8"))
