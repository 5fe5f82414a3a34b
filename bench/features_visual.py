#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""features_visual.py MERWILD FOLDER [--clips N] [--repeats N] [--cpus N] [--precision P]: the whole command "features
visual" and the reference's loop over the same films, in turns, on the same processors. The loop is the reference's:
OpenCV reads a frame, MediaPipe's short-range detector finds the faces, the first one is cut out with PIL, CLIP's
torchvision preparation, and ViT-B/32 in PyTorch on batches of one. Both use the same random weights of full size, which
take the time that the published ones take. Our time is that of the whole process, from start to manifest; the other's
leaves out the interpreter, the imports and the loading of the weights.

Outputs of the same run are compared: frames with a face on either side, the cosine of the two embeddings of each frame
that both have, and how far from equal they are next to frames of another moment. JSON on standard output."""
import argparse
import json
import os
import pathlib
import resource
import shutil
import subprocess
import tempfile
import time

import cv2
import mediapipe
import numpy as np
import torch
import torchvision.transforms as T
from PIL import Image
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".webm")


def tower(path):
    """ViT-B/32 with random weights, also written to path."""
    torch.manual_seed(1)
    model = CLIPVisionModelWithProjection(CLIPVisionConfig(projection_dim=512)).eval()
    model.save_pretrained(path.parent / "hf", safe_serialization=True)
    shutil.move(path.parent / "hf" / "model.safetensors", path)
    return model


def preparation():
    return T.Compose([
        T.Resize(224, interpolation=T.InterpolationMode.BICUBIC),
        T.CenterCrop(224),
        T.ToTensor(),
        T.Normalize((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
    ])


def crop_of(frame, box):
    """The part of the box that lies in the frame: the reference's rule, but for boxes that begin outside, at
    which it ends."""
    h, w = frame.shape[:2]
    x, y = box.xmin * w, box.ymin * h
    x0, y0 = max(int(x), 0), max(int(y), 0)
    return frame[y0 : int(y + box.height * h), x0 : int(x + box.width * w)]


def theirs(films, model, prepare):
    """Rows by film: {frame: embedding}."""
    out = {}
    start, cpu = time.perf_counter(), time.process_time()
    with mediapipe.solutions.face_detection.FaceDetection(min_detection_confidence=0.5) as detector, torch.no_grad():
        for film in films:
            rows, capture, i = {}, cv2.VideoCapture(str(film)), 0
            while True:
                got, frame = capture.read()
                if not got:
                    break
                rgb = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
                found = detector.process(rgb).detections
                if found:
                    crop = crop_of(rgb, found[0].location_data.relative_bounding_box)
                    if crop.size:
                        pixels = prepare(Image.fromarray(crop)).unsqueeze(0)
                        rows[i] = model(pixel_values=pixels).image_embeds[0].numpy()
                i += 1
            capture.release()
            out[film] = rows
    return out, time.perf_counter() - start, time.process_time() - cpu


def children_s():
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return r.ru_utime + r.ru_stime


def ours(program, films, root, weights, out, jobs, more):
    """The same from merwild's npz files."""
    shutil.rmtree(out, ignore_errors=True)
    start, cpu = time.perf_counter(), children_s()
    subprocess.run([program, "features", "visual", "-i", root, "-o", out, "--weights", weights, "--face", "first", "--native",
                    "--format", "npz", "--sync", "none", "--jobs", str(jobs), "--quiet", *more], check=True)
    wall, cpu = time.perf_counter() - start, children_s() - cpu
    rows = {}
    for film in films:
        z = np.load((out / film.relative_to(root)).with_suffix(".npz"))
        rows[film] = {int(i): x for i, x in zip(z["v_src"][z["valid"] == 1], z["x"][z["valid"] == 1])}
    return rows, wall, cpu


def cosine(a, b):
    return float(np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b))


def compare(a, b):
    both = only_a = only_b = 0
    same, other = [], []
    for film in a:
        common = sorted(a[film].keys() & b[film].keys())
        both += len(common)
        only_a += len(a[film].keys() - b[film].keys())
        only_b += len(b[film].keys() - a[film].keys())
        same += [cosine(a[film][i].astype("f8"), b[film][i].astype("f8")) for i in common]
        # what a confusion of frames would give
        other += [cosine(a[film][i].astype("f8"), b[film][k].astype("f8")) for i, k in zip(common, common[::-1]) if i != k]
    return {
        "frames_in_both": both, "only_theirs": only_a, "only_ours": only_b,
        "cosine_min": min(same), "cosine_median": float(np.median(same)),
        "cosine_of_other_frames_median": float(np.median(other)) if other else None,
    }


def main():
    p = argparse.ArgumentParser()
    p.add_argument("merwild")
    p.add_argument("folder")
    p.add_argument("--clips", type=int, default=0, help="only the first; 0: all")
    p.add_argument("--repeats", type=int, default=2)
    p.add_argument("--cpus", type=int, default=2)
    p.add_argument("--precision", choices=["f32", "bf16", "int8"], default="f32", help="ours")
    o = p.parse_args()
    cpus = sorted(os.sched_getaffinity(0))[: o.cpus]
    os.sched_setaffinity(0, cpus)
    torch.set_num_threads(len(cpus))
    found = sorted(f for f in pathlib.Path(o.folder).rglob("*") if f.suffix.lower() in SUFFIXES)
    found = found[: o.clips] if o.clips else found
    if not found:
        raise SystemExit(f"no film below {o.folder}")
    with tempfile.TemporaryDirectory() as t:
        t = pathlib.Path(t)
        # the films that take part, in a tree of their own
        films = []
        for f in found:
            films.append(t / "in" / f.relative_to(o.folder))
            films[-1].parent.mkdir(parents=True, exist_ok=True)
            os.link(f, films[-1]) if os.stat(f).st_dev == os.stat(t).st_dev else shutil.copy(f, films[-1])
        model, prepare = tower(t / "weights.safetensors"), preparation()
        more = ["--precision", o.precision]
        best = {"theirs": None, "ours": None}
        for _ in range(o.repeats):
            a, *a_time = theirs(films, model, prepare)
            b, *b_time = ours(o.merwild, films, t / "in", t / "weights.safetensors", t / "out", len(cpus), more)
            for name, got in (("theirs", a_time), ("ours", b_time)):
                best[name] = min(best[name] or got, got)
        frames = sum(len(r) for r in a.values())
        print(json.dumps({
            "films": len(films), "faces": frames, "cpus": len(cpus), "precision": o.precision,
            "theirs_s": best["theirs"][0], "theirs_cpu_s": best["theirs"][1],
            "ours_s": best["ours"][0], "ours_cpu_s": best["ours"][1],
            "ratio": best["theirs"][0] / best["ours"][0], "outputs": compare(a, b),
            "versions": {"mediapipe": mediapipe.__version__, "torch": torch.__version__, "opencv": cv2.__version__},
        }, indent=1))


if __name__ == "__main__":
    main()
