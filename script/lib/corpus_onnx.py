"""Malformed ONNX models for script/corpus: every class of defect that readers of the format were known for, and controls.

A model is bytes, or {name: content} where it has files beside it; content is bytes, or a function that makes what stands at a path
(a link, a pipe). must_fail: no reader may take the file. may_load: odd, but a meaning can be seen. must_load: a control.

What only shape inference, folding or a run can judge is not here yet: operators that do not exist, stride 0, group 0, kernels of
2^31, INT64_MIN / -1, Expand and ConstantOfShape to 2^60, Concat doubling, Loop of 2^63, ranks that do not fit an operator."""

import random

from corpus_onnx_files import external_files
from onnx_bytes import (A_FLOAT, A_GRAPH, A_INT, A_STRING, A_TENSOR, BFLOAT16, BOOL, COMPLEX64, COMPLEX128, DOUBLE, FLOAT, FLOAT16, INT8, INT16, INT32, INT64, STRING, UINT8,
                        UINT32, UINT64, attribute, data, dim, entry, f32, f64, floats, function, graph, initializers, ints, key, model, node, num, opset, packed, raw, tensor, tensor_type,
                        value)  # fmt: skip

FAIL, MAY, LOAD = 'must_fail', 'may_load', 'must_load'
MOST_64 = 2**64 - 1


def small_graph(*more):
    """y = Relu(x * w)"""
    nodes = [node('Mul', ['x', 'w'], ['a']), node('Relu', ['a'], ['y'])]
    return graph(nodes, [value('x', FLOAT, ['N', 2])], [value('y', FLOAT, ['N', 2])], initializers(raw('w', (1, 2))), *more)


def net_graph():
    """Convolution, pooling and a classifier, on images of any number."""
    nodes = [node('Conv', ['x', 'k', 'kb'], ['c'], ints('kernel_shape', [3, 3]), ints('pads', [1, 1, 1, 1])), node('Relu', ['c'], ['r']), node('GlobalAveragePool', ['r'], ['p']),
             node('Flatten', ['p'], ['f']), node('Gemm', ['f', 'w', 'wb'], ['l'], attribute('transB', A_INT, num(3, 1))), node('Softmax', ['l'], ['y'], attribute('axis', A_INT, num(3, 1)))]  # fmt: skip
    weights = [raw('k', [i / 64 for i in range(54)], [2, 3, 3, 3]), tensor('kb', FLOAT, [2], data(4, floats(0, 1))), raw('w', range(8), [4, 2]), tensor('wb', FLOAT, [4], *[f32(4, i) for i in range(4)])]
    return graph(nodes, [value('x', FLOAT, ['N', 3, 8, 8])], [value('y', FLOAT, ['N', 4])], initializers(*weights))


def branch(inputs, output, *more):
    return graph([node('Identity', inputs, [output])], [], [value(output)], *more)


def branching(then_branch, else_branch=None, before=(), behind=()):
    """An If over x and the condition c."""
    choice = node('If', ['c'], ['y'], attribute('then_branch', A_GRAPH, data(6, then_branch)), attribute('else_branch', A_GRAPH, data(6, else_branch or branch(['x'], 'e'))))
    return graph([*before, choice, *behind], [value('x'), value('c', BOOL)], [value('y')])


def calling(nodes=None, functions=None, more=()):
    """y = F0(x), of domain f."""
    body = [node('Relu', ['a'], ['b'])] if nodes is None else nodes
    content = graph([node('F0', ['x'], ['y'], domain='f')], [value('x')], [value('y')])
    return model(content, opsets=(('', 17), ('f', 1)), functions=functions or [function('f', 'F0', ['a'], ['b'], body, data(9, opset('f', 1)), *more)])


def chain(length, times):
    """Functions that call the next one some times each."""
    out = []
    for i in range(length):
        callee, domain = (f'F{i + 1}', 'f') if i + 1 < length else ('Relu', '')
        names = ['a'] + [f'v{j}' for j in range(times - 1)] + ['b']
        out.append(function('f', f'F{i}', ['a'], ['b'], [node(callee, [names[j]], [names[j + 1]], domain=domain) for j in range(times)], data(9, opset('f', 1))))
    return calling(functions=out)


