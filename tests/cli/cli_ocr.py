"""The ocr example on models of a few bytes: dark bars are lines, and their colours are characters. A part of test_cli.py."""
import json
import os
import subprocess
import unittest

from cli_support import PREMISE, CliTest
from onnx_bytes import FLOAT, field, model, node, tensor, value_info

OCR = os.path.join(os.path.dirname(PREMISE), 'ocr')
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
READ = {RED: '"', GREEN: 'é', BLUE: '漢\\\x01'}  # a class each
WIDTH, HEIGHT = 320, 256


def ints(name, *values):
    return field(5, field(1, name) + b''.join(field(8, value) for value in values) + field(20, 7))


def detector():
    """Likely where the mean of blue, green and red is not that of white."""
    nodes = [node('Conv', 'x w b', 'dark'), node('Sigmoid', 'dark', 'y')]
    weights = [tensor('w', [1, 3, 1, 1], [-20 / 3] * 3), tensor('b', [1], [18])]
    return model(nodes, weights, [value_info('x', FLOAT, ['N', 3, 'H', 'W'])], [value_info('y', FLOAT, ['N', 1, 'H', 'W'])])


def classifier():
    """What is blue stands upside down."""
    nodes = [node('GlobalAveragePool', 'x', 'mean'), node('Flatten', 'mean', 'flat', axis=1), node('Gemm', 'flat w b', 'logits'), node('Softmax', 'logits', 'y', axis=1)]
    weights = [tensor('w', [3, 2], [0, 40, 0, -20, 0, -20]), tensor('b', [2], [0, -5])]
    return model(nodes, weights, [value_info('x', FLOAT, ['N', 3, 48, 192])], [value_info('y', FLOAT, ['N', 2])])


def recognizer():
    """White is no character; red, green and blue are the first ones."""
    pool = node('AveragePool', 'x', 'steps') + ints('kernel_shape', 48, 8) + ints('strides', 48, 8)
    flat = node('ReduceMean', 'classes', 'flat', keepdims=0) + ints('axes', 2)
    nodes = [pool, node('Conv', 'steps w b', 'classes'), flat, node('Transpose', 'flat', 'turned') + ints('perm', 0, 2, 1), node('Softmax', 'turned', 'y', axis=2)]
    weights = [tensor('w', [5, 3, 1, 1], [0, 0, 0, -5, -5, 10, -5, 10, -5, 10, -5, -5, 0, 0, 0]), tensor('b', [5], [2.5, 0, 0, 0, -20])]
    file = model(nodes, weights, [value_info('x', FLOAT, ['N', 3, 48, 'W'])], [value_info('y', FLOAT, ['N', 'T', 5])])
    return file + field(14, field(1, 'character') + field(2, '\n'.join(READ.values())))


def page(*bars):
    """A PPM picture: bars are (left, top, right, bottom, colour)."""
    rows = [[WHITE] * WIDTH for _ in range(HEIGHT)]
    for left, top, right, bottom, colour in bars:
        for y in range(top, bottom):
            rows[y][left:right] = [colour] * (right - left)
    return f'P6\n{WIDTH} {HEIGHT}\n255\n'.encode() + bytes(value for row in rows for pixel in row for value in pixel)


def grown(left, top, right, bottom):
    """The box around a bar, from its top left: in pixels, whose first one's middle is 0."""
    more = (right - left) * (bottom - top) / (2 * (right - left + bottom - top)) * 2.2
    left, top, right, bottom = left - 0.5 - more, top - 0.5 - more, right - 0.5 + more, bottom - 0.5 + more
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


