"""ONNX models whose operators are wrong, for script/corpus: what shape inference, folding and a run judge. Each is one node, or few,
of a model that readers take. Expectations as in corpus_onnx.py."""

from onnx_bytes import (A_FLOAT, A_FLOATS, A_GRAPH, A_INT, A_STRING, A_STRINGS, A_TENSOR, BOOL, FLOAT, FLOAT16, INT8, INT32, INT64, UINT8,
                        attribute, data, f32, floats, function, graph, initializers, ints, model, node, num, opset, packed, tensor, value)  # fmt: skip

FAIL, MAY, LOAD = 'must_fail', 'may_load', 'must_load'
LEAST, MOST = -(2**63), 2**63 - 1
WIDE = (2**31, 2**32, 2**60, 2**62, MOST)


def x(dims, kind=FLOAT):
    """An input of the model."""
    return kind, dims, None


def k(values, dims=None, kind=INT64):
    """A constant."""
    return kind, [len(values)] if dims is None else dims, values


def constant(name, kind, dims, values):
    if kind == FLOAT:
        content = data(4, floats(*values))
    elif kind == FLOAT16:
        content = packed(5, values)
    else:
        content = packed(7 if kind == INT64 else 5, values)
    return tensor(name, kind, dims, content)


def i(name, number):
    return attribute(name, A_INT, num(3, number))


def f(name, number):
    return attribute(name, A_FLOAT, f32(2, number))


def text(name, content):
    return attribute(name, A_STRING, data(4, content))


def texts(name, contents):
    return attribute(name, A_STRINGS, *[data(9, one) for one in contents])


def reals(name, values):
    return attribute(name, A_FLOATS, data(7, floats(*values)))


def one(op, operands, *attributes, version=17, outputs=1, domain=''):
    """A model of one node; None stands for an input that is left out."""
    names = ['' if operand is None else f'v{n}' for n, operand in enumerate(operands)]
    inputs = [value(name, operand[0], operand[1]) for name, operand in zip(names, operands) if operand and operand[2] is None]
    constants = [constant(name, *operand) for name, operand in zip(names, operands) if operand and operand[2] is not None]
    made = [f'y{n}' for n in range(outputs)]
    opsets = (('', version), (domain, 1)) if domain else (('', version),)
    return model(graph([node(op, names, made, *attributes, domain=domain)], inputs, [value(name) for name in made], initializers(*constants)), opsets=opsets)


def wrong(op, cases, **options):
    for label, operands, attributes in cases:
        yield f'{op}-{label}', FAIL, one(op, operands, *attributes, **options)


# ---- windows: convolution and pooling --------------------------------------------------------------------------------

IMAGE, KERNEL = x([1, 4, 8, 8]), x([4, 4, 3, 3])


def windows():
    yield 'Conv', LOAD, one('Conv', [IMAGE, KERNEL], ints('pads', [1, 1, 1, 1]))
    yield 'MaxPool', LOAD, one('MaxPool', [IMAGE], ints('kernel_shape', [2, 2]))
    numbers = [('zero', 0), ('negative', -1), ('least', LEAST)]
    for op, operands, more in (('Conv', [IMAGE, KERNEL], ()), ('ConvTranspose', [IMAGE, KERNEL], ()), ('MaxPool', [IMAGE], (ints('kernel_shape', [2, 2]),)), ('AveragePool', [IMAGE], (ints('kernel_shape', [2, 2]),)),
                               ('LpPool', [IMAGE], (ints('kernel_shape', [2, 2]),)), ('ConvInteger', [x([1, 4, 8, 8], UINT8), x([4, 4, 3, 3], UINT8)], ())):  # fmt: skip
        for what in ('strides', 'dilations'):
            if op == 'AveragePool' and what == 'dilations':
                continue
            yield from wrong(op, [(f'{what}-{label}', operands, (ints(what, [number, 1]), *more)) for label, number in numbers])
            yield f'{op}-{what}-huge', MAY if what == 'strides' else FAIL, one(op, operands, ints(what, [MOST, MOST]), *more)
        yield from wrong(op, [('pads-least', operands, (ints('pads', [LEAST, 0, 0, 0]), *more)), ('pads-huge', operands, (ints('pads', [2**60, 2**60, 0, 0]), *more)), ('pads-overflow', operands, (ints('pads', [MOST] * 4), *more)),
                              ('pads-of-3', operands, (ints('pads', [0, 0, 0]), *more)), ('pads-negative', operands, (ints('pads', [-9, 0, -9, 0]), *more)), ('strides-of-3', operands, (ints('strides', [1, 1, 1]), *more)),
                              ('auto-pad-of-nobody', operands, (text('auto_pad', 'ROUND'), *more))])  # fmt: skip
    for op in ('MaxPool', 'AveragePool', 'LpPool'):
        yield from wrong(op, [('kernel-zero', [IMAGE], (ints('kernel_shape', [0, 2]),)), ('kernel-negative', [IMAGE], (ints('kernel_shape', [-2, 2]),)), ('kernel-huge', [IMAGE], (ints('kernel_shape', [MOST, MOST]),)),
                              ('kernel-2-to-31', [IMAGE], (ints('kernel_shape', [2**31, 2]),)), ('kernel-larger-than-x', [IMAGE], (ints('kernel_shape', [9, 9]),)), ('kernel-of-1', [IMAGE], (ints('kernel_shape', [2]),)),
                              ('kernel-missing', [IMAGE], ()), ('x-of-2-dimensions', [x([4, 4])], (ints('kernel_shape', [2, 2]),)), ('x-scalar', [x([])], (ints('kernel_shape', [2, 2]),))])  # fmt: skip
    for op in ('Conv', 'ConvTranspose'):
        yield from wrong(op, [(f'group-{label}', [IMAGE, KERNEL], (i('group', number),)) for label, number in (*numbers, ('3', 3), ('8', 8), ('huge', MOST))])
        yield from wrong(op, [('kernel-shape-other', [IMAGE, KERNEL], (ints('kernel_shape', [2, 2]),)), ('weights-of-3-dimensions', [IMAGE, x([4, 4, 3])], ()), ('channels-other', [IMAGE, x([5, 3, 3, 3])], ()),
                              ('bias-other', [IMAGE, KERNEL, x([5])], ()), ('bias-matrix', [IMAGE, KERNEL, x([4, 1])], ()), ('x-of-1-dimension', [x([4]), x([4])], ()), ('x-of-integers', [x([1, 4, 8, 8], INT64), x([4, 4, 3, 3], INT64)], ()),
                              ('types-other', [IMAGE, x([4, 4, 3, 3], FLOAT16)], ()), ('no-weights', [IMAGE], ())])  # fmt: skip
    yield from wrong('Conv', [('kernel-larger-than-x', [IMAGE, x([4, 4, 9, 9])], ()), ('kernel-of-nothing', [IMAGE, x([4, 4, 0, 0])], ())])
    yield from wrong('ConvTranspose', [('output-padding-negative', [IMAGE, KERNEL], (ints('output_padding', [-1, 0]),)), ('output-padding-huge', [IMAGE, KERNEL], (ints('output_padding', [2**60, 2**60]),)),
                                       ('output-shape-negative', [IMAGE, KERNEL], (ints('output_shape', [-1, -1]),)), ('output-shape-huge', [IMAGE, KERNEL], (ints('output_shape', [2**60, 2**60]),))])  # fmt: skip
    yield from wrong('GlobalAveragePool', [('x-scalar', [x([])], ())])
    yield from wrong('MaxUnpool', [('indices-other', [IMAGE, x([1, 4, 4, 4], INT64)], (ints('kernel_shape', [2, 2]),)), ('kernel-zero', [IMAGE, x([1, 4, 8, 8], INT64)], (ints('kernel_shape', [0, 0]),))])
    yield from wrong('MaxRoiPool', [('shape-zero', [IMAGE, x([1, 5])], (ints('pooled_shape', [0, 0]),)), ('rois-of-4', [IMAGE, x([1, 4])], (ints('pooled_shape', [1, 1]),))])
    yield from wrong('RoiAlign', [('sizes-huge', [IMAGE, x([1, 4]), x([1], INT64)], (i('output_height', MOST), i('output_width', MOST))), ('rois-of-5', [IMAGE, x([1, 5]), x([1], INT64)], ())])
    yield from wrong('LRN', [('size-zero', [IMAGE], (i('size', 0),)), ('size-missing', [IMAGE], ())])
    for op in ('DepthToSpace', 'SpaceToDepth'):
        yield from wrong(op, [(f'blocksize-{number}', [IMAGE], (i('blocksize', number),)) for number in (0, -1, 3, 2**31, 2**32, MOST, LEAST)])
    yield from wrong('GridSample', [('grid-of-3', [IMAGE, x([1, 2, 2, 3])], ()), ('ranks-other', [IMAGE, x([1, 2, 2])], ()), ('mode-of-nobody', [IMAGE, x([1, 2, 2, 2])], (text('mode', 'sharp'),))])
    yield from wrong('Col2Im', [('block-zero', [x([1, 5, 5]), k([5, 5]), k([0, 5])], ()), ('image-huge', [x([1, 5, 5]), k([2**60, 2**60]), k([1, 5])], ())])


