#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/data/tiny_state_dict.pt and tiny_torchscript.pt: small PyTorch archives with
every type of numbers, views, shared storages and nesting that the reader of weight files knows.
Made with torch 1.13 or later; the bytes depend on its version, the tensors do not.

  pip install torch; scripts/make-tiny-torch.py
"""
import collections
import os

import torch

OUT = os.path.join(os.path.dirname(__file__), '..', 'tests', 'golden', 'data')


class Part(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.arange(6.).reshape(2, 3).half() / 8)
        self.register_buffer('bias', torch.tensor([0.5, -0.5]))

    def forward(self, x):
        return x @ self.weight.float().t() + self.bias


class Whole(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = torch.nn.Sequential(Part(), torch.nn.Linear(2, 2))
        torch.nn.init.constant_(self.inner[1].weight, 0.25)
        torch.nn.init.constant_(self.inner[1].bias, -3)
        self.register_buffer('input_resolution', torch.tensor(224))
        self.sizes = [1, 2, 3]

    def forward(self, x):
        return self.inner(x)


def main():
    base = torch.arange(24.).reshape(4, 6) / 4
    state = collections.OrderedDict()
    state['f32'] = base
    state['view.transposed'] = base.t()                 # the same storage, other strides
    state['view.inside'] = base[1:3, 2:5]
    state['f16'] = torch.tensor([1.5, -2, 65504, 2.0 ** -24]).half()
    state['bf16'] = torch.tensor([1.5, -2, 3e38]).bfloat16()
    state['f64'] = torch.tensor([[1 / 3], [1e300]], dtype=torch.float64)
    state['i64'] = torch.tensor([1, -2])
    state['flag'] = torch.tensor([True, False, True])
    state['scalar'] = torch.tensor(4.625)
    state['empty'] = torch.zeros(0, 3)
    state['nested'] = {'parameter': torch.nn.Parameter(torch.tensor([1., 2.])), 7: torch.tensor([7.]),
                       'list': [torch.tensor([8.]), 'no tensor', None, 1.5]}
    torch.save(state, os.path.join(OUT, 'tiny_state_dict.pt'))
    torch.jit.save(torch.jit.trace(Whole().eval(), torch.zeros(1, 3)), os.path.join(OUT, 'tiny_torchscript.pt'))


if __name__ == '__main__':
    main()
