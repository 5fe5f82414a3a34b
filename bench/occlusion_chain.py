# SPDX-License-Identifier: Apache-2.0
"""The whole occlusion chain (decode, find faces, occlude, encode) beside the same work in Python.

    occlusion_chain.py CLIPS BANK MERWILD [--rounds N] [--json FILE]     both sides in turns, ratios
    occlusion_chain.py --python CLIPS BANK OUT                           the Python side alone

CLIPS: folder of .mp4; BANK: folder with image/ and mask/ of occluders. The interpreter needs
mediapipe (0.10.21 or older) with the opencv that it brings. Written from the specification of the
Python system's behaviour: same packages, same calls, same order of work (faces of all frames in a
first pass over the file, all frames in memory in a second). The once-per-clip augmentation of the
occluder is left out on both sides. Times of the Python side start after its imports and the loading
of its detector, merwild's with the start of the process.
"""
import argparse
import json
import math
import os
import pathlib
import pickle
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time


# ---- the Python side ----

def find_faces(cv2, detector, path):
    capture, boxes = cv2.VideoCapture(str(path)), []
    while True:
        more, frame = capture.read()
        if not more:
            return boxes
        found = detector.process(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)).detections
        rows = [d.location_data.relative_bounding_box for d in found or []]
        boxes.append([[b.xmin, b.ymin, b.width, b.height] for b in rows] or [[0.0, 0.0, 0.0, 0.0]])


def read_frames(cv2, np, path):
    capture, frames = cv2.VideoCapture(str(path)), []
    while True:
        more, frame = capture.read()
        if not more:
            return np.array(frames)
        frames.append(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))


def choose_occluder(cv2, np, bank):
    kind = random.choice(sorted(os.listdir(bank / "image")))
    if kind == "dtd":
        path = random.choice(sorted((bank / "image" / kind).rglob("*.jpg")))
        image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        return image, np.full(image.shape[:2], 255, np.uint8)
    masks = bank / "mask" / (kind.split("_")[0] + "_masks")
    name = random.choice(sorted(os.listdir(masks)))
    image = next(p for p in (bank / "image" / kind).iterdir() if p.stem == pathlib.Path(name).stem)
    mask = cv2.cvtColor(cv2.imread(str(masks / name)), cv2.COLOR_BGR2GRAY)
    image = cv2.cvtColor(cv2.imread(str(image), cv2.IMREAD_UNCHANGED), cv2.COLOR_BGR2RGB)
    mask = cv2.resize(mask, (image.shape[1], image.shape[0]), interpolation=cv2.INTER_LANCZOS4)
    image = cv2.bitwise_and(image, image, mask=mask)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    x, y, w, h = cv2.boundingRect(max(contours, key=cv2.contourArea))
    return image[y:y + h, x:x + w], mask[y:y + h, x:x + w]


def blend(np, frame, image, mask, x, y):
    height, width = frame.shape[:2]
    h, w = mask.shape
    y1, y2, x1, x2 = max(0, y), min(height, y + h), max(0, x), min(width, x + w)
    if y1 >= y2 or x1 >= x2:
        return
    alpha = (mask[y1 - y:y2 - y, x1 - x:x2 - x] / 255.0)[..., None]
    frame[y1:y2, x1:x2] = (alpha * image[y1 - y:y2 - y, x1 - x:x2 - x]
                           + (1 - alpha) * frame[y1:y2, x1:x2])


def occlude(cv2, np, frames, box, bank):
    share = random.choice([0.1, 0.2, 0.3, 0.4, 0.5])
    image, mask = choose_occluder(cv2, np, bank)
    height, width = frames[0].shape[:2]
    x0, y0, w, h = box[0] * width, box[1] * height, box[2] * width, box[3] * height
    size = int(math.sqrt(w * h * share))
    n = int(len(frames) * 0.1)
    if size <= 0:
        return
    x = random.randint(int(x0), int(x0 + w) - size)
    y = random.randint(int(y0), int(y0 + h) - size)
    start = random.randint(0, len(frames) - n)
    for t in range(start, start + n):
        small = cv2.resize(image, (size, size), interpolation=cv2.INTER_LANCZOS4)
        alpha = cv2.resize(mask, (size, size), interpolation=cv2.INTER_LANCZOS4)
        blend(np, frames[t], small, alpha, x, y)


def write_frames(cv2, np, path, frames):
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 30, (width, height))
    for frame in frames:
        writer.write(np.clip(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), 0, 255).astype(np.uint8))
    writer.release()


