"""ppocr_models.py PACKAGE FOLDER: detection, classification of direction and recognition of PP-OCR (Apache-2.0), as they come in the
package rapidocr-onnxruntime: FOLDER/det.onnx, cls.onnx and rec.onnx, whose metadata hold the characters."""

import os
import shutil
import sys

FILES = {'det': 'ch_PP-OCRv4_det_infer', 'cls': 'ch_ppocr_mobile_v2.0_cls_infer', 'rec': 'ch_PP-OCRv4_rec_infer'}

for ours, theirs in FILES.items():
    shutil.copyfile(os.path.join(sys.argv[1], 'rapidocr_onnxruntime/models', theirs + '.onnx'), os.path.join(sys.argv[2], ours + '.onnx'))