# ---- axes, orders, shapes --------------------------------------------------------------------------------------------


def axes():
    for op, operands, version in (('Softmax', [x([2, 3])], 17), ('LogSoftmax', [x([2, 3])], 17), ('Hardmax', [x([2, 3])], 17), ('Concat', [x([2, 3]), x([2, 3])], 17), ('Gather', [x([2, 3]), k([0])], 17), ('GatherElements', [x([2, 3]), k([0, 0], [1, 2])], 17),
                                  ('ScatterElements', [x([2, 3]), k([0, 0], [1, 2]), x([1, 2])], 17), ('Split', [x([2, 3]), k([2])], 17), ('ArgMax', [x([2, 3])], 17), ('ArgMin', [x([2, 3])], 17), ('ReduceSum', [x([2, 3]), k([9])], 17),
                                  ('LayerNormalization', [x([2, 3]), x([3])], 17), ('TopK', [x([2, 3]), k([1])], 17), ('OneHot', [x([2, 3], INT64), k([3]), x([2])], 17), ('Flatten', [x([2, 3])], 17), ('Compress', [x([2, 3]), x([2], BOOL)], 17),
                                  ('QuantizeLinear', [x([2, 3]), x([3])], 17), ('DequantizeLinear', [x([2, 3], INT8), x([3])], 17), ('LpNormalization', [x([2, 3])], 17), ('DFT', [x([1, 4, 1])], 17)):  # fmt: skip
        for number in (7, -8, 2**32, MOST, LEAST):
            yield f'{op}-axis-{number}', FAIL, one(op, operands, i('axis', number), version=version, outputs=2 if op == 'TopK' else 1)
    for op in ('ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceL2', 'ReduceProd', 'ReduceLogSumExp'):
        version = 18 if op != 'ReduceSum' else 17
        for label, given in (('beyond', [5]), ('twice', [0, -2]), ('least', [LEAST]), ('one-good', [0, 2**32])):
            yield f'{op}-axes-{label}', MAY if label == 'twice' else FAIL, one(op, [x([2, 3]), k(given)], version=version)
        yield f'{op}-axes-of-floats', FAIL, one(op, [x([2, 3]), k([0], kind=FLOAT)], version=version)
    for label, given in (('beyond', [9]), ('twice', [0, 0]), ('twice-from-both-ends', [0, -3]), ('least', [LEAST]), ('many', list(range(9))), ('matrix', None)):
        axes_input = k([0, 1], [1, 2]) if given is None else k(given)
        yield f'Unsqueeze-axes-{label}', FAIL, one('Unsqueeze', [x([2, 3]), axes_input]) if label != 'twice-from-both-ends' else one('Unsqueeze', [x([2]), k([0, -3, 1])])
    yield from wrong('Squeeze', [('not-1', [x([2, 3]), k([0])], ()), ('beyond', [x([1, 3]), k([5])], ()), ('least', [x([1, 3]), k([LEAST])], ())])
    yield from wrong('Transpose', [('repeats', [x([2, 3])], (ints('perm', [0, 0]),)), ('too-long', [x([2, 3])], (ints('perm', [0, 1, 2]),)), ('too-short', [x([2, 3])], (ints('perm', [0]),)), 
                                   ('beyond', [x([2, 3])], (ints('perm', [0, 2]),)), ('wraps', [x([2, 3])], (ints('perm', [0, 2**32 + 1]),)), ('least', [x([2, 3])], (ints('perm', [LEAST, 0]),))])  # fmt: skip
    for label, given in (('other-count', [5]), ('two-open', [-1, -1]), ('below-minus-1', [-2, 3]), ('least', [LEAST, 3]), ('copied-beyond', [2, 3, 0]), ('huge', [2**62, 2**62]), ('open-beside-0', [0, -1, 0]), ('rank-9', [1] * 7 + [2, 3]),
                         ('overflows-to-6', [2**63 - 1, 2, 3]), ('open-not-filled', [4, -1])):  # fmt: skip
        more = (i('allowzero', 1),) if label == 'open-beside-0' else ()
        yield f'Reshape-{label}', FAIL, one('Reshape', [x([2, 3]), k(given)], *more)
    yield 'Reshape-of-floats', FAIL, one('Reshape', [x([2, 3]), k([6.0], kind=FLOAT)])
    yield 'Reshape-by-an-input', MAY, one('Reshape', [x([2, 3]), x([1], INT64)])
    yield from wrong('Concat', [('nothing', [], (i('axis', 0),)), ('other-extents', [x([2, 3]), x([2, 4])], (i('axis', 0),)), ('other-ranks', [x([2, 3]), x([2])], (i('axis', 0),)), ('other-types', [x([2]), x([2], INT64)], (i('axis', 0),)),
                                ('axis-missing', [x([2]), x([2])], ())])  # fmt: skip
    for label, given in (('sum-other', [1, 1]), ('negative', [4, -1]), ('overflow', [MOST, MOST]), ('least', [LEAST, 3]), ('too-few', [3])):
        yield f'Split-sizes-{label}', FAIL, one('Split', [x([3, 2]), k(given)], outputs=2)
    yield 'Split-num-outputs-0', FAIL, one('Split', [x([3, 2])], i('num_outputs', 0), version=18, outputs=2)
    yield 'Split-num-outputs-huge', FAIL, one('Split', [x([3, 2])], i('num_outputs', MOST), version=18, outputs=2)
    for label, begin, end, step in (('step-0', 0, 2, 0), ('of-floats', 0.0, 1.0, 1.0)):
        kind = FLOAT if label == 'of-floats' else INT64
        yield f'Slice-{label}', FAIL, one('Slice', [x([3, 2]), k([begin], kind=kind), k([end], kind=kind), k([0], kind=kind), k([step], kind=kind)])
    for number, (begin, end, step) in enumerate(((LEAST, MOST, 1), (MOST, LEAST, -1), (MOST, LEAST, LEAST), (LEAST, MOST, MOST), (-1, LEAST, LEAST), (0, -1, 2**62))):
        yield f'Slice-far-{number}', LOAD, one('Slice', [x([3, 2]), k([begin]), k([end]), k([0]), k([step])])
    yield from wrong('Slice', [('axis-beyond', [x([3, 2]), k([0]), k([1]), k([4])], ()), ('axis-twice', [x([3, 2]), k([0, 0]), k([1, 1]), k([0, -2])], ()), ('lists-other', [x([3, 2]), k([0, 0]), k([1]), k([0, 1])], ()),
                               ('ends-missing', [x([3, 2]), k([0])], ())])  # fmt: skip


