"""image_golden.py [--check]: images as Pillow, OpenCV and torch resize them, for tests/unit/image: writes data/image-resample.bin. Run it with the
python of make_image_venv. A case is a line, `resampler dtype channels rows columns rows columns` (volumes: `slices rows columns` twice), and the
result's bytes. Sources are made by a hash, here and in the test. --check writes nothing and says whether the file is what the libraries give.

Pillow is one before 13, which may take rows before columns. OpenCV is asked without IPP. torch has no wheel of a bearable size for the CPU: its formula is written out here in float32, and held to
onnxruntime's Resize (half_pixel, cubic_coeff_a -0.75), which computes the same in an order of its own."""

import os
import sys

import cv2
import numpy
import onnxruntime
from onnx_bytes import FLOAT, INT64, field, model, value_info, varint
from PIL import Image

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'data', 'image-resample.bin')
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


def main():
    cv2.ipp.setUseIPP(False)
    cv2.setNumThreads(1)
    out = bytearray()
    for name, dtype, before, after, result in cases():
        is_volume = len(after) == 3
        words = [name, dtype, '1' if is_volume else before[-1], *(before if is_volume else before[:-1]), *after]
        out += (' '.join(map(str, words)) + f' {result.dtype.itemsize}\n').encode() + numpy.ascontiguousarray(result).tobytes()
    if '--check' in sys.argv[1:]:
        with open(PATH, 'rb') as file:
            same = file.read() == out
        print('as it is' if same else 'the file is not what these libraries give')
        return 0 if same else 1
    with open(PATH, 'wb') as file:
        file.write(out)
    print(f'{PATH}: {len(out)} bytes')
    return 0


if __name__ == '__main__':
    sys.exit(main())
