"""Points of `script/accept cuda` about models of random weights and the sizing table: each returns (value, why); why is empty when the
point is passed."""

import json
import os
import time

from accept_tools import PROGRAM, TREE, build, call, last_line, output_of, premise, scratch
from fresh_root import NoSystem

SHAPES = ('qwen2-0.5b', 'qwen2-1.5b', 'qwen2-7b', 'qwen2-14b', 'qwen2-32b', 'llama-8b')
TYPES = ('q4_k_m', 'q8_0', 'f16')
PLAN_SECONDS, GIGABYTES_PER_S, SOAK_SECONDS = 2.0, 1.0, 180
SOAKED = 'qwen2-7b-q4_k_m'
WRITTEN = 'qwen2-0.5b-q4_k_m'


def slowest_plan():
    """(seconds, name) of the plan that takes longest."""
    slowest = (0.0, '')
    for name in (f'{shape}-{kind}' for shape in SHAPES for kind in TYPES):
        began = time.monotonic()
        premise('plan', '--synth', name)
        slowest = max(slowest, (time.monotonic() - began, name))
    return slowest


def written_is_read():
    """Whether a written model answers as the one in memory, byte for byte."""
    path = scratch('synth.gguf')
    sums = [premise('synth', WRITTEN, '-o', path, '--force', '--sha256')['sha256'], premise('synth', WRITTEN, '--sha256')['sha256']]
    sums += [premise('logits', *which, '--ids', '1,20,300,4000')['sha256'] for which in (('-m', path), ('--synth', WRITTEN))]
    os.remove(os.path.join(TREE, path))
    return sums[0] == sums[1] and sums[2] == sums[3]


def line_models(_):
    build()
    value, why = {'slowest_plan_s': slowest_plan()}, []
    if value['slowest_plan_s'][0] > PLAN_SECONDS:
        why.append(f'plan takes {value["slowest_plan_s"]}')
    value['gb_per_s'] = {kind: round(premise('synth', f'qwen2-7b-{kind}')['gb_per_s'], 2) for kind in TYPES}
    why += [f'{kind}: {speed} GB/s' for kind, speed in value['gb_per_s'].items() if speed < GIGABYTES_PER_S]
    if not written_is_read():
        why.append(f'{WRITTEN}: the file and the model in memory differ')
    status, out = output_of(['tests/full/soak', str(SOAK_SECONDS), SOAKED])
    if out.startswith('skip: '):
        raise NoSystem(out.splitlines()[0])
    value['soak'] = next((json.loads(line) for line in out.splitlines() if line.startswith('{')), last_line(out))
    if status:
        why.append(f'tests/full/soak: status {status}: {last_line(out)}')
    return value, '; '.join(why)


def line_sizing(_):
    build()
    with open(os.path.join(TREE, 'docs/sizing.md'), encoding='utf-8') as file:
        written = file.read()
    same = call([PROGRAM, 'plan', '--table']) == written
    rows = sum(line.startswith('| qwen2-') for line in written.splitlines())
    return {'rows': rows}, '' if same else 'docs/sizing.md is not what premise plan --table writes'
