"""Bytes of protobuf, and of the messages of ONNX (fields as onnx.proto numbers them). Everything is bytes, so that what is
wrong can be put together as easily as what is right."""

import struct

FLOAT, UINT8, INT8, UINT16, INT16, INT32, INT64, STRING, BOOL, FLOAT16, DOUBLE, UINT32, UINT64, COMPLEX64, COMPLEX128, BFLOAT16 = range(1, 17)
A_FLOAT, A_INT, A_STRING, A_TENSOR, A_GRAPH, A_FLOATS, A_INTS, A_STRINGS = range(1, 9)


def varint(value):
    value &= 2**64 - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def key(field, wire):
    return varint(field << 3 | wire)


def num(field, value):
    return key(field, 0) + varint(value)


def data(field, content, length=None):
    """Text, bytes or a message; `length` is what it says of itself."""
    content = content.encode() if isinstance(content, str) else content
    return key(field, 2) + varint(len(content) if length is None else length) + content


def f32(field, value):
    return key(field, 5) + struct.pack('<f', value)


def f64(field, value):
    return key(field, 1) + struct.pack('<d', value)


def packed(field, values):
    return data(field, b''.join(map(varint, values)))


def floats(*values):
    return struct.pack(f'<{len(values)}f', *values)


def entry(name, value):
    return data(1, name) + data(2, value)


def opset(domain, version):
    return (data(1, domain) if domain else b'') + num(2, version)


def tensor(name, kind, dims, *more):
    return packed(1, dims) + num(2, kind) + data(8, name) + b''.join(more)


def raw(name, values, dims=None):
    """A tensor of floats."""
    return tensor(name, FLOAT, [len(values)] if dims is None else dims, data(9, floats(*values)))


def dim(extent):
    return data(1, data(2, extent) if isinstance(extent, str) else num(1, extent))


def tensor_type(kind, dims):
    return data(1, num(1, kind) + data(2, b''.join(map(dim, dims))))


def value(name, kind=FLOAT, dims=()):
    return data(1, name) + data(2, tensor_type(kind, dims))


def attribute(name, kind, *content):
    return data(1, name) + num(20, kind) + b''.join(content)


def ints(name, values):
    return attribute(name, A_INTS, packed(8, values))


def node(op, inputs, outputs, *attributes, domain=''):
    named = b''.join(data(1, one) for one in inputs) + b''.join(data(2, one) for one in outputs)
    return named + data(4, op) + (data(7, domain) if domain else b'') + b''.join(data(5, one) for one in attributes)


def graph(nodes, inputs=(), outputs=(), *more):
    parts = b''.join(data(1, one) for one in nodes) + data(2, 'g')
    return parts + b''.join(data(11, one) for one in inputs) + b''.join(data(12, one) for one in outputs) + b''.join(more)


def initializers(*tensors):
    return b''.join(data(5, one) for one in tensors)


def function(domain, name, inputs, outputs, nodes, *more):
    ends = b''.join(data(4, one) for one in inputs) + b''.join(data(5, one) for one in outputs)
    return data(1, name) + data(10, domain) + ends + b''.join(data(7, one) for one in nodes) + data(9, opset('', 17)) + b''.join(more)


def model(content, *more, ir=8, opsets=(('', 17),), functions=()):
    """The graph comes last: what is cut off anywhere lacks it."""
    head = num(1, ir) + data(2, 'maker') + b''.join(data(8, opset(*one)) for one in opsets) + b''.join(more)
    return head + b''.join(data(25, one) for one in functions) + data(7, content)
