#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/data/tiny.tflite and tiny_prelu.tflite: small networks with random weights
that use every operator and every way of storing constants that the reader knows.

  pip install flatbuffers numpy; scripts/make-tiny-tflite.py
"""
import os

import flatbuffers
import numpy as np

F32, F16, I32 = 0, 1, 2
ADD, CONCAT, CONV, DW, D2S, DEQ, POOL, RELU, RESHAPE, RESIZE, PAD, PRELU, DENSIFY = \
    0, 2, 3, 4, 5, 6, 17, 19, 22, 23, 34, 54, 124


class Net:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.buffers, self.tensors, self.ops = [None], [], []

    def tensor(self, shape, kind=F32, data=None, sparse=None):
        self.buffers.append(data)
        self.tensors.append((list(shape), kind, len(self.buffers) - 1 if data is not None else 0, sparse))
        return len(self.tensors) - 1

    def op(self, code, ins, shape, options=(0, [])):
        out = self.tensor(shape)
        self.ops.append((code, ins, out, options))
        return out

    def weights(self, shape, sparse=False):
        v = (self.rng.standard_normal(shape) * 0.5).astype(np.float16)
        if not sparse:
            raw = self.tensor(shape, F16, v.tobytes())
        else:
            v = np.where(self.rng.random(shape) < 0.4, v, np.float16(0)).reshape(-1, shape[-1])
            rows = [np.nonzero(r)[0] for r in v]
            segments = np.cumsum([0] + [len(r) for r in rows])
            values = np.concatenate([v[i][r] for i, r in enumerate(rows)])
            dense = self.tensor(shape, F16, values.tobytes(),
                                (shape, segments.astype('u1'), np.concatenate(rows).astype('u1')))
            raw = self.op(DENSIFY, [dense], shape)
            s, _, b, p = self.tensors[raw]
            self.tensors[raw] = (s, F16, b, p)
        return self.op(DEQ, [raw], shape)

    def ints(self, values, shape):
        return self.tensor(shape, I32, np.array(values, '<i4').tobytes())

    def conv(self, x, shape, k=1, stride=1, same=True, relu=False, depthwise=False, sparse=False):
        ic = self.tensors[x][0][3]
        w = self.weights([1, k, k, ic] if depthwise else [shape[3], k, k, ic], sparse)
        b = self.weights([shape[3]])
        o = [('b', 0, 0 if same else 1), ('i', 1, stride), ('i', 2, stride)]
        o += [('i', 3, 1), ('b', 4, int(relu))] if depthwise else [('b', 3, int(relu))]
        return self.op(DW if depthwise else CONV, [x, w, b], shape, (2 if depthwise else 1, o))


def table(b, fields):
    """fields: (kind, slot, value); references are offsets made before."""
    b.StartObject(max([f[1] for f in fields], default=-1) + 1)
    for kind, slot, v in fields:
        if kind == 'b':
            b.PrependInt8Slot(slot, v, 0)
        elif kind == 'u':
            b.PrependUint8Slot(slot, v, 0)
        elif kind == 'i':
            b.PrependInt32Slot(slot, v, 0)
        else:
            b.PrependUOffsetTRelativeSlot(slot, v, 0)
    return b.EndObject()


def offsets(b, items):
    b.StartVector(4, len(items), 4)
    for o in reversed(items):
        b.PrependUOffsetTRelative(o)
    return b.EndVector()


def write(net, inputs, outputs, path):
    b = flatbuffers.Builder(1 << 16)
    ints = lambda v: b.CreateNumpyVector(np.array(v, '<i4'))
    buffers = []
    for d in net.buffers:
        fields = [] if d is None else [('r', 0, b.CreateByteVector(d))]
        buffers.append(table(b, fields))
    tensors = []
    for shape, kind, buffer, sparse in net.tensors:
        fields = [('r', 0, ints(shape)), ('b', 1, kind), ('i', 2, buffer)]
        if sparse:
            dims = [table(b, [('i', 1, n)]) for n in sparse[0][:-1]]
            seg = table(b, [('r', 0, b.CreateNumpyVector(sparse[1]))])
            idx = table(b, [('r', 0, b.CreateNumpyVector(sparse[2]))])
            dims.append(table(b, [('b', 0, 1), ('u', 2, 3), ('r', 3, seg), ('u', 4, 3), ('r', 5, idx)]))
            order = ints(range(len(shape)))
            fields.append(('r', 6, table(b, [('r', 0, order), ('r', 2, offsets(b, dims))])))
        tensors.append(table(b, fields))
    codes = sorted({o[0] for o in net.ops})
    ops = []
    for code, ins, out, (kind, options) in net.ops:
        fields = [('i', 0, codes.index(code)), ('r', 1, ints(ins)), ('r', 2, ints([out]))]
        if kind:
            fields += [('u', 3, kind), ('r', 4, table(b, options))]
        ops.append(table(b, fields))
    graph = table(b, [('r', 0, offsets(b, tensors)), ('r', 1, ints(inputs)), ('r', 2, ints(outputs)),
                      ('r', 3, offsets(b, ops))])
    code_tables = offsets(b, [table(b, [('b', 0, c), ('i', 3, c)]) for c in codes])
    root = table(b, [('i', 0, 3), ('r', 1, code_tables), ('r', 2, offsets(b, [graph])),
                     ('r', 4, offsets(b, buffers))])
    b.Finish(root, b'TFL3')
    with open(path, 'wb') as f:
        f.write(bytes(b.Output()))


def make(prelu, path):
    n = Net(7)
    x = n.tensor([1, 16, 16, 3])
    pad = n.op(PAD, [x, n.ints([0, 0, 1, 1, 1, 1, 0, 0], [4, 2])], [1, 18, 18, 3])
    stem = n.conv(pad, [1, 8, 8, 8], k=3, stride=2, same=False, relu=True)
    d = n.conv(stem, [1, 8, 8, 8], k=3, depthwise=True)
    p = n.conv(d, [1, 8, 8, 8], sparse=True)
    s = n.op(ADD, [p, stem], [1, 8, 8, 8], (11, []))
    if prelu:
        r = n.op(PRELU, [s, n.weights([1, 1, 8])], [1, 8, 8, 8])
    else:
        r = n.op(RELU, [s], [1, 8, 8, 8])
    pool = n.op(POOL, [r], [1, 4, 4, 8], (5, [('b', 0, 0), ('i', 1, 2), ('i', 2, 2), ('i', 3, 2), ('i', 4, 2)]))
    wide = n.op(PAD, [pool, n.ints([0, 0, 0, 0, 0, 0, 0, 4], [4, 2])], [1, 4, 4, 12])
    d2 = n.conv(r, [1, 4, 4, 8], k=3, stride=2, depthwise=True)
    p2 = n.conv(d2, [1, 4, 4, 12])
    low = n.op(ADD, [p2, wide], [1, 4, 4, 12], (11, [('b', 0, 1)]))
    up = n.op(RESIZE, [low, n.ints([8, 8], [2])], [1, 8, 8, 12], (15, [('b', 3, 1)]))
    lateral = n.conv(r, [1, 8, 8, 12], relu=True)
    top = n.op(ADD, [up, lateral], [1, 8, 8, 12], (11, []))
    head = n.conv(top, [1, 8, 8, 16])
    space = n.op(D2S, [head], [1, 16, 16, 4], (94, [('i', 0, 2)]))
    rows = n.op(RESHAPE, [space, n.ints([1, 256, 4], [3])], [1, 256, 4])
    other = n.op(RESHAPE, [n.conv(low, [1, 4, 4, 4])], [1, 16, 4])
    both = n.op(CONCAT, [rows, other], [1, 272, 4], (10, [('i', 0, 1)]))
    write(n, [x], [both, rows], path)


if __name__ == '__main__':
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'tests', 'golden', 'data')
    make(False, os.path.join(here, 'tiny.tflite'))
    make(True, os.path.join(here, 'tiny_prelu.tflite'))
