"""Tests of `premise run --chat`; a part of test_cli.py."""
import pathlib

from cli_support import QWEN, CliTest


class Chat(CliTest):
    def test_a_message_is_what_its_text_is(self):
        whole = '<|im_start|>system\nthe thing<|im_end|>\n<|im_start|>user\nthe hand<|im_end|>\n<|im_start|>assistant\n'
        chat = ('run', QWEN, '-p', 'the hand', '-n', '6', '--chat', '--template', self.file('chat.jinja'))
        with_system = self.answer(*chat, '--system', 'the thing')
        special = self.answer('run', QWEN, '-p', whole, '-n', '6', '--special')
        self.assertEqual((with_system['tokens'], with_system['prompt_tokens']), (special['tokens'], special['prompt_tokens']))
        self.assertLess(self.answer(*chat)['prompt_tokens'], special['prompt_tokens'])

    def test_what_a_template_refuses_is_said(self):
        path = self.file('refuses.jinja')
        pathlib.Path(path).write_text("{{ raise_exception('on ' ~ strftime_now('%Y')) }}")
        self.assertIn('on 20', self.fails(1, 'run', QWEN, 'a', '--chat', '--template', path, status='INVALID_ARGUMENT')[0])
        self.assertIn('template', self.fails(1, 'run', QWEN, 'a', '--chat', status='UNSUPPORTED')[0])
