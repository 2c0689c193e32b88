"""The points of `script/accept cuda`: each returns (value, why); why is empty when the point is passed."""

import json
import os
import re

from accept_tools import BIN, PROGRAM, TREE, build, call, last_line, output_of
from cuda_synth import line_models, line_sizing
from fresh_root import NoSystem

LEAST_SCENES, SEEDED_BUGS = 20, 10
SUITES = {
    'kernels by architecture': 'tests/full/cuda_compile',
    'plug-in': 'tests/cuda/test_cuda_plugin.py',
    'doctor': 'tests/fake_nvidia/test_doctor.py',
}


def catch_totals(*arguments):
    """(cases that passed, '' or what is wrong) of test_cuda."""
    status, out = output_of([f'{BIN}/test_cuda', *arguments])
    passed = re.search(r'All tests passed \(\d+ assertions? in (\d+) test cases?\)', out)
    return int(passed.group(1)) if passed else 0, '' if status == 0 and passed else f'test_cuda {" ".join(arguments)}: status {status}'


# ---- 1: what needs no GPU --------------------------------------------------------------------------------------------


def seeded_bugs():
    with open(os.path.join(TREE, 'tests/unit/cuda/seeded_bugs.h'), encoding='utf-8') as file:
        listed = re.search(r'enum class Bug \{\s*none,(.*?)count,', file.read(), re.S).group(1)
    return listed.count(',')


def line_1(_):
    build()
    call(['script/build', 'cuda', '--target', 'premise_cuda'])
    cases, wrong = catch_totals()
    value, why = {'emulator cases': cases}, [wrong] if wrong else []
    for name, suite in SUITES.items():
        status, out = output_of([suite], {'PREMISE_BIN': PROGRAM})
        value[name] = last_line(out)
        if status or not re.match(r'[1-9]\d* passed, 0 failed, 0 skipped$', value[name]):
            why.append(f'{suite}: status {status}: {value[name]}')
    value['seeded bugs'], (_, wrong) = seeded_bugs(), catch_totals('emulator: every seeded bug is found')
    value['scenes'] = len([name for name in os.listdir(os.path.join(TREE, 'tests/fake_nvidia/scenes')) if name.endswith('.json')])
    why += [wrong] if wrong else []
    why += [f'{value["seeded bugs"]} seeded bugs'] if value['seeded bugs'] < SEEDED_BUGS else []
    why += [f'{value["scenes"]} scenes'] if value['scenes'] < LEAST_SCENES else []
    value['here'] = {check['id']: check['state'] for check in json.loads(output_of([PROGRAM, 'doctor', '--json'])[1])['checks']}
    return value, '; '.join(why)


# ---- 2: the CPU's bytes ----------------------------------------------------------------------------------------------


def line_2(_):
    build()
    value, why = {}, []
    for name in ('cuda: products*', 'cuda: a whole model*', 'cuda device: a step*'):
        value[name], wrong = catch_totals(name)
        why += [wrong] if wrong else []
    return value, '; '.join(why)


# ---- 3: models of random weights, memory -----------------------------------------------------------------------------


def line_3(_):
    models, wrong = line_models(_)
    sizing, differs = line_sizing(_)
    return {'models': models, 'sizing': sizing}, '; '.join(text for text in (wrong, differs) if text)


# ---- 4 and 5: on a GPU -----------------------------------------------------------------------------------------------


def line_gpu(_):
    build()
    checks = {check['id']: check for check in json.loads(output_of([PROGRAM, 'doctor', '--json'])[1])['checks']}
    raise NoSystem(f'not measured: this needs a run on a GPU (here: {checks["compute_capability"]["found"]})')


POINTS = {
    1: (line_1, 'the plug-in builds without a GPU; all pass; >= 20 scenes', 'script/build cuda; test_cuda; tests/cuda/*; tests/fake_nvidia/test_doctor.py'),
    2: (line_2, 'byte for byte', f"{BIN}/test_cuda 'cuda: products*' 'cuda: a whole model*' 'cuda device: a step*'"),
    3: (line_3, '0 errors in 3 minutes, memory flat, first and last answer equal', 'premise plan --table; tests/full/soak 180 qwen2-7b-q4_k_m'),
    4: (line_gpu, '45 % of the bandwidth; 1.0 of llama.cpp', 'not there yet'),
    5: (line_gpu, '1e-3 of the CPU', 'not there yet'),
}
