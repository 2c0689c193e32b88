"""onnx_runtime_nodes.py FOLDER: models of one operator, or few, whose outputs come from ONNX Runtime, as tests/onnx/run_nodes.cpp reads them.
For what onnx's own node tests leave out: recurrent layers with all their options, quantized operators of com.microsoft, loops,
products and normalizations in older versions and of com.microsoft.
Needs numpy, onnx and onnxruntime (make_vision_venv)."""

import itertools
import os
import struct
import sys

import numpy
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

CHANCE = numpy.random.default_rng(20261130)
RELATIVE, ABSOLUTE = 1e-4, 1e-5


def pack(array):
    array = numpy.asarray(array)
    raw = numpy.ascontiguousarray(array).tobytes()
    kind = helper.np_dtype_to_tensor_dtype(array.dtype)
    return struct.pack('<iI', kind, array.ndim) + struct.pack(f'<{array.ndim}q', *array.shape) + struct.pack('<Q', len(raw)) + raw


def write(folder, name, nodes, inputs, constants=(), outputs=1, version=17, absolute=ABSOLUTE):
    """inputs: {name: array}; constants likewise, which become initializers; outputs y0, y1, .."""
    ports = [helper.make_tensor_value_info(port, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape) for port, array in inputs.items()]
    names = [f'y{i}' for i in range(outputs)]
    made = [onnx_value(port) for port in names]
    content = helper.make_graph(nodes, 'g', ports, made, [numpy_helper.from_array(array, port) for port, array in dict(constants).items()])
    model = helper.make_model(content, opset_imports=[helper.make_opsetid('', version), helper.make_opsetid('com.microsoft', 1)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    results = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=['CPUExecutionProvider']).run(None, inputs)
    for port, array in zip(made, results):  # as the results are
        port.CopyFrom(helper.make_tensor_value_info(port.name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape))
    content = helper.make_graph(nodes, 'g', ports, made, list(content.initializer))
    model = helper.make_model(content, opset_imports=list(model.opset_import), ir_version=10)
    with open(os.path.join(folder, name + '.onnx'), 'wb') as file:
        file.write(model.SerializeToString())
    with open(os.path.join(folder, name + '.data'), 'wb') as file:
        file.write(struct.pack('<ddI', RELATIVE, absolute, 1) + struct.pack('<II', len(inputs), len(results)))
        for array in [*inputs.values(), *results]:
            file.write(pack(array))


def onnx_value(name):
    """An output of which nothing is told."""
    value = helper.make_empty_tensor_value_info(name)
    return value


def real(*shape):
    return CHANCE.normal(0, 0.6, shape).astype(numpy.float32)


def recurrent(folder):
    steps, batch, width, hidden = 5, 3, 4, 6
    gates = {'RNN': 1, 'GRU': 3, 'LSTM': 4}
    functions = {'RNN': 1, 'GRU': 2, 'LSTM': 3}
    lists = (None, ['Sigmoid', 'Tanh', 'Relu'], ['HardSigmoid', 'Softsign', 'Elu'], ['LeakyRelu', 'ScaledTanh', 'Softplus'], ['Affine', 'ThresholdedRelu', 'Tanh'])
    for op, way, options in itertools.product(gates, ('forward', 'reverse', 'bidirectional'), range(10)):
        ways = 2 if way == 'bidirectional' else 1
        attributes = {'hidden_size': hidden, 'direction': way}
        inputs = {'x': real(steps, batch, width)}
        constants = {'w': real(ways, gates[op] * hidden, width), 'r': real(ways, gates[op] * hidden, hidden)}
        names = ['x', 'w', 'r', '', '', '', '', '']
        if options & 1:
            constants['b'], names[3] = real(ways, 2 * gates[op] * hidden), 'b'
        if options & 2:
            inputs['lengths'], names[4] = numpy.array([5, 1, 3], numpy.int32), 'lengths'
        if options & 4:
            inputs['h'], names[5] = real(ways, batch, hidden), 'h'
            if op == 'LSTM':
                inputs['c'], names[6] = real(ways, batch, hidden), 'c'
        if options & 8:
            attributes['clip'] = 0.3
            if op == 'GRU':
                attributes['linear_before_reset'] = 1
            if op == 'LSTM':
                constants['p'], names[7] = real(ways, 3 * hidden), 'p'
        if options == 7 and op == 'LSTM':
            attributes['input_forget'] = 1
        if chosen := lists[options % 5]:
            attributes['activations'] = chosen[: functions[op]] * ways
            for what, having in (('activation_alpha', {'LeakyRelu', 'ScaledTanh', 'Affine', 'HardSigmoid', 'Elu', 'ThresholdedRelu'}), ('activation_beta', {'ScaledTanh', 'Affine', 'HardSigmoid'})):
                count = sum(one in having for one in attributes['activations'])
                if count:
                    attributes[what] = [0.3 + 0.1 * i for i in range(count)]
        names = names[: 8 if op == 'LSTM' else 6]
        outputs = 3 if op == 'LSTM' else 2
        node = helper.make_node(op, names, [f'y{i}' for i in range(outputs)], **attributes)
        write(folder, f'{op.lower()}_{way}_{options}', [node], inputs, constants, outputs, version=14)


def quantized(folder):
    for kind, low, high in ((numpy.uint8, 0, 256), (numpy.int8, -128, 128)):
        def some(*shape):
            return CHANCE.integers(low, high, shape).astype(kind)

        def scale(number):
            return numpy.array(number, numpy.float32)

        name = numpy.dtype(kind).name
        zero = numpy.array(3, kind)
        sides = {'as': scale(0.02), 'az': zero, 'bs': scale(0.03), 'bz': numpy.array(7, kind), 'ys': scale(0.05), 'yz': numpy.array(11, kind)}
        for op in ('QLinearAdd', 'QLinearMul'):
            node = helper.make_node(op, ['a', 'as', 'az', 'b', 'bs', 'bz', 'ys', 'yz'], ['y0'], domain='com.microsoft')
            write(folder, f'{op.lower()}_{name}', [node], {'a': some(3, 4, 5), 'b': some(4, 5)}, sides)
        for op, more in (('QLinearSigmoid', {}), ('QLinearLeakyRelu', {'alpha': 0.2})):
            node = helper.make_node(op, ['a', 'as', 'az', 'ys', 'yz'], ['y0'], domain='com.microsoft', **more)
            write(folder, f'{op.lower()}_{name}', [node], {'a': some(3, 40)}, {key: sides[key] for key in ('as', 'az', 'yz')} | {'ys': scale(0.01)})
        node = helper.make_node('QLinearGlobalAveragePool', ['a', 'as', 'az', 'ys', 'yz'], ['y0'], domain='com.microsoft', channels_last=0)
        write(folder, f'qlinearglobalaveragepool_{name}', [node], {'a': some(2, 3, 5, 7)}, {key: sides[key] for key in ('as', 'az', 'ys', 'yz')})
        node = helper.make_node('QLinearConcat', ['ys', 'yz', 'a', 'as', 'az', 'b', 'bs', 'bz'], ['y0'], domain='com.microsoft', axis=1)
        write(folder, f'qlinearconcat_{name}', [node], {'a': some(2, 3), 'b': some(2, 4)}, sides)
        for columns in (False, True):
            own = dict(sides)
            if columns:
                own |= {'bs': CHANCE.uniform(0.01, 0.05, 6).astype(numpy.float32), 'bz': some(6)}
            node = helper.make_node('QLinearMatMul', ['a', 'as', 'az', 'b', 'bs', 'bz', 'ys', 'yz'], ['y0'])
            write(folder, f'qlinearmatmul_{name}_{"columns" if columns else "one"}', [node], {'a': some(2, 4, 5)}, own | {'b': some(5, 6), 'ys': scale(0.5)})
            node = helper.make_node('MatMulInteger', ['a', 'b', 'az', 'bz'], ['y0'])
            write(folder, f'matmulinteger_{name}_{"columns" if columns else "one"}', [node], {'a': some(2, 4, 5)}, {'b': some(5, 6), 'az': own['az'], 'bz': own['bz']})
            weights = {'w': some(4, 3, 3, 3), 'ws': own['bs'], 'wz': own['bz']}
            if columns:
                weights |= {'ws': CHANCE.uniform(0.01, 0.05, 4).astype(numpy.float32), 'wz': numpy.zeros(4, kind) + 2}
            node = helper.make_node('QLinearConv', ['a', 'as', 'az', 'w', 'ws', 'wz', 'ys', 'yz', 'bias'], ['y0'], pads=[1, 1, 1, 1])
            bias = {'bias': CHANCE.integers(-500, 500, 4).astype(numpy.int32)}
            own = {key: sides[key] for key in ('as', 'az', 'yz')} | {'ys': scale(0.4)} | weights | bias
            write(folder, f'qlinearconv_{name}_{"channels" if columns else "one"}', [node], {'a': some(1, 3, 6, 7)}, own)
        node = helper.make_node('QLinearAveragePool', ['a', 'as', 'az', 'ys', 'yz'], ['y0'], domain='com.microsoft', kernel_shape=[2, 2], strides=[2, 2])
        write(folder, f'qlinearaveragepool_{name}', [node], {'a': some(2, 3, 6, 8)}, {key: sides[key] for key in ('as', 'az', 'ys', 'yz')}, absolute=1)
        for axis in (0, 1, -1):
            sizes = (3, 4, 5)
            scales, zeros = CHANCE.uniform(0.01, 0.05, sizes[axis]).astype(numpy.float32), some(sizes[axis])
            node = helper.make_node('QuantizeLinear', ['x', 's', 'z'], ['y0'], axis=axis)
            write(folder, f'quantizelinear_{name}_{axis % 3}', [node], {'x': real(*sizes)}, {'s': scales, 'z': zeros})
            node = helper.make_node('DequantizeLinear', ['x', 's', 'z'], ['y0'], axis=axis)
            write(folder, f'dequantizelinear_{name}_{axis % 3}', [node], {'x': some(*sizes)}, {'s': scales, 'z': zeros})
    for asymmetric, (count, width, block) in itertools.product((False, True), ((6, 64, 32), (5, 48, 32), (7, 128, 64))):
        blocks = -(-width // block)
        constants = {'b': CHANCE.integers(0, 256, (count, blocks, block // 2)).astype(numpy.uint8), 's': CHANCE.uniform(0.01, 0.05, count * blocks).astype(numpy.float32)}
        if asymmetric:
            constants['z'] = CHANCE.integers(0, 256, count * ((blocks + 1) // 2)).astype(numpy.uint8)
        node = helper.make_node('MatMulNBits', ['a', *constants], ['y0'], domain='com.microsoft', K=width, N=count, bits=4, block_size=block)
        write(folder, f'matmulnbits_{width}_{block}_{"zeros" if asymmetric else "middle"}', [node], {'a': real(2, 3, width)}, constants, absolute=1e-3)


def signals(folder):
    for width, length, axis, inverse, one_sided in ((1, None, 1, 0, 0), (1, None, 1, 0, 1), (2, None, 1, 1, 0), (2, 5, 1, 0, 0), (1, 12, 1, 0, 1), (2, 9, 2, 1, 0), (1, 7, 2, 0, 0)):
        inputs, constants = {'x': real(2, 8, 6, width)}, {} if length is None else {'n': numpy.array(length, numpy.int64)}
        node = helper.make_node('DFT', ['x', *constants], ['y0'], axis=axis, inverse=inverse, onesided=one_sided)
        write(folder, f'dft_{width}_{length}_{axis}_{inverse}_{one_sided}', [node], inputs, constants, absolute=1e-4)
    for window, one_sided in itertools.product((False, True), (0, 1)):
        constants = {'step': numpy.array(3, numpy.int64), 'length': numpy.array(10, numpy.int64)} | ({'w': real(10)} if window else {})
        node = helper.make_node('STFT', ['x', 'step', 'w' if window else '', 'length'], ['y0'], onesided=one_sided)
        write(folder, f'stft_{window}_{one_sided}', [node], {'x': real(2, 40, 1)}, constants, absolute=1e-4)


def loops(folder):
    float_value = lambda name, *dims: helper.make_tensor_value_info(name, TensorProto.FLOAT, dims)  # noqa: E731
    body = helper.make_graph(
        [helper.make_node('Mul', ['s', 'k'], ['t']), helper.make_node('Cast', ['n'], ['m'], to=1), helper.make_node('Add', ['t', 'm'], ['u']), helper.make_node('Less', ['n', 'stop'], ['go'])],
        'body', [helper.make_tensor_value_info('n', TensorProto.INT64, []), helper.make_tensor_value_info('c', TensorProto.BOOL, []), float_value('s', 3)],
        [helper.make_tensor_value_info('go', TensorProto.BOOL, []), float_value('t', 3), float_value('u', 3)])  # fmt: skip
    for count, conditional in ((20, True), (3, True), (4, False), (30, False)):
        constants = {'count': numpy.array(count, numpy.int64), 'true': numpy.array(True), 'stop': numpy.array(6, numpy.int64), 'k': numpy.array(0.9, numpy.float32)}
        node = helper.make_node('Loop', ['count', 'true' if conditional else '', 'x'], ['y0', 'y1'], body=body)
        write(folder, f'loop_{count}_{conditional}', [node], {'x': real(3)}, constants, 2)
    inner = helper.make_graph([helper.make_node('Add', ['s', 'e'], ['t']), helper.make_node('Mul', ['t', 'd'], ['u'])], 'body', [float_value('s', 2), float_value('e', 2), float_value('d', 2)], [float_value('t', 2), float_value('u', 2)])
    for axes, ways, out_axis, out_way in (([0, 0], [0, 0], 0, 0), ([1, 0], [1, 0], 1, 0), ([-1, 1], [0, 1], -1, 1)):
        shapes = [(2, 5) if axis in (1, -1) else (5, 2) for axis in axes]
        node = helper.make_node('Scan', ['z', 'x', 'w'], ['y0', 'y1'], body=inner, num_scan_inputs=2, scan_input_axes=axes, scan_input_directions=ways, scan_output_axes=[out_axis], scan_output_directions=[out_way])
        write(folder, f'scan_{axes[0]}_{out_axis}', [node], {'z': real(2), 'x': real(*shapes[0]), 'w': real(*shapes[1])}, {}, 2)


def reductions(folder):
    for op, version in itertools.product(('Sum', 'Mean', 'Max', 'Min', 'Prod', 'L1', 'L2', 'LogSum', 'LogSumExp', 'SumSquare'), (11, 18)):
        for axes, keep in (([0, -1], 1), ([1], 0), (None, 1)):
            given = {'axes': axes} if axes and version == 11 else {}
            constants = {'axes': numpy.array(axes)} if axes and version == 18 else {}
            if op == 'Sum' and version == 11 or op != 'Sum':
                node = helper.make_node('Reduce' + op, ['x', *constants], ['y0'], keepdims=keep, **given)
                write(folder, f'reduce{op.lower()}_{version}_{len(axes or [])}_{keep}', [node], {'x': abs(real(3, 4, 5)) + 0.1}, constants, version=version)
    for op, version, axis in itertools.product(('Softmax', 'LogSoftmax', 'Hardmax'), (11, 13), (0, 1, -1)):
        write(folder, f'{op.lower()}_{version}_{axis % 3}', [helper.make_node(op, ['x'], ['y0'], axis=axis)], {'x': real(3, 4, 5)}, version=version)
    for axis, largest, count in itertools.product((0, 1, -1), (0, 1), (1, 3)):
        node = helper.make_node('TopK', ['x', 'k'], ['y0', 'y1'], axis=axis, largest=largest)
        write(folder, f'topk_{axis % 3}_{largest}_{count}', [node], {'x': CHANCE.integers(0, 9, (3, 4, 5)).astype(numpy.float32)}, {'k': numpy.array([count])}, 2)


def normalizations(folder):
    for axis in (0, 1, -1):
        shape = (3, 4, 5)[axis:]
        node = helper.make_node('LayerNormalization', ['x', 's', 'b'], ['y0', 'y1', 'y2'], axis=axis)
        write(folder, f'layernormalization_{axis % 3}', [node], {'x': real(3, 4, 5)}, {'s': real(*shape), 'b': real(*shape)}, 3)
    for op, names, outputs in (('SkipLayerNormalization', 'x k g b s', 4), ('SkipLayerNormalization', 'x k g b', 1), ('SkipLayerNormalization', 'x k g', 1), ('SkipSimplifiedLayerNormalization', 'x k g s', 4), ('SkipSimplifiedLayerNormalization', 'x k g', 1)):
        node = helper.make_node(op, names.split(), ['y0', '', '', 'y1'] if outputs == 4 else ['y0'], domain='com.microsoft', epsilon=1e-3)
        constants = {name: real(8) for name in names.split()[2:]}
        write(folder, f'{op.lower()}_{len(names)}', [node], {'x': real(2, 3, 8), 'k': real(2, 3, 8)}, constants, 2 if outputs == 4 else 1)
    write(folder, 'simplifiedlayernormalization', [helper.make_node('SimplifiedLayerNormalization', ['x', 's'], ['y0', 'y1'], axis=-1)], {'x': real(2, 3, 8)}, {'s': real(8)}, 2)
    channels = {'s': real(6), 'b': real(6), 'm': real(6), 'v': abs(real(6)) + 0.1}
    for version, shape in ((7, (2, 6, 4, 3)), (9, (2, 6, 4)), (15, (2, 6)), (15, (2, 6, 2, 3, 2))):
        write(folder, f'batchnormalization_{version}_{len(shape)}', [helper.make_node('BatchNormalization', ['x', *channels], ['y0'])], {'x': real(*shape)}, channels, version=version)
    write(folder, 'instancenormalization', [helper.make_node('InstanceNormalization', ['x', 's', 'b'], ['y0'])], {'x': real(2, 6, 4, 3)}, {'s': channels['s'], 'b': channels['b']})
    write(folder, 'groupnormalization', [helper.make_node('GroupNormalization', ['x', 's', 'b'], ['y0'], num_groups=3)], {'x': real(2, 6, 4, 3)}, {'s': channels['s'], 'b': channels['b']}, version=21)
    for size in (1, 3, 5):
        write(folder, f'lrn_{size}', [helper.make_node('LRN', ['x'], ['y0'], size=size, alpha=0.3, beta=0.7, bias=1.5)], {'x': real(2, 6, 4, 3)})
    for op, more, inputs in (('Gelu', {}, 'x'), ('FastGelu', {}, 'xb'), ('FastGelu', {}, 'x'), ('BiasGelu', {}, 'xb'), ('QuickGelu', {'alpha': 1.3}, 'x')):
        node = helper.make_node(op, list(inputs), ['y0'], domain='com.microsoft', **more)
        write(folder, f'{op.lower()}_{inputs}', [node], {'x': real(3, 8)}, {'b': real(8)} if 'b' in inputs else {})


def products(folder):
    shapes = (((3, 4), (4, 5)), ((4,), (4, 5)), ((3, 4), (4,)), ((4,), (4,)), ((2, 1, 3, 4), (5, 4, 6)), ((4,), (2, 4, 3)), ((2, 3, 4), (4,)))
    for i, (a, b) in enumerate(shapes):
        write(folder, f'matmul_{i}', [helper.make_node('MatMul', ['a', 'b'], ['y0'])], {'a': real(*a), 'b': real(*b)})
    for left, right in itertools.product((0, 1), (0, 1)):
        inputs = {'a': real(*((4, 3) if left else (3, 4))), 'b': real(*((5, 4) if right else (4, 5)))}
        for bias in ((), (1,), (5,), (3, 1), (3, 5)):
            node = helper.make_node('Gemm', ['a', 'b', 'c'], ['y0'], transA=left, transB=right, alpha=0.7, beta=1.3)
            write(folder, f'gemm_{left}{right}_{"x".join(map(str, bias))}', [node], inputs, {'c': real(*bias)})
        stacked = {name: numpy.stack([array, array * 2]) for name, array in inputs.items()}
        node = helper.make_node('FusedMatMul', ['a', 'b'], ['y0'], domain='com.microsoft', transA=left, transB=right, alpha=0.7)
        write(folder, f'fusedmatmul_{left}{right}', [node], stacked)
    sizes = {'a': 2, 'b': 3, 'c': 4, 'd': 5, 'e': 3}
    equations = ('ab,bc->ac', 'ab,cb->ac', 'ba,bc->ca', 'abcd,abed->abce', 'abcd,abce->abde', 'adbc,aebc->abde', 'abc,cd->abd', 'abc,dc', 'ab,ab->ab', 'ab,ab->a', 'ab,ab->', 'a,b->ab', 'ab,cd->acbd', 'abc,bc->a',
                 'abc->ca', 'aab->b', 'abb,b->a', 'abc,ad->ac', '...ab,...bc->...ac', 'a...,...b->ab...', 'ab,bc,cd->ad', 'ab,cb,dc->da', 'abc,adb,c->d', 'abcd,bd->ca', 'acb,adb->abcd', 'ba,ca')  # fmt: skip
    for i, equation in enumerate(equations):
        terms = [term.replace('...', 'de') for term in equation.split('->')[0].split(',')]
        inputs = {f'x{j}': real(*(sizes[label] for label in term)) for j, term in enumerate(terms)}
        write(folder, f'einsum_{i}', [helper.make_node('Einsum', list(inputs), ['y0'], equation=equation)], inputs)


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    for each in (recurrent, quantized, signals, loops, reductions, normalizations, products):
        each(folder)


if __name__ == '__main__':
    main()
