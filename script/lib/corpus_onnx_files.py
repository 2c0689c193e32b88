"""ONNX models whose tensors lie in other files, for corpus_onnx.py: where a path may not lead, and what may not stand there."""

import os

from onnx_bytes import FLOAT, data, entry, f32, initializers, model, num, tensor

FAIL, MAY, LOAD = 'must_fail', 'may_load', 'must_load'
WEIGHTS = bytes(range(64))


def external_files(graph_with):
    """graph_with(more): a graph with more fields."""

    def of(*entries, dims=(2,), more=b'', kind=FLOAT):
        parts = b''.join(data(13, entry(*one)) for one in entries)
        return model(graph_with(initializers(tensor('e', kind, dims, num(14, 1), parts, more))))

    def folder(content, **files):
        return {'model.onnx': content, 'weights.bin': WEIGHTS, 'deep/weights.bin': WEIGHTS, '../outside.bin': WEIGHTS, **{name.replace('__', '/').replace('_bin', '.bin'): made for name, made in files.items()}}

    for label, entries in (('plain', [('location', 'weights.bin')]), ('deep', [('location', 'deep/weights.bin')]), ('at-56', [('location', 'weights.bin'), ('offset', '56'), ('length', '8')]),
                           ('checksum', [('location', 'weights.bin'), ('checksum', '0' * 40)])):  # fmt: skip
        yield f'control-external-{label}', LOAD, folder(of(*entries))

    for i, path in enumerate((
        '', '.', '..', '/', './', '../', '../outside.bin', '../../outside.bin', 'deep/../../outside.bin', 'deep/../weights.bin', './weights.bin', 'deep//weights.bin', '/etc/passwd', '//etc/passwd',
        '/dev/zero', '/dev/stdin', '/proc/self/mem', 'weights.bin/', 'deep/', 'deep', 'weights.bin/x', 'gone.bin', '..\\outside.bin', 'deep\\weights.bin', 'C:\\weights.bin', 'C:weights.bin', 'C:/weights.bin',
        '\\\\server\\share\\weights.bin', 'file:///etc/passwd', 'http://localhost/weights.bin', '~/weights.bin', '$HOME/weights.bin', '%2e%2e/outside.bin', 'weights.bin\n', 'weights.bin ', 'weights.bin:stream',
        '.../weights.bin', 'deep/./weights.bin', 'deep/.././../outside.bin', '....//outside.bin', 'a/' * 3000 + 'b', 'n' * 300, 'n' * 10**6, b'weights.bin\0.txt', b'\xff\xfe', '*/_ORT_MEM_ADDR_/*', '_ORT_MEM_ADDR_',
    )):  # fmt: skip
        yield f'external-path-{i}', FAIL, folder(of(('location', path), ('offset', '0')))
    yield 'external-address', FAIL, folder(of(('location', '*/_ORT_MEM_ADDR_/*'), ('offset', '1094795585'), ('length', '8')))

    def points_to(target):
        return lambda path: os.symlink(target, path)

    outside = '../outside.bin'
    for label, location, files in (
        ('link', 'link_bin', {'link_bin': points_to('weights.bin')}), ('link-outside', 'link_bin', {'link_bin': points_to(outside)}), ('link-to-device', 'link_bin', {'link_bin': points_to('/dev/zero')}),
        ('link-to-passwd', 'link_bin', {'link_bin': points_to('/etc/passwd')}), ('link-to-nothing', 'link_bin', {'link_bin': points_to('gone')}), ('link-to-itself', 'link_bin', {'link_bin': points_to('link.bin')}),
        ('folder-link', 'linked/weights.bin', {'linked': points_to('deep')}), ('folder-link-up', 'linked/outside.bin', {'linked': points_to('..')}), ('folder-link-root', 'linked/etc/passwd', {'linked': points_to('/')}),
        ('folder-link-deep', 'deep/linked/weights.bin', {'deep__linked': points_to('.')}), ('pipe', 'pipe_bin', {'pipe_bin': os.mkfifo}), ('hard-link', 'hard_bin', {'hard_bin': hard_link}),
        ('empty', 'empty_bin', {'empty_bin': b''}),
    ):  # fmt: skip
        yield f'external-{label}', FAIL, folder(of(('location', location.replace('_bin', '.bin'))), **files)

    at = ('location', 'weights.bin')
    for name, values in (('offset', ('57', '64', '65', '4294967296', '18446744073709551615', '18446744073709551608', '18446744073709551616', '-1', '', ' 0', '0x0', '1e1', '0.0', '+0', '1' * 1000)),
                         ('length', ('7', '9', '0', '65', '18446744073709551615', '-8', '', '8 ', '8.0'))):  # fmt: skip
        for value in values:
            yield f'external-{name}-{value[:24]!r}', FAIL, folder(of(at, (name, value)))
    for name in ('basepath', 'path', '__class__', '__init__', 'Location', 'location ', 'offset\n', 'mode', 'prepacked_0', ''):
        yield f'external-key-{name!r}', FAIL, folder(of(at, (name, '0')))
    for label, entries in (('no-location', [('offset', '0')]), ('nothing', []), ('location-twice', [at, at]), ('offset-twice', [at, ('offset', '0'), ('offset', '8')]), ('length-twice', [at, ('length', '8'), ('length', '8')])):
        yield f'external-{label}', FAIL, folder(of(*entries))
    for label, more in (('and-raw', data(9, bytes(8))), ('and-floats', f32(4, 1) * 2), ('but-not-said', num(14, 0))):
        yield f'external-{label}', FAIL, folder(of(at, more=more))
    yield 'external-text', FAIL, folder(of(at, kind=8))
    yield 'external-dims-huge', FAIL, folder(of(at, dims=(2**38,)))
    many = b''.join(initializers(tensor(f'e{i}', FLOAT, [1], num(14, 1), data(13, entry('location', f'many/{i}')))) for i in range(1100))
    yield 'external-files-1100', FAIL, {'model.onnx': model(graph_with(many)), **{f'many/{i}': bytes(4) for i in range(1100)}}


def hard_link(path):
    first = path + '.first'
    with open(first, 'wb') as file:
        file.write(WEIGHTS)
    os.link(first, path)
