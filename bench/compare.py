# SPDX-License-Identifier: Apache-2.0
"""Both sides on the same input in one run: times, checks of both outputs, ratios.

Called by scripts/bench, which sets up the environment; see there for the options. Jobs: both sides
take turns, the median of the rounds counts. Kernels: the fastest. "Processor" is user and system
time, which suffers less than wall time when other work shares the machine. Nothing here passes or
fails on time; wrong outputs do fail.
"""
import argparse
import concurrent.futures
import importlib.metadata
import itertools
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import wave

HERE = pathlib.Path(__file__).resolve().parent
SNRS_DB = (-5, 0, 5, 10, 15)


# ---- running ----

def run(command, cpus, python=False):
    """wall_s, processor_s, peak_mb of a process; of the Python side as it says itself."""
    env = dict(os.environ)
    # where set, they force a slow OpenBLAS kernel
    env.pop("OPENBLAS_CORETYPE", None)
    env.pop("OPENBLAS_L2_SIZE", None)
    if len(cpus) == 1:
        env.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1",
                   NUMBA_NUM_THREADS="1")
        if python:
            env["MW_BENCH_THREADS"] = "1"
    before = time.perf_counter()
    child = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, env=env,
                             preexec_fn=lambda: os.sched_setaffinity(0, cpus))
    text = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - before
    if status:
        sys.exit(f"bench: failed with status {status}: {command}")
    said = json.loads(text) if text.strip().startswith(b"{") and text.count(b"\n") == 1 else {}
    if python:
        return said
    return {**said, "wall_s": wall, "processor_s": usage.ru_utime + usage.ru_stime,
            "peak_mb": usage.ru_maxrss / 1024, "text": text.decode()}


def spread(values):
    """(largest - smallest) / median."""
    return (max(values) - min(values)) / statistics.median(values)


def take_turns(sides, rounds):
    """sides: name -> function(round) -> result. One result per side, medians of all rounds."""
    all_runs = {name: [] for name in sides}
    for i in range(rounds):
        for name, side in sides.items():
            all_runs[name].append(side(i))
    results = {}
    for name, runs in all_runs.items():
        result = dict(runs[-1])
        for key in "wall_s", "processor_s":
            values = [one[key] for one in runs]
            result[key] = statistics.median(values)
            result[key + "_runs"] = values
            result[key + "_spread"] = spread(values)
        result["peak_mb"] = max(one["peak_mb"] for one in runs)
        result.pop("text", None)
        results[name] = result
    return results


# ---- checking ----

def apart(function, *args):
    """Call in a process of its own: the peak memory that the system reports of a child includes what
    its parent held, so this one stays small."""
    with concurrent.futures.ProcessPoolExecutor(1) as pool:
        return pool.submit(function, *args).result()


def read_wav(path):
    import numpy as np

    with wave.open(str(path)) as f:
        if (f.getnchannels(), f.getsampwidth(), f.getframerate()) != (1, 2, 16000):
            raise RuntimeError(f"{path} is not 16 kHz mono 16-bit")
        return np.frombuffer(f.readframes(f.getnframes()), "<i2") / 32768.0


def check_audio(source, out, ours):
    """Number, names and lengths of all outputs; ratios of a sample of ours within 0.05 dB where
    rounding to 16 bits does not hide them. Returns the largest error in dB."""
    import numpy as np

    clips = sorted(path.relative_to(source) for path in pathlib.Path(source).rglob("*.wav"))
    worst = 0
    for snr_db in SNRS_DB:
        root = pathlib.Path(f"{out}_{snr_db}")
        have = sorted(path.relative_to(root) for path in root.rglob("*.wav"))
        if have != clips:
            raise RuntimeError(f"{root} holds other clips than {source}")
        for i, rel in enumerate(clips):
            if (root / rel).stat().st_size != (source / rel).stat().st_size:
                raise RuntimeError(f"{root / rel} has another length than its source")
            if not ours or i % max(1, len(clips) // 20):
                continue
            side = json.loads((root / rel).with_suffix(".prov.json").read_text())
            clean, mixture = read_wav(source / rel), read_wav(root / rel)
            noise = mixture / side["stages"][0]["result"]["peak_scale"] - clean
            spans = [s for s in side["segments"] if s["type"] != "noise.gap"]
            inside = np.concatenate([np.arange(s["i0"], s["i1"]) for s in spans])
            achieved = 10 * np.log10(np.sum(clean[inside] ** 2) / np.sum(noise[inside] ** 2))
            worst = max(worst, abs(achieved - snr_db))
    if worst > 0.05:
        raise RuntimeError(f"a signal-to-noise ratio is off by {worst} dB")
    return worst


def frames_of(path):
    import cv2

    reader = cv2.VideoCapture(str(path))
    while True:
        ok, frame = reader.read()
        if not ok:
            return
        yield frame


def check_video(source, out, ours):
    """Frame counts of all clips; of ours, PSNR of untouched frames. Returns the lowest in dB, in luma
    and over R, G and B."""
    import cv2
    import numpy as np

    lowest = {"luma": float("inf"), "rgb": float("inf")}
    for path in sorted(pathlib.Path(source).rglob("*.mp4")):
        made = pathlib.Path(out) / path.relative_to(source)
        touched = set()
        if ours:
            for s in json.loads(made.with_suffix(".prov.json").read_text())["segments"]:
                touched |= set(range(s["i0"], s["i1"]))
        n = 0
        for a, b in itertools.zip_longest(frames_of(path), frames_of(made)):
            if a is None or b is None:
                raise RuntimeError(f"{made} and its source differ in number of frames after {n}")
            n += 1
            if not ours:
                continue
            grey = (cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) for frame in (a, b))
            for name, (x, y) in (("luma", grey), ("rgb", (a, b))):
                error = np.mean((x.astype(np.float32) - y) ** 2, dtype=float)
                if n - 1 not in touched:
                    lowest[name] = min(lowest[name], 10 * np.log10(255 ** 2 / max(error, 1e-9)))
                elif error < 1e-9:
                    raise RuntimeError(f"frame {n - 1} of {made} should be damaged")
        if not n:
            raise RuntimeError(f"{made} has no frame")
    return lowest


