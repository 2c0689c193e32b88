"""Photos, micrographs and printed pages that come with scikit-image, as models take them."""

import os

import numpy
import skimage
from PIL import Image

CALIBRATION = ('astronaut.png', 'brick.png', 'camera.png', 'cell.png', 'coffee.png', 'coins.png', 'grass.png', 'hubble_deep_field.jpg', 'ihc.png', 'moon.png', 'page.png', 'retina.jpg')
TESTS = ('chelsea.png', 'gravel.png', 'motorcycle_left.png', 'rocket.jpg')  # of which calibration knows nothing


def picture(name):
    return Image.open(os.path.join(os.path.dirname(skimage.__file__), 'data', name)).convert('RGB')


def classified(name, size=224):
    """[1, 3, size, size]: the middle of a picture, normalized as classifiers of ImageNet take it."""
    image = picture(name)
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    image = image.crop((left, top, left + side, top + side)).resize((size, size), Image.Resampling.BICUBIC)
    pixels = numpy.asarray(image, numpy.float32) / 255
    pixels = (pixels - numpy.float32([0.485, 0.456, 0.406])) / numpy.float32([0.229, 0.224, 0.225])
    return numpy.ascontiguousarray(pixels.transpose(2, 0, 1)[None])


def scanned(name, height, width):
    """[1, 3, height, width]: a picture stretched to that size, from -1 to 1 as PP-OCR takes it."""
    image = picture(name).resize((width, height), Image.Resampling.BICUBIC)
    pixels = (numpy.asarray(image, numpy.float32) / 255 - 0.5) / 0.5
    return numpy.ascontiguousarray(pixels.transpose(2, 0, 1)[None])


LINES = ((4, 12, 228, 38), (2, 49, 384, 67), (2, 67, 384, 84), (2, 84, 384, 102), (2, 100, 384, 117), (2, 117, 178, 133))


def line_of_text(number, width=320, height=48):
    """[1, 3, height, width]: a line of the printed page, as PP-OCR reads it: its own width, then grey."""
    line = picture('page.png').crop(LINES[number])
    inked = min(width, round(line.width * height / line.height))
    pixels = numpy.zeros((1, 3, height, width), numpy.float32)
    line = numpy.asarray(line.resize((inked, height), Image.Resampling.BICUBIC), numpy.float32)
    pixels[0, :, :, :inked] = ((line / 255 - 0.5) / 0.5).transpose(2, 0, 1)
    return pixels
