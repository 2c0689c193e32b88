"""premise verify: manifests written and held against the files, of all forms of models."""
import json
import pathlib
import random
import shutil
import struct

from cli_support import DATA, GEMMA, QUANTIZED, CliTest, in_terminal, premise

FOLDER, SPLIT = DATA / 'folders/tiny-qwen3-f16', 'split-qwen3-f16-0000{}-of-00003.gguf'


def flip(path, place, bit=0):
    data = bytearray(path.read_bytes())
    data[place] ^= 1 << bit
    path.write_bytes(data)


class Verify(CliTest):
    def copy(self, source, name):
        target = self.path / name
        (shutil.copytree if pathlib.Path(source).is_dir() else shutil.copy)(source, target)
        return target

    def test_a_flipped_bit_is_found_by_name(self):
        model = self.copy(QUANTIZED, 'flipped.gguf')
        manifest = self.path / 'flipped.gguf.manifest.json'
        self.assertRegex(self.good('verify', str(model), '--write', str(manifest)).out, r'\Awritten: .*flipped.gguf.manifest.json: 1 files with \d+ tensors.*\n\Z')
        self.assertRegex(self.good('verify', str(model)).out, r'\Aok: .*flipped.gguf.manifest.json says.*\n\Z')
        listed = json.loads(manifest.read_text())
        chance = random.Random(9)
        for tensor in chance.sample(listed['tensors'], 5):
            place = tensor['offset'] + chance.randrange(tensor['bytes'])
            flip(model, place)
            talk, error = self.fails(1, 'verify', str(model), status='DIGEST')
            self.assertEqual(error['item'], tensor['name'])
            self.assertIn(tensor['crc32c'], talk)
            flip(model, place)
        flip(model, 100)  # metadata
        self.fails(1, 'verify', str(model))
        flip(model, 100)
        a = self.answer('verify', str(model), '--sha256')
        self.assertEqual((a['ok'], a['manifest'], a['files'], a['sha256'], a['written']), (True, str(manifest), 1, True, False))
        self.assertEqual((a['tensors'], a['tensor_bytes']), (len(listed['tensors']), sum(one['bytes'] for one in listed['tensors'])))

    def test_parts_and_folders(self):
        for number in (1, 2, 3):
            self.copy(DATA / SPLIT.format(number), SPLIT.format(number))
        folder = self.copy(FOLDER, 'a-folder')
        shard, config = folder / 'model-00002-of-00002.safetensors', folder / 'config.json'
        unread_key = config.read_bytes().index(b'"architectures"') + 3
        spoilt = ((self.path / SPLIT.format(1), self.path / SPLIT.format(3), -9), (folder, shard, -9), (folder, config, unread_key))
        for model, file, place in spoilt:
            model, manifest = str(model), f'{model}.manifest.json'
            self.good('verify', model, '--write', manifest)
            self.assertGreater(self.answer('verify', model)['files'], 2)
            flip(file, place)
            _, error = self.fails(1, 'verify', model, status='DIGEST')
            self.assertTrue(error['item'], error)
            flip(file, place)
            self.good('verify', model)

    def test_digests_are_compared_when_asked(self):
        manifest = self.path / 'wrong.json'
        self.good('verify', GEMMA, '--write', str(manifest))
        listed = json.loads(manifest.read_text())
        listed['files'][0]['sha256'] = '0' * 64
        manifest.write_text(json.dumps(listed))
        self.good('verify', GEMMA, '--manifest', str(manifest))
        self.assertIn('SHA-256', self.fails(1, 'verify', GEMMA, '--manifest', str(manifest), '--sha256', status='DIGEST')[0])

    def test_not_a_number_is_refused_by_name(self):
        self.good('verify', GEMMA, '--write', self.file('good.json'))
        tensor = next(one for one in json.loads((self.path / 'good.json').read_text())['tensors'] if one['name'] == 'blk.1.ffn_norm.weight')
        model = self.copy(GEMMA, 'nan.gguf')
        data = bytearray(model.read_bytes())
        struct.pack_into('<f', data, tensor['offset'], float('nan'))
        model.write_bytes(data)
        for command in (('verify', str(model)), ('verify', str(model), '--write', self.file('never.json')), ('run', str(model), 'the hand', '-n', '3')):
            _, error = self.fails(1, *command, status='NUMERIC')
            self.assertEqual(error['item'], 'blk.1.ffn_norm.weight')
        self.assertFalse((self.path / 'never.json').exists())

    def test_without_a_manifest(self):
        self.assertIn('there is no', self.good('verify', GEMMA).out)
        self.assertIsNone(self.answer('verify', GEMMA)['manifest'])
        self.assertEqual(self.good('verify', GEMMA, '--quiet').out, '')
        self.fails(1, 'verify', GEMMA, '--manifest', self.file('gone.json'), status='NOT_FOUND')
        self.fails(1, 'verify', GEMMA, '--sha256', status='NOT_FOUND')
        self.fails(1, 'verify', GEMMA, '--manifest', self.file('text.txt'), status='BAD_FILE')
        self.fails(1, 'verify', self.file('garbage.gguf'), status='BAD_FILE')
        self.fails(2, 'verify')
        self.fails(2, 'verify', GEMMA, '--write', self.file('x.json'), '--sha256')
        self.assertEqual(self.json_of(premise('verify', self.file('garbage.gguf'), '--json'))['ok'], False)

    def test_progress_for_a_person_alone(self):
        self.assertIn('verify', in_terminal('verify', GEMMA).talk)
        self.assertNotIn('\x1b', in_terminal('verify', GEMMA, '--quiet').talk)
        self.assertEqual(premise('verify', GEMMA).talk, '')