# ---- the parts ----

class Bench:
    def __init__(self, args):
        self.args = args
        self.build = pathlib.Path(args.build)
        self.merwild = self.build / "tools" / "merwild"
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="merwild-bench-", dir=args.work))
        self.cpus = sorted(os.sched_getaffinity(0))
        self.one = {self.cpus[-1]}
        self.n = 0
        self.latest = {}
        self.in_memory = subprocess.run(["stat", "-f", "-c", "%T", self.work], check=True,
                                        capture_output=True, text=True).stdout.strip() == "tmpfs"

    def fresh(self, side):
        """A folder that nobody wrote to. On a disk a side's outputs stay until the end: files
        deleted shortly before slow ext4's next creations down. In memory (tmpfs) they make room for
        its next ones: pages that a virtual machine touches for the first time cost more than all
        the rest of the sound job."""
        self.n += 1
        path = self.work / f"run{self.n}"
        if self.in_memory and side in self.latest:
            shutil.rmtree(self.latest[side])
        self.latest[side] = path
        path.mkdir()
        return path

    def tool(self, *command):
        subprocess.run([str(part) for part in (self.build / "bench" / "bench_inputs", *command)],
                       check=True)

    def python(self, *command, cpus=None):
        return run([sys.executable, HERE / "python_side.py", *command], cpus or self.one, True)

    def make_inputs(self):
        args = self.args
        if args.folder:
            self.videos = pathlib.Path(args.folder)
        else:
            print("bench: no clips named and no shared samples: made-up clips", file=sys.stderr)
            subprocess.run([self.merwild, "synth", "-o", self.work / "synth", "--n", "12", "--quiet"],
                           check=True)
            self.videos = self.work / "synth" / "Raw"
        files = [path for path in sorted(self.videos.rglob("*.mp4"))]
        if not files:
            sys.exit(f"bench: no .mp4 below {self.videos}")
        self.first_video = files[0]
        if args.noise:
            self.noise = pathlib.Path(args.noise)
        else:
            self.noise = self.work / "noise"
            self.tool("noise", self.noise)
        self.sounds = self.work / "sounds"
        self.tool("sounds", self.sounds, args.clips, args.seconds, *files)

    def audio(self):
        def ours(sync):
            def side(i):
                self.audio_out = self.fresh("merwild") / "snr"
                return run([self.merwild, "corrupt", "audio", "-i", self.sounds, "-o",
                            self.audio_out, "--noise-dir", self.noise, "--jobs", 1, "--sync", sync,
                            "--quiet", "--json"], self.one)
            return side

        def theirs(reading):
            def side(i):
                self.python_out = self.fresh("Python") / "snr"
                return self.python("audio", self.sounds, self.python_out, self.noise, reading)
            return side

        ours("none")(0)  # caches warm
        results = take_turns({"merwild": ours("none"), "merwild, flushed to the device": ours("end"),
                              "Python, each clip read once": theirs("once"),
                              "Python, read per ratio as the reference": theirs("each")},
                             self.args.rounds)
        media = self.args.clips * self.args.seconds
        worst = apart(check_audio, self.sounds, self.audio_out, True)
        apart(check_audio, self.sounds, self.python_out, False)
        for snr_db in SNRS_DB:
            self.verify(f"{self.audio_out}_{snr_db}")
        for result in results.values():
            result["real_time_per_wall"] = media / result["wall_s"]
            result["real_time_per_processor"] = media / result["processor_s"]
        return {"clips": self.args.clips, "seconds_each": self.args.seconds,
                "largest_snr_error_db": worst, "sides": results}

    def verify(self, root):
        subprocess.run([self.merwild, "verify", root, "--quiet"], check=True)

    def video(self, cpus):
        outs = {}

        def ours(name, *options):
            def side(i):
                outs[name] = self.fresh(name) / "video"
                return run([self.merwild, "corrupt", "video", "--mode", "noise", "-i", self.videos,
                            "-o", outs[name], "--jobs", len(cpus), "--sync", "none", "--quiet",
                            "--json", *options], cpus)
            return side

        def theirs(i):
            outs["Python"] = self.fresh("Python") / "video"
            return self.python("video", self.videos, outs["Python"], cpus=cpus)

        results = take_turns({"merwild": ours("merwild"),
                              "merwild, MPEG-4 as the reference":
                                  ours("merwild, MPEG-4 as the reference", "--preset", "reference"),
                              "Python": theirs}, self.args.rounds)
        lowest = apart(check_video, self.videos, outs["merwild"], True)
        apart(check_video, self.videos, outs["Python"], False)
        self.verify(outs["merwild"])
        for result in results.values():
            result["frames"] = results["Python"]["frames"]
            result["frames_per_s"] = result["frames"] / result["wall_s"]
        return {"clips": results["Python"]["clips"], "frames": results["Python"]["frames"],
                "lowest_untouched_psnr_db": lowest, "cores": len(cpus), "sides": results}

    def kernels(self):
        best, levels = {}, {}
        for i in range(self.args.rounds):
            for name in "kernel_img", "kernel_dsp":
                text = run([self.build / "tests" / "kernel" / name, "--bench", "json"],
                           self.one)["text"]
                for line in text.splitlines():
                    row = json.loads(line)
                    kept = levels.setdefault(row["level"], {})
                    for key, value in row.items():
                        if isinstance(value, (int, float)):
                            kept[key] = max(value, kept.get(key, 0))
            for key, value in self.python("kernels").items():
                best[key] = max(value, best.get(key, 0))
        return {"levels": levels, "Python": best}

    def memory(self):
        peak = {}
        for seconds in 10, 600:
            clip = self.work / f"long{seconds}" / "clip.mp4"
            clip.parent.mkdir()
            self.tool("repeat", self.first_video, clip, seconds)
            result = run([self.merwild, "corrupt", "video", "--mode", "noise", "-i", clip, "-o",
                          self.fresh("memory") / "video", "--jobs", 1, "--sync", "none", "--quiet"],
                         self.one)
            peak[f"{seconds} s"] = {"peak_mb": result["peak_mb"], "wall_s": result["wall_s"]}
        peak["Python, 10 s"] = {
            "peak_mb": self.python("video", self.work / "long10",
                                   self.fresh("memory, Python") / "video")["peak_mb"]}
        return peak


