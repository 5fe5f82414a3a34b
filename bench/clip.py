# SPDX-License-Identifier: Apache-2.0
"""CLIP's image tower beside PyTorch, in one run: agreement, speed, share of the processor's rate, memory.

    python bench/clip.py BENCH_CLIP MAKE_RANDOM_CLIP [--rounds N] [--batches 1,8,32,64] [--threads 1,2]
    python bench/clip.py BENCH_CLIP MAKE_RANDOM_CLIP --weights FILE [--pictures FOLDER]

Full size (ViT-B/32), random weights (the same file on both sides). The sides take turns within each round; per setting
the best round counts, in pictures per second. PyTorch: the better of transformers' CLIPVisionModelWithProjection and
open_clip's tower with QuickGELU, float32, inference mode. GFLOP/s counts products with weights only.

Agreement is shown with these weights and with others in which a few channels dwarf the rest. Cosines are also given
after the mean of all pictures' embeddings has been taken away: embeddings of random weights have much in common.

With --weights: bfloat16 and 8 bits beside merwild's own float32 with that file, on the pictures of a folder (else on
made-up ones), and nothing else."""
import argparse
import importlib.machinery
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np
import open_clip
import torch
import transformers
from open_clip.transformer import QuickGELU, VisionTransformer
from PIL import Image
from torchvision import transforms

SEED, N_AGREE = 3, 32


