"""ONNX models whose operators are wrong, for script/corpus: what shape inference, folding and a run judge. Each is one node, or few,
of a model that readers take. Expectations as in corpus_onnx.py."""

from corpus_onnx_graphs import graph_files
from corpus_onnx_one import FAIL, LEAST, LOAD, MAY, MOST, WIDE, constant, i, k, one, text, wrong, x
from onnx_bytes import BOOL, FLOAT, FLOAT16, INT8, INT32, INT64, UINT8, graph, initializers, ints, model, node, value


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


def operator_files():
    for each in (windows, axes, bombs, doubling, arithmetic, indices, quantized, graph_files):
        for what, expect, content in each():
            yield f'operator-{what}', expect, content