def controls():
    yield 'small', model(small_graph())
    yield 'net', model(net_graph())
    yield 'branch', model(branching(branch(['x'], 't')))
    yield 'function', calling()
    yield 'functions-64-deep', chain(64, 1)
    for ir in (3, 4, 7, 10, 14):
        yield f'ir-{ir}', model(small_graph(), ir=ir)
    for version in (7, 9, 13, 18, 23, 28):
        yield f'opset-{version}', model(small_graph(), opsets=(('', version),))
    yield 'domain-by-its-alias', model(small_graph(), opsets=(('ai.onnx', 17),))
    yield 'unknown-fields', model(small_graph(num(900, 1), data(901, b'\xff'), f32(902, 1), f64(903, 1)), num(1000, MOST_64), data(1001, 'x'))
    yield 'metadata', model(small_graph(), data(14, entry('key', 'value')), data(6, 'what it is for'))
    yield 'scalar-twice', model(small_graph(), num(1, 8), data(2, 'other'))
    yield 'initializer-as-default', model(graph([node('Add', ['x', 'w'], ['y'])], [value('x'), value('w', FLOAT, [1])], [value('y')], initializers(raw('w', [1]))))
    yield 'varints-longer-than-needed', model(small_graph(), key(1, 0) + b'\x88\x80\x00')
    yield 'empty-dims-and-zero-extents', model(small_graph(initializers(tensor('s', FLOAT, [], f32(4, 1)), tensor('z', FLOAT, [0, 5]))))
    for kind, content in ((FLOAT, data(4, floats(1))), (UINT8, packed(5, [255])), (INT8, packed(5, [-128])), (INT16, packed(5, [-2])), (INT32, num(5, -1)), (INT64, packed(7, [-(2**63)])),
                          (STRING, data(6, 'text')), (BOOL, packed(5, [1])), (FLOAT16, packed(5, [0x3C00])), (DOUBLE, f64(10, 1)), (UINT32, packed(11, [2**32 - 1])), (UINT64, packed(11, [MOST_64])),
                          (BFLOAT16, data(9, b'\0\0'))):  # fmt: skip
        yield f'tensor-of-type-{kind}', model(small_graph(initializers(tensor('t', kind, [1], content))))


# ---- the wire format -------------------------------------------------------------------------------------------------


def beginnings():
    for label, content in (('empty', b''), ('zeros', bytes(4096)), ('text', b'{"ir_version": 8}'), ('pickle', b'\x80\x04\x95' + bytes(200)), ('zip', b'PK\x03\x04' + bytes(100)),
                           ('gguf', b'GGUF\3\0\0\0' + bytes(100)), ('elf', b'\x7fELF' + bytes(100)), ('html', b'<!DOCTYPE html><html></html>'), ('ones', b'\xff' * 1000),
                           ('pointer', b'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n')):  # fmt: skip
        yield f'is-{label}', FAIL, content
    whole = model(net_graph())
    for i in range(60):
        cut = len(whole) * i // 60
        yield f'cut-at-{cut}', FAIL, whole[:cut]
    yield f'cut-at-{len(whole) - 1}', FAIL, whole[:-1]
    yield 'zeros-behind', FAIL, whole + bytes(16)


