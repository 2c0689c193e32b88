"""The points of `script/accept measured`: each returns (value, why); why is empty when the point is passed."""

import json
import os
import re

from accept_tools import (
    BIN,
    MODELS,
    TREE,
    build,
    call,
    cpu_name,
    done_once,
    isas,
    last_line,
    model,
    once,
    output_of,
    peers,
    read_json_lines,
    say,
    scratch,
)

# ---- 1: budgets ------------------------------------------------------------------------------------------------------


def line_1(_):
    build()
    status, out = output_of([f'{BIN}/full_memory', *(model(name) for name in MODELS)])
    value = read_json_lines('\n'.join(line for line in out.splitlines() if line.startswith('{')))
    suite_status, suite = output_of([f'{BIN}/test_capi', 'memory'])
    why = [f'{one["model"]}: {json.dumps(one)}' for one in value if not one['pass']]
    if status or len(value) != len(MODELS):
        why.append(f'full_memory: status {status}: {last_line(out)}')
    if suite_status:
        why.append(f'test_capi memory: {last_line(suite)}')
    return {'models': value, 'tiny_models': last_line(suite)}, '; '.join(why)


# ---- 2: no allocation ------------------------------------------------------------------------------------------------


def line_2(_):
    build()
    value, why = {}, []
    for name in MODELS:
        status, out = output_of([f'{BIN}/test_allocations', model(name), '256'])
        found = re.search(r'(\d+) tokens, (\d+) allocations', out)
        value[name] = {'tokens': int(found.group(1)), 'allocations': int(found.group(2))} if found else None
        if status or not found:
            why.append(f'{name}: {last_line(out)}')
    status, out = output_of([f'{BIN}/test_capi', 'generating text allocates nothing'])
    value['host_allocator'] = last_line(out)
    if status or not out.strip().endswith('1 passed, 0 failed, 0 skipped'):
        why.append(f'host allocator: {last_line(out)}')
    return value, '; '.join(why)


# ---- 3: cancel -------------------------------------------------------------------------------------------------------


def line_3(_):
    build()
    value, why = {}, []
    for name in MODELS:
        _, out = output_of([f'{BIN}/full_cancel', '--json', '--tries', '100', model(name)])
        one = value[name] = json.loads(last_line(out))
        for phase in ('load', 'prefill', 'decode'):
            if one[phase]['tries'] < 100 or one[phase]['p99_ms'] > 50:
                why.append(f'{name}: {phase}: {json.dumps(one[phase])}')
        if not one['threads_0_pass']:
            why.append(f'{name}: with threads = 0 the thread count changed')
    return value, '; '.join(why)


# ---- 4: bits ---------------------------------------------------------------------------------------------------------


def line_4(_):
    build()
    value, why = {}, []
    for isa in [*isas(), 'emu512']:
        say(f'bit suite on {isa}')
        status, out = output_of([f'{BIN}/test_bits'], {'PREMISE_ISA': isa})
        value[isa] = last_line(out)
        if status:
            why.append(f'{isa}: {last_line(out)}')
    with open(os.path.join(TREE, 'tests/unit/bits/hashes.txt'), encoding='utf-8') as file:
        value['committed_hashes'] = sum(bool(re.search(r'\b[0-9a-f]{64}\b', line)) for line in file)
    if value['committed_hashes'] < 20:
        why.append('fewer than 20 committed hashes')
    return value, '; '.join(why)


# ---- 5 and 6: the bench ----------------------------------------------------------------------------------------------


def bench():
    def make():
        peers()
        path = scratch('peers.json')
        call(['script/bench', 'peers', '--threads', '1,2', '--rounds', '9', '--busy-neighbour', '--json', path])
        with open(os.path.join(TREE, path), encoding='utf-8') as file:
            return json.load(file)

    return once('bench', make)


FLOORS = {'prefill': (1.0, 1.5), 'decode': (1.0, 1.4)}