class Program:
    """bench_clip with one file of weights, kept running."""

    def __init__(self, path, weights, precision):
        self.p = subprocess.Popen([path, weights, precision], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        self.p.stdin.write(line + '\n')
        self.p.stdin.flush()
        answer = self.p.stdout.readline()
        if not answer:
            sys.exit('bench_clip stopped at: ' + line)
        return answer

    def seconds(self, line):
        return np.array([float(v) for v in self.ask(line).split()])

    def close(self):
        self.p.stdin.close()
        self.p.wait()


def random_clip(path):
    loader = importlib.machinery.SourceFileLoader('make_random_clip', path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader('make_random_clip', loader))
    loader.exec_module(module)
    return module


def torch_models(clip, outliers):
    size = clip.SIZES['b32'][0]
    side, patch, width, layers, mlp, columns = size
    tensors = dict(clip.tensors(list(clip.image_tower(*size)), SEED, outliers))
    config = transformers.CLIPVisionConfig(
        hidden_size=width, intermediate_size=mlp, projection_dim=columns, num_hidden_layers=layers,
        num_attention_heads=width // 64, image_size=side, patch_size=patch, hidden_act='quick_gelu')
    hf = transformers.CLIPVisionModelWithProjection(config).eval()
    hf.load_state_dict({k: torch.from_numpy(v) for k, v in tensors.items()})
    oc = VisionTransformer(image_size=side, patch_size=patch, width=width, layers=layers, heads=width // 64,
                           mlp_ratio=mlp / width, output_dim=columns, act_layer=QuickGELU).eval()
    oc.load_state_dict({k.removeprefix('visual.'): torch.from_numpy(v)
                        for k, v in clip.openai_names(tensors).items()})
    return {'transformers': lambda x: hf(pixel_values=x).image_embeds, 'open_clip': oc}, hf


def timed(model, x):
    wall, processor = time.perf_counter(), time.process_time()
    with torch.inference_mode():
        model(x)
    return np.array([time.perf_counter() - wall, time.process_time() - processor])


MEAN, DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def made_up(side):
    """Half of them noise, half smooth colours with edges and a little noise."""
    rng = np.random.default_rng(SEED)
    noise = rng.standard_normal((N_AGREE // 2, 3, side, side))
    smooth = []
    for i in range(N_AGREE - N_AGREE // 2):
        image = Image.fromarray(rng.integers(0, 256, (3 + i, 4 + i, 3), dtype=np.uint8))
        v = np.asarray(image.resize((side, side), Image.BICUBIC if i % 2 else Image.NEAREST)) / 255
        v = np.clip(v + rng.normal(0, 0.01, v.shape), 0, 1)
        smooth.append(((v - MEAN) / DEVIATION).transpose(2, 0, 1))
    return np.concatenate([noise, np.stack(smooth)]).astype(np.float32)


def pictures_of(folder, side):
    prepare = transforms.Compose([
        transforms.Resize(side, interpolation=transforms.InterpolationMode.BICUBIC), transforms.CenterCrop(side),
        transforms.ToTensor(), transforms.Normalize(MEAN, DEVIATION)])
    names = [os.path.join(folder, n) for n in sorted(os.listdir(folder))
             if n.lower().endswith(('.png', '.jpg', '.jpeg'))]
    if not names:
        sys.exit('no .png or .jpg in ' + folder)
    return np.stack([prepare(Image.open(n).convert('RGB')).numpy() for n in names])


def embedded(programs, x, folder):
    source, target = os.path.join(folder, 'x'), os.path.join(folder, 'y')
    x.tofile(source)
    out = {}
    for precision, p in programs.items():
        p.ask('embed %d %s %s' % (len(x), source, target))
        out['merwild ' + precision] = np.fromfile(target, np.float32).reshape(len(x), -1)
    return out


def least_cosine(a, b):
    return ((a * b).sum(1) / np.sqrt((a * a).sum(1) * (b * b).sum(1))).min()


def compare(against, want, rows):
    y = want.astype(np.float64)
    mean = y.mean(0)
    print('| against %s, %d pictures | largest difference / deviation | least cosine | without the mean |' % (
        against, len(y)))
    print('| --- | --- | --- | --- |')
    for name, got in rows.items():
        g = got.astype(np.float64)
        print('| %s | %.1e | 1 - %.1e | 1 - %.1e |' % (name, np.abs(g - y).max() / y.std(), 1 - least_cosine(g, y),
                                                      1 - least_cosine(g - mean, y - mean)))
    print()


def agreement(programs, models, folder):
    x = made_up(224)
    with torch.inference_mode():
        want = {k: m(torch.from_numpy(x)).numpy() for k, m in models.items()}
    compare('transformers', want['transformers'], {'open_clip': want['open_clip'], **embedded(programs, x, folder)})


def start(program, weights):
    """One program per precision that the processor has."""
    flags = open('/proc/cpuinfo').read()
    programs = {'f32': Program(program, weights, 'f32')}
    if 'avx512_bf16' in flags:
        programs['bf16'] = Program(program, weights, 'bf16')
    if 'avx512_vnni' in flags or 'avx_vnni' in flags:
        programs['int8'] = Program(program, weights, 'int8')
    return programs


def own_weights(o):
    programs = start(o.program, o.weights)
    side = json.loads(programs['f32'].ask('info'))['side']
    x = pictures_of(o.pictures, side) if o.pictures else made_up(side)
    with tempfile.TemporaryDirectory() as folder:
        rows = embedded(programs, x, folder)
    compare('float32', rows.pop('merwild f32'), rows)
    for program in programs.values():
        program.close()


def outliers_agree(o, clip, folder):
    weights = os.path.join(folder, 'outliers.safetensors')
    subprocess.check_call([sys.executable, o.make_random_clip, weights, '--size', 'b32', '--seed', str(SEED),
                           '--outliers'])
    programs = start(o.program, weights)
    print('With six channels of each LayerNorm inside the layers 20 times as large:\n')
    agreement(programs, torch_models(clip, True)[0], folder)
    for program in programs.values():
        program.close()
    os.remove(weights)


def speed(programs, models, o, info):
    """Best seconds (clock, processor) of each side per (batch, threads)."""
    best = {}
    for batch in o.batches:
        x = torch.randn(batch, 3, 224, 224)
        for threads in o.threads:
            torch.set_num_threads(threads)
            tasks = {name: lambda m=m: timed(m, x) for name, m in models.items()}
            for precision, p in programs.items():
                tasks['run ' + precision] = lambda p=p: p.seconds('run %d %d' % (batch, threads))
                tasks['bare ' + precision] = lambda p=p: p.seconds('bare %d %d' % (batch, threads))
            for task in tasks.values():
                task()  # to warm up
            seconds = {name: [] for name in tasks}
            for _ in range(o.rounds):
                for name, task in tasks.items():
                    seconds[name].append(task())
            best[batch, threads] = {name: np.min(s, 0) for name, s in seconds.items()}
            print('.', end='', file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return best


def report(best, models, precisions, info):
    print('Pictures per second by the clock, best of the rounds; share: seconds of the bare products / seconds of the '
          'tower, of processor time.\n')
    print('| batch | threads | transformers | open_clip |' +
          ''.join(' merwild %s | bare %s GFLOP/s | share |' % (p, p) for p in precisions) + ' f32 / PyTorch |')
    print('| --- | --- | --- | --- |' + ' --- | --- | --- |' * len(precisions) + ' --- |')
    for (batch, threads), s in best.items():
        torch_s = min(s[m][0] for m in models)
        row = '| %d | %d | %.1f | %.1f |' % (batch, threads, batch / s['transformers'][0], batch / s['open_clip'][0])
        for p in precisions:
            run, bare = s['run ' + p], s['bare ' + p]
            row += ' %.1f | %.0f | %.0f %% |' % (batch / run[0], batch * info['operations'] / bare[0] / 1e9,
                                                100 * bare[1] / run[1])
        print(row + ' %.2f |' % (torch_s / s['run f32'][0]))
    print()
    for k, kind in enumerate(('clock', 'processor time')):
        def rate(name):
            return max(batch / s[name][k] for (batch, _), s in best.items())
        torch_rate = max(rate(m) for m in models)
        line = 'Best of all settings, per second of %s: PyTorch %.1f, merwild f32 %.1f (%.2f times)' % (
            kind, torch_rate, rate('run f32'), rate('run f32') / torch_rate)
        for p in precisions[1:]:
            line += ', %s %.1f (%.2f times f32)' % (p, rate('run ' + p), rate('run ' + p) / rate('run f32'))
        print(line + '.')
    print()


def preparation(program):
    """Beside Pillow and torchvision, one picture at a time."""
    prepare = transforms.Compose([
        transforms.Resize(224, interpolation=transforms.InterpolationMode.BICUBIC), transforms.CenterCrop(224),
        transforms.ToTensor(), transforms.Normalize((0.4815, 0.4578, 0.4082), (0.2686, 0.2613, 0.2758))])
    print('| preparing a picture of | merwild, ms | Pillow and torchvision, ms |')
    print('| --- | --- | --- |')
    torch.set_num_threads(1)
    for w, h in (160, 160), (480, 360), (1920, 1080):
        image = Image.fromarray(np.random.default_rng(SEED).integers(0, 256, (h, w, 3), dtype=np.uint8))
        ours = program.seconds('pixels %d %d' % (w, h))[1]
        theirs = []
        for _ in range(20):
            start = time.process_time()
            prepare(image)
            theirs.append(time.process_time() - start)
        print('| %d x %d | %.2f | %.2f |' % (w, h, 1e3 * ours, 1e3 * min(theirs)))
    print()


def torch_bf16(hf, o):
    """PyTorch's own gain from bfloat16, for what the processor offers."""
    x = torch.randn(8, 3, 224, 224)
    torch.set_num_threads(1)
    half = hf.to(torch.bfloat16)
    s = min(timed(lambda v: half(pixel_values=v), x.to(torch.bfloat16))[0] for _ in range(o.rounds + 1))
    print('transformers in bfloat16, batch 8, 1 thread: %.1f pictures per second.\n' % (8 / s))


def memory(o, weights, precisions):
    print('| precision | workers | batch | weights and buffers, MiB | peak while loading, MiB |')
    print('| --- | --- | --- | --- | --- |')
    for precision in precisions:
        for workers in (1, 4):
            r = json.loads(subprocess.check_output([o.program, weights, precision, 'memory', str(workers), '32']))
            print('| %s | %d | 32 | %.0f | %.0f |' % (precision, workers, r['kib'] / 1024, r['peak_kib'] / 1024))


def numbers(text):
    return [int(v) for v in text.split(',')]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('program')
    p.add_argument('make_random_clip')
    p.add_argument('--rounds', type=int, default=3)
    p.add_argument('--batches', type=numbers, default=[1, 8, 32, 64])
    p.add_argument('--threads', type=numbers, default=[1, 2])
    p.add_argument('--weights', help='show how far reduced precision changes the embeddings of this file')
    p.add_argument('--pictures', help='folder of pictures for --weights')
    o = p.parse_args()
    if o.weights:
        own_weights(o)
        return
    clip = random_clip(o.make_random_clip)
    with tempfile.TemporaryDirectory() as folder:
        weights = os.path.join(folder, 'b32.safetensors')
        subprocess.check_call([sys.executable, o.make_random_clip, weights, '--size', 'b32', '--seed', str(SEED)])
        programs = start(o.program, weights)
        info = json.loads(programs['f32'].ask('info'))
        models, hf = torch_models(clip, False)
        print('torch %s, transformers %s, open_clip %s; %s; %d processors; %.2f GFLOP per picture computed of %.2f '
              'usual; kernel %s\n' % (torch.__version__, transformers.__version__, open_clip.__version__,
                                      next((line.split(':')[1].strip() for line in open('/proc/cpuinfo')
                                            if line.startswith('model name')), '?'),
                                      len(os.sched_getaffinity(0)), info['operations'] / 1e9,
                                      info['usual_operations'] / 1e9, info['kernel']))
        agreement(programs, models, folder)
        outliers_agree(o, clip, folder)
        best = speed(programs, models, o, info)
        report(best, models, list(programs), info)
        preparation(programs['f32'])
        for program in programs.values():
            program.close()
        if 'bf16' in programs:
            torch_bf16(hf, o)
        memory(o, weights, list(programs))


if __name__ == '__main__':
    main()
