#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""features_job.py MERWILD FOLDER [--repeats N] [--columns]: the whole command "features audio" and the Python
package opensmile over the same WAV files, in turns, on one processor; then our command alone on two. The package is
used as the reference uses it: one Smile object per set, made once, process_file per clip, both tables saved as one
.npy. Wall times suffer from other load; processor times (cpu) less. The package's time leaves out the interpreter and the imports; ours is that of the whole process, from start to manifest.
Outputs of the same run are compared: every value within 1e-3 of the other or 1e-4 of the column's standard
deviation counts as in target. --columns prints that per column, in Markdown; without it, JSON."""
import argparse
import json
import os
import pathlib
import resource
import shutil
import subprocess
import tempfile
import time

import numpy as np
import opensmile

LLD = opensmile.FeatureLevel.LowLevelDescriptors
SETS = (opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureSet.ComParE_2016)


def theirs(wavs, root, out):
    smile = [opensmile.Smile(feature_set=s, feature_level=LLD) for s in SETS]
    start, cpu = time.perf_counter(), time.process_time()
    for path in wavs:
        x = np.concatenate([s.process_file(str(path)).to_numpy() for s in smile], axis=1)
        to = (out / path.relative_to(root)).with_suffix(".npy")
        to.parent.mkdir(parents=True, exist_ok=True)
        np.save(to, x.astype("f4"))
    return time.perf_counter() - start, time.process_time() - cpu, [n for s in smile for n in s.feature_names]


def children_s():
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return r.ru_utime + r.ru_stime


def ours(program, root, out, jobs):
    shutil.rmtree(out, ignore_errors=True)
    start, cpu = time.perf_counter(), children_s()
    subprocess.run([program, "features", "audio", "-i", root, "-o", out, "--native", "--rate-hz", "0", "--channel",
                    "0", "--sync", "none", "--jobs", str(jobs), "--quiet"], check=True)
    return time.perf_counter() - start, children_s() - cpu


def compare(wavs, root, a, b, names):
    pairs = []
    for path in wavs:
        rel = path.relative_to(root).with_suffix(".npy")
        x, y = np.load(a / rel), np.load(b / rel)
        if x.shape != y.shape:
            raise SystemExit(f"{rel}: {x.shape} by the package, {y.shape} by merwild")
        pairs.append((x.astype("f8"), y.astype("f8")))
    x, y = (np.concatenate(p) for p in zip(*pairs))
    rows = []
    for c, name in enumerate(names):
        error, size = np.abs(x[:, c] - y[:, c]), np.maximum(np.abs(x[:, c]), np.abs(y[:, c]))
        told = size > 0
        relative = error[told] / size[told] if told.any() else np.zeros(1)
        good = (error <= 1e-3 * np.abs(x[:, c])) | (error <= 1e-4 * x[:, c].std())
        rows.append((name, float(np.median(relative)), float(error.max()), 100 * float(good.mean())))
    return len(x), rows


def main():
    p = argparse.ArgumentParser()
    p.add_argument("merwild")
    p.add_argument("folder")
    p.add_argument("--repeats", type=int, default=3)
    p.add_argument("--columns", action="store_true")
    o = p.parse_args()
    root = pathlib.Path(o.folder)
    wavs = sorted(root.rglob("*.wav"))
    cpus = sorted(os.sched_getaffinity(0))
    best = {}

    def note(name, wall, cpu):
        best[name + "_s"] = min(best.get(name + "_s", 1e9), wall)
        best[name + "_cpu_s"] = min(best.get(name + "_cpu_s", 1e9), cpu)

    with tempfile.TemporaryDirectory() as tmp:
        a, b = pathlib.Path(tmp, "a"), pathlib.Path(tmp, "b")
        for _ in range(o.repeats):
            os.sched_setaffinity(0, cpus[:1])
            wall, cpu, names = theirs(wavs, root, a)
            note("opensmile", wall, cpu)
            note("merwild", *ours(o.merwild, root, b, 1))
            os.sched_setaffinity(0, cpus[:2])
            note("merwild_2_jobs", *ours(o.merwild, root, b, 2))
        n, rows = compare(wavs, root, a, b, names)
    if o.columns:
        print(f"{len(wavs)} clips, {n} rows.\n\n| column | median relative error | largest absolute | in target % |\n"
              "| --- | --- | --- | --- |")
        for name, median, largest, good in rows:
            print(f"| {name} | {median:.1e} | {largest:.1e} | {good:.4f} |")
        return
    print(json.dumps({"clips": len(wavs), "rows": n, **best, "ratio": best["opensmile_s"] / best["merwild_s"],
                      "ratio_cpu": best["opensmile_cpu_s"] / best["merwild_cpu_s"],
                      "ratio_of_2_jobs": best["merwild_s"] / best["merwild_2_jobs_s"],
                      "load_average": os.getloadavg()[0],
                      "worst_median_relative_error": max(r[1] for r in rows),
                      "worst_share_in_target": min((r[3], r[0]) for r in rows)}, indent=1))


if __name__ == "__main__":
    main()