def line_5(_):
    result = bench()
    value = {'cpu': cpu_name(), 'geomean': result['geomean'], 'cases': [], 'busy_neighbour': result['busy_neighbour']}
    why = []
    for case in result['cases']:
        name = f'{case["model"]} {case["phase"]} {case["threads"]}'
        keys = ('model', 'phase', 'threads', 'ratio', 'ratio_q25', 'agree', 'share', 'disturbed_rounds')
        value['cases'].append({key: case.get(key) for key in keys})
        floor, _ = FLOORS[case['phase']]
        if case['ratio'] is None or case['ratio'] < floor or case['ratio_q25'] < 0.9 * floor:
            why.append(f'{name}: ratio {case["ratio"]}, lower quartile {case["ratio_q25"]}')
        if case['phase'] == 'decode' and (case['share'] or 0) < 0.55:
            why.append(f'{name}: share of read bandwidth {case["share"]}')
    for one in result['busy_neighbour']:
        for phase, found in one['ours'].items():
            if isinstance(found, dict) and found['ratio'] < 0.8:
                why.append(f'{one["model"]} beside a spinner: {phase} {found["ratio"]}')
    value['idle_cpu_pct'] = [one['cpu_pct'] for one in result['idle']]
    if max(value['idle_cpu_pct']) >= 0.1:
        why.append('the idle engine uses the processor')
    return value, '; '.join(why)


def startup():
    """Of the bench of line 5 where that was run."""
    if 'bench' in done_once:
        return bench()['startup']
    peers()
    path = scratch('startup.json')
    call(['script/bench', 'peers', '--startup', '--threads', '1,2', '--rounds', '9', '--json', path])
    with open(os.path.join(TREE, path), encoding='utf-8') as file:
        return json.load(file)['startup']


def line_6(_):
    value, why = startup(), []
    for one in value:
        if one['first_token_s']['ratio'] > 1.0:
            why.append(f'{one["model"]}: first token after {one["first_token_s"]["ratio"]} of the peer\'s time')
        if one['peak_rss_mb']['ratio'] > 1.05:
            why.append(f'{one["model"]}: peak RSS {one["peak_rss_mb"]["ratio"]} of the peer\'s')
    return value, '; '.join(why)


# ---- 7: Windows ------------------------------------------------------------------------------------------------------


def line_7(_):
    build()
    for name in MODELS:
        model(name)
    status, out = output_of(['script/test', '--windows'])
    value = last_line(out)
    # A case of a suite may need another CPU; what the gate itself leaves out, such as all of it without wine, is no proof.
    left_out = [one for one in re.findall(r'^\s*skip: (.*)$', out, re.M) if not re.match(r'test_\w+: this CPU ', one)]
    if status or left_out or not re.fullmatch(r'[1-9]\d* passed, 0 failed, \d+ skipped', value):
        return value, f'status {status}: {value}; ' + '; '.join(re.findall(r'^\s*(?:FAIL|failed|skip): (.*)$', out, re.M))[:600]
    return value, ''


POINTS = {
    1: (line_1, 'OVER_BUDGET or equal tokens, nothing leaked; RSS <= plan + 32 MiB', 'build/release/bin/full_memory; test_capi memory'),
    2: (line_2, '0 allocations', 'build/release/bin/test_allocations MODEL 256'),
    3: (line_3, 'p99 <= 50 ms', 'build/release/bin/full_cancel --json --tries 100 MODEL'),
    4: (line_4, 'the committed hashes', 'PREMISE_ISA=... build/release/bin/test_bits'),
    5: (line_5, 'prefill 1.0, decode 1.0, share 0.55; busy >= 0.8', 'script/bench peers --threads 1,2 --rounds 9 --busy-neighbour'),
    6: (line_6, 'first token <= 1.0, peak RSS <= 1.05 of llama.cpp', 'script/bench peers --startup'),
    7: (line_7, 'same tokens', 'script/test --windows'),
}
GOALS = {5: 'prefill 1.5, decode 1.4, share 0.80'}
