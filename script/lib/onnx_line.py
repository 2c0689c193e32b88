"""The points of `script/accept onnx`: each returns (value, why); why is empty when the point is passed."""

import json
import os
import re

from accept_tools import BIN, GOLDEN, PROGRAM, TREE, build, call, last_line, output_of, premise, say, scratch
from any_gguf import gate
from bench_stats import geomean
from bench_vision import inputs_of, prepare

# ---- 1: ONNX's node tests --------------------------------------------------------------------------------------------

SHARE = 70.0


def line_1(_):
    build()
    status, out = output_of(['tests/full/onnx_nodes'])
    found = re.search(r'^share: ([\d.]+) %', out, re.M)
    share = float(found.group(1)) if found else 0.0
    totals = re.search(r'^\d+ tests: .*', out, re.M)
    value = {'share_pct': share, 'tests': totals.group(0) if totals else None, 'table': last_line(out)}
    why = [f'tests/full/onnx_nodes: status {status}: {last_line(out)}'] if status else []
    why += [f'{share} % pass'] if share < SHARE else []
    return value, '; '.join(why)


# ---- 2: real models --------------------------------------------------------------------------------------------------


def line_2(_):
    real, why = gate('tests/full/onnx_real')
    pages, wrong = gate('tests/full/ocr') if os.path.exists(os.path.join(TREE, 'tests/full/ocr')) else (None, 'there is no tests/full/ocr')
    return {'models': real, 'ocr': pages}, '; '.join(text for text in (why, wrong) if text)


# ---- 3: speed --------------------------------------------------------------------------------------------------------

FLOORS = {'geomean': 0.8, 'least': 0.5}


def slow_cases(result):
    for case in result['cases']:
        name = f'{case["model"]}, {case["threads"]} threads'
        if case['ratio'] is None:
            yield f'{name}: {case.get("why") or "answers differ, or no peer"}'
        elif case['ratio'] < FLOORS['least'] or case['ratio_q25'] < 0.9 * FLOORS['least']:
            yield f'{name}: ratio {case["ratio"]}, lower quartile {case["ratio_q25"]}'


def heavy_starts(result):
    for one in result['startup']:
        for key in ('load_s', 'peak_rss_mb'):
            mine, theirs = one[key]['ours']['median'], one[key][one[key]['peer']]['median']
            if mine >= theirs:
                yield f'{one["model"]}: {key} {mine}, {one[key]["peer"]} {theirs}'


def line_3(_):
    build()
    path = scratch('vision.json')
    say('the speed of ONNX models takes half an hour')
    call(['script/bench', 'peers', '--vision', '--threads', '1,2', '--rounds', '9', '--json', path])
    with open(os.path.join(TREE, path), encoding='utf-8') as file:
        result = json.load(file)
    ratios = [case['ratio'] for case in result['cases'] if case['ratio']]
    mean = geomean(ratios)
    keys = ('model', 'type', 'threads', 'ratio', 'ratio_q25', 'disturbed_rounds')
    value = {'cpu': result['cpu'], 'geomean': mean, 'cases': [{key: case.get(key) for key in keys} for case in result['cases']]}
    why = [*slow_cases(result), *heavy_starts(result)]
    if mean is None or mean < FLOORS['geomean']:
        why.append(f'geometric mean {mean}')
    return value, '; '.join(why)


# ---- 4: steady runs --------------------------------------------------------------------------------------------------

# Of each kind one that a thousand runs of take no hour.
STEADY = ('squeezenet', 'shufflenet', 'ppocr-rec', 'minilm-1x128')
CANCELLED = (('models/vision/resnet50.onnx',), ('models/vision/densenet121.onnx',), ('models/ppocr/det.onnx', '1x3x640x640'))


def hashes(found):
    return {name: one['sha256'] for name, one in found['outputs'].items()}


