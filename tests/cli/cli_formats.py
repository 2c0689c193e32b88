"""Models that are not one GGUF file: in parts, and folders with safetensors."""
import os

from cli_support import DATA, CliTest


class Formats(CliTest):
    def test_a_split_model(self):
        first = str(DATA / 'split-qwen3-f16-00001-of-00003.gguf')
        self.assertRegex(self.good('check', first).out, r'\Aok: .*gguf.*\n\Z')
        parts, whole = self.answer('inspect', first), self.answer('inspect', str(DATA / 'tiny-qwen3-f16.gguf'))
        names = [[t['name'] for t in a['tensors']] for a in (parts, whole)]
        self.assertEqual((parts['parameters'], names[0]), (whole['parameters'], names[1]))
        self.assertEqual({os.path.basename(t['file']) for t in parts['tensors']}, {f'split-qwen3-f16-0000{n}-of-00003.gguf' for n in (1, 2, 3)})
        talk, _ = self.fails(1, 'check', str(DATA / 'split-qwen3-f16-00002-of-00003.gguf'), status='INVALID_ARGUMENT')
        self.assertIn('split-qwen3-f16-00001-of-00003.gguf', talk)

    def test_a_folder_with_safetensors(self):
        for name, arch in (('tiny-llama-f16', 'llama'), ('tiny-qwen3-f16', 'qwen3'), ('tiny-gemma2-f16', 'gemma2')):
            folder, file = str(DATA / 'folders' / name), str(DATA / f'{name}.gguf')
            self.assertRegex(self.good('check', folder).out, rf'\Aok: .*safetensors, {arch}.*\n\Z')
            a, b = self.answer('inspect', folder), self.answer('inspect', file)
            self.assertEqual((a['kind'], a['arch'], a['parameters'], a['types']), ('safetensors', arch, b['parameters'], b['types']))
            self.assertEqual(sorted(t['name'] for t in a['tensors']), sorted(t['name'] for t in b['tensors']))
            ids = self.answer('tokenize', folder, 'the hand')['ids']
            self.assertEqual(ids, self.answer('tokenize', file, 'the hand')['ids'])
            self.assertEqual(len(self.answer('run', folder, 'the hand', '-n', '5', '--ignore-eos')['tokens']), 5)
        self.assertEqual(self.answer('check', str(DATA / 'folders/tiny-llama-f16/model.safetensors'))['kind'], 'safetensors')
        self.fails(1, 'check', self.file('.'), status='NOT_FOUND')
