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

    def test_values_for_the_template(self):
        path = self.file('values.jinja')
        pathlib.Path(path).write_text("{{ raise_exception('thinking ' ~ enable_thinking ~ ' in ' ~ strftime_now('%Y')) }}")
        for values, said in (('{"enable_thinking": false}', 'thinking False in 20'), (' { } ', 'in 20'),
                             ('{"enable_thinking": 3, "strftime_now": "1999-12-31"}', 'thinking 3 in 1999')):
            for command in (('run', QWEN, 'a', '--chat'), ('chat', QWEN)):
                talk = self.fails(1, *command, '--template', path, '--template-json', values, status='INVALID_ARGUMENT')[0]
                self.assertIn(said, talk)

    def test_what_a_template_refuses_is_said(self):
        path = self.file('refuses.jinja')
        pathlib.Path(path).write_text("{{ raise_exception('on ' ~ strftime_now('%Y')) }}")
        self.assertIn('on 20', self.fails(1, 'run', QWEN, 'a', '--chat', '--template', path, status='INVALID_ARGUMENT')[0])
        self.assertIn('template', self.fails(1, 'run', QWEN, 'a', '--chat', status='UNSUPPORTED')[0])
