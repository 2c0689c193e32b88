"""Models of one node for script/corpus, and what their operands and attributes are written with."""

from onnx_bytes import A_FLOAT, A_FLOATS, A_INT, A_STRING, A_STRINGS, FLOAT, FLOAT16, INT64, attribute, data, f32, floats, graph, initializers, model, node, num, packed, tensor, value

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
