"""vision_cases.py OUT [NAME...]: the real models that tests/full/onnx_real and script/bench peers --vision run, and what they run them on:
OUT/NAME/SAMPLE/INPUT.npy for each case, and OUT/cases.json: [{name, model, type, samples: [{input: file}], extents: {name: n}}]:
the extents are those that have a name in the model."""

import json
import os
import sys

import numpy
import onnx
import vision_images
from tokenizers import Tokenizer

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CLASSIFIERS = ('resnet50', 'densenet121', 'vgg19', 'shufflenet', 'squeezenet', 'inception_v1', 'inception_v2', 'resnet50-int8')
FIRST = {'resnet50': 'gpu_0/data_0', 'resnet50-int8': 'gpu_0/data_0', 'shufflenet': 'gpu_0/data_0'}  # else data_0
# Sizes of scanned pages: detection takes sides of 32 times something.
SCANS = {'ppocr-det-640': (640, 640), 'ppocr-det-960': (960, 960)}
BATCHES = {'minilm-1x128': (1, 128), 'minilm-32x128': (32, 128)}


def sentences():
    """Of the texts that every checkout has."""
    for name in ('README.md', 'CONTRIBUTING.md', 'LICENSE'):
        with open(os.path.join(ROOT, name), encoding='utf-8') as file:
            yield from (text for text in file.read().split('\n\n') if len(text) > 80)


def texts(batch, length, skip):
    """`batch` paragraphs as ids of at most `length` tokens, padded to it."""
    tokenizer = Tokenizer.from_file(os.path.join(ROOT, 'models/minilm/tokenizer.json'))
    tokenizer.enable_truncation(length)
    tokenizer.enable_padding(length=length)
    found = [one for number, one in enumerate(sentences()) if skip <= number < skip + batch]
    encoded = tokenizer.encode_batch(found)
    ids, mask = (numpy.array([getattr(one, what) for one in encoded], numpy.int64) for what in ('ids', 'attention_mask'))
    return {'input_ids': ids, 'attention_mask': mask, 'token_type_ids': numpy.zeros_like(ids)}


def cases():
    """(name, model, type, the samples: {input: array})."""
    for name in CLASSIFIERS:
        first = FIRST.get(name, 'data_0')
        yield name, f'vision/{name}.onnx', 'int8' if 'int8' in name else 'f32', [{first: vision_images.classified(image)} for image in vision_images.TESTS[:2]]
    for name, size in SCANS.items():
        yield name, 'ppocr/det.onnx', 'f32', [{'x': vision_images.scanned(image, *size)} for image in ('page.png', 'motorcycle_left.png')]
    yield 'ppocr-rec', 'ppocr/rec.onnx', 'f32', [{'x': vision_images.line_of_text(number)} for number in (1, 2)]
    yield 'ppocr-cls', 'ppocr/cls.onnx', 'f32', [{'x': vision_images.line_of_text(number, 192)} for number in (1, 5)]
    for name, (batch, length) in BATCHES.items():
        yield name, 'minilm/model.onnx', 'f32', [texts(batch, length, skip) for skip in (0, 2)]


def named_extents(model, sample):
    with_names = onnx.load(model).graph.input
    pairs = ((dim.dim_param, n) for one in with_names if one.name in sample for dim, n in zip(one.type.tensor_type.shape.dim, sample[one.name].shape))
    return {name: n for name, n in pairs if name not in ('', '?')}


def main():
    out, wanted = sys.argv[1], sys.argv[2:]
    listed = []
    for name, model, kind, samples in cases():
        if wanted and name not in wanted:
            continue
        files = []
        for number, sample in enumerate(samples):
            folder = os.path.join(out, name, str(number))
            os.makedirs(folder, exist_ok=True)
            files.append({})
            for given, array in sample.items():
                files[-1][given] = os.path.join(folder, given.replace('/', '_') + '.npy')
                numpy.save(files[-1][given], array)
        extents = named_extents(os.path.join(ROOT, 'models', model), samples[0])
        listed.append({'name': name, 'model': f'models/{model}', 'type': kind, 'samples': files, 'extents': extents})
    with open(os.path.join(out, 'cases.json'), 'w', encoding='utf-8') as file:
        json.dump(listed, file, indent=1)


if __name__ == '__main__':
    main()