# ---- sizes that numbers ask for --------------------------------------------------------------------------------------


def bombs():
    for number in WIDE:
        yield f'Expand-to-{number}', FAIL, one('Expand', [x([1]), k([number])])
        yield f'Expand-a-constant-to-{number}', FAIL, one('Expand', [k([1.0], [1], FLOAT), k([number])])
        yield f'ConstantOfShape-{number}', FAIL, one('ConstantOfShape', [k([number])])
        yield f'Tile-{number}', FAIL, one('Tile', [x([2]), k([number])])
        yield f'OneHot-depth-{number}', FAIL, one('OneHot', [x([2], INT64), k([number]), x([2])])
        yield f'HannWindow-{number}', FAIL, one('HannWindow', [k([number], [])])
        yield f'Pad-{number}', FAIL, one('Pad', [x([2]), k([number, number])])
        yield f'Resize-to-{number}', FAIL, one('Resize', [x([1, 1, 2, 2]), None, None, k([1, 1, number, number])])
        yield f'Range-to-{number}', FAIL, one('Range', [k([0], []), k([number], []), k([1], [])])
        yield f'DFT-length-{number}', FAIL, one('DFT', [x([1, 4, 1]), k([number], [])])
        yield f'Upsample-{number}', FAIL, one('Upsample', [x([1, 1, 2, 2]), k([1, 1, number, number], kind=FLOAT)], version=9)
    for op, operands in (('Expand', [x([2]), k([-1])]), ('Expand', [x([2]), k([3])]), ('ConstantOfShape', [k([-1])]), ('ConstantOfShape', [k([2**40, 2**40])]), ('ConstantOfShape', [k([1] * 9)]), ('ConstantOfShape', [k([2**40, 2**40, 0])]),
                         ('Tile', [x([2]), k([-1])]), ('Tile', [x([2, 2]), k([1])]), ('Tile', [x([2, 2]), k([2**33, 2**33])]), ('OneHot', [x([2], INT64), k([-1]), x([2])]), ('OneHot', [x([2], INT64), k([3]), x([3])]), ('Pad', [x([2]), k([-3, 0])]),
                         ('Pad', [x([2]), k([LEAST, LEAST])]), ('Pad', [x([2]), k([1])]), ('Pad', [x([2]), k([MOST, MOST])]), ('Range', [k([0], []), k([5], []), k([0], [])]), ('Range', [k([LEAST], []), k([MOST], []), k([1], [])]),
                         ('HannWindow', [k([-1], [])]), ('HannWindow', [k([LEAST], [])]), ('BlackmanWindow', [k([1, 2])]), ('DFT', [x([1, 4, 1]), k([0], [])]), ('DFT', [x([1, 4, 1]), k([-1], [])]), ('DFT', [x([1, 4, 3])]), ('DFT', [x([4])]),
                         ('STFT', [x([1, 16, 1]), k([0], []), None, k([4], [])]), ('STFT', [x([1, 16, 1]), k([-1], []), None, k([4], [])]), ('STFT', [x([1, 16, 1]), k([1], []), None, k([0], [])]), ('STFT', [x([1, 16, 1]), k([1], []), None, k([17], [])]),
                         ('STFT', [x([1, 16, 1]), k([1], []), None, k([MOST], [])]), ('STFT', [x([16]), k([1], []), None, k([4], [])]), ('STFT', [x([1, 16, 1]), k([4], []), x([3]), k([4], [])]),
                         ('MelWeightMatrix', [k([2**60], []), k([16], []), k([8000], []), k([0.0], [], FLOAT), k([4000.0], [], FLOAT)]), ('MelWeightMatrix', [k([8], []), k([2**60], []), k([8000], []), k([0.0], [], FLOAT), k([4000.0], [], FLOAT)]),
                         ('MelWeightMatrix', [k([MOST], []), k([MOST], []), k([8000], []), k([0.0], [], FLOAT), k([4000.0], [], FLOAT)]), ('MelWeightMatrix', [k([8], []), k([16], []), k([0], []), k([0.0], [], FLOAT), k([4000.0], [], FLOAT)]),
                         ('MelWeightMatrix', [k([8], []), k([16], []), k([8000], []), k([0.0], [], FLOAT), k([float('inf')], [], FLOAT)]), ('MelWeightMatrix', [k([8], []), k([16], []), k([8000], []), k([float('nan')], [], FLOAT), k([4000.0], [], FLOAT)]),
                         ('Resize', [x([1, 1, 2, 2]), None, None, k([1, 1, -1, 2])]), ('Resize', [x([1, 1, 2, 2]), None, None, k([1, 1])]), ('Resize', [x([1, 1, 2, 2])]), ('TopK', [x([3]), k([-1])]), ('TopK', [x([3]), k([4])]), ('TopK', [x([3]), k([MOST])]),
                         ('EyeLike', [x([2, 2, 2])]), ('Trilu', [x([2])])):  # fmt: skip
        label = '-'.join('x' if o is None or o[2] is None else '.'.join(str(v) for v in o[2]) for o in operands)
        yield f'{op}-{label}', FAIL, one(op, operands, outputs=2 if op == 'TopK' else 1)
    for number in (0.0, -1.0, 1e30, float('nan'), float('inf')):
        yield f'Resize-by-{number}', FAIL, one('Resize', [x([1, 1, 2, 2]), None, k([1, 1, number, number], kind=FLOAT)])
        yield f'Range-step-{number}', FAIL if number != 1e30 and number != float('inf') and number != -1 else MAY, one('Range', [k([0.0], [], FLOAT), k([5.0], [], FLOAT), k([number], [], FLOAT)])
    for number in (LEAST, MOST, 2**32):
        yield f'Trilu-k-{number}', LOAD, one('Trilu', [x([2, 2]), k([number], [])])
        yield f'EyeLike-k-{number}', MAY, one('EyeLike', [x([2, 2])], i('k', number))


