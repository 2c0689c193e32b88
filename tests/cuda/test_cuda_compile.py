#!/usr/bin/env python3
"""Compiles cuda/*.cu for every architecture that is supported, without a GPU: warnings are errors, no kernel spills registers or has a
stack, none takes more registers than tests/cuda/registers.json allows it.

    tests/cuda/test_cuda_compile.py [--all | --write]

  --all     for all six architectures (tests/full/cuda_compile), not only for the two that differ most
  --write   writes registers.json anew, from what the kernels take now (and fails, so that nobody takes that for a test)

Ends with `N passed, N failed, N skipped`: a case is a file for an architecture. Skipped where there is no nvcc.
"""
import concurrent.futures
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..'))
TABLE = os.path.join(ROOT, 'tests/cuda/registers.json')
ARCHITECTURES = ('sm_80', 'sm_86', 'sm_89', 'sm_90', 'sm_90a', 'sm_120')
PLAIN = ('sm_80', 'sm_120')
# To be mended: what these families have on the stack today, in bytes at most (cuda/README.md).
STACKS = {'attention_prefill_kernel': 16, 'quant_experts_kernel': 16}
# -fmad=false: products and sums are fused where the source says so, else bits would differ from the CPU's.
FLAGS = ['-std=c++20', '-O3', '-fmad=false', '--expt-relaxed-constexpr', '-Werror', 'all-warnings', '-Xptxas', '-v', '-cubin', '-I', 'src', '-I', 'cuda']
USAGE = re.compile(
    r"Compiling entry function '(\w+)' for '\w+'.*?(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads.*?Used (\d+) registers",
    re.S,
)


def nvcc():
    return shutil.which('nvcc') or (os.path.exists('/usr/local/cuda/bin/nvcc') and '/usr/local/cuda/bin/nvcc')


def without_arguments(name):
    """A function's demangled name up to the list at its end."""
    depth = 0
    for at in range(len(name) - 1, -1, -1):
        depth += {')': 1, '(': -1}.get(name[at], 0)
        if not depth:
            return name[:at] if name[at] == '(' else name
    return name


def names_of(symbols):
    """What symbols are called, without arguments and namespaces."""
    told = subprocess.run(['c++filt', *symbols], capture_output=True, text=True, check=True).stdout.splitlines()
    return [re.sub(r'\(anonymous namespace\)::|prm::|^void ', '', without_arguments(name)) for name in told]


def compile_one(compiler, path, arch):
    """(what is wrong, {kernel: registers})."""
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run([compiler, *FLAGS, f'-arch={arch}', '-o', os.path.join(folder, 'out.cubin'), path], cwd=ROOT, capture_output=True, text=True)
    said = run.stdout + run.stderr
    if run.returncode:
        return [line for line in said.splitlines() if 'error' in line][:5] or [f'nvcc ended with status {run.returncode}'], {}
    found = USAGE.findall(said)
    wrong = [] if found else ['no kernel in it']
    names = names_of([one[0] for one in found]) if found else []
    registers = {}
    for name, (_, stack, stores, loads, count) in zip(names, found):
        registers[name] = int(count)
        if max(int(stack), int(stores), int(loads)) > STACKS.get(name.split('<')[0], 0):
            wrong.append(f'{name}: {stack} bytes of stack, {stores} and {loads} bytes spilled')
    return wrong, registers


def over_budget(registers, budgets, arch):
    for name, count in registers.items():
        allowed = budgets.get(name, {}).get(arch)
        if allowed is None:
            yield f'{name} has no budget: write one with --write'
        elif count > allowed:
            yield f'{name} takes {count} registers, {allowed} are its budget'


def main():
    if sys.argv[1:] not in ([], ['--all'], ['--write']):
        print(__doc__, file=sys.stderr)
        return 2
    files = sorted(glob.glob('cuda/*.cu', root_dir=ROOT))
    cases = [(path, arch) for path in files for arch in (ARCHITECTURES if sys.argv[1:] else PLAIN)]
    compiler = nvcc()
    if not compiler:
        print('skip: there is no nvcc')
        print(f'0 passed, 0 failed, {len(cases)} skipped')
        return 0
    with open(TABLE, encoding='utf-8') as file:
        budgets = json.load(file)
    failed, taken = 0, {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for (path, arch), (wrong, registers) in zip(cases, pool.map(lambda case: compile_one(compiler, *case), cases)):
            for name, count in registers.items():
                taken.setdefault(name, {})[arch] = count
            wrong += list(over_budget(registers, budgets, arch))
            failed += bool(wrong)
            for line in wrong:
                print(f'FAIL {path} for {arch}: {line}')
    if sys.argv[1:] == ['--write']:
        with open(TABLE, 'w', encoding='utf-8') as file:
            file.write('{\n' + ',\n'.join(f'  {json.dumps(name)}: {json.dumps(taken[name])}' for name in sorted(taken)) + '\n}\n')
        print(f'wrote {TABLE}: look at the difference, and run this again without --write')
        return 1
    print(f'{len(cases) - failed} passed, {failed} failed, 0 skipped')
    return int(failed > 0)


if __name__ == '__main__':
    sys.exit(main())
