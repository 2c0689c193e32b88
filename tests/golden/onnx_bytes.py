"""Small ONNX models, byte by byte, with nothing but Python: `tests/golden/onnx_bytes.py` writes data/tiny-affine.onnx anew."""
import pathlib
import struct

FLOAT, INT64, FLOAT16 = 1, 7, 10


def varint(value):
    value &= (1 << 64) - 1
    out = b''
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    """A number, a text, bytes, or a message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def value_info(name, kind, dims):
    """Extents that are texts are symbols."""
    shape = b''.join(field(1, field(2 if isinstance(dim, str) else 1, dim)) for dim in dims)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, shape)))


def tensor(name, dims, values):
    return b''.join(field(1, dim) for dim in dims) + field(2, FLOAT) + field(8, name) + field(9, struct.pack(f'<{len(values)}f', *values))


def node(op, inputs, outputs, **integers):
    attributes = b''.join(field(5, field(1, name) + field(3, value) + field(20, 2)) for name, value in integers.items())
    return b''.join(field(1, name) for name in inputs.split()) + b''.join(field(2, name) for name in outputs.split()) + field(4, op) + attributes


def model(nodes, initializers, inputs, outputs):
    parts = [(1, nodes), (5, initializers), (11, inputs), (12, outputs)]
    graph = b''.join(field(number, one) for number, ones in parts for one in ones) + field(2, 'g')
    return field(1, 8) + field(2, 'onnx_bytes') + field(7, graph) + field(8, field(1, '') + field(2, 17))


def affine():
    """x [N, 3] -> y = Relu(x * w + 2 * b), k = that sum as int64, h = y as float16; w = 1 2 3, b = -1 0 0.5."""
    nodes = [
        node('Mul', 'x w', 'scaled'),
        node('Mul', 'b two', 'twice'),
        node('Add', 'scaled twice', 'sum'),
        node('Relu', 'sum', 'y'),
        node('Cast', 'sum', 'k', to=INT64),
        node('Cast', 'y', 'h', to=FLOAT16),
    ]
    initializers = [tensor('w', [3], [1, 2, 3]), tensor('b', [1, 3], [-1, 0, 0.5]), tensor('two', [], [2])]
    outputs = [value_info('y', FLOAT, ['N', 3]), value_info('k', INT64, ['N', 3]), value_info('h', FLOAT16, ['N', 3])]
    return model(nodes, initializers, [value_info('x', FLOAT, ['N', 3])], outputs)


if __name__ == '__main__':
    (pathlib.Path(__file__).parent / 'data/tiny-affine.onnx').write_bytes(affine())