def doubling():
    def chain(op, more=(), first=(), constant_input=False, times=64):
        nodes = [node(op, [f'a{n}', *first] if first else [f'a{n}', f'a{n}'], [f'a{n + 1}'], *more) for n in range(times)]
        begin = initializers(constant('a0', FLOAT, [1024], [1.0] * 1024)) if constant_input else b''
        extra = initializers(*[constant(name, INT64, [1], [2]) for name in first])
        return model(graph(nodes, [] if constant_input else [value('a0', FLOAT, [1024])], [value(f'a{times}')], begin + extra))

    for known in (False, True):
        yield f'Concat-doubles-{"a-constant" if known else "x"}', FAIL, chain('Concat', (i('axis', 0),), constant_input=known)
        yield f'Tile-doubles-{"a-constant" if known else "x"}', FAIL, chain('Tile', first=('two',), constant_input=known)
        yield f'Add-400-times-{"a-constant" if known else "x"}', LOAD, chain('Add', constant_input=known, times=400)


# ---- numbers ---------------------------------------------------------------------------------------------------------


def arithmetic():
    pairs = {INT64: [LEAST, -1, 0, 1, MOST], INT32: [-(2**31), -1, 0, 1, 2**31 - 1], INT8: [-128, -1, 0, 1, 127]}
    for kind, numbers in pairs.items():
        left, right = [a for a in numbers for _ in numbers], numbers * len(numbers)
        for op in ('Div', 'Mod', 'Mul', 'Add', 'Sub', 'Pow', 'Min', 'Max'):
            yield f'{op}-of-ends-of-{kind}', LOAD, one(op, [k(left, kind=kind), k(right, kind=kind)])
        for op in ('Neg', 'Abs', 'Sign'):
            yield f'{op}-of-ends-of-{kind}', LOAD, one(op, [k(numbers, kind=kind)])
    yield 'Mod-fmod-of-ends', LOAD, one('Mod', [k([LEAST, MOST, 5]), k([-1, -1, 0])], i('fmod', 1))
    odd = [float('nan'), float('inf'), float('-inf'), 1e38, -1e38, 0.0, -0.0]
    for kind in (INT8, INT32, INT64, UINT8, BOOL, FLOAT16):
        yield f'Cast-of-odd-floats-to-{kind}', LOAD, one('Cast', [k(odd, kind=FLOAT)], i('to', kind))
    yield from wrong('Cast', [(f'to-{number}', [x([2])], (i('to', number),)) for number in (0, -1, 8, 99, 2**31, 2**32 + 1, MOST, LEAST)])
    yield from wrong('Cast', [('to-missing', [x([2])], ())])
    for bits in (0, 7, 8, 63, 64, 2**31, 2**32):
        yield f'BitShift-by-{bits}', MAY, one('BitShift', [k([1, 255], kind=13), k([bits, bits], kind=13)], text('direction', 'LEFT'))
    yield from wrong('BitShift', [('direction-of-nobody', [x([2], UINT8), x([2], UINT8)], (text('direction', 'UP'),))])
    yield from wrong('Add', [('types-other', [x([2]), x([2], INT64)], ()), ('shapes-other', [x([2]), x([3])], ()), ('bool', [x([2], BOOL), x([2], BOOL)], ()), ('one-input', [x([2])], ()), ('first-left-out', [None, x([2])], ())])
    yield from wrong('And', [('floats', [x([2]), x([2])], ())])
    yield from wrong('Not', [('floats', [x([2])], ())])
    yield from wrong('Where', [('condition-of-floats', [x([2]), x([2]), x([2])], ()), ('types-other', [x([2], BOOL), x([2]), x([2], INT64)], ())])
    yield from wrong('Exp', [('integers', [x([2], INT64)], ()), ('nothing', [], ())])
    yield from wrong('MatMul', [('scalars', [x([]), x([])], ()), ('extents-other', [x([2, 3]), x([4, 2])], ()), ('bool', [x([2, 2], BOOL), x([2, 2], BOOL)], ()), ('batches-other', [x([2, 2, 2]), x([3, 2, 2])], ())])
    yield from wrong('Gemm', [('x-of-3-dimensions', [x([2, 2, 2]), x([2, 2])], ()), ('extents-other', [x([2, 3]), x([2, 3])], ()), ('c-other', [x([2, 3]), x([3, 4]), x([5])], ()), ('c-of-3-dimensions', [x([2, 3]), x([3, 4]), x([1, 2, 4])], ())])
    yield from wrong('Einsum', [('letters', [x([2, 2])], (text('equation', '??->'),)), ('empty', [x([2, 2])], (text('equation', ''),)), ('rank', [x([2, 2])], (text('equation', 'ijk->i'),)), ('extents', [x([2, 3]), x([4, 2])], (text('equation', 'ij,jk->ik'),)),
                                ('unknown-output', [x([2, 2])], (text('equation', 'ij->iz'),)), ('long', [x([2, 2])], (text('equation', 'ij,' * 20000 + 'ij->'),)), ('many-letters', [x([1] * 8), x([1] * 8)], (text('equation', 'abcdefgh,ijklmnop->'),))])  # fmt: skip
    yield from wrong('BatchNormalization', [('parameters-other', [x([1, 4, 2]), x([3]), x([4]), x([4]), x([4])], ()), ('parameters-matrix', [x([1, 4, 2]), x([4, 1]), x([4]), x([4]), x([4])], ()), ('x-scalar', [x([]), x([4]), x([4]), x([4]), x([4])], ())])
    yield from wrong('InstanceNormalization', [('parameters-other', [x([1, 4, 2]), x([3]), x([4])], ())])
    yield from wrong('GroupNormalization', [(f'groups-{number}', [x([1, 4, 2]), x([4]), x([4])], (i('num_groups', number),)) for number in (0, -1, 3, MOST)], version=21)
    yield from wrong('LayerNormalization', [('scale-other', [x([2, 3]), x([4])], ())])
    yield from wrong('CumSum', [('axis-beyond', [x([2, 3]), k([5], [])], ()), ('axis-least', [x([2, 3]), k([LEAST], [])], ())])
    yield from wrong('Clip', [('bounds-lists', [x([2]), k([1.0, 2.0], kind=FLOAT)], ())])
    yield 'Clip-bounds-crossed', LOAD, one('Clip', [x([2]), k([1.0], [], FLOAT), k([-1.0], [], FLOAT)])
    yield 'Clip-bounds-nan', LOAD, one('Clip', [x([2]), k([float('nan')], [], FLOAT)])


