"""The pages that tests/full/ocr reads: rendered by Pillow in fonts of Debian's, the same pixels every time. A page is its rows, from
the top; a row is its texts, from the left."""

import os

import numpy
from PIL import Image, ImageDraw, ImageFilter, ImageFont

FONTS = '/usr/share/fonts/truetype'
INK = (25, 25, 30)

LETTER = [[line] for line in (
    'Harbour Instruments Ltd.',
    '14 Quayside Road, Bristol BS1 4XQ',
    'Dear Mrs. Whitfield,',
    'thank you for your letter of 12 March 2026.',
    'We have checked the pressure gauge that you sent us,',
    'and we found that its spring was worn out. The part',
    'is replaced and the scale was set anew. You will get',
    'the gauge back by parcel service before next Friday.',
    'The repair is free of charge, as it was within two',
    'years after the date of purchase.',
    'Please write to service@harbour.example if you have',
    'any questions.',
    'Yours sincerely,',
    'Jonathan Black',
)]

INVOICE = [
    ['INVOICE', '2026-0317'],
    ['Date', '30/04/2026'],
    ['Pressure gauge', '129.00'],
    ['Copper pipe 15 mm', '48.75'],
    ['Sealing ring', '3.20'],
    ['Ball valve', '71.60'],
    ['Delivery', '12.50'],
    ['Net amount', '265.05'],
    ['VAT 20 %', '53.01'],
    ['Total', '318.06'],
]

PHOTO = [[line] for line in (
    'NOTICE TO VISITORS',
    'The museum is open from 9 to 17 hours.',
    'Please leave bags at the entrance.',
    'Photographs are allowed without flash.',
    'Last admission is at 16:30.',
)]

CHINESE = [[line] for line in ('欢迎来到图书馆', '开放时间：上午九点至下午五点', '请保持安静，谢谢合作', '借书证号码：20260317')]


def font(name, size):
    """None where it is not installed."""
    path = os.path.join(FONTS, name)
    return ImageFont.truetype(path, size) if os.path.exists(path) else None


def write(image, rows, face, left, top, pitch, right=0):
    """Rows of texts; the second one of a row ends at `right`. Gives the boxes (left, top, right, bottom) of what was written."""
    draw, boxes = ImageDraw.Draw(image), []
    for number, row in enumerate(rows):
        y = top + number * pitch
        for column, text in enumerate(row):
            at = (left if column == 0 else right - draw.textlength(text, face), y)
            draw.text(at, text, font=face, fill=INK)
            boxes.append(draw.textbbox(at, text, font=face))
    return boxes


def as_photo(page):
    """The page from slightly aside, in uneven light, a little out of focus, with noise."""
    width, height = page.size
    corners = (-30, 25, -55, height + 25, width + 60, height - 10, width + 15, -45)  # of the page where the photo's are
    seen = page.transform(page.size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC, fillcolor=(120, 105, 90))
    seen = seen.filter(ImageFilter.GaussianBlur(0.6))
    light = numpy.linspace(0.72, 1.0, width)[None, :, None] * numpy.linspace(1.0, 0.85, height)[:, None, None]
    noise = numpy.random.default_rng(7).normal(0, 7, (height, width, 3))
    return Image.fromarray(numpy.clip(numpy.asarray(seen) * light + noise, 0, 255).astype(numpy.uint8))


def make(folder):
    """[(name, path, rows, boxes)]; boxes is None where the page was bent, rows is None where a font is missing."""
    pages = []

    def keep(name, image, rows, boxes, **how):
        path = os.path.join(folder, name)
        image.save(path, **how)
        pages.append((name, path, rows, boxes))

    page = Image.new('RGB', (900, 900), 'white')
    keep('letter.png', page, LETTER, write(page, LETTER, font('dejavu/DejaVuSerif.ttf', 25), 60, 50, 58))
    page = Image.new('L', (800, 760), 255).convert('RGB')
    boxes = write(page, INVOICE, font('dejavu/DejaVuSans.ttf', 26), 70, 60, 66, 700)
    keep('invoice.ppm', page, INVOICE, boxes)
    page = Image.new('RGB', (900, 520), (246, 243, 235))
    write(page, PHOTO, font('dejavu/DejaVuSans.ttf', 32), 80, 60, 84)
    keep('photo.jpg', as_photo(page), PHOTO, None, quality=85)
    face = font('wqy/wqy-zenhei.ttc', 34)
    if face is None:
        pages.append(('chinese.png', None, None, None))
        return pages
    page = Image.new('RGB', (760, 400), 'white')
    boxes = write(page, CHINESE, face, 60, 50, 84)
    keep('chinese.png', page, CHINESE, boxes)
    return pages
