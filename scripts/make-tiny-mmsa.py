#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Small files of MMSA's and MulT's layout, in every protocol of pickle.

    make-tiny-mmsa.py OUT_DIR

Made with Python 3.11 and numpy 1.26. Number c of row t of clip i (counted over all splits) of modality m (0 audio, 1 vision,
2 text) is 100 m + 10 i + t + c / 8; the tests expect that.
"""
import pickle
import sys

import numpy as np

CLIPS = {"train": ["va$_$1", "va$_$2"], "valid": ["-b_c$_$0003"], "test": ["vd[4]"]}
ROWS, COLUMNS = (4, 3, 2), (3, 2, 4)


def cube(m, first, n, dtype):
    i, t, c = np.ix_(range(first, first + n), range(ROWS[m]), range(COLUMNS[m]))
    return (100 * m + 10 * i + t + c / 8).astype(dtype)


def mmsa(lists, aligned=False):
    out, first = {}, 0
    for split, ids in CLIPS.items():
        n = len(ids)
        audio = cube(0, first, n, "f8")
        audio[0, 1, 2] = -np.inf
        d = {
            "id": ids if lists else np.array(ids),
            "raw_text": [f"caf\u00e9 {i}" for i in range(n)],
            "audio": audio,
            "vision": np.asfortranarray(cube(1, first, n, "f4")),
            "text": cube(2, first, n, "f2"),
            "text_bert": np.tile(np.array([[101, 102], [1, 0], [0, 0]], "i8"), (n, 1, 1)),
            "annotations": np.array(["Negative", "Positive"][:n], object),
            "regression_labels": np.array([-1.5, 2.25][:n], "f4"),
            "regression_labels_T": [0.5] * n,
        }
        if not aligned:
            d["audio_lengths"] = [3] * n
            d["vision_lengths"] = np.array([0] * n) if lists else [np.int64(2)] * n
        out[split] = d
        first += n
    out["config"] = {"made": True}
    return out


def mult():
    out, first = {}, 0
    for split, ids in CLIPS.items():
        n = len(ids)
        out[split] = {
            "vision": cube(1, first, n, "f8"),
            "text": cube(2, first, n, "f4"),
            "audio": cube(0, first, n, "f4"),
            "labels": np.full((n, 1, 1), 0.75, "f4"),
            "id": np.array([[f"v{first + k}".encode(), b"0.5", b"2.0"] for k in range(n)]),
        }
        first += n
    return out


def main():
    out = sys.argv[1]
    for protocol in (2, 3, 4, 5):
        for lists in (0, 1):
            with open(f"{out}/mmsa_{protocol}_{lists}.pkl", "wb") as f:
                pickle.dump(mmsa(lists), f, protocol)
    with open(f"{out}/aligned.pkl", "wb") as f:
        pickle.dump(mmsa(1, True), f, 4)
    with open(f"{out}/mult_2.pkl", "wb") as f:
        pickle.dump(mult(), f, 2)


if __name__ == "__main__":
    main()
