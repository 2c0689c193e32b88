"""onnx_models.py PROGRAM FOLDER: the models of the onnx package as PROGRAM (tests/unit/formats/read_onnx.cpp) and as onnx itself read
them: graphs, functions, nodes, attributes, and every value of every tensor. Node tests are written to FOLDER first.

Models of versions that Premise does not take are skipped. Ends with `N passed, N failed, N skipped`."""

import glob
import os
import re
import subprocess
import sys
import warnings

import onnx
from onnx import numpy_helper

MASK = 2**64 - 1
NARROW = {onnx.TensorProto.UINT4: 4, onnx.TensorProto.INT4: 4, onnx.TensorProto.FLOAT4E2M1: 4, onnx.TensorProto.UINT2: 2, onnx.TensorProto.INT2: 2, onnx.TensorProto.FLOAT6E2M3: 6, onnx.TensorProto.FLOAT6E3M2: 6}


def write_node_tests(folder):
    from onnx.backend.test.case.node import collect_testcases

    os.makedirs(folder, exist_ok=True)
    for case in collect_testcases(None):
        if case.model is not None:
            with open(os.path.join(folder, case.name + '.onnx'), 'wb') as file:
                file.write(case.model.SerializeToString())


def fnv64(content):
    value = 1469598103934665603
    for byte in content:
        value = (value ^ byte) * 1099511628211 & MASK
    return value


def bytes_of(tensor):
    """A tensor's values as raw_data has them."""
    if tensor.data_type == onnx.TensorProto.STRING:
        return b''.join(tensor.string_data)
    if tensor.HasField('raw_data'):
        return tensor.raw_data
    width = NARROW.get(tensor.data_type, 0)
    if width == 6:
        bits = sum(number << 6 * i for i, number in enumerate(tensor.int32_data))
        return bits.to_bytes((6 * len(tensor.int32_data) + 7) // 8, 'little')
    return bytes(tensor.int32_data) if width else numpy_helper.to_array(tensor).tobytes()


class Sums:
    def __init__(self):
        self.graphs = self.nodes = self.attributes = self.tensors = self.bytes = self.hash = 0

    def add_tensor(self, tensor):
        content = bytes_of(tensor)
        self.tensors += 1
        self.bytes += 0 if tensor.data_type == onnx.TensorProto.STRING else len(content)
        self.hash = self.hash + fnv64(content) & MASK

    def add_nodes(self, nodes):
        self.graphs += 1
        for node in nodes:
            self.nodes += 1
            self.attributes += len(node.attribute)
            for attribute in node.attribute:
                for tensor in ([attribute.t] if attribute.HasField('t') else []) + list(attribute.tensors):
                    self.add_tensor(tensor)
                for graph in ([attribute.g] if attribute.HasField('g') else []) + list(attribute.graphs):
                    self.add_graph(graph)

    def add_graph(self, graph):
        for tensor in graph.initializer:
            self.add_tensor(tensor)
        self.add_nodes(graph.node)


def facts(path):
    model, sums = onnx.load(path), Sums()
    sums.add_graph(model.graph)
    for function in model.functions:
        sums.add_nodes(function.node)
    return (f'{sums.graphs} graphs, {len(model.functions)} functions, {sums.nodes} nodes, {sums.attributes} attributes, '
            f'{sums.tensors} tensors of {sums.bytes} bytes, hash {sums.hash:016x}')  # fmt: skip


def main():
    program, folder = sys.argv[1:]
    warnings.simplefilter('ignore')
    write_node_tests(folder)
    package = os.path.dirname(onnx.__file__)
    paths = sorted(glob.glob(os.path.join(folder, '*.onnx')) + glob.glob(os.path.join(package, 'backend/test/data/**/*.onnx'), recursive=True))
    lines = subprocess.run([program, *paths], stdout=subprocess.PIPE, text=True, check=False).stdout.splitlines()
    passed = failed = skipped = 0
    for path, line in zip(paths, lines):
        if re.search(r'(opset|IR version) -?\d+ is not supported', line):
            skipped += 1
        elif line.startswith(f'read: {path}: {facts(path)}, memory '):
            passed += 1
        else:
            failed += 1
            print(f'FAIL: {line}\n      onnx: {facts(path)}')
    if len(lines) != len(paths):
        failed += 1
        print(f'FAIL: {len(paths)} models, {len(lines)} answers')
    print(f'skip: {skipped} models are of opsets that are not supported')
    print(f'{passed} passed, {failed} failed, {skipped} skipped')
    sys.exit(failed > 0)


if __name__ == '__main__':
    main()