def wires():
    good = small_graph()
    for label, junk in (('field-0', b'\0'), ('field-0-data', data(0, b'')), ('number-of-11-bytes', b'\x08' + b'\xff' * 11), ('number-cut', b'\x08\xff'), ('key-cut', b'\x88'),
                        ('key-of-36-bits', b'\x88\x80\x80\x80\x80\x01\x01'), ('wire-type-6', b'\x0e\0'), ('wire-type-7', b'\x0f\0'), ('fixed32-cut', key(900, 5) + b'\0\0'),
                        ('fixed64-cut', key(900, 1) + bytes(7)), ('group', key(900, 3) + key(900, 4)), ('group-end', key(900, 4)), ('groups-100000', key(900, 3) * 100000)):  # fmt: skip
        yield f'wire-{label}', FAIL, model(good) + junk
        yield f'wire-{label}-in-graph', FAIL, model(small_graph(junk))
    for length in (2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**63, MOST_64):
        yield f'length-{length}', FAIL, num(1, 8) + data(8, opset('', 17)) + data(7, good, length)
        yield f'length-{length}-of-a-name', FAIL, model(small_graph(data(1, data(4, 'Relu', length))))
        yield f'length-{length}-of-data', FAIL, model(small_graph(initializers(tensor('t', FLOAT, [1], data(9, bytes(4), length)))))
    # Known fields with a value of another wire type.
    for label, content in (('ir', model(good, data(1, '8'))), ('graph', num(1, 8) + data(8, opset('', 17)) + num(7, 1)), ('producer', model(good, num(2, 1))), ('opset', model(good, num(8, 17))),
                           ('version', model(good, data(8, data(2, '17')))), ('functions', model(good, num(25, 1)))):  # fmt: skip
        yield f'other-wire-type-{label}', FAIL, content
    for label, content in (('node', num(1, 1)), ('name', num(2, 1)), ('initializer', num(5, 1)), ('input', f32(11, 1)), ('value-info', num(13, 1)), ('op', data(1, num(4, 1))), ('node-input', data(1, num(1, 1))),
                           ('attribute', data(1, node('A', [], []) + num(5, 1))), ('dims', initializers(num(2, FLOAT) + f32(1, 1))), ('data-type', initializers(data(2, 'FLOAT'))),
                           ('raw', initializers(tensor('t', FLOAT, [1], num(9, 1)))), ('floats', initializers(tensor('t', FLOAT, [1], num(4, 1)))), ('shape', data(13, data(1, 'v') + data(2, data(1, num(2, 1)))))):  # fmt: skip
        yield f'other-wire-type-{label}', FAIL, model(small_graph(content))
    yield 'graph-twice', MAY, model(good) + data(7, good)
    yield 'packed-cut', FAIL, model(small_graph(initializers(tensor('t', INT64, [2], data(7, b'\x01\x80')))))
    yield 'packed-floats-cut', FAIL, model(small_graph(initializers(tensor('t', FLOAT, [1], data(4, bytes(5))))))


def texts():
    for label, text in (('no-utf-8', b'\xff\xfe'), ('overlong', b'\xc0\x80'), ('surrogate', b'\xed\xa0\x80'), ('cut', b'a\xe2\x82'), ('beyond', b'\xf4\x90\x80\x80'), ('nul', b'a\0b')):
        for where, content in (('op', data(1, data(4, text))), ('node', data(1, node('Relu', ['x'], ['q']) + data(3, text))), ('input', data(1, node('Relu', [text], ['q']))), ('output', data(1, node('Relu', ['x'], [text]))),
                               ('graph', data(2, text)), ('initializer', initializers(tensor(text, FLOAT, [0]))), ('symbol', data(13, data(1, 'v') + data(2, data(1, data(2, data(1, data(2, text)))))))):  # fmt: skip
            yield f'{where}-text-{label}', FAIL, model(small_graph(content))
        yield f'producer-{label}', FAIL, model(small_graph(), data(2, text))
        yield f'metadata-{label}', FAIL, model(small_graph(), data(14, entry(text, 'v')))


def versions():
    for ir in (0, 1, 2, 15, 255, 2**31, 2**63 - 1, -1, -(2**63)):
        yield f'ir-{ir}', FAIL, model(small_graph(), ir=ir)
    yield 'ir-missing', FAIL, data(8, opset('', 17)) + data(7, small_graph())
    for version in (0, 1, 6, 29, 1000, 2**31, 2**63 - 1, -1):
        yield f'opset-{version}', FAIL, model(small_graph(), opsets=(('', version),))
        yield f'function-opset-{version}', FAIL, calling(functions=[data(1, 'F0') + data(10, 'f') + data(4, 'a') + data(5, 'b') + data(7, node('Relu', ['a'], ['b'])) + data(9, opset('', version))])
    yield 'opset-missing', FAIL, model(small_graph(), opsets=())
    yield 'opset-twice', FAIL, model(small_graph(), opsets=(('', 17), ('', 13)))
    yield 'opset-twice-by-alias', FAIL, model(small_graph(), opsets=(('', 17), ('ai.onnx', 17)))
    yield 'opset-of-other-domain-only', FAIL, model(small_graph(), opsets=(('com.example', 1),))
    yield 'domain-not-imported', FAIL, model(small_graph(data(1, node('Op', ['x'], ['q'], domain='com.example'))))
    yield 'graph-missing', FAIL, num(1, 8) + data(8, opset('', 17))