def python_side(clips, bank, out):
    import cv2
    import mediapipe
    import numpy as np

    detector = mediapipe.solutions.face_detection.FaceDetection(
        model_selection=1, min_detection_confidence=0.5)
    detector.process(np.zeros((360, 480, 3), np.uint8))
    random.seed(10)
    wall, processor, n = time.perf_counter(), time.process_time(), 0
    for path in sorted(clips.rglob("*.mp4")):
        to = out / path.relative_to(clips)
        to.parent.mkdir(parents=True, exist_ok=True)
        boxes = find_faces(cv2, detector, path)
        with open(to.with_suffix(".pkl"), "wb") as f:
            pickle.dump(boxes, f)
        frames = read_frames(cv2, np, path)
        box = boxes[0][0] if len(boxes[0]) == 1 else (0.0, 0.0, 0.0, 0.0)
        occlude(cv2, np, frames, box, bank)
        write_frames(cv2, np, to, frames)
        n += len(frames)
    print(json.dumps({"wall_s": time.perf_counter() - wall,
                      "processor_s": time.process_time() - processor, "frames": n,
                      "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


# ---- both, in turns ----

def measured(command, cpus):
    """Wall and processor seconds and peak memory of a process."""
    start = time.perf_counter()
    process = subprocess.Popen(["taskset", "-c", cpus, *command], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"failed: {' '.join(map(str, command))}")
    return text, {"wall_s": time.perf_counter() - start,
                  "processor_s": usage.ru_utime + usage.ru_stime,
                  "peak_mb": usage.ru_maxrss / 1024}


def ours(args, out, cpus, *more):
    shutil.rmtree(out, ignore_errors=True)
    text, figures = measured(
        [args.merwild, "corrupt", "video", "-i", args.clips, "-o", out, "--mode", "occlusion",
         "--occlusion-img", args.bank / "image", "--occlusion-mask", args.bank / "mask",
         "--no-augment", "--sync", "none", "--json", "--quiet", *more], cpus)
    summary = json.loads(text.splitlines()[-1])
    if summary["failed"]:
        sys.exit("merwild failed on some clips")
    return figures


def theirs(args, out, cpus):
    shutil.rmtree(out, ignore_errors=True)
    text, _ = measured([sys.executable, __file__, "--python", args.clips, args.bank, out], cpus)
    return json.loads(text.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("clips", type=pathlib.Path)
    parser.add_argument("bank", type=pathlib.Path)
    parser.add_argument("merwild", help="the program; with --python the output folder")
    parser.add_argument("--python", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json")
    args = parser.parse_args()
    if args.python:
        python_side(args.clips, args.bank, pathlib.Path(args.merwild))
        return
    n_cpus = os.cpu_count()
    every = f"0-{n_cpus - 1}"
    sides = {
        "Python, 1 CPU": lambda out: theirs(args, out, "0"),
        "merwild, 1 CPU, as the reference (MPEG-4, no sound)":
            lambda out: ours(args, out, "0", "--preset", "reference", "--jobs", "1"),
        "merwild, 1 CPU, default (H.264, sound kept)":
            lambda out: ours(args, out, "0", "--jobs", "1"),
        f"Python, {n_cpus} CPUs": lambda out: theirs(args, out, every),
        f"merwild, {n_cpus} CPUs, default": lambda out: ours(args, out, every),
    }
    runs = {name: [] for name in sides}
    with tempfile.TemporaryDirectory() as work:
        for _ in range(args.rounds):
            for name, run in sides.items():
                runs[name].append(run(pathlib.Path(work) / "out"))
    frames = runs["Python, 1 CPU"][0]["frames"]
    best = {name: min(r["wall_s"] for r in rows) for name, rows in runs.items()}
    print(f"{frames} frames; best of {args.rounds} rounds in turns\n")
    print("| side | wall s | frames/s | processor s | peak MB | Python over it |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, rows in runs.items():
        against = best["Python, 1 CPU" if "1 CPU" in name else f"Python, {n_cpus} CPUs"]
        print(f"| {name} | {best[name]:.2f} | {frames / best[name]:.0f} | "
              f"{min(r['processor_s'] for r in rows):.2f} | {max(r['peak_mb'] for r in rows):.0f} | "
              f"{against / best[name]:.2f} |")
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(runs, indent=1))


if __name__ == "__main__":
    main()
