"""ONNX models of several nodes whose operators are wrong, for script/corpus: layers over time, loops and branches, many of a kind, extents
that are found while running; and every operator with operands that are not its own."""

from corpus_onnx_one import FAIL, LEAST, LOAD, MAY, MOST, WIDE, constant, f, i, k, one, reals, text, texts, wrong, x
from onnx_bytes import A_GRAPH, A_TENSOR, BOOL, FLOAT, FLOAT16, INT32, INT64, attribute, data, function, graph, initializers, ints, model, node, opset, packed, tensor, value


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


# ---- extents that are found while running ----------------------------------------------------------------------------


def found():
    def of(nodes, *constants, extent=4096):
        """Nodes behind i [1, n], where x is not zero."""
        return model(graph([node('NonZero', ['x'], ['i']), *nodes], [value('x', FLOAT, [extent])], [value('y', INT64)], initializers(*constants)))

    def shape(name, *extents):
        return constant(name, INT64, [len(extents)], extents)

    yield 'found-as-a-list', LOAD, of([node('Reshape', ['i', 's'], ['y'])], shape('s', -1))
    yield 'found-taken', LOAD, of([node('Reshape', ['i', 's'], ['j']), node('Gather', ['x', 'j'], ['y'], i('axis', 0))], shape('s', -1))
    yield 'found-meets-itself', LOAD, of([node('Transpose', ['i'], ['j'], ints('perm', [1, 0])), node('Add', ['i', 'j'], ['y'])], extent=64)
    for extents in ((5,), (4096,), (1, 4096), (2, -1), (0,), (64, 64)):
        yield f'found-seen-as-{extents}', FAIL if -1 not in extents else MAY, of([node('Reshape', ['i', 's'], ['y'])], shape('s', *extents))
    for extent in (2, 5, 4096, 100000):
        yield f'found-meets-{extent}', FAIL, of([node('Add', ['i', 'c'], ['y'])], constant('c', INT64, [extent], [1] * extent))
        yield f'found-beside-{extent}', FAIL, of([node('Concat', ['i', 'c'], ['y'], i('axis', 0))], constant('c', INT64, [1, extent], [1] * extent))
    squares = []
    for step in range(6):
        squares += [node('Reshape', [f'i{step}' if step else 'i', 'row'], [f'r{step}']), node('Reshape', [f'i{step}' if step else 'i', 'column'], [f'c{step}']), node('Mul', [f'r{step}', f'c{step}'], [f'p{step}']), node('Reshape', [f'p{step}', 'list'], [f'i{step + 1}'])]
    yield 'found-to-the-64th', FAIL, of([*squares, node('Neg', ['i6'], ['y'])], shape('row', 1, -1), shape('column', -1, 1), shape('list', -1))
    yield 'found-times-itself-8-times', FAIL, of([node('Einsum', ['i'] * 8, ['y'], text('equation', 'za,zb,zc,zd,ze,zf,zg,zh->abcdefgh'))])
    for label, more in (('pool', [node('MaxPool', ['w'], ['y'], ints('kernel_shape', [3]))]), ('pool-of-pads', [node('AveragePool', ['w'], ['y'], ints('kernel_shape', [3]), ints('pads', [1, 1]))]),
                        ('pad', [node('Pad', ['w', 'm'], ['y'])]), ('slice', [node('Slice', ['w', 'three', 'five', 'three'], ['y'])]), ('softmax', [node('Softmax', ['w'], ['y'], i('axis', 2))]), ('reduce', [node('ReduceMax', ['w'], ['y'])]),
                        ('resize', [node('Resize', ['w', '', 'twice'], ['y'])]), ('split', [node('Split', ['w'], ['y', 'z'], i('axis', 2))]), ('top', [node('TopK', ['w', 'three'], ['y', 'z'])]), ('cumsum', [node('CumSum', ['w', 'two'], ['y'])]),
                        ('matmul', [node('MatMul', ['w', 'w'], ['y'])]), ('layernorm', [node('LayerNormalization', ['w', 'three-floats'], ['y'])]), ('shape', [node('Shape', ['w'], ['s']), node('ConstantOfShape', ['s'], ['y'])])):  # fmt: skip
        constants = [shape('image', 1, 1, -1), shape('m', 0, 0, -3, 0, 0, -3), shape('three', 3), shape('five', 5), constant('two', INT64, [], [2]), constant('twice', FLOAT, [3], [1.0, 1.0, 2.0]), constant('three-floats', FLOAT, [3], [1.0] * 3)]
        yield f'found-{label}', MAY, of([node('Cast', ['i'], ['f'], i('to', FLOAT)), node('Reshape', ['f', 'image'], ['w']), *more], *constants)
    chain = [node('Compress', [f'v{n}' if n else 'x', 'c'], [f'v{n + 1}'], i('axis', 0)) for n in range(6000)]
    yield 'found-6000-times', FAIL, model(graph(chain, [value('x', FLOAT, [64]), value('c', BOOL, [64])], [value('v6000')]))
    yield 'found-300-times', LOAD, model(graph(chain[:300], [value('x', FLOAT, [64]), value('c', BOOL, [64])], [value('v300')]))
    for most in (0, -1, 1, MOST, LEAST):
        yield f'NonMaxSuppression-of-{most}', MAY, one('NonMaxSuppression', [x([1, 50, 4]), x([1, 3, 50]), k([most], [])])
    yield 'NonMaxSuppression-of-nothing', MAY, one('NonMaxSuppression', [x([1, 0, 4]), x([1, 3, 0]), k([5], [])])


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


def graph_files():
    for each in (layers, loops, crowds, found, any_operator):
        yield from each()