# ---- tensors ---------------------------------------------------------------------------------------------------------


def tensors():
    def with_one(*parts):
        return model(small_graph(initializers(*parts)))

    for kind in (-1, 0, 29, 30, 99, 255, 2**31, 2**63, MOST_64):
        yield f'data-type-{kind}', FAIL, with_one(tensor('t', kind, [1], data(9, bytes(4))))
        if kind:
            yield f'value-type-{kind}', FAIL, model(small_graph(data(13, value('v', kind))))
    for i, dims in enumerate(([-1], [2, -1], [-2], [-(2**63)], [2**62, 4], [2**32, 2**32], [2**33, 2**31, 2], [2**63 - 1], [2**40, 2**40, 0], [2**41], [1] * 9, [1] * 100000, [2**31], [3])):
        yield f'dims-{i}', FAIL, with_one(tensor('t', FLOAT, dims, data(9, bytes(8))))
        if dims != [3] and dims != [2**31]:
            expect = MAY if -1 in dims else FAIL  # some exporters mean a symbol
            yield f'value-dims-{i}', expect, model(small_graph(data(13, value('v', FLOAT, dims))))
            yield f'input-dims-{i}', expect, model(graph([], [value('x', FLOAT, dims)], [value('x', FLOAT, [])]))
    for kind, width in ((FLOAT, 4), (UINT8, 1), (INT64, 8), (FLOAT16, 2), (DOUBLE, 8), (BOOL, 1), (COMPLEX64, 8), (COMPLEX128, 16), (BFLOAT16, 2), (21, 1), (25, 1)):
        for size in (0, width * 4 - 1, width * 4 + 1, width * 8):
            yield f'raw-of-type-{kind}-{size}', FAIL, with_one(tensor('t', kind, [4], data(9, bytes(size))))
    for kind, typed in ((FLOAT, data(4, floats(1))), (INT32, packed(5, [1])), (INT64, packed(7, [1])), (DOUBLE, f64(10, 1)), (UINT64, packed(11, [1])), (STRING, data(6, 'a'))):
        yield f'raw-and-typed-{kind}', FAIL, with_one(tensor('t', kind, [1], data(9, bytes(8 if kind > INT32 else 4)), typed))
        yield f'typed-and-empty-raw-{kind}', FAIL, with_one(tensor('t', kind, [1], data(9, b''), typed))
        yield f'typed-too-few-{kind}', FAIL, with_one(tensor('t', kind, [2], typed))
        yield f'typed-too-many-{kind}', FAIL, with_one(tensor('t', kind, [1], typed, typed))
        yield f'typed-of-another-type-{kind}', FAIL, with_one(tensor('t', INT8 if kind != INT32 else FLOAT, [1], typed if kind != INT32 else packed(7, [1])))
        yield f'typed-twice-{kind}', FAIL, with_one(tensor('t', kind, [1], typed, packed(7, [1]) if kind != INT64 else packed(5, [1])))
    for kind, number in ((UINT8, 256), (UINT8, -1), (INT8, 128), (INT16, -32769), (BOOL, 2), (FLOAT16, 65536), (INT32, 2**31), (INT32, 2**40)):
        yield f'value-{number}-of-type-{kind}', FAIL, with_one(tensor('t', kind, [1], packed(5, [number])))
    yield 'value-beyond-uint32', FAIL, with_one(tensor('t', UINT32, [1], packed(11, [2**32])))
    yield 'text-no-utf-8', FAIL, with_one(tensor('t', STRING, [1], data(6, b'\xff')))
    yield 'text-raw', FAIL, with_one(tensor('t', STRING, [1], data(9, b'a')))
    yield 'segment', FAIL, with_one(tensor('t', FLOAT, [1], f32(4, 1), data(3, num(1, 0) + num(2, 1))))
    yield 'location-2', FAIL, with_one(tensor('t', FLOAT, [1], f32(4, 1), num(14, 2)))
    yield 'no-dims-but-values', FAIL, with_one(num(2, FLOAT) + data(8, 't') + data(9, bytes(8)))
    yield 'no-name', FAIL, with_one(tensor('', FLOAT, [1], f32(4, 1)))
    yield 'sparse-initializer', FAIL, model(small_graph(data(15, data(1, raw('s', [1])) + data(2, tensor('', INT64, [1], packed(7, [0]))) + packed(3, [4]))))
    yield 'nothing-in-it', FAIL, with_one(b'')
    yield 'nothing-in-each-of-200000', FAIL, model(small_graph(data(5, b'') * 200000))


