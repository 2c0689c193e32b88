"""onnx_mutants.py PROGRAM FOLDER [SEED [EACH]]: EACH (3) mutants of each model in FOLDER (onnx's node tests), by PROGRAM
(tests/onnx/check_onnx.cpp, which opens each and runs it): attributes, shapes, types and names of inputs are changed, and inputs become
constants with odd values. Whatever comes of a mutant, it is an answer: no crash, no report of a sanitizer, no hang.

Prints what failed, keeps it in FOLDER-mutants, and ends with `N passed, N failed, 0 skipped`."""

import os
import random
import re
import shutil
import subprocess
import sys

import numpy
import onnx
from onnx import helper, numpy_helper

FAR = [2**31 - 1, 2**31, -(2**31), 2**32, 2**40, 2**60, 2**62, 2**63 - 1, -(2**63)]
NEAR = [0, -1, 1, 2, 3, 4, 5, 8, -2, -3, -8, 7]
REALS = [0.0, 1.0, -1.0, 2.5, float('nan'), float('inf'), 1e30, -1e-30]
TEXTS = [b'', b'bilinear', b'constant', b'SAME_UPPER', b'x' * 50, b'linear', b'none', b'add', b'max']
NUMBERS = (1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13)  # types that a constant is made of
BATCH, SECONDS = 40, 20
INTEGER, INTEGERS, REAL, TEXT, GRAPH = (getattr(onnx.AttributeProto, name) for name in ('INT', 'INTS', 'FLOAT', 'STRING', 'GRAPH'))


class Mutator:
    def __init__(self, seed):
        self.chance = random.Random(seed)

    def integer(self):
        return self.chance.choice(NEAR if self.chance.random() < 0.65 else FAR)

    def values(self, shape, kind):
        count, dtype = int(numpy.prod(shape)), helper.tensor_dtype_to_np_dtype(kind)
        if kind == onnx.TensorProto.BOOL:
            made = [self.chance.random() < 0.5 for _ in range(count)]
        elif numpy.issubdtype(dtype, numpy.integer):
            ends = numpy.iinfo(dtype)
            made = [min(max(self.integer(), int(ends.min)), int(ends.max)) for _ in range(count)]
        else:
            with numpy.errstate(all='ignore'):
                return numpy.array([self.chance.choice(REALS) for _ in range(count)]).reshape(shape).astype(dtype)
        return numpy.array(made, dtype=dtype).reshape(shape)

    def attribute(self, graph):
        inner = [one.g for n in graph.node for one in n.attribute if one.type == GRAPH]
        if inner and self.chance.random() < 0.5:
            graph = self.chance.choice(inner)
        nodes = [n for n in graph.node if n.attribute]
        if not nodes:
            return
        n = self.chance.choice(nodes)
        one = self.chance.choice(n.attribute)
        if one.type == INTEGER:
            one.i = self.integer()
        elif one.type == INTEGERS:
            numbers, what = list(one.ints), self.chance.random()
            if what < 0.6 and numbers:
                numbers[self.chance.randrange(len(numbers))] = self.integer()
            elif what < 0.8 or not numbers:
                numbers.append(self.integer())
            else:
                numbers.pop()
            one.ClearField('ints')
            one.ints.extend(numbers)
        elif one.type == REAL:
            one.f = self.chance.choice(REALS)
        elif one.type == TEXT:
            one.s = self.chance.choice(TEXTS)
        if self.chance.random() < 0.15:
            n.attribute.remove(one)

    def shape(self, graph):
        tensors = [port for port in graph.input if port.type.HasField('tensor_type')]
        if not tensors:
            return
        kind = self.chance.choice(tensors).type.tensor_type
        dims, what = kind.shape.dim, self.chance.random()
        if what < 0.6 and dims:
            self.chance.choice(dims).dim_value = self.chance.choice([0, 1, 2, 3, 4, 5, 7])
        elif what < 0.75:
            dims.add().dim_value = self.chance.choice([0, 1, 2, 3])
        elif dims:
            del dims[-1]
        if self.chance.random() < 0.1:
            kind.elem_type = self.chance.choice(NUMBERS)

    def known(self, graph):
        ports = [port for port in graph.input if port.type.tensor_type.elem_type in NUMBERS]
        if not ports:
            return
        port = self.chance.choice(ports)
        shape = [one.dim_value for one in port.type.tensor_type.shape.dim]
        if shape and self.chance.random() < 0.3:
            shape[self.chance.randrange(len(shape))] = self.chance.choice([0, 1, 2, 3])
        if numpy.prod(shape) < 100000:
            graph.initializer.append(numpy_helper.from_array(self.values(shape, port.type.tensor_type.elem_type), port.name))
            graph.input.remove(port)

    def inputs(self, graph):
        names = [port.name for port in graph.input] + [one.name for one in graph.initializer]
        nodes = [n for n in graph.node if n.input]
        if not nodes or not names:
            return
        n, what = self.chance.choice(nodes), self.chance.random()
        if what < 0.3:
            n.input.append(self.chance.choice(names))
        else:
            n.input[self.chance.randrange(len(n.input))] = '' if what < 0.6 else self.chance.choice(names)

    def mutant(self, model):
        made = onnx.ModelProto()
        made.CopyFrom(model)
        while True:
            self.chance.choices((self.attribute, self.shape, self.known, self.inputs), (3, 3, 3, 1))[0](made.graph)
            if self.chance.random() > 0.4:
                return made.SerializeToString()


def make(source, folder, seed, each):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    mutator, paths = Mutator(seed), []
    for name in sorted(one for one in os.listdir(source) if one.endswith('.onnx')):
        model = onnx.load(os.path.join(source, name))
        for i in range(each):
            paths.append(os.path.join(folder, f'{name[:-5]}-{i}.onnx'))
            with open(paths[-1], 'wb') as file:
                file.write(mutator.mutant(model))
    return paths


def run(program, paths):
    """(path, what it said) of each that breaks the program; a batch that does is halved."""
    environment = {**os.environ, 'ASAN_OPTIONS': 'exitcode=99:allocator_may_return_null=1', 'UBSAN_OPTIONS': 'halt_on_error=1:exitcode=99:print_stacktrace=1'}
    try:
        done = subprocess.run([program, *paths], capture_output=True, text=True, errors='replace', timeout=SECONDS * (1 + len(paths) / 4), env=environment, check=False)
        if done.returncode in (0, 1):
            return []
        said = ' | '.join(line.strip() for line in done.stderr.splitlines() if re.search(r'runtime error|ERROR: |SUMMARY|#\d+ .*/src/', line))[:600]
        why = f'status {done.returncode}: {said}'
    except subprocess.TimeoutExpired:
        why = 'hangs'
    if len(paths) == 1:
        return [(paths[0], why)]
    half = len(paths) // 2
    return run(program, paths[:half]) + run(program, paths[half:])


def main():
    program, source = sys.argv[1:3]
    seed, each = (int(word) for word in (sys.argv[3:] + ['1', '3'][len(sys.argv) - 3 :]))
    paths = make(source, source.rstrip('/') + '-mutants', seed, each)
    bad = [one for i in range(0, len(paths), BATCH) for one in run(program, paths[i : i + BATCH])]
    for path, why in bad:
        print(f'FAIL: {path}: {why}')
    for path in set(paths) - {path for path, _ in bad}:
        os.remove(path)
    print(f'{len(paths) - len(bad)} passed, {len(bad)} failed, 0 skipped')
    sys.exit(len(bad) > 0)


if __name__ == '__main__':
    main()
