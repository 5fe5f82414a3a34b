#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden vectors of the scoring networks, from python/merwild_scoring.py in double precision.

    python scripts/golden_score.py [OUT]        OUT: by default tests/golden/data/score

Per network two safetensors files: NAME.model (parameters) and NAME.case (batch, results, gradients, parameters after
ten AdamW steps). Needs torch, safetensors.
"""
import pathlib
import sys

import torch
from safetensors.torch import save_file

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "python"))
from merwild_scoring import Config, ScoringNet  # noqa: E402

CASES = {
    "score": dict(kind="score", modalities="avt", coefficient=0.5),
    "score_replace": dict(kind="score", modalities="av", coefficient=-0.3, use=("replace", "bias"), cross=False),
    "given": dict(kind="given", modalities="av", coefficient=0.5),
    "product": dict(kind="product", modalities="av", coefficient=0.5, use=("bias", "pool")),
    "noscore": dict(kind="noscore", modalities="v"),
    "noscore_multi": dict(kind="noscore-multi", modalities="av"),
    "noscore_plain": dict(kind="noscore-plain", modalities="av"),
    "reliability": dict(kind="reliability", modalities="av"),
    "avrel": dict(kind="avrel", modalities="av"),
}
TOKENS = {"a": 7, "v": 5, "t": 4}
VALUES = {"a": 9, "v": 12, "t": 10}  # columns 3, 4, 5; text without deviation
N = 6


def batch(c, g):
    b = {k: [] for k in ("x", "mask", "tau", "rel", "rel_weight", "given")}
    for i, m in enumerate(c.modalities):
        t = TOKENS[m]
        mask = torch.arange(t)[None] < torch.randint(1, t + 1, (N, 1), generator=g)
        mask &= torch.rand(N, t, generator=g) > 0.15
        if i == 0 and len(c.modalities) > 1:
            mask[1] = False  # a modality that a clip lacks
        b["mask"].append(mask)
        b["x"].append(torch.randn(N, t, VALUES[m], generator=g).clamp(-3, 3))
        b["tau"].append((torch.arange(t) * 1.25 * (i + 1)).expand(N, t).contiguous())
        b["rel"].append(torch.rand(N, t, generator=g))
        b["rel_weight"].append((torch.rand(N, t, generator=g) > 0.2).float())
        b["given"].append(torch.rand(N, t, generator=g))
    b["y"] = torch.rand(N, 1, generator=g) * 6 - 3
    b["y_weight"] = torch.tensor([1.0, 1, 0, 1, 1, 1])
    return b


def run(name, out):
    c = Config(**{**dict(width=8, heads=2, hidden=12, kernel=3, dropout=0.0), **CASES[name]},
               values=tuple(VALUES[m] for m in CASES[name]["modalities"]))
    g = torch.Generator().manual_seed(sum(name.encode()))
    net = ScoringNet(c).eval()
    with torch.no_grad():
        for k, p in sorted(net.named_parameters()):
            p.add_(torch.randn(p.shape, generator=g) * 0.2)
        for k, p in net.named_buffers():
            if "running" in k:
                p.add_(torch.rand(p.shape, generator=g) * 0.5)
    b = batch(c, g)
    state = {k: v.clone() for k, v in net.state_dict().items() if "num_batches" not in k}
    net = net.double()
    wide = {k: [t.double() if t.is_floating_point() else t for t in v] if isinstance(v, list) else v.double()
            for k, v in b.items()}
    given = wide["given"] if c.kind == "given" else None
    case = {f"{k}.{m}": v[i].float() for k, v in b.items() if isinstance(v, list) for i, m in enumerate(c.modalities)}
    case.update(y=b["y"], y_weight=b["y_weight"])

    def loss():
        o = net(wide["x"], wide["mask"], wide["tau"], given)
        return o, net.loss(o, wide["y"], wide["y_weight"], wide["rel"], wide["rel_weight"], wide["mask"])

    with torch.no_grad():
        o, value = loss()
        case["out.loss"] = value.reshape(1)
        for k in ("uni", "score", "rel", "pool"):
            for m, v in o.get(k, {}).items():
                if v is not None:
                    case[f"out.{k}.{m}"] = v.mean(-1) if v.dim() == 3 and k == "score" else v
        if "y" in o:
            case["out.y"] = o["y"]
    net.train()
    optimiser = net.optimiser()
    for step in range(10):
        optimiser.zero_grad()
        loss()[1].backward()
        if step == 0:
            case.update({f"g.{k}": torch.zeros_like(p) if p.grad is None else p.grad.clone()
                         for k, p in net.named_parameters()})
        for p in net.parameters():
            if p.grad is None:
                p.grad = torch.zeros_like(p)
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
    case.update({f"p10.{k}": v for k, v in net.state_dict().items() if "num_batches" not in k})
    save_file({k: v.float().contiguous() for k, v in state.items()}, out / f"{name}.model.safetensors")
    save_file({k: v.detach().float().contiguous() for k, v in case.items()}, out / f"{name}.case.safetensors")


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "tests/golden/data/score")
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for case_name in CASES:
        run(case_name, folder)
