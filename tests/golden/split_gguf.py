#!/usr/bin/env python3
"""Splits a GGUF file as llama.cpp's gguf-split does: `split_gguf.py MODEL PARTS PREFIX` writes PREFIX-00001-of-0000N.gguf and so
on. All metadata goes into the first part; each has split.no, split.count and split.tensors.count."""
import struct
import sys

SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}  # of scalar values, by type
TEXT, ARRAY, ALIGNMENT = 8, 9, 32


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        value, = struct.unpack_from('<' + form, self.data, self.at)
        self.at += struct.calcsize('<' + form)
        return value

    def skip_text(self):
        size = self.take('Q')
        self.at += size

    def skip_value(self, kind):
        if kind == TEXT:
            self.skip_text()
        elif kind == ARRAY:
            element, count = self.take('I'), self.take('Q')
            for _ in range(count):
                self.skip_value(element)
        else:
            self.at += SIZES[kind]


def padded(data):
    return data + bytes(-len(data) % ALIGNMENT)


def text(value):
    return struct.pack('<Q', len(value)) + value.encode()


def split_keys(number, count, tensors):
    pair = text('split.no') + struct.pack('<IH', 2, number) + text('split.count') + struct.pack('<IH', 2, count)
    return pair + text('split.tensors.count') + struct.pack('<Ii', 5, tensors)


def read_tensors(r, count):
    """(what stands in front of the offset, offset) of each."""
    entries = []
    for _ in range(count):
        begin = r.at
        r.skip_text()
        rank = r.take('I')
        r.at += 8 * rank + 4
        entries.append((r.data[begin:r.at], r.take('Q')))
    return entries


def main():
    path, parts, prefix = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    with open(path, 'rb') as file:
        r = Reader(file.read())
    head, tensors, pairs = r.data[:8], *struct.unpack_from('<QQ', r.data, 8)
    r.at = begin = 24
    for _ in range(pairs):
        r.skip_text()
        r.skip_value(r.take('I'))
    metadata = r.data[begin:r.at]
    entries = read_tensors(r, tensors)
    data = len(padded(r.data[:r.at]))
    ends = [data + offset for _, offset in entries[1:]] + [len(r.data)]
    for number in range(parts):
        own = range(tensors * number // parts, tensors * (number + 1) // parts)
        table, weights = b'', b''
        for i in own:
            table += entries[i][0] + struct.pack('<Q', len(weights))
            weights += padded(r.data[data + entries[i][1]:ends[i]])
        own_pairs = 3 if number else pairs + 3
        keys = split_keys(number, parts, tensors)
        header = head + struct.pack('<QQ', len(own), own_pairs) + (b'' if number else metadata) + keys + table
        with open(f'{prefix}-{number + 1:05}-of-{parts:05}.gguf', 'wb') as out:
            out.write(padded(header) + weights)


if __name__ == '__main__':
    main()