def steady(case):
    """Allocations of a thousand runs, planned and charged bytes, and the hash of the answer over threads and runs."""
    words = [word for one in inputs_of(case) for word in ('--input', one)]
    runs = [premise('infer', '-m', case['model'], *words, '--threads', str(threads), '--repeat', '1000' if threads == 2 else '3') for threads in (1, 2, 2)]
    plan = premise('plan', '-m', case['model'], *words, '--threads', '2')
    value = {'allocations': runs[1]['allocations'], 'planned': plan['host_bytes'], 'charged': runs[1]['peak_charged_bytes'], 'hashes': len({json.dumps(hashes(one)) for one in runs})}
    why = [what for what, wrong in (('allocates', value['allocations']), ('planned is not charged', value['planned'] != value['charged']), ('other bits', value['hashes'] != 1)) if wrong]
    return value, [f'{case["name"]}: {what}: {json.dumps(value)}' for what in why]


def line_4(_):
    build()
    value, why = {}, []
    for case in prepare(STEADY)[0]:
        value[case['name']], wrong = steady(case)
        why += wrong
    for words in CANCELLED:
        status, out = output_of([f'{BIN}/full_tensor_cancel', '--json', '--tries', '100', *words])
        value[words[0]] = json.loads(last_line(out) or 'null')
        if status:
            why.append(f'{words[0]}: {last_line(out)}')
    return value, '; '.join(why)


# ---- 5: malformed files ----------------------------------------------------------------------------------------------

LEAST_FILES = 350


def line_5(_):
    build()
    call(['script/build', 'dev', '--target', 'premise_cli'])
    value, why, files = {}, [], 0
    for kind in ('onnx', 'operators'):
        folder = scratch(f'corpus-{kind}')
        files += int(call(['script/corpus', kind, folder]).split()[0])
        for name, words in (('release', []), ('sanitizers', ['--cmd', 'build/dev/bin/premise check {}', '--seconds', '10', '--mib', '1024'])):
            status, out = output_of(['script/corpus', 'run', folder, *words], {'ASAN_OPTIONS': 'allocator_may_return_null=1'})
            value[f'{kind}, {name}'] = out.strip().splitlines()[-2:]
            if status:
                why.append(f'{kind}, {name}: status {status}: {last_line(out)}')
    if files < LEAST_FILES:
        why.append(f'{files} files')
    return value | {'files': files}, '; '.join(why)


# ---- 6: one form of graph --------------------------------------------------------------------------------------------

NODE = re.compile(r'^\S+(, \S+)* = \w+\(.*\)( \{.*\})? -> \[.*\] \w+(, \[.*\] \w+)*$')
MODELS = (f'{GOLDEN}/data/tiny-gemma3-f32.gguf', f'{GOLDEN}/data/tiny-qwen2moe-f32.gguf', 'models/vision/resnet50.onnx', 'models/minilm/model.onnx')


def line_6(_):
    build()
    prepare(STEADY)
    value, why = {}, []
    for path in MODELS:
        status, out = output_of([PROGRAM, 'inspect', '-m', path, '--graph', '--quiet'])
        lines = out.splitlines()
        other = [line for line in lines if not NODE.match(line)]
        value[path] = len(lines)
        if status or other or not lines:
            why.append(f'{path}: status {status}, {len(other)} of {len(lines)} lines of another form: {(other or [""])[0]}')
    status, out = output_of(['script/house'])
    value['house'] = last_line(out)
    why += [f'script/house: {last_line(out)}'] if status else []
    return value, '; '.join(why)


POINTS = {
    1: (line_1, 'the committed table; 70 % of those not training, ml or sequence', 'tests/full/onnx_nodes'),
    2: (line_2, '1e-4 of ONNX Runtime, QDQ one quantum; three pages read', 'tests/full/onnx_real; tests/full/ocr'),
    3: (line_3, 'geometric mean 0.8, each 0.5 of the faster peer; opens sooner, takes less memory', 'script/bench peers --vision --threads 1,2 --rounds 9'),
    4: (line_4, '0 allocations, plan = charged, one hash, cancel p99 50 ms', f'{PROGRAM} infer --repeat 1000; {BIN}/full_tensor_cancel'),
    5: (line_5, '350 files, 0 failed', 'script/corpus onnx; script/corpus operators; script/corpus run'),
    6: (line_6, 'one form of line; kernels are called in the executor alone', f'{PROGRAM} inspect --graph; script/house'),
}
GOALS = {1: '90 %', 3: 'geometric mean 1.2, each 1.0'}
