"""Pictures through infer: files of each kind, the model's size, normalization, what is wrong."""
import struct
import zlib

import onnx_bytes
from cli_support import CliTest
from cli_tensors import picture, read_npy
from onnx_bytes import FLOAT, node, value_info

COLOUR = (255, 51, 0)


def png(rows, depth=8):
    """Of rows of pixels, each a tuple of 1 or 3 numbers."""
    kind = {1: 0, 3: 2}[len(rows[0][0])]
    raw = b''.join(b'\0' + b''.join(struct.pack('>H' if depth > 8 else 'B', v) for pixel in row for v in pixel) for row in rows)

    def chunk(name, data):
        return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))

    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', len(rows[0]), len(rows), depth, kind, 0, 0, 0)) + chunk(b'IDAT', zlib.compress(raw)) + chunk(b'IEND', b'')


def relu(dims):
    return onnx_bytes.model([node('Relu', 'x', 'y')], [], [value_info('x', FLOAT, dims)], [value_info('y', FLOAT, dims)])


class Images(CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name, dims in (('first.onnx', (1, 3, 2, 2)), ('last.onnx', (2, 2, 3)), ('grey.onnx', ('N', 1, 'H', 'W')), ('flat.onnx', ('N', 4))):
            (cls.path / name).write_bytes(relu(dims))
        (cls.path / 'p.ppm').write_bytes(picture(COLOUR))
        (cls.path / 'p.png').write_bytes(png([[COLOUR] * 3] * 5))
        (cls.path / 'deep.png').write_bytes(png([[(13107,), (65535,)]], 16))
        (cls.path / 'cut.png').write_bytes(png([[COLOUR] * 3] * 5)[:-30])

    def seen(self, model, image, *flags):
        self.good('infer', self.file(model), '--image', f'x={self.file(image)}', '--output', f'y={self.file("y.npy")}', *flags)
        return read_npy(self.path / 'y.npy')

    def close(self, seen, wanted):
        self.assertEqual(len(seen), len(wanted))
        for a, b in zip(seen, wanted):
            self.assertAlmostEqual(a, b, places=5)

    def test_pictures_become_the_input(self):
        for image in ('p.ppm', 'p.png'):
            shape, values = self.seen('first.onnx', image)
            self.assertEqual(shape, (1, 3, 2, 2))
            self.close(values, [1] * 4 + [0.2] * 4 + [0] * 4)
            self.close(self.seen('last.onnx', image)[1], [1, 0.2, 0] * 4)

    def test_numbers_of_each_channel(self):
        flags = ('--scale', '1', '--mean', '5,1,-8', '--deviation', '0.5', '--bgr', '--resample', 'opencv-area')
        self.close(self.seen('first.onnx', 'p.png', *flags)[1], [0] * 4 + [100] * 4 + [526] * 4)

    def test_proportions_are_kept(self):
        (self.path / 'tall.ppm').write_bytes(b'P6 1 2 255\n' + bytes((255, 255, 255, 0, 0, 0)))
        self.close(self.seen('first.onnx', 'tall.ppm', '--fit', 'letterbox', '--resample', 'nearest')[1], [1, 0, 0, 0] * 3)
        self.close(self.seen('first.onnx', 'tall.ppm', '--fit', 'crop', '--resample', 'nearest')[1], [1, 1, 0, 0] * 3)

    def test_sizes_that_the_model_leaves_open(self):
        shape, values = self.seen('grey.onnx', 'deep.png')
        self.assertEqual(shape, (1, 1, 1, 2))
        self.close(values, [0.2, 1])
        self.assertEqual(self.seen('grey.onnx', 'deep.png', '--size', '3x5')[0], (1, 1, 3, 5))

    def test_what_is_wrong_is_named(self):
        first, picture_file = self.file('first.onnx'), f'x={self.file("p.png")}'
        for words, told in (
            (['--image', 'p.png'], 'NAME=FILE'),
            (['--image', picture_file, '--mean', '1,x'], 'not a number'),
            (['--image', picture_file, '--mean', '1,2,3,4,5'], 'one for each channel'),
            (['--image', picture_file, '--fit', 'squeeze'], 'letterbox'),
            (['--image', picture_file, '--resample', 'magic'], 'pil-bilinear'),
            (['--image', picture_file, '--size', '7x7'], 'size of its own'),
            (['--image', picture_file, '--size', '7'], 'HEIGHTxWIDTH'),
            (['--image', picture_file, '--image', picture_file], 'twice'),
            (['--image', picture_file, '--input', 'x=zeros'], 'twice'),
            (['--image', 'z' + picture_file[1:], '--input', 'x=zeros'], 'it has: x'),
        ):
            with self.subTest(words):
                self.assertIn(told, self.fails(2, 'infer', first, *words, status='INVALID_ARGUMENT')[0])
        self.assertIn('no image', self.fails(2, 'infer', self.file('flat.onnx'), '--image', picture_file)[0])
        self.fails(1, 'infer', first, '--image', 'x=gone.png', status='NOT_FOUND')
        for name in ('notes.txt', 'cut.png', 'empty.gguf'):
            with self.subTest(name):
                self.assertIn('PNG, JPEG', self.fails(1, 'infer', first, '--image', f'x={self.file(name)}', status='BAD_FILE')[0])
        self.assertIn('channels', self.fails(1, 'infer', self.file('grey.onnx'), '--image', picture_file, status='INVALID_ARGUMENT')[0])
