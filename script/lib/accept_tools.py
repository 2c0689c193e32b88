"""What the points of script/accept share: calls, builds, models and peers made once, files of arrays."""

import array
import json
import os
import re
import struct
import subprocess
import sys

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MODELS = ('gemma3-270m', 'qwen2.5-0.5b')
BIN = 'build/release/bin'
PROGRAM = f'{BIN}/premise'
SCRATCH = 'build/accept'
GOLDEN = 'tests/golden'
done_once = {}


def say(text):
    print(f'script/accept: {text}', file=sys.stderr, flush=True)


def call(command, environment=None, status=0, quiet=False):
    """stdout of a command; what it says on stderr passes by, and stands in the error when it fails."""
    env = {**os.environ, **(environment or {})}
    done = subprocess.run(
        command,
        cwd=TREE,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if quiet else None,
        check=False,
    )
    if done.returncode != status:
        told = (done.stderr if quiet else done.stdout) or b''
        told = told.decode('utf-8', 'replace').strip().splitlines()[-1:]
        raise RuntimeError(f'{" ".join(command)[:200]}: status {done.returncode}{": " + told[0] if told else ""}')
    return done.stdout.decode('utf-8', 'replace')


def output_of(command, environment=None):
    """(status, stdout) of a command that says on stdout what failed."""
    done = subprocess.run(
        command,
        cwd=TREE,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        errors='replace',
        check=False,
    )
    return done.returncode, done.stdout


def last_line(text):
    return (text.strip().splitlines() or [''])[-1]


def premise(*arguments, environment=None):
    return json.loads(call([PROGRAM, *arguments, '--json', '--quiet'], environment, quiet=True))


def once(name, make):
    if name not in done_once:
        done_once[name] = make()
    return done_once[name]


def build():
    return once('build', lambda: call(['script/build', 'release']))


def model(name):
    return once(name, lambda: call(['script/model', name]).strip().splitlines()[-1])


def peers():
    build()
    return once('peers', lambda: call([f'{GOLDEN}/build_peer']).strip().splitlines()[-1])


def scratch(name):
    os.makedirs(os.path.join(TREE, SCRATCH), exist_ok=True)
    return f'{SCRATCH}/{name}'


def read_json_lines(text):
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def cpu_name():
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        match = re.search(r'^model name\s*: (.*)$', file.read(), re.M)
    return match.group(1) if match else 'unknown'


def isas():
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        flags = set(file.read().split())
    avx512 = {'avx512f', 'avx512bw', 'avx512dq', 'avx512vl', 'avx512_vnni'}
    return ['scalar'] + (['avx2'] if {'avx2', 'fma', 'f16c'} <= flags else []) + (['avx512'] if avx512 <= flags else [])


def read_npy(path):
    """(shape, values) of a little-endian float32 array."""
    with open(os.path.join(TREE, path), 'rb') as file:
        data = file.read()
    if data[:6] != b'\x93NUMPY':
        raise RuntimeError(f'{path} is no .npy file')
    size, at = (
        (struct.unpack_from('<H', data, 8)[0], 10) if data[6] == 1 else (struct.unpack_from('<I', data, 8)[0], 12)
    )
    header = data[at : at + size].decode('latin-1')
    if "'<f4'" not in header or "'fortran_order': False" not in header:
        raise RuntimeError(f'{path}: {header}')
    shape = [int(n) for n in re.findall(r'\d+', re.search(r"'shape': \(([^)]*)\)", header).group(1))]
    values = array.array('f', data[at + size :])
    if sys.byteorder == 'big':
        values.byteswap()
    return shape, values
