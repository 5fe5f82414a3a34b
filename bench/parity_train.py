# SPDX-License-Identifier: Apache-2.0
"""Whole training runs: merwild beside PyTorch on one feature bank.

    python bench/parity_train.py MERWILD BANK [--kinds noscore,score] [--seeds 1111,1112,1113,1114,1115]
                                 [--train-clips 0] [--epochs 30] [--streams-only] [--work FOLDER]

What python/merwild_scoring.py does not hold is written again here, with numpy: windows, standardisation, initial
values, visits and drops, schedule, choice of the epoch. Options come from the model's config.json. For each kind:

streams   this side takes the draws of merwild's seed, and both do one epoch of ten steps without dropout.
          Standardisation, initial parameters, parameters and validation values afterwards must agree.
runs      both train in full, this side from seeds of its own. The means of the best validation values must differ by
          less than twice the standard error of their difference.

Prints two tables; exit code 1 when something differs. --work keeps merwild's models, and goes on with those that are
there. Needs torch, safetensors, numpy.
"""
import argparse
import csv
import hashlib
import json
import math
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch
from safetensors.torch import load_file

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "python"))
from merwild_scoring import Config, ScoringNet  # noqa: E402

STEPS, BATCH = 10, 32  # of the comparison with equal streams
OWN_SEEDS = 1000000  # added to merwild's seeds for independent streams
CLIP, EDGE, MIN_STD = np.float32(5), np.float32(0.1), 1e-6

# ---- random numbers: Philox 4x32-10, keyed as src/base/rng.h says ----


def philox(key, counter):
    """counter [4] arrays of uint64 holding 32 bits; returns the same of the outputs."""
    c = [np.asarray(v, np.uint64) for v in counter]
    k, low, half = list(key), np.uint64(0xFFFFFFFF), np.uint64(32)
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [(p1 >> half) ^ c[1] ^ np.uint64(k[0]), p1 & low, (p0 >> half) ^ c[3] ^ np.uint64(k[1]), p0 & low]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


class Stream:
    """The stream of (seed, "training", "train", purpose)."""

    def __init__(self, seed, purpose):
        clip = hashlib.sha256(f"{seed}\0training".encode()).digest()[:16]
        word = np.frombuffer(hashlib.sha256(clip + b"train\0" + purpose.encode()).digest()[:16], "<u4")
        self.key, self.upper, self.block, self.pool = [int(w) for w in word[:2]], word[2:], 0, []

    def u64(self):
        if not self.pool:
            at = np.arange(self.block, self.block + 1024, dtype=np.uint64)
            o = philox(self.key, [at, np.zeros_like(at), at * 0 + self.upper[0], at * 0 + self.upper[1]])
            both = np.stack([o[0] | o[1] << np.uint64(32), o[2] | o[3] << np.uint64(32)], 1)
            self.pool, self.block = [int(v) for v in both.ravel()[::-1]], self.block + 1024
        return self.pool.pop()

    def unit(self):
        return (self.u64() >> 11) * 2.0 ** -53

    def below(self, n):
        most = 2 ** 64 - 1
        while True:
            v = self.u64()
            if v < most - most % n:
                return v % n


# ---- the bank: docs/feature-bank.md ----


