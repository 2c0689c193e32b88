"""image_peers.py LIBRARY [COUNT [SEED]]: prm_image_prepare on images of random extents against Pillow and OpenCV, value for value. Run it with the
python of make_image_venv. Prints what differs, then `N passed, N failed, N skipped`."""

import os
import random
import sys
from ctypes import CDLL, byref, c_void_p, cast, sizeof

import cv2
import numpy
from image_golden import by_opencv, by_pil, by_torch

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, 'examples/ffi/python'))
import premise_abi as abi  # noqa: E402

METHODS = {
    'nearest': (by_pil, 'nearest', abi.PRM_RESAMPLE_NEAREST),
    'pil_bilinear': (by_pil, 'bilinear', abi.PRM_RESAMPLE_PIL_BILINEAR),
    'pil_bicubic': (by_pil, 'bicubic', abi.PRM_RESAMPLE_PIL_BICUBIC),
    'pil_lanczos': (by_pil, 'lanczos', abi.PRM_RESAMPLE_PIL_LANCZOS),
    'opencv_linear': (by_opencv, 'linear', abi.PRM_RESAMPLE_OPENCV_LINEAR),
    'opencv_area': (by_opencv, 'area', abi.PRM_RESAMPLE_OPENCV_AREA),
    'opencv_cubic': (by_opencv, 'cubic', abi.PRM_RESAMPLE_OPENCV_CUBIC),
    'torch_linear': (by_torch, 'linear', abi.PRM_RESAMPLE_TORCH_LINEAR),
    'torch_cubic': (by_torch, 'cubic', abi.PRM_RESAMPLE_TORCH_CUBIC),
}
DTYPES = {numpy.uint8: abi.PRM_DTYPE_U8, numpy.uint16: abi.PRM_DTYPE_U16, numpy.int16: abi.PRM_DTYPE_I16, numpy.float32: abi.PRM_DTYPE_F32}


def load(path):
    library = CDLL(path)
    for name, (result, parameters) in abi.FUNCTIONS.items():
        getattr(library, name).restype, getattr(library, name).argtypes = result, parameters
    return library


def tensor_over(array, dtype):
    out = abi.prm_tensor()
    out.data, out.bytes, out.dtype, out.rank = cast(array.ctypes.data, c_void_p), array.nbytes, dtype, array.ndim
    for i, extent in enumerate(array.shape):
        out.shape[i] = extent
    return out


def resized(library, engine, image, size, method):
    out = numpy.zeros((*size, image.shape[2]), numpy.float32)
    options = abi.prm_image_options(struct_size=sizeof(abi.prm_image_options), flags=abi.PRM_IMAGE_CHANNELS_LAST, resample=method)
    given, wanted = tensor_over(image, DTYPES[image.dtype.type]), tensor_over(out, abi.PRM_DTYPE_F32)
    if library.prm_image_prepare(engine, byref(given), byref(options), None, byref(wanted), None):
        sys.exit(library.prm_last_error().decode())
    return out


def allowed(name, image, wanted):
    """How many values may differ, and by how much: the sums of cv2's cubic are others in vectors than at the end of a row, and than in integers."""
    rows = wanted.shape[0]
    if name != 'opencv_cubic':
        return 0, 0
    if image.dtype == numpy.float32:
        return rows * (wanted.size // rows % 4), 2.0**-13
    return wanted.size // 10 + 2, 1


def one(library, engine, dice):
    name = dice.choice(list(METHODS))
    call, method, code = METHODS[name]
    kind = dice.choice(list(DTYPES))
    channels = dice.choice((1, 3)) if call is not by_pil or kind is numpy.uint8 else 1
    before = dice.randint(1, 120), dice.randint(1, 120)
    after = tuple(dice.choice((dice.randint(1, 150), n, max(1, n // 2), n * 2)) for n in before)
    bits = numpy.random.default_rng(dice.randint(0, 2**32)).integers(0, 65536, (*before, channels))
    image = (bits / 256 - 128).astype(kind) if kind is numpy.float32 else bits.astype(numpy.uint16).astype(kind)
    wanted = call(method, image, after).astype(numpy.float32).reshape(*after, channels)
    found = resized(library, engine, image, after, code)
    count, most = int((found != wanted).sum()), float(numpy.abs(found - wanted).max())
    may_differ, by = allowed(name, image, wanted)
    if count > may_differ or most > by:
        print(f'FAIL: {name} {kind.__name__} {image.shape} to {after}: {count} of {wanted.size} differ, by at most {most}')
        return False
    return True


def main():
    library = load(sys.argv[1])
    count, seed = (int(word) for word in (*sys.argv[2:], *('600', '1')[len(sys.argv) - 2:]))
    cv2.ipp.setUseIPP(False)
    cv2.setNumThreads(1)
    engine = c_void_p()
    if library.prm_engine_open(abi.PRM_VERSION, None, byref(engine)):
        sys.exit(library.prm_last_error().decode())
    dice = random.Random(seed)
    passed = sum(one(library, engine, dice) for _ in range(count))
    library.prm_engine_close(engine)
    print(f'{passed} passed, {count - passed} failed, 0 skipped')
    return 0 if passed == count else 1


if __name__ == '__main__':
    sys.exit(main())
