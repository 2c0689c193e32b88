"""Points of `script/accept harmless` about weights and tests: each returns (value, why); why is empty when the point is passed."""
import json
import re

from accept_tools import BIN, build, call, last_line, model, output_of


def line_flips(_):
    """Single-bit flips at seeded places of the weights of tiny models, by the C API."""
    build()
    status, out = output_of([f'{BIN}/test_capi', 'verify: '])
    found = re.search(r'^  (\d+) of (\d+) single-bit flips found$', out, re.MULTILINE)
    value = {'found': int(found[1]), 'of': int(found[2]), 'suite': last_line(out)} if found else {'suite': last_line(out)}
    if status or not found or found[1] != found[2] or int(found[2]) < 1000:
        return value, f'test_capi verify: status {status}: {last_line(out)}'
    return value, ''


GIGABYTES_PER_S = 1.0


def line_verify_speed(_):
    """Checksums and NaN of a real model, on one core, from the system's cache of files."""
    build()
    path = model('gemma3-270m')
    manifest = 'build/harmless-manifest.json'
    call([f'{BIN}/premise', 'verify', path, '--write', manifest])
    runs = [json.loads(call([f'{BIN}/premise', 'verify', path, '--manifest', manifest, '--json'])) for _ in range(3)]
    best = min(runs, key=lambda run: run['ms'])
    speed = best['tensor_bytes'] / best['ms'] / 1e6
    return {'gigabytes_per_s': round(speed, 2), 'ms': best['ms']}, '' if speed >= GIGABYTES_PER_S else f'{speed:.2f} GB/s'


def line_mutants(_):
    status, out = output_of(['script/mutate'])
    value = last_line(out)
    if status or not re.fullmatch(r'\d+ passed, 0 failed, 0 skipped', value) or int(value.split()[0]) < 40:
        wrong = [line for line in out.splitlines() if line.startswith('FAIL')]
        return value, f'script/mutate: status {status}: {value}; ' + '; '.join(wrong)[:600]
    return value, ''