def indices():
    for label, number in (('beyond', 3), ('before', -4), ('most', MOST), ('least', LEAST)):
        yield f'Gather-{label}', FAIL, one('Gather', [x([3, 2]), k([number])])
        yield f'Gather-of-a-constant-{label}', FAIL, one('Gather', [k([1.0, 2.0, 3.0], kind=FLOAT), k([number])])
        yield f'GatherElements-{label}', MAY, one('GatherElements', [x([3, 2]), k([number, 0], [1, 2])])
        yield f'GatherND-{label}', MAY, one('GatherND', [x([3, 2]), k([number, 0], [1, 2])])
        yield f'ScatterElements-{label}', MAY, one('ScatterElements', [x([3, 2]), k([number, 0], [1, 2]), x([1, 2])])
        yield f'ScatterND-{label}', MAY, one('ScatterND', [x([3, 2]), k([number, 0], [1, 2]), x([1])])
        yield f'OneHot-index-{label}', LOAD, one('OneHot', [k([number]), k([3]), x([2])])
        yield f'ReverseSequence-length-{label}', MAY, one('ReverseSequence', [x([3, 1]), k([number])])
    yield from wrong('Gather', [('floats', [x([3, 2]), x([1])], ()), ('scalar', [x([]), k([0])], ())])
    yield from wrong('GatherElements', [('rank-other', [x([3, 2]), k([0])], ()), ('larger', [x([3, 2]), k([0] * 6, [2, 3])], ())])
    yield from wrong('GatherND', [('depth-beyond', [x([3, 2]), k([0, 0, 0], [1, 3])], ()), ('batch-beyond', [x([3, 2]), k([0], [1, 1])], (i('batch_dims', 7),)), ('batch-negative', [x([3, 2]), k([0], [1, 1])], (i('batch_dims', -1),)), ('scalar', [x([3, 2]), k([0], [])], ())])
    yield from wrong('ScatterElements', [('updates-other', [x([3, 2]), k([0, 0], [1, 2]), x([2, 2])], ()), ('types-other', [x([3, 2]), k([0, 0], [1, 2]), x([1, 2], INT64)], ()), ('reduction-of-nobody', [x([3, 2]), k([0, 0], [1, 2]), x([1, 2])], (text('reduction', 'xor'),))])
    yield from wrong('ScatterND', [('updates-other', [x([3, 2]), k([0], [1, 1]), x([1, 3])], ()), ('depth-beyond', [x([3, 2]), k([0, 0, 0], [1, 3]), x([1])], ())])
    yield from wrong('NonMaxSuppression', [('boxes-of-5', [x([1, 2, 5]), x([1, 1, 2])], ()), ('scores-other', [x([1, 2, 4]), x([1, 1, 3])], ())])


# ---- quantized values ------------------------------------------------------------------------------------------------