# ---- the report ----

def machine(args):
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo")
                if line.startswith("model name")), platform.machine())
    flags = {flag for line in open("/proc/cpuinfo") if line.startswith("flags")
             for flag in line.split() if flag in ("avx2", "avx512f", "avx512bw", "sha_ni")}
    names = ("numpy", "librosa", "soundfile", "opencv-python-headless", "scikit-image", "torch",
             "torchvision")
    return {"cpu": cpu, "flags": sorted(flags), "cores": len(os.sched_getaffinity(0)),
            "load_average_at_start": os.getloadavg()[0], "system": platform.platform(),
            "compiler": args.compiler, "build": args.flags,
            "python": platform.python_version(),
            "packages": {name: importlib.metadata.version(name) for name in names}}


def side_rows(part, reference, unit):
    """Table rows of a part: each side's speed, and the ratios of the first two to the reference."""
    rows = []
    base = part["sides"][reference]
    for name, side in part["sides"].items():
        ratio = "" if side is base else (f"{base['wall_s'] / side['wall_s']:.2f}x wall, "
                                         f"{base['processor_s'] / side['processor_s']:.2f}x processor")
        rows.append(f"| {name} | {unit(side)} | {side['wall_s']:.2f} s ±{side['wall_s_spread']:.0%} | "
                    f"{side['processor_s']:.2f} s ±{side['processor_s_spread']:.0%} | "
                    f"{side['peak_mb']:.0f} MB | {ratio} |")
    return rows


