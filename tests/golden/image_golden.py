"""image_golden.py [--check]: images as Pillow, OpenCV and torch resize them, for tests/unit/image: writes data/image-resample.bin, and
blended tiles, data/image-tiles.bin. Run it with the python of make_image_venv. --check writes nothing and says whether the files are what
the libraries give.

An image is a line, `resampler dtype channels rows columns rows columns width` (volumes: `slices rows columns` twice; width: bytes of a
value), and the result's bytes. Sources are made by a hash, here and in the test. Pillow is one before 13, which may take rows before
columns. OpenCV is asked without IPP. torch has no wheel of a bearable size for the CPU: its formula is written out here in float32, and
held to onnxruntime's Resize (half_pixel, cubic_coeff_a -0.75), which computes the same in an order of its own.
"""

import itertools
import os
import sys

import cv2
import numpy
import onnxruntime
from onnx_bytes import FLOAT, INT64, field, model, value_info, varint
from PIL import Image

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'data')
SIZES = (((23, 37), (11, 16)), ((11, 13), (19, 23)), ((9, 20), (18, 7)))
WHOLE = (((20, 36), (10, 18)), ((21, 36), (7, 18)), ((12, 10), (12, 5)))  # cells of whole elements
DTYPES = {'u8': numpy.uint8, 'u16': numpy.uint16, 'i16': numpy.int16, 'f32': numpy.float32}
F32 = numpy.float32


def source(dtype, shape):
    """Value i of every image of a type is the same."""
    x = numpy.arange(numpy.prod(shape), dtype=numpy.uint64) * 2654435761 % 2**32
    x = (x ^ (x >> 15)) * 0x85EBCA6B % 2**32
    x = x ^ (x >> 13)
    if dtype == 'f32':
        return ((x & 0xFFFF).astype(F32) / F32(256) - F32(128)).reshape(shape)
    return (x & (255 if dtype == 'u8' else 65535)).astype(numpy.uint16).astype(DTYPES[dtype]).reshape(shape)


def by_pil(method, image, size):
    how = getattr(Image.Resampling, method.upper())
    values = image if image.dtype == numpy.uint8 else image.astype(F32)  # mode F
    return numpy.asarray(Image.fromarray(values if image.shape[2] > 1 else values[:, :, 0]).resize((size[1], size[0]), how))


def by_opencv(method, image, size):
    how = {'linear': cv2.INTER_LINEAR, 'area': cv2.INTER_AREA, 'cubic': cv2.INTER_CUBIC}[method]
    return cv2.resize(image, (size[1], size[0]), interpolation=how)


def torch_places(n, result):
    return F32(n) / F32(result) * (numpy.arange(result, dtype=F32) + F32(0.5)) - F32(0.5)


def torch_linear_taps(n, result):
    at = numpy.maximum(torch_places(n, result), F32(0))
    index = numpy.minimum(at.astype(numpy.int64), n - 1)
    rest = at - index.astype(F32)
    return [(index, F32(1) - rest), (numpy.minimum(index + 1, n - 1), rest)]


def torch_cubic_taps(n, result):
    a = F32(-0.75)

    def near(x):
        return ((a + F32(2)) * x - (a + F32(3))) * x * x + F32(1)

    def far(x):
        return ((a * x - F32(5) * a) * x + F32(8) * a) * x - F32(4) * a

    at = torch_places(n, result)
    index = numpy.floor(at).astype(numpy.int64)
    t = at - index.astype(F32)
    weights = (far(t + F32(1)), near(t), near(F32(1) - t), far(F32(1) - t + F32(1)))
    return [(numpy.clip(index + k - 1, 0, n - 1), weight) for k, weight in enumerate(weights)]


def along(values, axis, taps):
    shape = [-1 if i == axis else 1 for i in range(values.ndim)]
    terms = [numpy.take(values, index, axis=axis) * weight.reshape(shape) for index, weight in taps]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def resize_model(mode, rank):
    """A file of one Resize from x to y, by the extents in `sizes`."""

    def text(name, value):
        return field(5, field(1, name) + field(4, value) + field(20, 3))

    node = b''.join(field(1, name) for name in ('x', '', '', 'sizes')) + field(2, 'y') + field(4, 'Resize')
    node += text('mode', mode) + text('coordinate_transformation_mode', 'half_pixel')
    node += field(5, field(1, 'cubic_coeff_a') + varint(2 << 3 | 5) + F32(-0.75).tobytes() + field(20, 1))
    inputs = [value_info('x', FLOAT, [f'd{i}' for i in range(rank)]), value_info('sizes', INT64, [rank])]
    return model([node], [], inputs, [value_info('y', FLOAT, [f'e{i}' for i in range(rank)])])


def by_torch(method, image, size):
    values = image.astype(F32)
    spatial = len(size)
    taps = torch_linear_taps if method == 'linear' else torch_cubic_taps
    for axis in reversed(range(spatial)):
        values = along(values, axis, taps(image.shape[axis], size[axis]))
    check_with_onnxruntime(method, image, size, values)
    return values