# ---- graphs ----------------------------------------------------------------------------------------------------------


def structures():
    def of(nodes, outputs=('y',), *more, inputs=('x',)):
        return model(graph(nodes, [value(one) for one in inputs], [value(one) for one in outputs], *more))

    relu = node('Relu', ['x'], ['y'])
    yield 'cycle-of-1', FAIL, of([node('Relu', ['y'], ['y'])])
    yield 'cycle-of-2', FAIL, of([node('Add', ['x', 'b'], ['y']), node('Relu', ['y'], ['b'])])
    for length in (3, 1000):
        yield f'cycle-of-{length}', FAIL, of([node('Relu', [f'v{(i - 1) % length}'], [f'v{i}']) for i in range(length)], ['v0'])
    yield 'cycle-through-a-branch', FAIL, model(branching(branch(['y'], 't')))
    yield 'order-reversed', FAIL, of([node('Relu', ['a'], ['y']), node('Relu', ['x'], ['a'])])
    yield 'input-of-nobody', FAIL, of([node('Relu', ['q'], ['y'])])
    yield 'output-of-nobody', FAIL, of([relu], ['q'])
    yield 'output-without-name', FAIL, of([relu], [''])
    yield 'output-twice', FAIL, of([relu], ['y', 'y'])
    yield 'produced-twice', FAIL, of([relu, relu])
    yield 'produced-twice-by-one', FAIL, of([node('Split', ['x'], ['y', 'y'])])
    yield 'produced-over-input', FAIL, of([node('Relu', ['x'], ['x'])], ['x'])
    yield 'produced-over-initializer', FAIL, of([node('Relu', ['x'], ['w'])], ['w'], initializers(raw('w', [1])))
    yield 'initializer-twice', FAIL, of([relu], ['y'], initializers(raw('w', [1]), raw('w', [2])))
    yield 'input-twice', FAIL, of([relu], inputs=('x', 'x'))
    yield 'input-without-name', FAIL, of([relu], inputs=('x', ''))
    yield 'input-without-type', FAIL, model(graph([relu], [data(1, 'x')], [value('y')]))
    yield 'output-without-type', FAIL, model(graph([relu], [value('x')], [data(1, 'y')]))
    yield 'type-twice', FAIL, model(graph([relu], [value('x') + data(2, tensor_type(FLOAT, []))], [value('y')]))
    yield 'type-of-two-kinds', FAIL, model(graph([relu], [data(1, 'x') + data(2, tensor_type(FLOAT, []) + data(4, data(1, tensor_type(FLOAT, []))))], [value('y')]))
    yield 'shape-twice', FAIL, model(small_graph(data(13, data(1, 'v') + data(2, data(1, num(1, FLOAT) + data(2, dim(1)) + data(2, dim(2)))))))
    yield 'operator-missing', FAIL, of([data(1, 'x') + data(2, 'y')])
    yield 'node-empty', FAIL, of([b''], [])
    yield 'nodes-empty-500000', FAIL, of([b''] * 500000, [])
    yield 'nodes-more-than-2-to-20', FAIL, of([data(4, 'A')] * (2**20 + 1), ['x'])
    yield 'node-of-500000-inputs-left-out', MAY, of([node('Sum', [''] * 500000, ['y'])])
    yield 'names-of-1-mb', MAY, of([node('Relu', ['x'], ['n' * 10**6]), node('Relu', ['n' * 10**6], ['y'])])
    yield 'nodes-100000-in-a-row', MAY, of([node('Relu', [f'v{i - 1}' if i else 'x'], [f'v{i}']) for i in range(100000)], ['v99999'])
    yield 'branch-uses-what-comes-later', FAIL, model(branching(branch(['late'], 't'), behind=[node('Relu', ['x'], ['late'])]))
    yield 'branch-uses-the-other', FAIL, model(branching(branch(['e'], 't')))
    yield 'branch-output-of-nobody', FAIL, model(branching(graph([], [], [value('t')])))
    yield 'branch-value-used-outside', FAIL, model(branching(branch(['x'], 't'), behind=[node('Relu', ['t'], ['z'])]))
    yield 'branch-produces-twice', FAIL, model(branching(graph([node('Identity', ['x'], ['t'])] * 2, [], [value('t')])))
    yield 'branch-hides-a-name', MAY, model(branching(branch(['x'], 'h'), before=[node('Relu', ['x'], ['h'])]))


