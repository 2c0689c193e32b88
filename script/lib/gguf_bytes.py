"""GGUF files as Python values, byte for byte, so that one thing at a time can be made wrong."""

import copy
import struct

# Value types of the format, by number.
U8, I8, U16, I16, U32, I32, F32, BOOL, TEXT, ARRAY, U64, I64, F64 = range(13)
SCALARS = {U8: 'B', I8: 'b', U16: 'H', I16: 'h', U32: 'I', I32: 'i', F32: 'f', BOOL: 'B', U64: 'Q', I64: 'q', F64: 'd'}
BLOCKS = {0: (1, 4), 1: (1, 2), 2: (32, 18), 6: (32, 22), 8: (32, 34), 12: (256, 144), 14: (256, 210), 30: (1, 2)}  # values, bytes


def number(kind, value):
    return struct.pack('<' + SCALARS[kind], value)


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return number(U64, len(data)) + data


def value_bytes(kind, value):
    """A value as it stands in a file: bytes are taken as they are, an array is (type, items)."""
    if isinstance(value, bytes) and kind != TEXT:
        return value
    if kind == TEXT:
        return text(value)
    if kind != ARRAY:
        return number(kind, value)
    element, items = value
    head = number(U32, element) + number(U64, len(items))
    if element in (TEXT, ARRAY):
        return head + b''.join(value_bytes(element, item) for item in items)
    return head + struct.pack(f'<{len(items)}{SCALARS[element]}', *items)


class Tensor:
    def __init__(self, name, extents, kind, offset, data):
        self.name, self.extents, self.kind, self.offset, self.data = name, extents, kind, offset, data

    def entry(self):
        extents = b''.join(number(U64, n) for n in self.extents)
        return text(self.name) + number(U32, len(self.extents)) + extents + number(U32, self.kind) + number(U64, self.offset)


class Gguf:
    """`metadata`: [key, type, value] each; `tensors`: Tensor each. Counts are what is there, unless they are set."""

    def __init__(self):
        self.magic, self.version, self.alignment = b'GGUF', 3, 32
        self.metadata, self.tensors = [], []
        self.pair_count = self.tensor_count = None

    def copy(self):
        return copy.deepcopy(self)

    def find(self, key):
        return next((pair for pair in self.metadata if pair[0] == key), None)

    def value(self, key):
        return self.find(key)[2]

    def set(self, key, kind, value):
        found = self.find(key)
        if found:
            found[1:] = [kind, value]
        else:
            self.metadata.append([key, kind, value])
        return self

    def drop(self, key):
        self.metadata = [pair for pair in self.metadata if pair[0] != key]
        return self

    def tensor(self, name):
        return next(t for t in self.tensors if t.name == name)

    def place(self):
        """Offsets anew, one tensor behind the other."""
        at = 0
        for tensor in self.tensors:
            tensor.offset = at
            at += -(-len(tensor.data) // self.alignment) * self.alignment
        return self

    def pairs(self):
        return [text(key) + number(U32, kind) + value_bytes(kind, value) for key, kind, value in self.metadata]

    def head(self):
        pairs = len(self.metadata) if self.pair_count is None else self.pair_count
        tensors = len(self.tensors) if self.tensor_count is None else self.tensor_count
        start = self.magic + number(U32, self.version) + number(U64, tensors) + number(U64, pairs)
        return start + b''.join(self.pairs()) + b''.join(tensor.entry() for tensor in self.tensors)

    def bytes(self):
        out = bytearray(self.head())
        out += bytes(-len(out) % self.alignment)
        base = len(out)
        for tensor in self.tensors:
            end = base + tensor.offset + len(tensor.data)
            if tensor.offset > 1 << 30:  # a lie about where it is; it lies nowhere
                continue
            out += bytes(max(0, end - len(out)))
            out[base + tensor.offset : end] = tensor.data
        return bytes(out)


class Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def number(self, kind):
        (found,) = struct.unpack_from('<' + SCALARS[kind], self.data, self.at)
        self.at += struct.calcsize('<' + SCALARS[kind])
        return found

    def text(self):
        n = self.number(U64)
        self.at += n
        return self.data[self.at - n : self.at]

    def value(self, kind):
        if kind == TEXT:
            return self.text()
        if kind != ARRAY:
            return self.number(kind)
        element, count = self.number(U32), self.number(U64)
        return element, [self.value(element) for _ in range(count)]


def read_gguf(data):
    """A valid file of the types in BLOCKS. Texts stay bytes, names and keys become str."""
    at, out = Cursor(data), Gguf()
    at.at = 4
    out.version = at.number(U32)
    tensors, pairs = at.number(U64), at.number(U64)
    for _ in range(pairs):
        key, kind = at.text().decode(), at.number(U32)
        out.metadata.append([key, kind, at.value(kind)])
    for _ in range(tensors):
        name = at.text().decode()
        extents = [at.number(U64) for _ in range(at.number(U32))]
        out.tensors.append(Tensor(name, extents, at.number(U32), at.number(U64), b''))
    base = -(-at.at // out.alignment) * out.alignment
    for tensor in out.tensors:
        count, (values, size) = 1, BLOCKS[tensor.kind]
        for n in tensor.extents:
            count *= n
        tensor.data = data[base + tensor.offset : base + tensor.offset + count // values * size]
    return out