def check_with_onnxruntime(method, image, size, values):
    first = numpy.moveaxis(image.astype(F32), -1, 0)[None] if image.ndim > len(size) else image.astype(F32)[None, None]
    session = onnxruntime.InferenceSession(resize_model(method, first.ndim), providers=['CPUExecutionProvider'])
    peer = session.run(None, {'x': first, 'sizes': numpy.array([*first.shape[:2], *size], dtype=numpy.int64)})[0]
    ours = numpy.moveaxis(values, -1, 0)[None] if image.ndim > len(size) else values[None, None]
    error = float(numpy.abs(peer - ours).max() / numpy.abs(peer).max())
    assert peer.shape == ours.shape and error < 1e-4, (method, image.shape, size, error)


def cases():
    pil = [('u8', 1), ('u8', 3), ('u16', 1), ('f32', 1)]
    opencv = [('u8', 1), ('u8', 3), ('u16', 1), ('i16', 1), ('f32', 3)]
    torch = [('u8', 3), ('u16', 1), ('f32', 1)]
    for library, call, methods, kinds in (
        ('nearest', by_pil, ('nearest',), pil),
        ('pil', by_pil, ('bilinear', 'bicubic', 'lanczos'), pil),
        ('opencv', by_opencv, ('linear', 'area', 'cubic'), opencv),
        ('torch', by_torch, ('linear', 'cubic'), torch),
    ):
        for method in methods:
            name = library if library == method else f'{library}_{method}'
            for dtype, channels in kinds:
                for before, after in SIZES:
                    yield name, dtype, (*before, channels), after, call(method, source(dtype, (*before, channels)), after)
    for method in ('linear', 'area'):
        for dtype, channels in (*opencv, ('u8', 2)):
            for before, after in WHOLE:
                yield f'opencv_{method}', dtype, (*before, channels), after, by_opencv(method, source(dtype, (*before, channels)), after)
    for before, after in (((5, 7, 9), (9, 5, 13)), ((6, 8, 8), (3, 8, 11))):
        yield 'torch_linear', 'i16', before, after, by_torch('linear', source('i16', before), after)


def tile_weights(tile, whole, blend):
    """As MONAI's compute_importance_map has them, with sigma_scale 0.125."""
    weights = numpy.ones([t if t < n else 1 for t, n in zip(tile, whole)], F32)
    if blend == 'mean':
        return weights
    for axis, (t, n) in enumerate(zip(tile, whole)):
        if t < n:
            x = numpy.arange(t) - (t - 1) / 2
            weights = weights * numpy.exp(x**2 / (-2 * (0.125 * t) ** 2)).astype(F32).reshape([-1 if i == axis else 1 for i in range(len(tile))])
    return numpy.maximum(weights, max(weights.min(), F32(1e-3)))


def by_tiles(image, tile, overlap, blend):
    """Tile t answers with t + 1 times what it was given."""
    starts = []
    for n, t in zip(image.shape, tile):
        step = max(1, int(t * (1 - overlap)))
        count = next(d for d in range(n) if d * step + t >= n) + 1
        starts.append([min(d * step, n - t) for d in range(count)])
    weights = tile_weights(tile, image.shape, blend)
    total, weight = numpy.zeros(image.shape, F32), numpy.zeros(image.shape, F32)
    for index, at in enumerate(itertools.product(*starts)):
        place = tuple(slice(a, a + t) for a, t in zip(at, tile))
        total[place] += weights * (image[place] * F32(index + 1))
        weight[place] += weights
    return total / weight


def tiles():
    for whole, tile, overlap in (((5, 7, 6), (3, 4, 6), 0.5), ((9, 11), (4, 5), 0.25), ((4, 10, 9), (4, 8, 5), 0.7), ((6, 6), (2, 3), 0.0)):
        for blend in ('mean', 'gaussian'):
            yield whole, tile, overlap, blend, by_tiles(source('f32', whole), tile, overlap, blend)


def made():
    """What each file is to hold."""
    images, blended = bytearray(), bytearray()
    for name, dtype, before, after, result in cases():
        is_volume = len(after) == 3
        words = [name, dtype, '1' if is_volume else before[-1], *(before if is_volume else before[:-1]), *after]
        images += (' '.join(map(str, words)) + f' {result.dtype.itemsize}\n').encode() + numpy.ascontiguousarray(result).tobytes()
    for whole, tile, overlap, blend, result in tiles():
        blended += (' '.join(map(str, [blend, overlap, len(whole), *whole, *tile])) + '\n').encode() + result.tobytes()
    return {'image-resample.bin': images, 'image-tiles.bin': blended}


def main():
    cv2.ipp.setUseIPP(False)
    cv2.setNumThreads(1)
    for name, wanted in made().items():
        path = os.path.join(FOLDER, name)
        if '--check' not in sys.argv[1:]:
            with open(path, 'wb') as file:
                file.write(wanted)
            print(f'{path}: {len(wanted)} bytes')
            continue
        with open(path, 'rb') as file:
            if file.read() != wanted:
                sys.exit(f'{name} is not what these libraries give')
        print(f'{name}: as it is')


if __name__ == '__main__':
    main()
