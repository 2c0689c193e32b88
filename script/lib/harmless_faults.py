"""The points of `script/accept harmless` about failures, threads and wrong calls: each returns (value, why); why is empty when
the point is passed."""

import json
import os
import re

from accept_tools import BIN, build, call, last_line, output_of

SUITES = ('abuse:', 'close:', 'fork:', 'limits:', 'turns:')
SECONDS = 300


def counts_of(program):
    """The counts of every n of every loop, and what is wrong with them."""
    options = 'detect_stack_use_after_return=1:strict_string_checks=1:allocator_may_return_null=1'
    status, out = output_of([program, '--all', '--json'], {'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', options)})
    line = next((one for one in out.splitlines() if one.startswith('{')), '{}')
    found = json.loads(line)
    loops = found.pop('loops', [])
    found['loops'] = len(loops)
    found['n_of'] = {}
    for one in loops:
        found['n_of'][one['scenario']] = found['n_of'].get(one['scenario'], 0) + one['n']
    found['equal_share'] = found['equal'] / found['n'] if found.get('n') else 0
    found['summary'] = last_line(out)
    why = [f'{program}: {key} is {found.get(key)}' for key in ('unequal', 'wrong', 'leaks', 'crashes') if found.get(key) != 0]
    if status or found['equal_share'] != 1:
        why.append(f'{program}: status {status}: {last_line(out)}')
    return found, why


def line_faults(_):
    """Allocation n and read n fail, for every n, once and from there on."""
    build()
    call(['script/build', 'dev', '--target', 'test_faults'])
    value, why = {}, []
    for preset in ('release', 'dev'):
        value[preset], wrong = counts_of(f'build/{preset}/bin/test_faults')
        why += wrong
    return value, '; '.join(why)


def line_threads(_):
    """Eight threads under ThreadSanitizer for five minutes."""
    build()
    status, out = output_of(['tests/full/threads', str(SECONDS)])
    line = next((one for one in out.splitlines() if one.startswith('{')), '{}')
    value = json.loads(line)
    clean = not status and value.get('races') == 0 and value.get('wrong') == 0 and value.get('calls', 0) > 0
    return value, '' if clean else f'status {status}: {out.strip()[-600:]}'


def line_abuse(_):
    """Every public function with five wrong calls at least; closing, forks and limits."""
    build()
    value, why = {}, []
    for suite in SUITES:
        status, out = output_of([f'{BIN}/test_capi', suite])
        name = suite.rstrip(':')
        value[name] = last_line(out)
        if status or not re.fullmatch(r'[1-9]\d* passed, 0 failed, 0 skipped', value[name]):
            why.append(f'{name}: {last_line(out)}')
        found = re.search(r'(\d+) functions, (\d+) wrong calls', out)
        if found:
            value['functions'], value['wrong_calls'] = int(found.group(1)), int(found.group(2))
    if not value.get('wrong_calls'):
        why.append('the wrong calls were not counted')
    return value, '; '.join(why)
