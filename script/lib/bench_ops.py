"""script/bench ops: the op cases of tests/cases on Google Benchmark, beside the machine's ceilings."""

import json
import subprocess

from accept_tools import TREE, call, cpu_name
from bench_peers import commit_name
from bench_workers import say

PROGRAM = 'build/release/bin/bench_ops'


def row(entry):
    """One benchmark of Google's JSON as a row: nanoseconds of CPU time, rates, shares of the ceilings."""
    one = {'name': entry['name'], 'ns': entry['cpu_time'] * {'ns': 1, 'us': 1e3, 'ms': 1e6, 's': 1e9}[entry['time_unit']]}
    return one | {key: entry[key] for key in ('GB/s', 'GMAC/s', 'share_read', 'share_int8', 'share_fma') if key in entry}


def line(one):
    shares = ' '.join(f'{100 * one[k]:.0f} % {k[6:]}' for k in ('share_read', 'share_int8', 'share_fma') if k in one)
    rate = f'{one["GMAC/s"]:.1f} GMAC/s' if one.get('GMAC/s') else ''
    return f'{one["name"]:<62} {one["ns"] / 1e3:>12.1f} us {one.get("GB/s", 0):>8.2f} GB/s {rate:>15} {shares}'


def run(options):
    call(['script/bootstrap', '--bench'])
    call(['script/build', 'release', '-D', 'PREMISE_BUILD_BENCHMARKS=ON', '--target', 'bench_ops'])
    command = [PROGRAM, '--benchmark_format=json', f'--benchmark_filter={options.filter}', f'--benchmark_min_time={options.min_time}']
    say(' '.join(command))
    done = subprocess.run(command, cwd=TREE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True)
    answer = json.loads(done.stdout)
    rows = [row(entry) for entry in answer['benchmarks']]
    for one in rows if options.json != '-' else ():
        print(line(one))
    ceilings = {key: float(answer['context'][key]) for key in ('read_gbs_probe', 'int8_gops_probe', 'fma_gflops_probe')}
    return {'cpu': cpu_name(), 'commit': commit_name(), 'ceilings': ceilings, 'cases': rows}
