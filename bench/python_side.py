# SPDX-License-Identifier: Apache-2.0
"""The same work as merwild's jobs, as one writes it with the usual Python packages.

    python_side.py audio IN OUT NOISE each|once     sound at five ratios, gaps in the noise
    python_side.py video IN OUT                     noise or blur on a tenth of the frames
    python_side.py kernels                          one picture at a time

Written from the specification of the Python system's behaviour: same packages, same calls, same
order of work; "once" reads each clip and each noise file once instead of once per ratio. Prints one
JSON object; times start after the imports.
"""
import json
import os
import pathlib
import random
import resource
import sys
import time

SNRS_DB = (-5, 0, 5, 10, 15)
RATE_HZ = 16000


def finish(start, **more):
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"wall_s": time.perf_counter() - start[0],
                      "processor_s": time.process_time() - start[1],
                      "peak_mb": usage.ru_maxrss / 1024, **more}))


def now():
    return time.perf_counter(), time.process_time()


# ---- sound ----

def corrupt(clean, noise, snr_db):
    """clean [n], noise [m], float32: the mixture [n]; noise scaled over the clip, then silenced."""
    import numpy as np

    n = len(clean)
    if len(noise) < n:
        noise = np.tile(noise, n // len(noise) + 1)
    at = random.randint(0, len(noise) - n)
    noise = noise[at:at + n]
    rms_clean = np.sqrt(np.mean(clean ** 2))
    rms_noise = np.sqrt(np.mean(noise ** 2))
    noise = noise * (rms_clean / 10 ** (snr_db / 20) / rms_noise)
    count = random.randint(1, 5)
    longest = max(801, int(n / count / 2))
    for start in random.sample(range(n - longest + 1), count):
        noise[start:start + random.randint(800, longest)] = 0
    mixture = clean + noise
    peak = np.max(np.abs(mixture))
    return mixture / peak if peak > 1 else mixture


def audio(source, out, noise_dir, reading):
    import librosa
    import soundfile

    librosa.load(next(pathlib.Path(noise_dir).rglob("*.wav")), sr=RATE_HZ)  # lazy imports
    random.seed(1)
    cache = {}

    def load(path):
        if reading == "each":
            return librosa.load(path, sr=RATE_HZ)[0]
        if path not in cache:
            cache[path] = librosa.load(path, sr=RATE_HZ)[0]
        return cache[path]

    def one(path, snr_db):
        clean = load(path)
        mixture = corrupt(clean, load(random.choice(noises)), snr_db)
        to = pathlib.Path(f"{out}_{snr_db}") / path.relative_to(source)
        to.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(to, mixture, RATE_HZ)
        return len(clean) / RATE_HZ

    start = now()
    clips = sorted(pathlib.Path(source).rglob("*.wav"))
    noises = sorted(pathlib.Path(noise_dir).rglob("*.wav"))
    if reading == "each":
        seconds = sum(one(path, snr_db) for snr_db in SNRS_DB for path in clips)
    else:
        seconds = 0
        for path in clips:
            seconds += sum(one(path, snr_db) for snr_db in SNRS_DB)
            del cache[path]
    finish(start, clips=len(clips), media_s=seconds / len(SNRS_DB))


# ---- picture ----

def read_frames(path):
    """All frames, [t, h, w, 3] RGB."""
    import cv2
    import numpy as np

    reader = cv2.VideoCapture(str(path))
    frames = []
    while True:
        ok, frame = reader.read()
        if not ok:
            break
        frames.append(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
    reader.release()
    return np.array(frames)


def noisy(frame, var):
    import numpy as np
    from skimage.util import random_noise

    return (255 * random_noise(frame, mode="gaussian", var=var)).astype(np.uint8)


def make_blur():
    import torch
    from torchvision import transforms

    blur = transforms.GaussianBlur((11, 11), (2, 2))
    return lambda frame: blur(torch.from_numpy(frame).permute(2, 0, 1)).permute(1, 2, 0).numpy()


def write_frames(path, frames):
    import cv2
    import numpy as np

    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 30, (width, height))
    for frame in frames:
        writer.write(np.clip(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), 0, 255).astype(np.uint8))
    writer.release()


def video(source, out):
    import numpy as np

    blur = make_blur()
    warm = np.zeros((32, 32, 3), np.uint8)
    blur(warm)
    noisy(warm, 0.1)
    random.seed(10)
    start = now()
    clips = sorted(pathlib.Path(source).rglob("*.mp4"))
    total = damaged = 0
    for path in clips:
        frames = read_frames(path)
        n = int(len(frames) * 0.1)
        first = random.randint(0, len(frames) - n)
        if random.random() < 0.5:
            var = random.random() * 0.2
            for t in range(first, first + n):
                frames[t] = noisy(frames[t], var)
        else:
            for t in range(first, first + n):
                frames[t] = blur(frames[t])
        to = pathlib.Path(out) / path.relative_to(source)
        to.parent.mkdir(parents=True, exist_ok=True)
        write_frames(to, frames)
        total += len(frames)
        damaged += n
    finish(start, clips=len(clips), frames=total, damaged=damaged)


# ---- single pictures ----

def kernels():
    import numpy as np

    blur = make_blur()
    frame = np.random.default_rng(1).integers(0, 256, (360, 480, 3), dtype=np.uint8)
    result = {}
    for name, run in ("noise", lambda: noisy(frame, 0.1)), ("blur11", lambda: blur(frame)):
        best = float("inf")
        for _ in range(11):
            begin = time.process_time()
            for _ in range(5):
                run()
            best = min(best, time.process_time() - begin)
        result[name] = 5 / best
    print(json.dumps(result))


if __name__ == "__main__":
    if os.environ.get("MW_BENCH_THREADS"):
        import cv2
        import torch

        cv2.setNumThreads(int(os.environ["MW_BENCH_THREADS"]))
        torch.set_num_threads(int(os.environ["MW_BENCH_THREADS"]))
    {"audio": audio, "video": video, "kernels": kernels}[sys.argv[1]](*sys.argv[2:])