@unittest.skipUnless(os.access(OCR, os.X_OK), 'the ocr example is not built: script/bootstrap brings libstb-dev')
class Ocr(CliTest):
    BARS = ((30, 30, 130, 50, RED), (190, 34, 290, 54, GREEN), (30, 110, 90, 130, RED), (90, 110, 150, 130, GREEN), (190, 110, 290, 130, BLUE), (240, 142, 252, 240, GREEN))
    LINES = ['"', 'é', '"é', '漢\\\x01', 'é']

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.path / 'tiny').mkdir()
        for name, data in (('det', detector()), ('cls', classifier()), ('rec', recognizer())):
            (cls.path / f'tiny/{name}.onnx').write_bytes(data)
        (cls.path / 'page.ppm').write_bytes(page(*cls.BARS))
        (cls.path / 'blank.ppm').write_bytes(page())

    def ocr(self, *args, models='tiny', code=0):
        done = subprocess.run([OCR, '--models', models, *args], capture_output=True, cwd=self.path, timeout=60, check=False)
        self.assertEqual(done.returncode, code, done)
        return done

    def lines(self, *args):
        return json.loads(self.ocr('--json', *args).stdout)['pages'][0]['lines']

    def test_help(self):
        shown = self.ocr('--help').stdout.decode()
        for word in ('Examples:', '--models', '--threads', '--json', '--draw', '--timeout', '--min-score', 'script/model ppocr'):
            self.assertIn(word, shown)

    def test_lines_in_order(self):
        lines = self.lines('page.ppm')
        self.assertEqual([(line['text'], line['row']) for line in lines], list(zip(self.LINES, (0, 0, 1, 1, 2))))
        text = self.ocr('page.ppm', '--threads', '2').stdout.decode()
        self.assertRegex(text, r'\A(\d\.\d\d  [^\n]+\n){5}\Z')
        self.assertEqual([line[6:] for line in text.splitlines()], [line.replace('\x01', '?') for line in self.LINES])

    def test_boxes_begin_where_the_text_does(self):
        boxes = [line['box'] for line in self.lines('page.ppm')]
        upside_down, tall = grown(190, 110, 290, 130), grown(240, 142, 252, 240)
        tall = [[x, min(y, HEIGHT - 1)] for x, y in tall]
        wanted = [grown(30, 30, 130, 50), grown(190, 34, 290, 54), grown(30, 110, 150, 130), upside_down[2:] + upside_down[:2], tall[1:] + tall[:1]]
        for box, right in zip(boxes, wanted):
            for corner, other in zip(box, right):
                for a, b in zip(corner, other):
                    self.assertAlmostEqual(a, b, delta=0.1)

    def test_drawing_and_png(self):
        self.assertEqual(self.lines('page.ppm', '--min-score', '1', '--draw', 'same.png'), [])
        self.assertEqual(self.lines('same.png'), self.lines('page.ppm', '--draw', 'drawn.ppm'))
        drawn, plain = (self.path / 'drawn.ppm').read_bytes(), (self.path / 'page.ppm').read_bytes()
        changed = [i for i in range(0, len(plain) - 16, 3) if drawn[16 + i - 1: 16 + i + 2] != plain[16 + i - 1: 16 + i + 2]]
        self.assertEqual(len(drawn), len(plain))
        self.assertTrue(0 < len(changed) < len(plain) / 30)

    def test_a_blank_page(self):
        done = self.ocr('blank.ppm')
        self.assertEqual((done.stdout, done.stderr), (b'', b''))
        self.assertEqual(self.lines('blank.ppm'), [])

    def test_what_is_wrong(self):
        (self.path / 'huge.ppm').write_bytes(b'P6 60000 60000 255\n')
        (self.path / 'short.ppm').write_bytes(page()[:-9])
        for args, code, said in ((['notes.txt'], 1, 'PNG, JPEG or PPM'), (['gone.png'], 1, 'gone.png'), (['huge.ppm'], 1, '60000x60000'), (['.'], 1, 'path of a picture'),
                                 (['page.ppm', '--draw', 'no/out.png'], 1, 'no/out.png'),
                                 (['page.ppm', '--timeout', '0.001'], 1, '--timeout'), ([], 2, 'IMAGE'), (['page.ppm', '--draw', 'x.gif'], 2, '.png'),
                                 (['page.ppm', 'blank.ppm', '--draw', 'x.png'], 2, '--draw'), (['page.ppm', '--threads', '0'], 2, '--threads'), (['--frob', 'page.ppm'], 2, '--frob')):
            with self.subTest(args):
                told = self.ocr(*args, code=code).stderr.decode()
                self.assertRegex(told, r'\Aocr: [^\n]+\n\Z')
                self.assertIn(said, told)
        pages = json.loads(self.ocr('--json', 'notes.txt', 'page.ppm', code=1).stdout)['pages']
        self.assertIn('PNG', pages[0]['error'])
        self.assertEqual(len(pages[1]['lines']), 5)

    def test_models_that_are_none(self):
        self.assertIn("script/model ppocr", self.ocr('page.ppm', models='gone', code=1).stderr.decode())
        for name in ('det', 'cls', 'rec'):
            other = self.path / f'without-{name}'
            other.mkdir()
            for one in ('det', 'cls', 'rec'):
                (other / f'{one}.onnx').write_bytes((self.path / ('model.onnx' if one == name else f'tiny/{one}.onnx')).read_bytes())
            told = self.ocr('page.ppm', models=other.name, code=1).stderr.decode()
            self.assertRegex(told, rf'\Aocr: {other.name}/{name}\.onnx: [^\n]+script/model ppocr[^\n]*\n\Z')
