"""ocr.py PROGRAM FOLDER: what the example ocr reads on the pages of ocr_pages.py, written to FOLDER, and what it says of pictures and
models that are none. Ends with `N passed, N failed, N skipped`."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy
import ocr_pages
from PIL import Image

PROGRAM, FOLDER = os.path.abspath(sys.argv[1]), sys.argv[2]
RED = (230, 30, 30)


class Judge:
    passed = failed = skipped = 0

    def say(self, ok, what):
        self.passed, self.failed = self.passed + bool(ok), self.failed + (not ok)
        print(f'{"ok" if ok else "FAIL"}: {what}', flush=True)

    def skip(self, why):
        self.skipped += 1
        print(f'skip: {why}', flush=True)


def ocr(*words, **how):
    return subprocess.run([PROGRAM, *words], stdout=how.pop('stdout', subprocess.PIPE), stderr=subprocess.PIPE, timeout=300, check=False, **how)


def lines_of(path, *words):
    done = ocr('--json', path, *words)
    if done.returncode:
        raise RuntimeError(f'{path}: status {done.returncode}: {done.stderr.decode()}')
    return json.loads(done.stdout)['pages'][0]['lines']


def rows_of(lines):
    rows = {}
    for line in lines:
        rows.setdefault(line['row'], []).append(line['text'])
    return '\n'.join(' '.join(rows[row]) for row in sorted(rows))


def wrong_characters(found, wanted):
    """How many to change, take out or put in."""
    row = list(range(len(wanted) + 1))
    for number, one in enumerate(found, 1):
        before, row = row, [number]
        for place, other in enumerate(wanted, 1):
            row.append(min(row[-1] + 1, before[place] + 1, before[place - 1] + (one != other)))
    return row[-1]


def judge_text(judge, name, path, rows):
    wanted, found = '\n'.join(' '.join(row) for row in rows), rows_of(lines_of(path))
    wrong = wrong_characters(found, wanted)
    judge.say(wrong == 0, f'{name}: {len(wanted)} characters, {wrong} wrong' + (f': {found!r}' if wrong else ''))


def around(line):
    xs, ys = zip(*line['box'])
    return min(xs), min(ys), max(xs), max(ys)


def area(box):
    return max(box[2] - box[0], 0) * max(box[3] - box[1], 0)


def common(a, b):
    return area((max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])))


def judge_boxes(judge, name, path, boxes):
    """What was written lies in what was found, and that is not much larger than a line."""
    found = [around(line) for line in lines_of(path)]
    covered = min(max(common(box, one) / area(box) for one in found) for box in boxes)
    filled = min(sum(common(box, one) for box in boxes) / area(one) for one in found)
    judge.say(covered > 0.95 and filled > 0.3, f'{name}: boxes cover {covered:.0%} of each line, and lines fill {filled:.0%} of each box')


def judge_drawing(judge, path):
    for ending in ('png', 'ppm'):
        out = os.path.join(FOLDER, f'drawn.{ending}')
        lines = lines_of(path, '--draw', out)
        before, after = (numpy.asarray(Image.open(one).convert('RGB')) for one in (path, out))
        red = (after == RED).all(axis=2)
        corners = [(round(x), round(y)) for line in lines for x, y in line['box']]
        judge.say(
            before.shape == after.shape and (before == after).all(axis=2)[~red].all() and all(red[y - 1 : y + 2, x - 1 : x + 2].any() for x, y in corners),
            f'--draw {ending}: {red.sum()} red pixels, at all of {len(corners)} corners; the others are the picture')


def judge_turned(judge, path, rows):
    """A page on its head or its side is read from its own top."""
    page = Image.open(path).convert('RGB')
    for angle in (90, 180, 270):
        turned = os.path.join(FOLDER, f'turned{angle}.png')
        page.rotate(angle, expand=True).save(turned)
        judge_text(judge, f'turned by {angle} degrees', turned, rows)


def judge_same(judge, paths):
    runs = [ocr('--json', '--threads', threads, *paths).stdout for threads in ('1', '2', '2')]
    texts = [ocr('--threads', threads, *paths).stdout for threads in ('1', '2')]
    judge.say(runs[0] and len(set(runs)) == len(set(texts)) == 1, f'the same bytes with 1 and 2 threads, and twice: {len(runs[0])}, {len(texts[0])}')


def judge_empty(judge):
    for name, image in (('blank.png', Image.new('RGB', (400, 300), 'white')), ('dot.png', Image.new('RGB', (1, 1))), ('line.png', Image.new('L', (3000, 1), 9))):
        path = os.path.join(FOLDER, name)
        image.save(path)
        done, shown = ocr(path), json.loads(ocr('--json', path).stdout)['pages'][0]
        judge.say((done.returncode, done.stdout, done.stderr, shown['lines']) == (0, b'', b'', []), f'{name}: no lines, status {done.returncode}')


def judge_transparent(judge):
    page, path = Image.new('RGB', (500, 120), 'white'), os.path.join(FOLDER, 'clear.png')
    ocr_pages.write(page, [['Black on nothing']], ocr_pages.font('dejavu/DejaVuSans.ttf', 36), 40, 30, 1)
    alpha = Image.eval(page.convert('L'), lambda value: 255 - value)
    Image.merge('LA', (Image.new('L', page.size, 0), alpha)).save(path)
    judge_text(judge, 'what is transparent is white', path, [['Black on nothing']])


def fails(judge, words, status, *said, **how):
    done = ocr(*words, **how)
    told = done.stderr.decode('utf-8', 'replace')
    one_line = told.startswith('ocr: ') and told.count('\n') == 1
    judge.say(done.returncode == status and one_line and all(word in told for word in said), f'{" ".join(words)}: status {done.returncode}: {told.strip()}')
    return done


def judge_failures(judge, page):
    def written(name, data):
        with open(os.path.join(FOLDER, name), 'wb') as file:
            file.write(data)
        return file.name

    with open(page, 'rb') as file:
        good = file.read()
    text, cut = written('text.png', b'no picture\n' * 100), written('cut.jpg', good[: len(good) // 2])
    huge = written('huge.ppm', b'P6 60000 60000 255\n')
    fails(judge, [text], 1, text, 'PNG, JPEG or PPM')
    fails(judge, [written('empty.jpg', b'')], 1, 'empty.jpg')
    fails(judge, [cut[:-4] + '.png'], 1, 'cut.png', 'No such file')
    fails(judge, [FOLDER], 1, FOLDER)
    fails(judge, [huge], 1, '60000x60000', 'smaller')
    fails(judge, [page, '--models', 'no/such'], 1, 'no/such/det.onnx', 'script/model ppocr', '--models')
    fails(judge, [page, '--draw', 'no/such/out.png'], 1, 'no/such/out.png')
    fails(judge, [page, '--timeout', '0.002'], 1, '--timeout')
    fails(judge, [page, page, '--draw', 'out.png'], 2, '--draw')
    fails(judge, [page, '--threads', '0'], 2, '--threads')
    done = fails(judge, [text, page, '--json'], 1, text)
    pages = json.loads(done.stdout)['pages']
    judge.say('error' in pages[0] and len(pages[1]['lines']) == len(ocr_pages.PHOTO), 'a picture that cannot be read does not keep the next one from it')
    done = ocr(cut)  # stb reads what is there
    judge.say(done.returncode in (0, 1), f'half of a JPEG: status {done.returncode}, {len(done.stdout)} bytes, {done.stderr.decode().strip()}')
    with open('/dev/full', 'wb') as full:
        fails(judge, [page], 1, 'standard output', stdout=full)
    models = os.path.join(FOLDER, 'other')
    shutil.rmtree(models, ignore_errors=True)
    shutil.copytree('models/ppocr', models)
    for name, by in (('det', 'rec'), ('rec', 'cls'), ('cls', 'det')):
        shutil.copyfile(f'models/ppocr/{by}.onnx', os.path.join(models, f'{name}.onnx'))
        fails(judge, [page, '--models', models], 1, f'{name}.onnx', 'script/model ppocr')
        shutil.copyfile(f'models/ppocr/{name}.onnx', os.path.join(models, f'{name}.onnx'))


def judge_interrupt(judge, page):
    child = subprocess.Popen([PROGRAM, *[page] * 200], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    child.stdout.readline()  # it has begun
    child.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, told = child.communicate(timeout=60)
    judge.say((child.returncode, told) == (130, b'ocr: interrupted\n'), f'Ctrl-C: status {child.returncode} after {time.monotonic() - began:.2f} s')


def main():
    os.makedirs(FOLDER, exist_ok=True)
    judge, pages = Judge(), ocr_pages.make(FOLDER)
    for name, path, rows, boxes in pages:
        if rows is None:
            judge.skip(f'{name}: its font is not installed: script/bootstrap --ocr')
            continue
        judge_text(judge, name, path, rows)
        if boxes:
            judge_boxes(judge, name, path, boxes)
    letter, invoice, photo = (page[1] for page in pages[:3])
    judge_drawing(judge, invoice)
    judge_turned(judge, invoice, ocr_pages.INVOICE)
    judge_same(judge, (letter, photo))
    judge_empty(judge)
    judge_transparent(judge)
    judge_failures(judge, photo)
    judge_interrupt(judge, photo)
    print(f'{judge.passed} passed, {judge.failed} failed, {judge.skipped} skipped')
    return judge.failed > 0


if __name__ == '__main__':
    sys.exit(main())
