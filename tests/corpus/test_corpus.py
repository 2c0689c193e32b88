#!/usr/bin/env python3
"""Malformed files (script/corpus) over the program PREMISE_BIN: none may crash it, hang it or take much memory; the valid load.

    tests/corpus/test_corpus.py [FLAGS OF script/corpus run]

Ends with `N passed, N failed, 0 skipped`: a case is a file.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PREMISE = os.path.abspath(os.environ.get('PREMISE_BIN', ROOT / 'build/release/bin/premise'))
LEAST = {'gguf': 400, 'safetensors': 150, 'onnx': 350, 'operators': 1500}  # files
# What reads the files of a kind, where it is not `premise check`, whose deadline would hide what takes long: the reader of ONNX, which
# is fast where a run of the model need not be, and a program that runs models on zeros and on odd values.
COMMANDS = {kind: f'{os.path.dirname(PREMISE)}/{program} {{}}' for kind, program in (('onnx', 'read_onnx'), ('operators', 'check_onnx'))}


def run_kind(kind, flags):
    """(passed, failed) of one kind of files."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([ROOT / 'script/corpus', kind, folder], check=True)
        run = subprocess.run([ROOT / 'script/corpus', 'run', folder, '--cmd', COMMANDS.get(kind, f'{PREMISE} check {{}}'), *flags], stdout=subprocess.PIPE, text=True)
    print(run.stdout, end='', flush=True)
    found = re.search(r'^(\d+) passed, (\d+) failed\n\Z', run.stdout, re.M)
    passed, failed = map(int, found.groups()) if found else (0, 1)
    if passed + failed < LEAST[kind]:
        print(f'FAIL: {passed + failed} {kind} files, expected at least {LEAST[kind]}')
        failed += 1
    return passed, failed + (run.returncode != 0 and failed == 0)


def main():
    counts = [run_kind(kind, sys.argv[1:]) for kind in LEAST]
    passed, failed = (sum(one) for one in zip(*counts))
    print(f'{passed} passed, {failed} failed, 0 skipped')
    sys.exit(failed > 0)


if __name__ == '__main__':
    main()
