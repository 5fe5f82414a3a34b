#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden vectors of the metrics: MMSA's formulas for CMU-MOSI and CMU-MOSEI, written with numpy, scikit-learn and scipy.

usage: golden_metrics.py OUT      writes OUT/metrics.npy [1000, 12 + 2 * 12] float64

Each row: n, then mae, corr, acc7, acc5, acc3, acc2_has0, f1_has0, acc2_non0, f1_non0, auroc, spearman (NaN where they
are not defined), then p [12] and y [12], padded with NaN. Inputs hold ties at half integers, zeros and constants.
Made with numpy 1.26.4, scikit-learn 1.9.1, scipy."""
import sys
import warnings

import numpy as np
from scipy.stats import spearmanr
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

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
    pad = np.full(N - n, np.nan)
    return np.concatenate([out, a, pad, b, pad])


rng = np.random.default_rng(20261125)
np.save(sys.argv[1] + "/metrics.npy", np.array([row(rng, i % 6) for i in range(1000)]).astype("<f8"))