def report(r):
    m = r["machine"]
    lines = [f"{m['cpu']} ({', '.join(m['flags'])}), {m['cores']} cores, {m['system']}, load "
             f"{m['load_average_at_start']:.1f} at the start",
             f"{m['compiler']}, {m['build']}; Python {m['python']}: "
             + ", ".join(f"{name} {version}" for name, version in m["packages"].items()),
             f"Jobs: median of {r['rounds']} rounds, sides in turn, ± (largest - smallest) / median.",
             ""]
    head = "| side | speed | wall | processor | peak memory | faster than the last row |"
    rule = "| --- | --- | --- | --- | --- | --- |"
    if "audio" in r:
        a = r["audio"]
        lines += [f"### Sound: {a['clips']} clips of {a['seconds_each']:g} s, five ratios, one core", "",
                  head, rule]
        lines += side_rows(a, "Python, read per ratio as the reference",
                           lambda s: f"{s['real_time_per_wall']:.0f}x real time "
                                     f"({s['real_time_per_processor']:.0f}x per processor second)")
        lines += ["", f"Largest error of a signal-to-noise ratio, from the files: "
                      f"{a['largest_snr_error_db']:.4f} dB.", ""]
    for key in "video_one_core", "video_all_cores":
        if key in r:
            v = r[key]
            lines += [f"### Picture: {v['clips']} clips, {v['frames']} frames, decode to encode, "
                      f"{v['cores']} core(s)", "", head, rule]
            lines += side_rows(v, "Python", lambda s: f"{s['frames_per_s']:.0f} frames/s")
            lines += ["", f"Untouched frames of merwild: at least "
                          f"{v['lowest_untouched_psnr_db']['luma']:.1f} dB PSNR in luma, "
                          f"{v['lowest_untouched_psnr_db']['rgb']:.1f} dB over R, G and B.", ""]
    if "kernels" in r:
        k = r["kernels"]
        lines += ["### Kernels, one core, 480x360 RGB, frames/s", "",
                  "| kernel | " + " | ".join(k["levels"]) + " | Python | ratio |",
                  "| --- |" + " --- |" * (len(k["levels"]) + 2)]
        for name in "noise", "blur11", "yuv_to_rgb", "rgb_to_yuv":
            values = [level[name] for level in k["levels"].values()]
            python = k["Python"].get(name)
            lines.append(f"| {name} | " + " | ".join(f"{value:.0f}" for value in values) + " | "
                         + (f"{python:.0f} | {max(values) / python:.0f}x |" if python else "| |"))
        lines += ["", "Sample kernels, seconds of 16 kHz sound per second:", "",
                  "| kernel | " + " | ".join(k["levels"]) + " |",
                  "| --- |" + " --- |" * len(k["levels"])]
        for name in "mix", "divide", "pcm16", "energy":
            lines.append(f"| {name} | "
                         + " | ".join(f"{level[name]:.0f}" for level in k["levels"].values()) + " |")
        lines.append("")
    if "memory" in r:
        mem = r["memory"]
        a, b = mem["10 s"]["peak_mb"], mem["600 s"]["peak_mb"]
        lines += ["### Peak memory of the picture job", "",
                  f"10 s clip {a:.1f} MB, 10 min clip {b:.1f} MB ({b / a - 1:+.1%}); "
                  f"Python, 10 s clip {mem['Python, 10 s']['peak_mb']:.0f} MB.", ""]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", help="clips (.mp4 with sound)")
    parser.add_argument("--build", required=True)
    parser.add_argument("--noise", help="folder of noise recordings")
    parser.add_argument("--work", help="where to put inputs and outputs (a few GB)")
    parser.add_argument("--json", help="write the figures there")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clips", type=int, default=200, help="sound clips made from the clips")
    parser.add_argument("--seconds", type=float, default=10, help="their length")
    parser.add_argument("--only", default="audio,video,kernels,memory")
    parser.add_argument("--compiler", default="")
    parser.add_argument("--flags", default="")
    args = parser.parse_args()
    only = args.only.split(",")
    results = {"machine": machine(args), "rounds": args.rounds}
    bench = Bench(args)
    try:
        bench.make_inputs()
        if "kernels" in only:
            results["kernels"] = bench.kernels()
        if "audio" in only:
            results["audio"] = bench.audio()
        if "memory" in only:
            results["memory"] = bench.memory()
        if "video" in only:
            results["video_one_core"] = bench.video(bench.one)
            if len(bench.cpus) > 1:
                results["video_all_cores"] = bench.video(set(bench.cpus))
    finally:
        shutil.rmtree(bench.work, ignore_errors=True)
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(results, indent=1) + "\n")
    print(report(results))


if __name__ == "__main__":
    main()
