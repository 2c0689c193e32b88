"""onnx_conformance.py RUN_NODES FOLDER TABLE [--write]: ONNX's node tests, as onnx_nodes.py wrote them to FOLDER, by tests/onnx/run_nodes.cpp,
held against TABLE (tests/onnx_conformance.tsv): NAME, a tab, and `pass`, `unsupported:WHAT` or `excluded:WHY` (training, ml, sequence,
string, random). Any difference fails. --write makes the table anew, but never of a test that is wrong or fails otherwise.

Ends with the totals, the share that passes of those not training, ml or sequence, and `N passed, N failed, N skipped`."""

import collections
import os
import subprocess
import sys

FLOOR, GOAL = 0.70, 0.90
NOT_COUNTED = ('excluded:training', 'excluded:ml', 'excluded:sequence')


def excluded(folder):
    with open(os.path.join(folder, 'excluded.tsv'), encoding='utf-8') as file:
        return {name: f'excluded:{why}' for name, why in (line.rstrip('\n').split('\t') for line in file)}


def short(folder, name, result):
    """What run_nodes says of a test, without the file's name."""
    kind, _, what = result.partition(': ')
    what = what.replace(os.path.join(folder, name + '.onnx') + ': ', '').replace('operators that are not supported: ', '')
    return f'{kind}:{what}' if what else kind


def run(program, folder):
    """{name: result} of all tests, and how the program ended."""
    done = subprocess.run([program, folder], stdout=subprocess.PIPE, text=True, errors='replace', check=False)
    results = {}
    for line in done.stdout.splitlines():
        name, _, result = line.partition('\t')
        results[name] = short(folder, name, result)
    return results, done.returncode


def read_table(path):
    if not os.path.exists(path):
        return {}
    with open(path, encoding='utf-8') as file:
        return dict(line.rstrip('\n').split('\t') for line in file)


def differences(results, table):
    for name in sorted(results.keys() | table.keys()):
        found, wanted = results.get(name, 'not run'), table.get(name, 'not listed')
        if found != wanted:
            yield f'{name}: {found} (the table: {wanted})'


def share(results):
    counted = [result for result in results.values() if result not in NOT_COUNTED]
    return counted.count('pass') / max(len(counted), 1), len(counted)


def main():
    program, folder, path = sys.argv[1:4]
    write = sys.argv[4:] == ['--write']
    results, status = run(program, folder)
    tests = len([name for name in os.listdir(folder) if name.endswith('.data')])
    failed = [f'{name}: {result}' for name, result in results.items() if result.split(':')[0] not in ('pass', 'unsupported')]
    if status or len(results) != tests:
        failed.append(f'{program}: ended with status {status} after {len(results)} of {tests} tests: the next one breaks it')
    ran = len(results)
    results |= excluded(folder)
    if write and not failed:
        with open(path, 'w', encoding='utf-8') as file:
            file.writelines(f'{name}\t{results[name]}\n' for name in sorted(results))
    table = read_table(path)
    failed += [line for line in differences(results, table) if line.split(' (')[0] not in failed]
    for line in failed:
        print('FAIL: ' + line)
    totals = collections.Counter(result if result.startswith('excluded:') else result.split(':')[0] for result in results.values())
    passing, counted = share(results)
    print(f'{len(results)} tests: ' + ', '.join(f'{totals[kind]} {kind}' for kind in sorted(totals)))
    print(f'share: {100 * passing:.1f} % of {counted} pass (floor {100 * FLOOR:.0f} %, goal {100 * GOAL:.0f} %)')
    print(f'{ran - len(failed)} passed, {len(failed)} failed, 0 skipped')
    sys.exit(len(failed) > 0)


if __name__ == '__main__':
    main()
