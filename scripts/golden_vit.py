#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden values of CLIP's preparation and image tower, from Pillow, torchvision, transformers and open_clip.

    scripts/golden_vit.py tests/golden/data/vit

resize_xN, resize_yN    uint8 [h][w][3]: Image.resize(BICUBIC) of x to the size of y
pixels_xN, pixels_yN    uint8 [h][w][3] -> float32 [3][32][32]: Resize, CenterCrop, ToTensor, Normalize
tower_x, tower_y        float32 [4][3][32][32] -> [4][32]: the tower of scripts/make-random-clip
                        --size tiny --seed 7 by transformers' CLIPVisionModelWithProjection; open_clip
                        with QuickGELU must agree, from the same weights under OpenAI's names

README.md beside them names the versions. Needs numpy, pillow, torch, torchvision, transformers, open_clip_torch.
"""
import importlib.machinery
import importlib.util
import os
import sys

import numpy as np
import open_clip
import PIL
import torch
import torchvision
import transformers
from open_clip.transformer import QuickGELU, VisionTransformer
from PIL import Image
from torchvision import transforms

SEED, SIDE = 7, 32
MEAN, DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
# source height, width, target height, width
RESIZE = [(20, 31, 9, 40), (33, 47, 33, 12), (7, 3, 21, 3), (1, 1, 4, 5), (61, 40, 8, 7), (16, 16, 23, 17)]
# sides of 32 after resizing: 32 x 32, then odd and even rests, wide, high, tiny
PIXELS = [(32, 32), (40, 57), (57, 41), (33, 34), (24, 90), (90, 11), (1, 1), (70, 70), (32, 35)]

README = """# vit

Pillow's bicubic resizing, CLIP's preparation of a picture and a small CLIP image tower; the arrays are described in
`scripts/golden_vit.py`, which made them (`scripts/golden_vit.py tests/golden/data/vit`) with Python %s, numpy %s,
Pillow %s, torch %s, torchvision %s, transformers %s, open_clip %s on x86-64. Inputs are
synthetic. The tower's weights are those of `scripts/make-random-clip --size tiny --seed %d`, which
tests/support/random_vit.c makes too. transformers and open_clip differed by at most %.1e (values up to %.2f).
"""


def random_clip():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'make-random-clip')
    loader = importlib.machinery.SourceFileLoader('make_random_clip', path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader('make_random_clip', loader))
    loader.exec_module(module)
    return module


def picture(rng, h, w):
    """Noise on every second picture, else black and white, where the filter overshoots."""
    x = rng.integers(0, 256, (h, w, 3), dtype=np.uint8)
    return x if (h + w) % 2 else (x > 128).astype(np.uint8) * 255


def tower_by_transformers(size, tensors, x):
    side, patch, width, layers, mlp, columns = size
    config = transformers.CLIPVisionConfig(
        hidden_size=width, intermediate_size=mlp, projection_dim=columns, num_hidden_layers=layers,
        num_attention_heads=width // 64, image_size=side, patch_size=patch, hidden_act='quick_gelu')
    model = transformers.CLIPVisionModelWithProjection(config).eval()
    model.load_state_dict({k: torch.from_numpy(v) for k, v in tensors.items()})
    with torch.no_grad():
        return model(pixel_values=torch.from_numpy(x)).image_embeds.numpy()


def tower_by_open_clip(size, tensors, x):
    side, patch, width, layers, mlp, columns = size
    model = VisionTransformer(image_size=side, patch_size=patch, width=width, layers=layers, heads=width // 64,
                              mlp_ratio=mlp / width, output_dim=columns, act_layer=QuickGELU).eval()
    model.load_state_dict({k.removeprefix('visual.'): torch.from_numpy(v) for k, v in tensors.items()})
    with torch.no_grad():
        return model(torch.from_numpy(x)).numpy()


def main():
    out = sys.argv[1]
    # 9.4, 11.3 and 12.0 agree; 13.0 filters columns first where that is cheaper, which changes bytes
    assert int(PIL.__version__.split('.')[0]) < 13, PIL.__version__
    os.makedirs(out, exist_ok=True)
    rng = np.random.default_rng(SEED)

    def save(name, a):
        np.save(os.path.join(out, name + '.npy'), np.ascontiguousarray(a))

    for i, (h, w, h2, w2) in enumerate(RESIZE):
        x = picture(rng, h, w)
        save('resize_x%d' % i, x)
        save('resize_y%d' % i, np.asarray(Image.fromarray(x).resize((w2, h2), Image.BICUBIC)))
    prepare = transforms.Compose([
        transforms.Resize(SIDE, interpolation=transforms.InterpolationMode.BICUBIC), transforms.CenterCrop(SIDE),
        transforms.ToTensor(), transforms.Normalize(MEAN, DEVIATION)])
    for i, (h, w) in enumerate(PIXELS):
        x = picture(rng, h, w)
        save('pixels_x%d' % i, x)
        save('pixels_y%d' % i, prepare(Image.fromarray(x)).numpy())
    clip = random_clip()
    size = clip.SIZES['tiny'][0]
    tensors = {name: clip.values(SEED, k, shape, amplitude, about_one)
               for k, (name, shape, amplitude, about_one) in enumerate(clip.image_tower(*size))}
    x = rng.standard_normal((4, 3, SIDE, SIDE)).astype(np.float32)
    y = tower_by_transformers(size, tensors, x)
    z = tower_by_open_clip(size, clip.openai_names(tensors), x)
    apart = float(np.abs(y - z).max())
    assert apart < 1e-5, apart
    save('tower_x', x)
    save('tower_y', y)
    with open(os.path.join(out, 'README.md'), 'w') as f:
        f.write(README % (sys.version.split()[0], np.__version__, PIL.__version__, torch.__version__,
                          torchvision.__version__, transformers.__version__, open_clip.__version__, SEED, apart,
                          np.abs(y).max()))


if __name__ == '__main__':
    main()
