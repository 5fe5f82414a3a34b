# SPDX-License-Identifier: Apache-2.0
"""The scoring networks of merwild in PyTorch: same names, same tensors, same results.

    net = ScoringNet(Config(kind="score"))
    net.load_state_dict({k: v for k, v in load_file("model.safetensors").items() if not k.startswith("prep.")})
    out = net(x, mask, tau)          # lists, one entry per modality

Kinds score, given, product, noscore, noscore-plain, noscore-multi, reliability, avrel. Written with padded tensors and
masks, unlike the library, which gathers valid tokens; so it also checks that. Batch statistics (avrel) are those of
the whole batch here and of slices of 8 clips there. Dropout masks differ. Needs torch.
"""
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

EPS = 1e-3
SCORERS = ("score", "product", "noscore-multi", "reliability")
USERS = ("score", "given", "product")


@dataclass
class Config:
    kind: str = "score"
    modalities: str = "av"
    values: tuple = (270, 1536)  # per token: 3 columns, 2 where a token is one row
    n_out: int = 1
    width: int = 64
    heads: int = 4
    layers: int = 2
    hidden: int = 128
    kernel: int = 7
    dropout: float = 0.1
    use: tuple = ("emphasis", "bias", "pool")
    coefficient: float = 0.0
    cross: bool = True
    lambda_rel: float = 0.3
    lambda_uni: float = 0.1