def quantized():
    yield 'QuantizeLinear', LOAD, one('QuantizeLinear', [x([2, 3]), k([0.5], [], FLOAT), k([3], [], UINT8)])
    for number in (0.0, float('nan'), float('inf'), -1.0, 1e-40):
        yield f'QuantizeLinear-scale-{number}', MAY, one('QuantizeLinear', [x([2, 3]), k([number], [], FLOAT), k([3], [], UINT8)])
        yield f'QuantizeLinear-of-a-constant-scale-{number}', MAY, one('QuantizeLinear', [k([1.0, -1.0, 0.0], kind=FLOAT), k([number], [], FLOAT), k([3], [], INT8)])
        yield f'DequantizeLinear-scale-{number}', MAY, one('DequantizeLinear', [x([2, 3], UINT8), k([number], [], FLOAT)])
        yield f'DynamicQuantizeLinear-of-{number}', MAY, one('DynamicQuantizeLinear', [k([number, 1.0], kind=FLOAT)], outputs=3)
    yield 'DynamicQuantizeLinear-of-nothing', MAY, one('DynamicQuantizeLinear', [x([0])], outputs=3)
    yield from wrong('QuantizeLinear', [('scale-other', [x([2, 3]), x([2])], ()), ('scale-matrix', [x([2, 3]), x([2, 3])], ()), ('zero-point-other', [x([2, 3]), x([3]), x([2], UINT8)], ()), ('zero-point-of-floats', [x([2, 3]), x([]), x([])], ()),
                                        ('zero-point-of-i64', [x([2, 3]), x([]), x([], INT64)], ()), ('x-of-i64', [x([2, 3], INT64), x([])], ()), ('scale-of-integers', [x([2, 3]), x([], INT32)], ()), ('no-scale', [x([2, 3])], ())])  # fmt: skip
    yield from wrong('QuantizeLinear', [(f'block-{number}', [x([2, 3]), x([2, 2])], (i('axis', 1), i('block_size', number))) for number in (-1, 1, 3, LEAST)], version=21)
    yield 'QuantizeLinear-block-huge', FAIL, one('QuantizeLinear', [x([2, 3]), x([2, 2])], i('axis', 1), i('block_size', MOST), version=21)
    yield 'QuantizeLinear-output-of-nobody', FAIL, one('QuantizeLinear', [x([2, 3]), x([])], i('output_dtype', 99), version=21)
    yield 'QuantizeLinear-output-other', FAIL, one('QuantizeLinear', [x([2, 3]), x([]), x([], UINT8)], i('output_dtype', INT8), version=21)
    yield from wrong('DequantizeLinear', [('x-of-floats', [x([2, 3]), x([])], ()), ('zero-point-other-type', [x([2, 3], UINT8), x([]), x([], INT8)], ())])
    a, s, z = x([2, 3], UINT8), x([]), x([], UINT8)
    yield 'QLinearMatMul', LOAD, one('QLinearMatMul', [a, s, z, x([3, 4], UINT8), s, z, s, z])
    yield from wrong('QLinearMatMul', [('extents-other', [a, s, z, x([4, 4], UINT8), s, z, s, z], ()), ('vector-scale-other', [a, x([5]), z, x([3, 4], UINT8), s, z, s, z], ()), ('floats', [x([2, 3]), s, z, x([3, 4]), s, z, s, z], ()), ('few-inputs', [a, s, z], ())])
    yield from wrong('MatMulInteger', [('extents-other', [a, x([4, 4], UINT8)], ()), ('zero-point-other', [a, x([3, 4], UINT8), x([7], UINT8)], ()), ('vector', [x([3], UINT8), x([3], UINT8)], ())])
    yield from wrong('QLinearConv', [('few-inputs', [x([1, 4, 8, 8], UINT8), s, z], ()), ('group-0', [x([1, 4, 8, 8], UINT8), s, z, x([4, 4, 3, 3], UINT8), s, z, s, z], (i('group', 0),))])
    bits = (i('K', 32), i('N', 2), i('bits', 4), i('block_size', 32))
    yield 'MatMulNBits', LOAD, one('MatMulNBits', [x([1, 32]), k([0x98] * 32, [2, 1, 16], UINT8), x([2])], *bits, domain='com.microsoft')
    for label, given in (('N-huge', (i('K', 32), i('N', MOST), i('block_size', 32))), ('K-huge', (i('K', 2**40), i('N', 2), i('block_size', 32))), ('K-negative', (i('K', -32), i('N', 2), i('block_size', 32))), ('block-0', (i('K', 32), i('N', 2), i('block_size', 0))),
                         ('bits-64', (i('K', 32), i('N', 2), i('bits', 64), i('block_size', 32))), ('data-other', (i('K', 64), i('N', 2), i('block_size', 32))), ('K-missing', (i('N', 2), i('block_size', 32)))):  # fmt: skip
        yield f'MatMulNBits-{label}', FAIL, one('MatMulNBits', [x([1, 32]), k([0x98] * 32, [2, 1, 16], UINT8), x([2])], *given, domain='com.microsoft')
    for op, count in (('QLinearAdd', 8), ('QLinearMul', 8), ('QLinearSigmoid', 5), ('QLinearConcat', 5), ('QLinearGlobalAveragePool', 5), ('QLinearLeakyRelu', 5)):
        yield f'{op}-few-inputs', FAIL, one(op, [a] * (count - 4), domain='com.microsoft')
        yield f'{op}-floats', FAIL, one(op, [x([2, 3])] * count, i('axis', 0), domain='com.microsoft')


# ---- layers over time, branches and loops ----------------------------------------------------------------------------


def layers():
    for op, gates in (('RNN', 1), ('GRU', 3), ('LSTM', 4)):
        good = [x([3, 2, 5]), x([1, gates * 4, 5]), x([1, gates * 4, 4])]
        yield op, LOAD, one(op, good, i('hidden_size', 4), outputs=2)
        for label, number in (('beyond', 9), ('negative', -5), ('most', 2**31 - 1)):
            yield f'{op}-lengths-{label}', LOAD, one(op, [*good, None, k([number, 1], kind=INT32)], i('hidden_size', 4), outputs=2)
        yield from wrong(op, [('hidden-size-other', good, (i('hidden_size', 5),)), ('hidden-size-huge', good, (i('hidden_size', MOST),)), ('direction-of-nobody', good, (text('direction', 'up'),)), ('direction-other', good, (text('direction', 'bidirectional'),)),
                              ('activations-too-few', good, (texts('activations', []),)), ('activations-of-nobody', good, (texts('activations', ['Tan'] * (3 if op == 'LSTM' else 2 if op == 'GRU' else 1)),)), ('x-matrix', [x([3, 2]), *good[1:]], ()),
                              ('weights-other', [good[0], x([1, 7, 5]), good[2]], ()), ('recurrence-matrix', [*good[:2], x([4, 4])], ()), ('bias-other', [*good, x([1, 4])], ()), ('lengths-of-floats', [*good, None, x([2])], ()), ('lengths-other', [*good, None, x([3], INT32)], ()),
                              ('initial-other', [*good, None, None, x([1, 3, 4])], ()), ('hidden-of-nothing', [x([3, 2, 5]), x([1, 0, 5]), x([1, 0, 0])], ()), ('types-other', [good[0], x([1, gates * 4, 5], FLOAT16), good[2]], ()), ('few-inputs', good[:2], ())])  # fmt: skip
        for label, odd in (('no-steps', [x([0, 2, 5]), *good[1:]]), ('no-batch', [x([3, 0, 5]), *good[1:]]), ('no-input', [x([3, 2, 0]), x([1, gates * 4, 0]), good[2]])):
            yield f'{op}-{label}', LOAD, one(op, odd, outputs=2)
        yield f'{op}-alpha-many', MAY, one(op, good, reals('activation_alpha', [1.0] * 1000), outputs=2)
        yield f'{op}-clip-nan', MAY, one(op, good, f('clip', float('nan')), outputs=2)


