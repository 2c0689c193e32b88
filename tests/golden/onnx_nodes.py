"""onnx_nodes.py FOLDER: the node tests that onnx's own package generates, as tests/onnx/run_nodes.cpp reads them: NAME.onnx and NAME.data.
Those that Premise is not made for are not written but listed in FOLDER/excluded.tsv: NAME, and why."""

import os
import re
import struct
import sys
import warnings

import numpy
import onnx
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases

RANDOM = re.compile(r'^(RandomNormal|RandomUniform|Multinomial|Bernoulli)')


def reason(model):
    """Why a test is excluded; empty when it is not."""
    ports = list(model.graph.input) + list(model.graph.output)
    for node in model.graph.node:
        if node.domain == 'ai.onnx.ml':
            return 'ml'
        if 'training' in node.domain:
            return 'training'
        if RANDOM.match(node.op_type):
            return 'random'
        if node.op_type == 'Dropout' and len(node.input) > 2 and node.input[2]:
            return 'training'
        if node.op_type == 'BatchNormalization' and any(a.name == 'training_mode' and a.i for a in node.attribute):
            return 'training'
    for port in ports:
        kind = port.type.WhichOneof('value')
        if kind in ('sequence_type', 'optional_type', 'map_type'):
            return 'sequence'
        if kind == 'tensor_type' and port.type.tensor_type.elem_type == onnx.TensorProto.STRING:
            return 'string'
    return ''


def pack(array):
    tensor = array if isinstance(array, onnx.TensorProto) else numpy_helper.from_array(numpy.ascontiguousarray(array).reshape(numpy.shape(array)))
    if not tensor.raw_data and any(tensor.dims):
        wide = tensor.data_type in (onnx.TensorProto.INT16, onnx.TensorProto.UINT16, onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16)
        tensor.raw_data = numpy.array(tensor.int32_data).astype(numpy.uint16 if wide else numpy.uint8).tobytes()
    raw = tensor.raw_data
    return struct.pack('<iI', tensor.data_type, len(tensor.dims)) + struct.pack(f'<{len(tensor.dims)}q', *tensor.dims) + struct.pack('<Q', len(raw)) + raw


def main():
    folder = sys.argv[1]
    warnings.simplefilter('ignore')
    os.makedirs(folder, exist_ok=True)
    excluded = []
    for case in sorted(collect_testcases(None), key=lambda case: case.name):
        if case.model is None:
            continue
        why = reason(case.model)
        if why:
            excluded.append(f'{case.name}\t{why}\n')
            continue
        with open(os.path.join(folder, case.name + '.onnx'), 'wb') as file:
            file.write(case.model.SerializeToString())
        with open(os.path.join(folder, case.name + '.data'), 'wb') as file:
            file.write(struct.pack('<ddI', case.rtol, case.atol, len(case.data_sets)))
            for inputs, outputs in case.data_sets:
                file.write(struct.pack('<II', len(inputs), len(outputs)))
                for array in list(inputs) + list(outputs):
                    file.write(pack(array))
    with open(os.path.join(folder, 'excluded.tsv'), 'w', encoding='utf-8') as file:
        file.writelines(excluded)


if __name__ == '__main__':
    main()
