# SPDX-License-Identifier: Apache-2.0
"""Training throughput of the scoring network: merwild beside PyTorch, same parameters, same batch.

    python bench/score_train.py BENCH_SCORE_TRAIN [--threads 1,2] [--steps 15] [--rounds 3]

First the losses of four steps without dropout are compared; then both train with dropout 0.1, in turns. Prints JSON.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import torch
from safetensors.torch import load_file

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "python"))
from merwild_scoring import Config, ScoringNet  # noqa: E402


def training(folder, dropout):
    c = Config(dropout=dropout)
    net = ScoringNet(c)
    net.load_state_dict(load_file(folder / "model.safetensors"))
    b = load_file(folder / "batch.safetensors")
    x = [b[f"x.{m}"] for m in c.modalities]
    mask = [torch.ones(v.shape[:2], dtype=torch.bool) for v in x]
    tau, rel, weight = ([b[f"{k}.{m}"][..., 0] for m in c.modalities] for k in ("tau", "rel", "rel_weight"))
    optimiser, ones = net.optimiser(), torch.ones(len(b["y"]))

    def step():
        optimiser.zero_grad()
        loss = net.loss(net(x, mask, tau), b["y"], ones, rel, weight, mask)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        return loss.item()

    return step, len(b["y"])


def torch_run(folder, threads, steps):
    torch.set_num_threads(threads)
    step, n = training(folder, 0.1)
    step()
    seconds = []
    for _ in range(steps):
        t = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - t)
    seconds.sort()
    return n / seconds[len(seconds) // 2], n / seconds[0]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("program")
    p.add_argument("--threads", default="1,2")
    p.add_argument("--steps", type=int, default=15)
    p.add_argument("--rounds", type=int, default=3)
    a = p.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        first = json.loads(subprocess.check_output([a.program, "1", "1", str(folder)]))
        torch.set_num_threads(1)
        step, _ = training(folder, 0.0)
        losses = [step() for _ in first["losses"]]
        worst = max(abs(x - y) / abs(y) for x, y in zip(first["losses"], losses))
        if worst > 1e-4:
            sys.exit(f"losses differ: {first['losses']} and {losses}")
        rows = []
        for threads in map(int, a.threads.split(",")):
            ours, theirs = [], []
            for _ in range(a.rounds):
                r = json.loads(subprocess.check_output([a.program, str(threads), str(a.steps)]))
                ours.append((r["clips_per_s_median"], r["clips_per_s_best"]))
                theirs.append(torch_run(folder, threads, a.steps))
            rows.append({"threads": threads,
                         "merwild": {"median": max(m for m, _ in ours), "best": max(b for _, b in ours)},
                         "pytorch": {"median": round(max(m for m, _ in theirs), 1),
                                     "best": round(max(b for _, b in theirs), 1)}})
        print(json.dumps({"torch": torch.__version__, "loss_difference": worst, "clips_per_s": rows}, indent=1))


if __name__ == "__main__":
    main()