def nestings():
    def graphs(depth):
        content = graph([node('Relu', ['x'], ['y'])], [], [value('y')])
        for _ in range(depth - 2):
            content = graph([node('If', ['x'], ['y'], attribute('then_branch', A_GRAPH, data(6, content)))], [], [value('y')])
        return model(graph([node('If', ['x'], ['y'], attribute('then_branch', A_GRAPH, data(6, content)))], [value('x')], [value('y')]))

    yield 'graphs-nested-20', MAY, graphs(20)
    for depth in (65, 100, 1000, 5000):
        yield f'graphs-nested-{depth}', FAIL, graphs(depth)
    for field, inner, label in ((4, 1, 'sequences'), (5, 2, 'maps'), (9, 1, 'optionals')):
        for depth in (101, 5000):
            kind = tensor_type(FLOAT, [])
            for _ in range(depth):
                kind = data(field, data(inner, kind))
            yield f'{label}-nested-{depth}', FAIL, model(small_graph(data(13, data(1, 'v') + data(2, kind))))
    one = attribute('g', A_GRAPH, data(6, b''))
    yield 'graphs-more-than-2-to-16', FAIL, model(graph([node('A', [], [], attribute('g', 10, data(11, b'') * 65536))], [], []))
    yield 'graph-twice-in-attribute', FAIL, model(small_graph(data(1, node('A', [], [], one + data(6, b'')))))


def attributes():
    def of(*content):
        return model(small_graph(data(1, node('Op', ['x'], ['q'], *content))))

    yield 'attribute-empty', FAIL, of(b'')
    yield 'attribute-without-name', FAIL, of(num(20, A_INT) + num(3, 1))
    yield 'attribute-without-type', FAIL, of(data(1, 'a') + num(3, 1))
    for kind in (15, 99, 2**31, -1, 2**63):
        yield f'attribute-type-{kind}', FAIL, of(attribute('a', kind, num(3, 1)))
    values = {A_FLOAT: f32(2, 1), A_INT: num(3, 1), A_STRING: data(4, 's'), A_TENSOR: data(5, raw('', [1])), A_GRAPH: data(6, b''), 6: f32(7, 1), 7: num(8, 1), 8: data(9, 's')}
    for kind in values:
        other = A_INT if kind != A_INT else A_FLOAT
        yield f'attribute-{kind}-with-another-value', FAIL, of(attribute('a', kind, values[other]))
        yield f'attribute-{kind}-with-two-values', FAIL, of(attribute('a', kind, values[kind], values[other]))
    for kind in (A_TENSOR, A_GRAPH, 13):
        yield f'attribute-{kind}-without-value', FAIL, of(attribute('a', kind))
    yield 'attribute-twice', FAIL, of(attribute('a', A_INT), attribute('a', A_INT))
    yield 'attribute-twice-of-two-types', FAIL, of(attribute('a', A_INT), attribute('a', A_FLOAT))
    yield 'attribute-reference-outside', FAIL, of(attribute('a', A_INT, data(21, 'r')))
    yield 'attribute-sparse', FAIL, of(attribute('a', 11, data(22, data(1, raw('s', [1])))))
    yield 'attribute-tensor-dual', FAIL, of(attribute('a', A_TENSOR, data(5, tensor('', FLOAT, [1], f32(4, 1), data(9, bytes(4))))))
    yield 'attribute-text-no-utf-8', FAIL, of(attribute('a', A_STRING, data(4, b'\xff')))
    yield 'attribute-ints-10-to-6', MAY, of(attribute('a', 7, data(8, bytes(10**6))))
    yield 'attributes-60000', MAY, of(*[attribute(f'a{i}', A_INT) for i in range(60000)])
    yield 'attributes-empty-500000', FAIL, of(*[b''] * 500000)