def loops():
    def body(nodes, states=1, collected=0, condition='c'):
        ins = [value('n', INT64), value('c', BOOL), *[value(f's{j}', FLOAT, [1]) for j in range(states)]]
        outs = [value(condition, BOOL), *[value(f't{j}', FLOAT, [1]) for j in range(states)], *[value(f'u{j}', FLOAT, [1]) for j in range(collected)]]
        return graph(nodes, ins, outs)

    def loop(content, count=None, condition=None, outputs=1, version=17, operands=('x',)):
        constants = ([constant('count', INT64, [], [count])] if count is not None else []) + ([constant('go', BOOL, [], [condition])] if condition is not None else [])
        names = ['count' if count is not None else '', 'go' if condition is not None else '', *operands]
        made = [f'y{j}' for j in range(outputs)]
        return model(graph([node('Loop', names, made, attribute('body', A_GRAPH, data(6, content)))], [value('x', FLOAT, [1])], [value(name) for name in made], initializers(*constants)), opsets=(('', version),))

    step = node('Relu', ['s0'], ['t0'])
    yield 'Loop-5', LOAD, loop(body([step]), 5)
    yield 'Loop-0', LOAD, loop(body([step]), 0)
    yield 'Loop-least', LOAD, loop(body([step]), LEAST)
    yield 'Loop-not-begun', LOAD, loop(body([step]), 5, 0)
    yield 'Loop-collects', LOAD, loop(body([step, node('Exp', ['s0'], ['u0'])], collected=1), 5, outputs=2)
    yield 'Loop-30000', MAY, loop(body([step]), 30000)
    for number in (*WIDE, 70000, 10**6):
        yield f'Loop-{number}', FAIL, loop(body([step]), number)
        yield f'Loop-{number}-without-nodes', FAIL, loop(graph([], [value('n', INT64), value('c', BOOL), value('s0', FLOAT, [1])], [value('c', BOOL), value('s0', FLOAT, [1])]), number)
    yield 'Loop-endless', FAIL, loop(body([step]), None, 1)
    yield 'Loop-endless-without-condition', FAIL, loop(body([step]))
    yield 'Loop-endless-collects', FAIL, loop(body([step, node('Exp', ['s0'], ['u0'])], collected=1), None, 1, outputs=2)
    yield 'Loop-doubles', FAIL, loop(body([node('Concat', ['s0', 's0'], ['t0'], i('axis', 0))]), 64)
    yield 'Loop-condition-not-known', FAIL, loop(body([step, node('Cast', ['s0'], ['d'], i('to', BOOL))], condition='d'), 5, 1)
    yield 'Loop-body-missing', FAIL, model(graph([node('Loop', ['', '', 'x'], ['y'])], [value('x')], [value('y')]))
    yield 'Loop-body-of-other-inputs', FAIL, loop(graph([node('Relu', ['q'], ['t'])], [value('q')], [value('t')]), 5)
    yield 'Loop-body-of-few-outputs', FAIL, loop(graph([], [value('n', INT64), value('c', BOOL), value('s0')], []), 5)
    yield 'Loop-outputs-other', FAIL, loop(body([step]), 5, outputs=3)
    yield 'Loop-changes-what-it-collects', FAIL, loop(body([node('Concat', ['s0', 's0'], ['t0'], i('axis', 0)), node('Relu', ['s0'], ['u0'])], collected=1), 3, outputs=2)
    yield 'Loop-count-of-floats', FAIL, model(graph([node('Loop', ['count', '', 'x'], ['y'], attribute('body', A_GRAPH, data(6, body([step]))))], [value('x', FLOAT, [1])], [value('y')], initializers(constant('count', FLOAT, [], [3.0]))))
    inner = node('Loop', ['many', '', 's0'], ['t0'], attribute('body', A_GRAPH, data(6, graph([node('Relu', ['r'], ['q'])], [value('m', INT64), value('d', BOOL), value('r', FLOAT, [1])], [value('d', BOOL), value('q', FLOAT, [1])]))))
    for number in (1000, 2**40):
        yield f'Loop-in-a-loop-{number}', FAIL, loop(graph([inner], [value('n', INT64), value('c', BOOL), value('s0', FLOAT, [1])], [value('c', BOOL), value('t0', FLOAT, [1])], initializers(constant('many', INT64, [], [number]))), number)

    def scan(dims, *attributes, states=1, outputs=2, version=17, operands=None):
        content = graph([node('Add', ['s', 'e'], ['t']), node('Identity', ['t'], ['u'])], [value('s', FLOAT, [2]), value('e', FLOAT, [2])], [value('t', FLOAT, [2]), value('u', FLOAT, [2])])
        made = [f'y{j}' for j in range(outputs)]
        names = operands or ['z', 'x']
        return model(graph([node('Scan', names, made, attribute('body', A_GRAPH, data(6, content)), *attributes)], [value('z', FLOAT, [2]), value('x', FLOAT, dims)], [value(name) for name in made]), opsets=(('', version),))

    yield 'Scan', LOAD, scan([3, 2], i('num_scan_inputs', 1))
    yield 'Scan-of-nothing', MAY, scan([0, 2], i('num_scan_inputs', 1))
    for number in (0, -1, 3, MOST, LEAST):
        yield f'Scan-inputs-{number}', FAIL, scan([3, 2], i('num_scan_inputs', number))
    yield 'Scan-inputs-missing', FAIL, scan([3, 2])
    for what in ('scan_input_axes', 'scan_output_axes'):
        for number in (5, -5, MOST, LEAST):
            yield f'{what}-{number}', FAIL, scan([3, 2], i('num_scan_inputs', 1), ints(what, [number]))
        yield f'{what}-of-2', FAIL, scan([3, 2], i('num_scan_inputs', 1), ints(what, [0, 0]))
    yield 'Scan-scalar', FAIL, scan([], i('num_scan_inputs', 1))
    yield 'Scan-100000', FAIL, scan([100000, 2], i('num_scan_inputs', 1))
    yield 'Scan-outputs-other', FAIL, scan([3, 2], i('num_scan_inputs', 1), outputs=3)

    def branches(condition, then_branch, else_branch, outputs=1):
        made = [f'y{j}' for j in range(outputs)]
        return model(graph([node('If', ['c'], made, attribute('then_branch', A_GRAPH, data(6, then_branch)), attribute('else_branch', A_GRAPH, data(6, else_branch)))], [value('x', FLOAT, [2])], [value(name) for name in made], initializers(condition)))

    good, other = graph([node('Relu', ['x'], ['t'])], [], [value('t')]), graph([node('Exp', ['x'], ['e'])], [], [value('e')])
    for truth in (0, 1):
        yield f'If-{truth}', LOAD, branches(constant('c', BOOL, [], [truth]), good, other)
    yield 'If-of-two', FAIL, branches(constant('c', BOOL, [2], [1, 1]), good, other)
    yield 'If-of-nothing', FAIL, branches(constant('c', BOOL, [0], []), good, other)
    yield 'If-of-a-float', FAIL, branches(constant('c', FLOAT, [], [1.0]), good, other)
    yield 'If-outputs-other', FAIL, branches(constant('c', BOOL, [], [1]), good, other, outputs=2)
    yield 'If-without-branch', FAIL, model(graph([node('If', ['c'], ['y'], attribute('then_branch', A_GRAPH, data(6, good)))], [value('x')], [value('y')], initializers(constant('c', BOOL, [], [1]))))


# ---- many of a kind --------------------------------------------------------------------------------------------------


