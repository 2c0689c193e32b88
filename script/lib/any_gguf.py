"""The points of `script/accept any-gguf`: each returns (value, why); why is empty when the point is passed."""

import filecmp
import json
import os
import re

from accept_tools import BIN, GOLDEN, TREE, build, call, cpu_name, last_line, model, output_of, peers, say, scratch
from measured import line_4 as bit_suite


def gate(program):
    """A program of tests/full, which ends with its counts."""
    build()
    status, out = output_of([program])
    value = last_line(out)
    if status or not re.fullmatch(r'[1-9]\d* passed, 0 failed, 0 skipped', value):
        wrong = [line for line in out.splitlines() if re.match(r'\s*(FAIL|failed|skip)', line)]
        return value, f'{program}: status {status}: {value}; ' + '; '.join(wrong)[:600]
    return value, ''


# ---- 1: the table of types and architectures -------------------------------------------------------------------------


def line_1(_):
    return gate('tests/full/any_gguf')


# ---- 2: dequantization and bits --------------------------------------------------------------------------------------


def changed_blocks():
    """Goldens that the gguf package would give otherwise today."""
    python = call([f'{GOLDEN}/make_venv']).strip().splitlines()[-1]
    folder = scratch('blocks')
    os.makedirs(os.path.join(TREE, folder), exist_ok=True)
    call([python, f'{GOLDEN}/block_floats.py', folder])
    names = sorted(name for name in os.listdir(os.path.join(TREE, GOLDEN, 'data')) if name.startswith('blocks-'))
    _, different, missing = filecmp.cmpfiles(os.path.join(TREE, folder), os.path.join(TREE, GOLDEN, 'data'), names, shallow=False)
    return names, different + missing


def line_2(options):
    build()
    names, changed = changed_blocks()
    status, out = output_of([f'{BIN}/test_formats'])
    bits, why = bit_suite(options)
    value = {'types': [re.sub(r'blocks-|\.bin', '', name) for name in names], 'dequantization': last_line(out), 'bits': bits}
    if changed:
        why += f'; other floats in {changed}'
    if status:
        why += f'; test_formats: {last_line(out)}'
    return value, why.strip('; ')


# ---- 3: tokenizers ---------------------------------------------------------------------------------------------------


def line_3(_):
    peers()
    status, out = output_of(['tests/full/tokenizers', '--json'])
    found = json.loads(last_line(out) or '{}')
    wrong = {f'{what} {name}': one for what, group in found.items() for name, one in group.items() if one.get('different', not one.get('refused'))}
    value = {what: len(group) for what, group in found.items()} | {'different': len(wrong)}
    why = f'status {status}: {json.dumps(wrong, ensure_ascii=False)[:600]}' if status or wrong or len(found) != 3 else ''
    return value, why


# ---- 4: templates ----------------------------------------------------------------------------------------------------


def line_4(_):
    return gate('tests/full/templates')


# ---- 5: the speed of each type ---------------------------------------------------------------------------------------

FLOOR = 1.0


def line_5(_):
    peers()
    model('qwen2.5-0.5b')  # the synthetic model has its tokenizer
    path = scratch('types.json')
    say('the speed of each type takes about an hour')
    call(['script/bench', 'peers', '--types', '--threads', '2', '--rounds', '9', '--json', path])
    with open(os.path.join(TREE, path), encoding='utf-8') as file:
        result = json.load(file)
    value = {'cpu': cpu_name(), 'geomean': result['geomean'], 'cases': []}
    why = []
    for case in result['cases']:
        keys = ('type', 'phase', 'threads', 'ratio', 'ratio_q25', 'agree', 'disturbed_rounds')
        value['cases'].append({key: case[key] for key in keys})
        if case['ratio'] is None or case['ratio'] < FLOOR or case['ratio_q25'] < 0.9 * FLOOR:
            why.append(f'{case["type"]} {case["phase"]}: ratio {case["ratio"]}, lower quartile {case["ratio_q25"]}')
    return value, '; '.join(why)


# ---- 6: chat ---------------------------------------------------------------------------------------------------------


def line_6(_):
    return gate('tests/full/chat')


POINTS = {
    1: (line_1, 'F32 1e-4 of transformers; mean KL 1e-3, top-1 97 % of llama.cpp', 'tests/full/any_gguf'),
    2: (line_2, "the gguf package's bytes; the committed hashes", f'{BIN}/test_formats; PREMISE_ISA=... {BIN}/test_bits'),
    3: (line_3, "llama.cpp's ids", 'tests/full/tokenizers'),
    4: (line_4, "jinja2's bytes", 'tests/full/templates'),
    5: (line_5, 'prefill 1.0, decode 1.0 of llama.cpp for each type', 'script/bench peers --types --threads 2 --rounds 9'),
    6: (line_6, 'a conversation of two turns in a terminal', 'tests/full/chat'),
}
GOALS = {5: 'prefill 1.5, decode 1.5'}