class Branch(nn.Module):
    def __init__(self, c):
        super().__init__()
        for i in (1, 2):
            setattr(self, f"conv{i}", nn.Conv1d(c.width, c.width, c.kernel, padding=c.kernel // 2))
            setattr(self, f"norm{i}", nn.LayerNorm(c.width))

    def forward(self, h, k):
        for conv, norm in ((self.conv1, self.norm1), (self.conv2, self.norm2)):
            h = F.relu(norm(conv(h.transpose(1, 2)).transpose(1, 2))) * k
        return h


class Attention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        for name in "qkvo":
            setattr(self, name, nn.Linear(d, d))

    def forward(self, x, y, valid, bias=None):
        """x [n, q, d] asks y [n, k, d]; valid [n, k]; bias [n, k] is added to the logits."""
        n, d = x.shape[0], x.shape[2]
        q, k, v = (f(z).view(n, -1, self.heads, d // self.heads).transpose(1, 2)
                   for f, z in ((self.q, x), (self.k, y), (self.v, y)))
        logits = q @ k.transpose(2, 3) / (d // self.heads) ** 0.5
        if bias is not None:
            logits = logits + bias[:, None, None]
        a = masked_softmax(logits, valid[:, None, None])
        return self.o((a @ v).transpose(1, 2).reshape(n, -1, d))


def masked_softmax(logits, valid):
    """Over the last axis; 0 where nothing is valid."""
    a = F.softmax(logits.masked_fill(~valid, -1e30), -1)
    return a * valid


class Layer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.attn = Attention(c.width, c.heads)
        self.norm1, self.norm2 = nn.LayerNorm(c.width), nn.LayerNorm(c.width)
        self.ff1, self.ff2 = nn.Linear(c.width, c.hidden), nn.Linear(c.hidden, c.width)
        self.drop = nn.Dropout(c.dropout)

    def forward(self, x, valid, bias):
        y = self.norm1(x)
        x = x + self.drop(self.attn(y, y, valid, bias))
        return x + self.drop(self.ff2(F.gelu(self.ff1(self.norm2(x)))))


class Scorer(nn.Module):
    def __init__(self, c):
        super().__init__()
        b = Branch(c)
        self.conv1, self.conv2, self.norm1, self.norm2 = b.conv1, b.conv2, b.norm1, b.norm2
        crosses = c.cross and len(c.modalities) > 1
        self.cross = Attention(c.width, 1) if crosses else None
        self.hidden = nn.Linear((2 if crosses else 1) * c.width, c.width // 2)
        self.reliability = nn.Linear(c.width // 2, 1)
        if c.kind == "product":
            self.relevance = nn.Linear(c.width // 2, 1)

    context = Branch.forward

    def forward(self, u, others, valid):
        """u [n, t, d] own context, others [n, k, d] that of the other modalities."""
        if self.cross is not None:
            c = self.cross(u, others, valid) * valid.any(1)[:, None, None]
            u = torch.cat([u, c], 2)
        q = F.relu(self.hidden(u))
        alpha = self.relevance(q)[..., 0] if hasattr(self, "relevance") else None
        return self.reliability(q)[..., 0], alpha


class AvrelScorer(nn.Module):
    """Channel-wise score after AV-RelScore (Hong et al., CVPR 2023), statistics over valid tokens."""

    def __init__(self, c):
        super().__init__()
        widths = [c.width, 2 * c.width, 2 * c.width, c.width]
        for i in range(3):
            setattr(self, f"conv{i + 1}", nn.Conv1d(widths[i], widths[i + 1], c.kernel, padding=c.kernel // 2))
            setattr(self, f"norm{i + 1}", nn.BatchNorm1d(widths[i + 1]))

    def forward(self, h, k):
        valid = k[..., 0] > 0
        for i in (1, 2, 3):
            x = getattr(self, f"conv{i}")(h.transpose(1, 2)).transpose(1, 2)
            y = getattr(self, f"norm{i}")(x[valid])
            h = torch.zeros_like(x)
            h[valid] = torch.sigmoid(y) if i == 3 else F.relu(y)
        return h


class Stem(nn.Module):
    def __init__(self, values, d):
        super().__init__()
        self.proj, self.norm = nn.Linear(values, d), nn.LayerNorm(d)

    def forward(self, x, k):
        return self.norm(self.proj(x)) * k


class Fusion(nn.ModuleDict):
    def __init__(self, c):
        super().__init__({str(i): Layer(c) for i in range(c.layers)})
        self["norm"] = nn.LayerNorm(c.width)
        if c.kind in USERS:
            self.beta = nn.Parameter(torch.full((c.layers,), c.coefficient))


def position(tau, d):
    f = 10000.0 ** (-torch.arange(0, d, 2, dtype=tau.dtype) / d)
    angle = tau[..., None] * f
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(-2)


class ScoringNet(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c, d, ms = c, c.width, c.modalities
        self.stem = nn.ModuleDict({m: Stem(v, d) for m, v in zip(ms, c.values)})
        if c.kind not in ("noscore-plain", "reliability", "avrel"):
            self.trunk = nn.ModuleDict({m: Branch(c) for m in ms})
        if c.kind in SCORERS:
            self.scorer = nn.ModuleDict({m: Scorer(c) for m in ms})
        if c.kind == "avrel":
            self.scorer = nn.ModuleDict({m: AvrelScorer(c) for m in ms})
        if c.kind == "reliability":
            return
        self.mod_embed = nn.Parameter(torch.randn(len(ms), d) * 0.02)
        if c.kind in USERS:
            self.use = nn.ParameterDict({k: nn.Parameter(torch.full((1,), c.coefficient)) for k in ("gamma", "eta")})
            if "replace" in c.use:
                self.use["missing"] = nn.Parameter(torch.randn(len(ms), d) * 0.02)
        self.fusion = Fusion(c)
        self.pool = nn.ModuleDict({m: nn.Linear(d, 1) for m in ms})
        self.head = nn.ModuleDict({"fc1": nn.Linear(len(ms) * d, d), "fc2": nn.Linear(d, c.n_out)})
        self.uni = nn.ModuleDict({m: nn.Linear(d, c.n_out) for m in ms})
        self.drop = nn.Dropout(c.dropout)

    def scores(self, h, valid):
        """Reliability logits and scores per modality, scores 0 where a token is not valid."""
        ms, logit, score = self.c.modalities, {}, {}
        k = {m: v[..., None].to(h[m].dtype) for m, v in valid.items()}
        if self.c.kind == "avrel":
            return logit, {m: self.scorer[m](h[m], k[m]) for m in ms}
        u = {m: self.scorer[m].context(h[m], k[m]) for m in ms}
        for m in ms:
            others = [o for o in ms if o != m]
            y = torch.cat([u[o] for o in others], 1) if others else None
            ok = torch.cat([valid[o] for o in others], 1) if others else None
            logit[m], alpha = self.scorer[m](u[m], y, ok)
            score[m] = torch.sigmoid(logit[m]) * valid[m]
            if alpha is not None:
                score[m] = score[m] * torch.sigmoid(alpha)
        return logit, score

    def emphasised(self, h, score, i):
        if self.c.kind == "avrel":
            return (1 + (score if score.dim() == 3 else score[..., None])) * h
        if self.c.kind not in USERS:
            return h
        s = score[..., None]
        if "replace" in self.c.use:
            return s * h + (1 - s) * self.use["missing"][i]
        return (1 + self.use["gamma"] * s) * h if "emphasis" in self.c.use else h

    def forward(self, x, mask, tau, given=None):
        """x [m] [n, t, values], mask [m] [n, t] bool, tau [m] [n, t], given [m] [n, t] scores in place of the own."""
        c, ms = self.c, self.c.modalities
        valid = dict(zip(ms, mask))
        h = {m: self.stem[m](x[i], valid[m][..., None]) for i, m in enumerate(ms)}
        logit, score = self.scores(h, valid) if hasattr(self, "scorer") else ({}, {})
        out = {"logit": logit, "rel": {m: torch.sigmoid(v) * valid[m] for m, v in logit.items()}}
        if c.kind == "reliability":
            return {**out, "score": score}
        if given is not None:
            score = {m: given[i] * valid[m] for i, m in enumerate(ms)}
        if hasattr(self, "trunk"):
            h = {m: h[m] + self.trunk[m](h[m], valid[m][..., None]) for m in ms}
        e = [self.emphasised(h[m], score.get(m), i) + self.mod_embed[i] + position(tau[i], c.width)
             for i, m in enumerate(ms)]
        z, ok = torch.cat(e, 1), torch.cat(mask, 1)
        logs = torch.log(torch.cat([score[m] for m in ms], 1) + EPS) if c.kind in USERS else None
        for i in range(c.layers):
            bias = self.fusion.beta[i] * logs if logs is not None and "bias" in c.use else None
            z = self.fusion[str(i)](z, ok, bias)
        z, at, pooled, out["uni"], out["pool"] = self.fusion["norm"](z), 0, [], {}, {}
        for m in ms:
            part = slice(at, at + valid[m].shape[1])
            p = self.pool[m](z[:, part])[..., 0]
            if logs is not None and "pool" in c.use:
                p = p + self.use["eta"] * logs[:, part]
            out["pool"][m] = masked_softmax(p, valid[m])
            pooled.append((out["pool"][m][..., None] * z[:, part]).sum(1))
            out["uni"][m] = self.uni[m](pooled[-1])
            at = part.stop
        y = self.head["fc2"](self.drop(F.relu(self.head["fc1"](torch.cat(pooled, 1)))))
        return {**out, "y": y, "score": score}

    def loss(self, out, y, y_weight, rel, rel_weight, mask):
        """Regression: mean absolute error, reliability cross-entropy, mean over a clip's unimodal heads."""
        c, total = self.c, 0.0
        for m, r, w, k in zip(c.modalities, rel, rel_weight, mask):
            if out["logit"]:
                bce = F.binary_cross_entropy_with_logits(out["logit"][m], r, reduction="none") * w * k
                total = total + (1 if c.kind == "reliability" else c.lambda_rel) * bce.sum() / (w * k).sum()
        if c.kind == "reliability":
            return total
        share = y_weight / y_weight.sum()
        here = torch.stack([k.any(1) for k in mask]).to(y.dtype)
        uni = torch.stack([(out["uni"][m] - y).abs().mean(1) for m in c.modalities]) * here / here.sum(0).clamp(min=1)
        return total + (share * (out["y"] - y).abs().mean(1)).sum() + c.lambda_uni * (share * uni.sum(0)).sum()

    def optimiser(self, rate=1e-3, decay=0.01, coefficient_rate=10.0):
        """AdamW as the library runs it: decay on matrices only, the score's coefficients learn faster."""
        named = [(k, p) for k, p in self.named_parameters()]
        fast = ("use.gamma", "use.eta", "fusion.beta")
        groups = [{"params": [p for k, p in named if k in fast], "lr": rate * coefficient_rate, "weight_decay": 0.0},
                  {"params": [p for k, p in named if p.dim() > 1 and k.endswith("weight")], "weight_decay": decay},
                  {"params": [p for k, p in named if k not in fast and not (p.dim() > 1 and k.endswith("weight"))],
                   "weight_decay": 0.0}]
        return torch.optim.AdamW([g for g in groups if g["params"]], lr=rate, betas=(0.9, 0.999), eps=1e-8)