class Bank:
    """Windows of all clips of a split under some conditions, padded to [clips, conditions, tokens, ...]."""

    def __init__(self, folder, config):
        self.folder, t = pathlib.Path(folder), config["training"]
        self.letters = config["net"]["modalities"]
        self.windows = config["net"]["windows"] or [1 if m == "t" else 5 for m in self.letters]
        self.l2, self.p_clean = config["l2"], t["p_clean"]
        index = json.loads((self.folder / "bank.json").read_text())
        with open(self.folder / "label.csv", newline="") as f:
            rows = list(csv.DictReader(f))
        self.clips = {s: [r for r in rows if r["mode"] == s] for s in ("train", "valid")}
        if t["train_clips"]:
            self.clips["train"] = self.clips["train"][:t["train_clips"]]
        clean = {"variants": {m: "clean" for m in self.letters}}
        block = {"train": ("train", t["variants"]), "valid": ("mixed-seen", 1)}
        self.conditions = {s: [clean] + [c for c in index["conditions"] if c["block"] == b][:n]
                           for s, (b, n) in block.items()}
        self.prep = self.fit()
        self.split = {s: self.load(s) for s in self.clips}

    def variants(self, clip, split, m):
        """Number of each condition's variant of modality m."""
        names = list(clip[f"{m}.variants"])
        return [names.index(c["variants"].get(m) or "clean") for c in self.conditions[split]]

    def read(self, row):
        with np.load(self.folder / row["video_id"] / f"{row['clip_id']}.bank.npz") as z:
            return {k: z[k] for k in z.files}

    def scaled(self, i, x):
        """Rows as the sums see them: finite, of length 1 where l2 is on."""
        z = np.where(np.isfinite(x), x, 0).astype(np.float64)
        length = np.sqrt((z * z).sum(1, keepdims=True)) if self.l2[i] else 0
        return z / np.where(length > 0, length, 1) if self.l2[i] else z

    def fit(self):
        """Mean and deviation over valid rows, each condition with the share of visits that see it."""
        n = len(self.conditions["train"])
        weights = [1.0] if n < 2 else [self.p_clean] + [(1 - self.p_clean) / (n - 1)] * (n - 1)
        sums = [[0.0, 0.0, 0.0] for _ in self.letters]
        for row in self.clips["train"]:
            clip = self.read(row)
            for i, m in enumerate(self.letters):
                for w, k in zip(weights, self.variants(clip, "train", m)):
                    z = self.scaled(i, clip[f"{m}.{k}.x"][clip[f"{m}.{k}.valid"] > 0])
                    for j, v in enumerate((len(z), z.sum(0), (z * z).sum(0))):
                        sums[i][j] = sums[i][j] + w * v
        prep = []
        for n, first, second in sums:
            mean = first / n
            var = second / n - mean * mean
            prep.append((mean.astype(np.float32),
                         np.where(var > MIN_STD ** 2, np.sqrt(np.maximum(var, 0)), MIN_STD).astype(np.float32)))
        return prep

    def tokens(self, i, clip, k):
        """x, mask, tau, rel, rel_weight of one variant, a line per window."""
        m, w = self.letters[i], self.windows[i]
        x, ok, rel, t = (clip[f"{m}.{p}"] for p in (f"{k}.x", f"{k}.valid", f"{k}.rel", "t"))
        mean, std = self.prep[i]
        rows, n = len(x), -(-len(x) // w)
        ok = ok > 0
        z = np.clip((self.scaled(i, x).astype(np.float32) - mean) / std, -CLIP, CLIP).astype(np.float64)

        def windows(v):  # sums over the valid rows of each window
            v = np.concatenate([v, np.zeros((n * w - rows,) + v.shape[1:])])
            return v.reshape((n, w) + v.shape[1:]).sum(1)

        count = windows(ok.astype(float))
        mask, per = count > 0, np.maximum(count, 1)[:, None]
        first = windows(z * ok[:, None]) / per
        second = windows(z * z * ok[:, None]) / per
        deviation = np.sqrt(np.maximum(second - first * first, 0) + 1e-6).astype(np.float32)
        first = first.astype(np.float32)
        centred = first - (first.astype(np.float64) * mask[:, None]).sum(0) / max(mask.sum(), 1)
        parts = [first, deviation, centred.astype(np.float32)] if w > 1 else [first, centred.astype(np.float32)]

        known = ok & np.isfinite(rel)
        n_known = windows(known.astype(float))
        target = (windows(np.where(known, rel, 0).astype(float)) / np.maximum(n_known, 1)).astype(np.float32)
        counts = (n_known > 0).astype(np.float32)
        at = np.flatnonzero(known)
        for row in at[1:][np.abs(np.diff(rel[at])) > EDGE]:
            counts[max(row // w - 1, 0):row // w + 2] = 0

        step = (t[-1] - t[0]) / (rows - 1) if rows > 1 else 0
        begin, end = np.arange(n) * w, np.minimum(np.arange(1, n + 1) * w, rows) - 1
        tau = 25 * 0.5 * (t[begin] + t[end] + step) if step > 0 and m != "t" else 100 * (np.arange(n) + 0.5) / n
        return (np.concatenate(parts, 1) * mask[:, None], mask, tau.astype(np.float32), target, counts)

    def load(self, split):
        out = {"y": torch.tensor([[float(r["label"])] for r in self.clips[split]])}  # every clip has one
        lists = [[] for _ in self.letters]
        for row in self.clips[split]:
            clip = self.read(row)
            for i, m in enumerate(self.letters):
                which = self.variants(clip, split, m)
                made = {k: self.tokens(i, clip, k) for k in set(which)}
                lists[i].append([made[k] for k in which])
        for j, name in enumerate(("x", "mask", "tau", "rel", "rel_weight")):
            out[name] = []
            for clips in lists:
                room = max(len(c[0][1]) for c in clips)
                pad = [[np.pad(v[j], [(0, room - len(v[j]))] + [(0, 0)] * (v[j].ndim - 1)) for v in c] for c in clips]
                out[name].append(torch.from_numpy(np.array(pad)))
        return out


# ---- the network's initial values: docs/scoring-model.md, "Tensors" ----

BEFORE_RELU = re.compile(r"(conv[12]|hidden|ff1|head\.fc1)\.weight$")
SMALL = re.compile(r"(mod_embed|use\.missing|pool\.\w+\.weight|head\.fc2\.weight|uni\.\w+\.weight)$")


def initial(net, seed, median):
    for name, p in net.named_parameters():
        taps, shape = (p.shape[2] if p.dim() > 2 else 1), p.shape
        tensor = 2166136261
        for b in name.encode():
            tensor = (tensor ^ b) * 16777619 & 0xFFFFFFFF
        at = np.arange(p.numel(), dtype=np.uint64)
        o = philox([seed & 0xFFFFFFFF, seed >> 32], [at, at * 0, at * 0 + np.uint64(tensor), at * 0 + 0x6D776E74])
        u = [((o[j] | o[j + 1] << np.uint64(32)) >> np.uint64(11)).astype(float) * 2.0 ** -53 for j in (0, 2)]
        if name in ("use.gamma", "use.eta", "fusion.beta"):
            continue  # the coefficient, set by Config
        if name in ("head.fc2.bias",) or re.fullmatch(r"uni\.\w+\.bias", name):
            v = np.full(p.numel(), median)
        elif name.endswith("reliability.bias"):
            v = np.ones(p.numel())
        elif name.endswith("reliability.weight"):
            v = np.zeros(p.numel())
        elif SMALL.search(name):
            v = 0.02 * np.sqrt(-2 * np.log(1 - u[0])) * np.cos(2 * math.pi * u[1])
        elif p.dim() < 2:
            v = np.full(p.numel(), float("norm" in name and name.endswith("weight")))
        else:
            fan_in, fan_out = shape[1] * taps, shape[0] * taps
            a = math.sqrt(3 / fan_in) if BEFORE_RELU.search(name) else math.sqrt(6 / (fan_in + fan_out))
            v = a * (2 * u[0] - 1)
        if p.dim() > 2:  # drawn in the order in which the library keeps them, [k][in][out]
            v = v.reshape(taps, shape[1], shape[0]).transpose(2, 1, 0)
        with torch.no_grad():
            p.copy_(torch.from_numpy(np.ascontiguousarray(v)).view(shape))


# ---- training: docs/scoring.md, "Training" ----


class Trainer:
    def __init__(self, bank, config, seed, dtype=torch.float32):
        n, self.t, self.bank, self.seed, self.dtype = config["net"], config["training"], bank, seed, dtype
        refused = [k for k, v in (("token_drop", 0), ("targets", "truth"), ("regime", "mix")) if self.t[k] != v]
        if refused or n["task"] != "regression" or n["huber_delta"] or n["coefficient_fixed"]:
            sys.exit(f"options that this script does not know: {refused or n}")
        use = tuple(u for u in ("emphasis", "bias", "pool", "replace") if n[f"use_{u}"])
        self.net = ScoringNet(Config(
            kind=n["net"], modalities=n["modalities"], n_out=1, width=n["width"], heads=n["heads"], layers=n["layers"],
            hidden=n["hidden"], dropout=n["dropout"], use=use, coefficient=n["coefficient"], cross=n["cross"],
            lambda_rel=n["lambda_rel"], lambda_uni=n["lambda_uni"],
            values=tuple(c * (3 if w > 1 else 2) for c, w in zip(n["columns"], bank.windows))))
        initial(self.net, seed, bank.split["train"]["y"].quantile(0.5).item())
        self.net.to(dtype)
        self.optimiser = self.net.optimiser(1.0, self.t["decay"], self.t["coefficient_rate"])
        self.factor = [g["lr"] for g in self.optimiser.param_groups]
        self.epoch = self.step = self.best_epoch = 0
        self.best, self.watch = math.inf, None  # watch: a list, takes each step's largest gradients

    def rate(self):
        per_epoch = -(-len(self.bank.clips["train"]) // self.t["batch"])
        warmup, total = self.t["warmup_steps"], per_epoch * self.t["epochs"]
        if self.step < warmup:
            return self.t["rate"] * (self.step + 1) / warmup
        if total <= warmup:
            return self.t["rate"]
        return self.t["rate"] * 0.5 * (1 + math.cos(math.pi * (self.step - warmup) / (total - warmup)))

    def batch(self, split, clips, conditions, gone):
        """gone [m]: places of the batch that miss the modality."""
        s, out = self.bank.split[split], {}
        for name in ("x", "mask", "tau", "rel", "rel_weight"):
            out[name] = [v[clips, conditions] for v in s[name]]
            for v, places in zip(out[name], gone):
                v[places] = 0
            out[name] = [v if name == "mask" else v.to(self.dtype) for v in out[name]]
        return out, s["y"][clips].to(self.dtype)

    def visit(self, r):
        """Condition, and the modality that is taken away (or None)."""
        n, u = len(self.bank.conditions["train"]), r.unit()
        which = 1 + r.below(n - 1) if n > 1 else 0
        drops = [r.unit() < self.t["p_drop_modality"] for _ in self.bank.letters]
        return (0 if u < self.t["p_clean"] else which,
                drops.index(True) if True in drops and len(drops) > 1 else None)

    def train_pass(self):
        n = len(self.bank.clips["train"])
        order, r = list(range(n)), Stream(self.seed, f"order/{self.epoch}")
        for i in range(n - 1, 0, -1):
            j = r.below(i + 1)
            order[i], order[j] = order[j], order[i]
        r = Stream(self.seed, f"visits/{self.epoch}")
        self.net.train()
        for at in range(0, n, self.t["batch"]):
            clips = order[at:at + self.t["batch"]]
            visits = [self.visit(r) for _ in clips]
            gone = [[i for i, v in enumerate(visits) if v[1] == m] for m in range(len(self.bank.letters))]
            b, y = self.batch("train", clips, [v[0] for v in visits], gone)
            self.optimiser.zero_grad()
            out = self.net(b["x"], b["mask"], b["tau"])
            loss = self.net.loss(out, y, torch.ones(len(y), dtype=self.dtype), b["rel"], b["rel_weight"], b["mask"])
            loss.backward()
            if self.watch is not None:
                self.watch.append({k: p.grad.abs().max().item() for k, p in self.net.named_parameters()})
            if self.t["clip_norm"] > 0:
                torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.t["clip_norm"])
            rate = self.rate()
            for g, factor in zip(self.optimiser.param_groups, self.factor):
                g["lr"] = rate * factor
            self.optimiser.step()
            self.step += 1

    def validate(self, condition):
        """Mean absolute error of the validation clips."""
        n, total = len(self.bank.clips["valid"]), 0.0
        self.net.eval()
        with torch.no_grad():
            for at in range(0, n, self.t["batch"]):
                clips = list(range(at, min(at + self.t["batch"], n)))
                b, y = self.batch("valid", clips, [condition] * len(clips), [[] for _ in self.bank.letters])
                total += (self.net(b["x"], b["mask"], b["tau"])["y"] - y).abs().sum().item()
        return total / n

    def run_epoch(self):
        self.train_pass()
        values = [self.validate(c) for c in range(len(self.bank.conditions["valid"]))]
        self.epoch += 1
        value = 0.5 * (values[0] + values[-1])
        if value < self.best:
            self.best, self.best_epoch = value, self.epoch
        return values

    def run(self):
        while self.epoch < self.t["epochs"] and self.epoch - self.best_epoch < self.t["patience"]:
            self.run_epoch()
        return self.best


# ---- merwild ----


def merwild_start(program, bank, out, kind, seeds, *options):
    command = [program, "train", "-i", bank, "-o", str(out), "--net", kind, "--seeds", ",".join(map(str, seeds)),
               "--jobs", "1", "--quiet", *map(str, options)]
    return subprocess.Popen(command)


def merwild_end(process):
    if process.wait():
        sys.exit(f"merwild ended with {process.returncode}")


def config_of(out, seed):
    return json.loads((out / f"seed_{seed}" / "config.json").read_text())


# ---- equal streams ----


def distance(a, b):
    """Relative distance of two tensors."""
    a, b = a.double(), b.double()
    return ((a - b).norm() / b.norm().clamp(min=1e-30)).item()


def flat(tensors, names):
    return torch.cat([tensors[k].flatten() for k in names])


def equal_streams(program, folder, work, kind, seed):
    """Lines (what, largest difference, bound)."""
    small = ("--dropout", 0, "--epochs", 1, "--warmup-steps", 0, "--batch", BATCH, "--train-clips", STEPS * BATCH)
    merwild_end(merwild_start(program, folder, work / "start", kind, [seed], *small, "--rate", 0))
    merwild_end(merwild_start(program, folder, work / "ten", kind, [seed], *small))
    config = config_of(work / "ten", seed)
    start, end = (load_file(work / w / f"seed_{seed}" / "model.safetensors") for w in ("start", "ten"))
    bank = Bank(folder, config)
    lines = []
    worst = max(distance(torch.from_numpy(p), start[f"prep.{m}.{part}"])
                for m, pair in zip(bank.letters, bank.prep) for part, p in zip(("mean", "std"), pair))
    lines.append(("standardisation (prep.*)", worst, 1e-6))
    t = Trainer(bank, config, seed)
    after = {k: p.detach() for k, p in t.net.named_parameters()}
    if set(after) != {k for k in start if not k.startswith("prep.")}:
        sys.exit(f"{kind}: the networks have other tensors")
    before = {k: p.clone() for k, p in after.items()}
    lines.append(("initial parameters", max((p - start[k]).abs().max().item() for k, p in before.items()), 1e-6))

    # The optimiser divides each gradient by its own size. Where one is 0 but for rounding (biases in front of a
    # softmax; eta and beta in the first step, when all scores are equal), float moves at random.
    exact = Trainer(bank, config, seed, torch.float64)
    exact.watch = []
    exact.train_pass()
    random = [k for k in after if any(0 < g[k] < 1e-12 for g in exact.watch)]
    values = t.run_epoch()
    log = json.loads((work / "ten" / f"seed_{seed}" / "log.jsonl").read_text().splitlines()[0])
    far = {k: distance(end[k], p) for k, p in after.items() if k not in random}
    whole = flat(after, after)
    lines.append((f"parameters after {STEPS} steps, all together", distance(flat(end, after), whole), 1e-4))
    lines.append((f"the same, farthest of {len(far)} tensors of {len(after)}", max(far.values()), 1e-4))
    print(f"{kind}: parameters moved by {distance(flat(before, after), whole):.3f} of their size; farthest tensor "
          f"{max(far, key=far.get)}; left out: {', '.join(random)}", file=sys.stderr)
    lines.append(("validation values after them",
                  max(abs(a - b) for a, b in zip(values, (log["valid_clean"], log["valid_mixed"]))), 1e-5))
    return lines


# ---- independent runs ----


def whole_runs(program, folder, work, kind, seeds, options):
    """Best validation values of both sides, which train at the same time."""
    out, first = work / "whole", work / "whole" / f"seed_{seeds[0]}" / "config.json"
    process = merwild_start(program, folder, out, kind, seeds, *options)
    while process.poll() is None and not first.exists():
        time.sleep(1)
    if not first.exists():
        merwild_end(process)
    config, theirs = config_of(out, seeds[0]), []
    bank = Bank(folder, config)
    for seed in seeds:
        torch.manual_seed(seed + OWN_SEEDS)
        t = Trainer(bank, config, seed + OWN_SEEDS)
        theirs.append(t.run())
        print(f"{kind} PyTorch {seed}: {theirs[-1]:.4f}, epoch {t.best_epoch} of {t.epoch}", file=sys.stderr)
    merwild_end(process)
    configs = [config_of(out, s) for s in seeds]
    for seed, c in zip(seeds, configs):
        print(f"{kind} merwild {seed}: {c['best_value']:.4f}, epoch {c['best_epoch']} of {c['epochs']}",
              file=sys.stderr)
    return [c["best_value"] for c in configs], theirs


def yes(ok):
    return "yes" if ok else "NO"


def spread(values):
    return statistics.mean(values), statistics.stdev(values) / math.sqrt(len(values))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("program")
    p.add_argument("bank")
    p.add_argument("--kinds", default="noscore,score")
    p.add_argument("--seeds", default="1111,1112,1113,1114,1115")
    p.add_argument("--train-clips", type=int, default=0)
    p.add_argument("--epochs", type=int, default=30)
    p.add_argument("--streams-only", action="store_true")
    p.add_argument("--work")
    a = p.parse_args()
    seeds = [int(s) for s in a.seeds.split(",")]
    if len(seeds) < 2:
        sys.exit("at least two seeds are needed for a standard error")
    torch.set_num_threads(1)
    failed, streams, runs = False, [], []
    with tempfile.TemporaryDirectory() as name:
        for kind in a.kinds.split(","):
            work = pathlib.Path(a.work or name) / kind
            for what, value, bound in equal_streams(a.program, a.bank, work, kind, seeds[0]):
                failed |= not value <= bound
                streams.append(f"| `{kind}` | {what} | {value:.1e} | {bound:.0e} | {yes(value <= bound)} |")
            if a.streams_only:
                continue
            ours, theirs = whole_runs(a.program, a.bank, work, kind, seeds,
                                      ("--train-clips", a.train_clips, "--epochs", a.epochs))
            (m, sm), (n, sn) = spread(ours), spread(theirs)
            error = math.hypot(sm, sn)
            ok = abs(m - n) < 2 * error
            failed |= not ok
            runs.append(f"| `{kind}` | {m:.4f} ({sm:.4f}) | {n:.4f} ({sn:.4f}) | {m - n:+.4f} | {2 * error:.4f} | "
                        f"{yes(ok)} |")
    print("| kind | equal streams | largest difference | bound | within |\n| --- | --- | --- | --- | --- |")
    print("\n".join(streams))
    if runs:
        print("\n| kind | merwild: mean (standard error) | PyTorch | difference | twice its standard error | within |")
        print("| --- | --- | --- | --- | --- | --- |")
        print("\n".join(runs))
    sys.exit(failed)


if __name__ == "__main__":
    main()
