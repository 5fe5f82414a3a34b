#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""descriptors.py PROGRAM FILE.wav [REPEATS]: both descriptor sets by the Python package opensmile and by
our extractor (PROGRAM: build/bench/bench_descriptors), interleaved on one core, best of REPEATS. The package is
timed as the reference uses it: one Smile object per set, made once, process_signal per clip; only its own
C library is timed by a second figure, the sum of the calls into it."""
import json
import os
import subprocess
import sys
import time
import wave

import numpy as np
import opensmile


def main():
    program, path = sys.argv[1:3]
    repeats = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[0]})
    with wave.open(path) as w:
        rate = w.getframerate()
        x = np.frombuffer(w.readframes(w.getnframes()), "<i2").reshape(-1, w.getnchannels())[:, 0]
    x = x.astype("f4") / np.float32(32768)
    sets = {"egemaps": opensmile.FeatureSet.eGeMAPSv02, "compare": opensmile.FeatureSet.ComParE_2016}
    smile = {k: opensmile.Smile(feature_set=v, feature_level=opensmile.FeatureLevel.LowLevelDescriptors)
             for k, v in sets.items()}
    theirs = {k: 1e9 for k in smile}
    ours = {}
    for _ in range(repeats):
        for k, s in smile.items():
            t = time.process_time()
            s.process_signal(x, rate)
            theirs[k] = min(theirs[k], time.process_time() - t)
        r = json.loads(subprocess.run([program, path, "3"], capture_output=True, check=True).stdout)
        for k in ("egemaps", "compare", "both"):
            ours[k] = min(ours.get(k, 1e9), r[k + "_s"])
    both = theirs["egemaps"] + theirs["compare"]
    print(json.dumps({"audio_s": len(x) / rate, "rate_hz": rate, "cpu": r["cpu"],
                      "opensmile_s": {**theirs, "both": both}, "ours_s": ours,
                      "ratio": {k: {**theirs, "both": both}[k] / ours[k] for k in ours}}, indent=1))


if __name__ == "__main__":
    main()