def functions():
    yield 'function-calls-itself', FAIL, calling([node('F0', ['a'], ['b'], domain='f')])
    for length in (2, 3, 50):
        ring = [function('f', f'F{i}', ['a'], ['b'], [node(f'F{(i + 1) % length}', ['a'], ['b'], domain='f')], data(9, opset('f', 1))) for i in range(length)]
        yield f'functions-in-a-ring-of-{length}', FAIL, calling(functions=ring)
    inside = graph([node('F0', ['a'], ['t'], domain='f')], [], [value('t')])
    yield 'function-calls-itself-in-a-branch', FAIL, calling([node('If', ['a'], ['b'], attribute('then_branch', A_GRAPH, data(6, inside)))])
    for length, times in ((65, 1), (1000, 1), (30, 2), (64, 2), (64, 30), (12, 6)):
        yield f'functions-{length}-times-{times}', FAIL, chain(length, times)
    yield 'function-twice', FAIL, calling(functions=[function('f', 'F0', ['a'], ['b'], [node('Relu', ['a'], ['b'])])] * 2)
    yield 'function-without-name', FAIL, calling(functions=[function('f', '', ['a'], ['b'], [node('Relu', ['a'], ['b'])])])
    yield 'function-uses-the-model', FAIL, calling([node('Relu', ['x'], ['b'])])
    yield 'function-cycle', FAIL, calling([node('Relu', ['b'], ['b'])])
    yield 'function-output-of-nobody', FAIL, calling([])
    yield 'function-domain-not-imported', FAIL, calling([node('Op', ['a'], ['b'], domain='other')])
    yield 'function-attribute-not-its', FAIL, calling([node('Op', ['a'], ['b'], attribute('k', A_INT, data(21, 'absent')))])
    yield 'function-reference-with-value', FAIL, calling([node('Op', ['a'], ['b'], attribute('k', A_INT, num(3, 1), data(21, 'k')))], more=(data(6, 'k'),))
    yield 'functions-empty-200000', FAIL, model(small_graph(), data(25, b'') * 200000)


def noise():
    chance = random.Random(20261130)
    for name, whole in (('net', model(net_graph())), ('branch', model(branching(branch(['x'], 't')))), ('function', calling())):
        for i in range(15):
            odd = bytearray(whole)
            for _ in range(1 + i % 4):
                odd[chance.randrange(len(odd))] ^= 1 << chance.randrange(8)
            yield f'bits-{name}-{i}', MAY, bytes(odd)
    yield 'noise', FAIL, bytes(chance.randrange(256) for _ in range(4096))
    yield 'fields-unknown-10-to-6', MAY, model(small_graph(), num(900, 1) * 300000)


def onnx_files():
    """(id, expectation, content) of each."""
    for what, content in controls():
        yield f'control-{what}', LOAD, content
    for each in (beginnings, wires, texts, versions, tensors, structures, nestings, attributes, functions, noise):
        yield from each()
    yield from external_files(small_graph)
