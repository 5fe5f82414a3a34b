#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Copy the recorded mixes of MER-in-the-Wild's audio corruption and work out what was drawn for each.

    scripts/golden_audio_mix.py ../shared/golden/numerics tests/golden/data

The mixes were made by the reference's functions from Python's `random`, seeded per case. The same
draws are made here, in the reference's order (reference-behaviour.md 2.1), and written as decisions:
audio_mix/draws.tsv, one line per case:

    clean noise snr start gaps out pcm      gaps: start:length,... or -

Only the standard library is needed; Python's `random` draws alike in 3.8 and later."""
import json
import os
import random
import re
import shutil
import sys


def npy_length(path):
    with open(path, "rb") as f:
        head = f.read(256).decode("latin-1")
    return int(re.search(r"'shape': \((\d+),\)", head).group(1))


def draw(case, n, m):
    """Start in the noise (repeated end to end when shorter) and the silenced segments."""
    random.seed(case["python_seed"])
    random.choice([0])  # the noise file; the list held one
    total = m if m >= n else m * (n // m + 1)
    start = random.randint(0, total - n)
    gaps = []
    if case["part"]:
        repeat = random.randint(1, 5)
        longest = max(801, int(n / repeat / 2))
        for at in random.sample(range(n - longest + 1), repeat):
            gaps.append((at, random.randint(800, longest)))
    return start, gaps


def kept(name):
    """Which float outputs go into the source tree; the 16-bit ones all do. The others are compared
    where the shared folder is present."""
    return name.startswith("out_2_") or name.startswith("out_1_snr0_")


def main():
    source, target = sys.argv[1:]
    with open(os.path.join(source, "index.json")) as f:
        index = json.load(f)
    lines, copies = [], set()
    for case in index["audio_mix"]:
        folder = os.path.join(source, "audio_mix")
        n, m = (npy_length(os.path.join(folder, case[k])) for k in ("clean", "noise"))
        start, gaps = draw(case, n, m)
        text = ",".join("%d:%d" % g for g in gaps) or "-"
        lines.append("\t".join([case["clean"], case["noise"], str(case["snr"]), str(start), text,
                                case["out"], case["pcm"]]))
        copies |= {("audio_mix", case[k]) for k in ("clean", "noise", "pcm")}
        if kept(case["out"]):
            copies.add(("audio_mix", case["out"]))
    for case in index["pcm16"]:
        copies |= {("pcm16", case[k]) for k in ("x", "q")}
    for case in index["soxr_hq"]:
        copies |= {("soxr_hq", case[k]) for k in ("x", "y")}
    for folder, name in sorted(copies):
        os.makedirs(os.path.join(target, folder), exist_ok=True)
        shutil.copyfile(os.path.join(source, folder, name), os.path.join(target, folder, name))
    with open(os.path.join(target, "audio_mix", "draws.tsv"), "w") as f:
        f.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