def crowds():
    x4, y4 = [value('x', FLOAT, [4])], [value('y', FLOAT, [4])]
    yield '30000-in-a-row', LOAD, model(graph([node('Relu', [f'v{n}'], [f'v{n + 1}']) for n in range(30000)], [value('v0', FLOAT, [4])], [value('v30000', FLOAT, [4])]))
    names = [f'{n}' for n in range(20000)]
    yield '20000-outputs', LOAD, model(graph([node('Relu', ['x'], [name]) for name in names], x4, [value(name, FLOAT, [4]) for name in names]))
    yield 'Sum-of-300000', MAY, model(graph([node('Sum', ['x'] * 300000, ['y'])], x4, y4))
    yield 'Sum-of-1000-with-a-long-name', MAY, model(graph([node('Sum', ['x'] * 1000, ['y' * 500000])], x4, [value('y' * 500000, FLOAT, [4])]))
    yield 'Concat-of-20000', MAY, model(graph([node('Concat', ['x'] * 20000, ['y'], i('axis', 0))], x4, [value('y')]))
    yield 'Max-of-100-inputs', LOAD, model(graph([node('Max', [f'x{n}' for n in range(60)], ['y'])], [value(f'x{n}', FLOAT, [4]) for n in range(60)], y4))
    made = [function('f', f'F{n}', ['a'], ['b'], [node('Relu', ['a'], ['b'])]) for n in range(12000)]
    yield '15000-calls-of-one-of-12000-functions', LOAD, model(graph([node('F11999', ['x'], [f'v{n}'], domain='f') for n in range(15000)], x4, [value('v0', FLOAT, [4])]), opsets=(('', 17), ('f', 1)), functions=made)
    twice = [function('f', f'F{n}', ['a'], ['b'], [node(f'F{n + 1}', [name], [other], domain='f') for name, other in (('a', 'm'), ('m', 'b'))], data(9, opset('f', 1))) for n in range(17)]
    yield 'functions-of-131072-nodes', MAY, model(graph([node('F0', ['x'], ['y'], domain='f')], x4, y4), opsets=(('', 17), ('f', 1)), functions=[*twice, function('f', 'F17', ['a'], ['b'], [node('Relu', ['a'], ['b'])])])
    for op, more in (('Reshape', ()), ('Expand', ()), ('Tile', ()), ('ConstantOfShape', ()), ('Squeeze', ()), ('Unsqueeze', ()), ('ReduceSum', ()), ('Split', ()), ('Pad', ()), ('Slice', ('one',)), ('Gather', ()), ('TopK', ()), ('CenterCropPad', ())):
        first = ['n'] if op == 'ConstantOfShape' else ['x', 'n', *['n' for _ in more]]
        nodes = [node('ConstantOfShape', ['count'], ['n'], attribute('value', A_TENSOR, data(5, tensor('', INT64, [1], packed(7, [0]))))), node(op, first, ['y'])]
        yield f'{op}-by-a-million-numbers', FAIL if op not in ('Gather', 'ReduceSum') else MAY, model(graph(nodes, x4, [value('y')], initializers(constant('count', INT64, [1], [2**20]), constant('one', INT64, [1], [1]))), opsets=(('', 18),))
    for op in ('Exp', 'Erf', 'Softmax', 'CumSum', 'TopK', 'NonZero', 'Unique', 'Transpose', 'ArgMax', 'ReduceProd', 'Pow', 'QuantizeLinear', 'Cast', 'GlobalAveragePool', 'LayerNormalization', 'DFT', 'Det', 'Einsum', 'Resize', 'Attention'):
        first = ['n', 'n'] if op in ('MatMul', 'Pow') else ['n', 'k'] if op in ('TopK', 'CumSum', 'QuantizeLinear', 'LayerNormalization') else ['n']
        more = {'Cast': (i('to', INT64),), 'Einsum': (text('equation', 'abcd->dcba'),), 'DFT': ()}.get(op, ())
        nodes = [node('ConstantOfShape', ['count'], ['n']), node(op, first, ['y', 'z'] if op == 'TopK' else ['y'], *more)]
        yield f'{op}-of-a-million-known-values', MAY, model(graph(nodes, x4, [value('y')], initializers(constant('count', INT64, [4], [1, 1, 1024, 1024]), constant('k', INT64 if op in ('TopK', 'CumSum') else FLOAT, [1] if op == 'TopK' else [], [1]))), opsets=(('', 18),))


# ---- every operator, taken at random ---------------------------------------------------------------------------------

OPERATORS = (
    'Abs Acos Acosh Add AffineGrid And ArgMax ArgMin Asin Asinh Atan Atanh Attention AveragePool BatchNormalization BitCast BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor BlackmanWindow Cast CastLike Ceil Celu CenterCropPad '
    'Clip Col2Im Compress Concat Constant ConstantOfShape Conv ConvInteger ConvTranspose Cos Cosh CumSum DFT DeformConv DepthToSpace DequantizeLinear Det Div Dropout DynamicQuantizeLinear Einsum Elu Equal Erf Exp Expand EyeLike '
    'Flatten Floor GRU Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool Greater GreaterOrEqual GridSample GroupNormalization HammingWindow HannWindow HardSigmoid HardSwish Hardmax Identity If '
    'InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax Loop LpNormalization LpPool MatMul MatMulInteger Max MaxPool MaxRoiPool MaxUnpool Mean MeanVarianceNormalization MelWeightMatrix '
    'Min Mish Mod Mul Neg NegativeLogLikelihoodLoss NonMaxSuppression NonZero Not OneHot Or PRelu Pad Pow QLinearConv QLinearMatMul QuantizeLinear RMSNormalization RNN Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp '
    'ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize ReverseSequence RoiAlign RotaryEmbedding Round STFT Scan ScatterElements ScatterND Selu Shape Shrink Sigmoid Sign Sin Sinh Size Slice Softmax '
    'SoftmaxCrossEntropyLoss Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Swish Tan Tanh TensorScatter TfIdfVectorizer ThresholdedRelu Tile TopK Transpose Trilu Unique Unsqueeze Upsample Where Xor'
).split()


def any_operator():
    """Ten inputs of one kind, for every operator: most are refused, none may do harm. And none at all, which is refused."""
    for op in OPERATORS:
        version = 9 if op == 'Upsample' else 23
        if op not in ('Constant', 'Sum', 'Max', 'Min', 'Mean'):
            yield f'{op}-of-no-inputs', FAIL, one(op, [], version=version)
        for what, operand in (('scalars', x([])), ('of-nothing', x([0, 3, 0, 2])), ('known-integers', k([LEAST, MOST, 0, -1]))):
            yield f'{op}-of-2-{what}', MAY, one(op, [operand] * 2, version=version)
        yield f'{op}-of-8-dimensions', MAY, one(op, [x([2] * 8)] * 2, version=version)
        yield f'{op}-of-12-inputs', MAY, one(op, [x([2, 2])] * 12, version=version, outputs=5)


def operator_files():
    for each in (windows, axes, bombs, doubling, arithmetic, indices, quantized, layers, loops, crowds, any_operator):
        for what, expect, content in each():
            yield f'operator-{what}', expect, content
