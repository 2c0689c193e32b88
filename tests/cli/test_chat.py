#!/usr/bin/env python3
"""Tests of `premise chat` on tiny models: `PREMISE_BIN=build/release/bin/premise tests/cli/test_chat.py [FILTER]`.

FILTER: only tests whose name contains it. The last line is `N passed, N failed, N skipped`.
"""
import json
import os
import pathlib
import pty
import select
import signal
import subprocess
import sys
import time

import cli_support
from cli_support import CHAT, GEMMA, PREMISE, QWEN, ROOT, CliTest, environment, give_template, premise

LONG = 'the hand in the thing and the other hand ' * 3


def turn(role, text):
    return f'<|im_start|>{role}\n{text}<|im_end|>\n'


class ChatTest(CliTest):
    def setUp(self):
        self.template = self.file('chat.jinja')
        pathlib.Path(self.template).write_text(CHAT)

    def chat(self, *lines, flags=('-n', '8'), code=0):
        """The object of a conversation, and what was told beside it."""
        done = premise('chat', '-m', QWEN, '--template', self.template, '--json', *flags, stdin=''.join(f'{line}\n' for line in lines).encode())
        self.assertEqual(done.code, code, done)
        return self.json_of(done), done.talk

    def said(self, *lines, **kw):
        return [(m['role'], m['content']) for m in self.chat(*lines, **kw)[0]['messages']]

    def continued(self, text, n=8):
        """What `run` makes of the text that a conversation becomes."""
        return self.answer('run', '-m', QWEN, '--special', '-p', text, '-n', str(n))


class Conversations(ChatTest):
    def test_two_turns_are_what_run_says(self):
        shown, _ = self.chat('the hand', 'and the other')
        first = self.continued(turn('user', 'the hand') + '<|im_start|>assistant\n')
        text = turn('user', 'the hand') + turn('assistant', first['text']) + turn('user', 'and the other') + '<|im_start|>assistant\n'
        second = self.continued(text)
        self.assertEqual([m['content'] for m in shown['messages']], ['the hand', first['text'], 'and the other', second['text']])
        self.assertEqual([m['role'] for m in shown['messages']], ['user', 'assistant'] * 2)
        for t, a in zip(shown['turns'], (first, second)):
            self.assertEqual((t['generated_tokens'], t['finish_reason']), (a['generated_tokens'], a['finish_reason']))

    def test_only_what_is_new_is_computed(self):
        turns = self.chat(LONG, 'the')[0]['turns']
        self.assertGreater(turns[0]['prompt_tokens'], 2 * turns[1]['prompt_tokens'])
        self.assertGreater(turns[1]['prompt_tokens'], 0)

    def test_answers_are_data_and_the_rest_is_talk(self):
        wanted = self.said('the hand', 'the')
        done = premise('chat', '-m', QWEN, '--template', self.template, '-n', '8', stdin=b'the hand\n/stats\nthe')
        self.assertEqual((done.code, done.out), (0, ''.join(text if text.endswith('\n') else text + '\n' for role, text in wanted if role == 'assistant')))
        self.assertIn('context:', done.talk)
        self.assertNotIn('\x1b', done.talk)

    def test_a_system_message_comes_first(self):
        wanted = self.continued(turn('system', 'be brief') + turn('user', 'the hand') + '<|im_start|>assistant\n')['text']
        said = [('system', 'be brief'), ('user', 'the hand'), ('assistant', wanted)]
        self.assertEqual(self.said('the hand', flags=('-n', '8', '--system', 'be brief')), said)
        self.assertEqual(self.said('/system be brief', 'the hand'), said)
        self.assertEqual(self.said('the hand', '/clear', flags=('--system', 'be brief')), said[:1])
        self.assertEqual(self.said('/system', flags=('--system', 'be brief')), [])

    def test_the_models_own_template(self):
        give_template(QWEN, self.path / 'own.gguf', CHAT)
        done = self.good('chat', self.file('own.gguf'), '-n', '8', '--quiet', stdin=b'the hand\n')
        self.assertEqual(done.out.rstrip('\n'), self.said('the hand')[1][1].rstrip('\n'))
        self.assertEqual(done.talk, '')

    def test_control_tokens_that_somebody_types_stay_text(self):
        typed = self.chat('a<|im_end|>b')[0]['turns'][0]['prompt_tokens']
        plain = self.chat('ab')[0]['turns'][0]['prompt_tokens']
        self.assertGreater(typed, plain + 3)

    def test_sampling_and_retry(self):
        flags = ('-n', '8', '--temp', '5', '--seed', '3')
        first, again = self.said('the hand', flags=flags), self.said('the hand', flags=flags)
        self.assertEqual(first, again)
        retried = self.said('the hand', '/retry', flags=flags)
        self.assertEqual(len(retried), 2)
        self.assertNotEqual(first, retried)
        self.assertEqual(retried, self.said('the hand', flags=('-n', '8', '--temp', '5', '--seed', '4')))
        self.assertEqual(first, self.said('/set temp 5', '/set seed 3', 'the hand'))
        self.assertEqual(self.chat('/set tokens 3', 'the hand')[0]['turns'][0]['generated_tokens'], 3)


class Input(ChatTest):
    def messages(self, *lines):
        return [text for role, text in self.said(*lines, flags=('-n', '1')) if role == 'user']

    def test_lines_and_blocks(self):
        self.assertEqual(self.messages('one \\', 'two\\', 'three', '', '  ', 'four\r'), ['one \ntwo\nthree', 'four'])
        self.assertEqual(self.messages('"""', 'one', '', '/exit', '"""', 'two'), ['one\n\n/exit', 'two'])
        self.assertEqual(self.messages('"""one', 'two"""', '"""three"""'), ['one\ntwo', 'three'])
        self.assertEqual(self.messages('//help me', 'caf\u00e9 \u4e16'), ['/help me', 'caf\u00e9 \u4e16'])
        self.assertEqual(self.messages('the', '/exit', 'hand'), ['the'])

    def test_a_block_without_an_end_is_told(self):
        shown, talk = self.chat('the', '"""', 'hand', code=1)
        self.assertEqual(len(shown['turns']), 1)
        self.assertIn('premise: a block without an end: ', talk)

    def test_too_long_a_message_is_told(self):
        shown, talk = self.chat('x' * (17 << 20), 'the', code=1)
        self.assertEqual([m['content'] for m in shown['messages']][:1], ['the'])
        self.assertIn('premise: too long: the message: give at most 16777216 bytes', talk)


class Commands(ChatTest):
    def test_undo(self):
        shown, talk = self.chat('the hand', 'the', '/undo')
        self.assertEqual([m['content'] for m in shown['messages']], [text for _, text in self.said('the hand')])
        self.assertIn('(taken back: the)', talk)
        self.assertEqual(self.said('the hand', '/undo', 'the'), self.said('the'))
        self.assertIn('premise: nothing was said yet: ', self.chat('/undo', code=1)[1])
        self.assertIn('premise: nothing was said yet: ', self.chat('/retry', code=1)[1])

    def test_unknown_commands_get_the_near_name(self):
        shown, talk = self.chat('/sav x', '/zzzzzz', 'the', code=1)
        self.assertIn("premise: unknown command: /sav: did you mean '/save'?", talk)
        self.assertRegex(talk, r'premise: unknown command: /zzzzzz: /help')
        self.assertEqual(len(shown['turns']), 1)

    def test_wrong_arguments(self):
        for line, word in (('/set', 'temp'), ('/set temp', 'temp'), ('/set tmep 1', "did you mean 'temp'?"), ('/set temp hot', 'not a number'),
                           ('/set top-p 2', 'out of range'), ('/set tokens -1', 'out of range'), ('/save', 'FILE'), ('/load', 'FILE'),
                           ('/load gone.json', 'gone.json'), ('/save no/such/folder/x', 'no/such/folder/x'), ('/undo now', 'now')):
            with self.subTest(line):
                shown, talk = self.chat(line, 'the', code=1)
                self.assertRegex(talk, r'(?m)^premise: [^\n]+: [^\n]+$')
                self.assertIn(word, talk)
                self.assertEqual(len(shown['turns']), 1)

    def test_help_names_every_command(self):
        _, talk = self.chat('/help')
        for name in ('help', 'clear', 'system', 'save', 'load', 'undo', 'retry', 'stats', 'set', 'exit'):
            self.assertRegex(talk, rf'(?m)^  /{name} ')

    def test_stats(self):
        _, talk = self.chat('/stats', '/set temp 0.5', 'the hand', '/stats')
        self.assertIn('last answer: none', talk)
        self.assertRegex(talk, r'context:     [1-9]\d* of \d+ tokens, 2 messages')
        self.assertIn('--temp 0.5', talk)


class Saved(ChatTest):
    def test_there_and_back(self):
        kept = self.file('kept.json')
        said = self.said('the "hand"', '/save ' + kept, flags=('-n', '8', '--system', 'be\tbrief'))
        saved = json.loads(pathlib.Path(kept).read_text())
        self.assertEqual((saved['version'], saved['model']), (1, QWEN))
        self.assertEqual([(m['role'], m['content']) for m in saved['messages']], said)
        self.assertEqual(self.said('/load ' + kept), said)
        self.assertEqual(self.said('the', flags=('-n', '8', '--load', kept)), self.said('the "hand"', 'the', flags=('-n', '8', '--system', 'be\tbrief')))
        self.assertEqual(sorted(p.name for p in self.path.glob('kept*')), ['kept.json'])

    def test_save_keeps_up(self):
        kept = self.file('always.json')
        said = self.said('the hand', 'the', '/undo', flags=('-n', '8', '--save', kept))
        self.assertEqual([(m['role'], m['content']) for m in json.loads(pathlib.Path(kept).read_text())['messages']], said)

    def test_a_file_that_cannot_be_written_stays(self):
        folder = self.path / 'folder.json'
        folder.mkdir(exist_ok=True)
        _, talk = self.chat('the', f'/save {folder}', code=1)
        self.assertIn('premise: cannot write: ', talk)
        self.assertEqual(sorted(p.name for p in self.path.glob('folder*')), ['folder.json'])

    def test_bad_files_are_named_with_the_place(self):
        good = '{"version":1,"messages":[{"role":"user","content":"a"}]}'
        path = self.file('bad.json')
        self.assertEqual(self.said_of(path, good), [('user', 'a')])
        for text, where in (('', 'line 1, column 1'), (good[:-1], 'line 1, column 56'), (good + 'x', 'more behind its end'), ('[]', 'no object'),
                            ('{"version":2,"messages":[]}', 'version'), ('{"messages":[]}', 'version'), ('{"version":1}', 'messages'),
                            ('{"version":1,\n"messages":[1]}', 'messages[0]'), (good.replace('user', 'robot'), 'messages[0].role'),
                            (good.replace('"a"', '7'), 'messages[0].content'), (good.replace('"role"', '"name":"x","role"'), "'name'"),
                            (good.replace('[{', '[{"role":"user","content":"b"},{').replace('user","content":"a', 'system","content":"a'), 'messages[1].role'),
                            ('{"version":1,\n "messages":[\n  {"role" "user"}]}', 'line 3, column 11'), (good.replace('"a"', '"\\ud800"'), 'surrogate'),
                            (good.replace('"a"', '"\\x"'), 'escape'), (good.replace('"a"', '"\t"'), 'control character'), (good.replace('1', '01'), 'zero'),
                            ('{"version":1,"messages":' + '[' * 100000, 'nested too deeply'), ('[' + '0,' * 300000 + '0]', 'too many values'),
                            (' ' * (17 << 20), '16777216'), (b'{"version":1,"messages":[{"role":"user","content":"\xff"}]}', 'UTF-8')):
            pathlib.Path(path).write_bytes(text if isinstance(text, bytes) else text.encode())
            with self.subTest(where):
                talk, error = self.fails(1, 'chat', '-m', QWEN, '--template', self.template, '--load', path)
                self.assertIn(where, talk)
                self.assertEqual(error['file'], path)
                self.assertIn(error['status'], ('BAD_FILE', 'LIMIT'))
                shown, talk = self.chat('the', '/load ' + path, code=1)
                self.assertEqual((len(shown['messages']), where in talk), (2, True), talk)

    def said_of(self, path, text):
        pathlib.Path(path).write_text(text)
        return self.said('/load ' + path)


class Limits(ChatTest):
    def test_a_full_context_is_told_with_figures(self):
        shown, talk = self.chat(LONG, LONG, LONG, 'the', flags=('-n', '4', '--ctx', '128'), code=1)
        self.assertRegex(talk, r'premise: the context is full: the conversation has \d+ tokens with this message, the context holds 128: .*--shift')
        errors = [t['error']['status'] for t in shown['turns'] if t['finish_reason'] == 'error']
        self.assertEqual(set(errors), {'CONTEXT_FULL'})
        self.assertEqual(len(shown['messages']), 2 * (len(shown['turns']) - len(errors)))
        self.assertEqual(shown['turns'][-1]['finish_reason'] != 'error', shown['messages'][-2]['content'] == 'the')

    def test_an_answer_that_fills_the_context_is_told(self):
        shown, talk = self.chat('the', flags=('--ctx', '48', '--logit-bias', '277=-inf', '--logit-bias', '276=-inf'))
        self.assertEqual(shown['turns'][0]['finish_reason'], 'length')
        self.assertRegex(talk, r'\(the context is full, \d+ of 48 tokens: the answer is cut; .*--shift\)')

    def test_shift_drops_what_is_oldest(self):
        shown, talk = self.chat(*[LONG] * 4, 'the end', flags=('-n', '4', '--ctx', '128', '--shift', '--system', 'be brief'))
        self.assertRegex(talk, r'\(the oldest exchange was dropped: \d+ of 128 tokens are in use\)')
        self.assertEqual([t['finish_reason'] == 'error' for t in shown['turns']], [False] * 5)
        self.assertEqual((shown['messages'][0]['content'], shown['messages'][-2]['content']), ('be brief', 'the end'))
        self.assertLess(len(shown['messages']), 11)

    def test_templates_that_are_not_there_or_wrong(self):
        talk, _ = self.fails(1, 'chat', '-m', GEMMA, status='UNSUPPORTED')
        self.assertIn('--template', talk)
        self.fails(1, 'chat', '-m', QWEN, '--template', 'gone.jinja', status='NOT_FOUND')
        bad = self.file('bad.jinja')
        for text in ('{% for', '', 'a\0b', "{{ raise_exception('no system here') }}"):
            pathlib.Path(bad).write_text(text)
            self.assertIn('bad.jinja', self.fails(1, 'chat', '-m', QWEN, '--template', bad)[0])

    def test_a_template_that_refuses_one_message(self):
        pathlib.Path(self.template).write_text("{% if messages[-1].content == 'no' %}{{ raise_exception('I do not take that') }}{% endif %}" + CHAT)
        shown, talk = self.chat('the', 'no', 'hand', code=1)
        self.assertIn('I do not take that', talk)
        self.assertEqual([m['content'] for m in shown['messages'] if m['role'] == 'user'], ['the', 'hand'])
        self.assertEqual(shown['turns'][1]['error']['status'], 'INVALID_ARGUMENT')


class Terminal:
    """A conversation whose standard streams are a terminal."""

    def __init__(self, *args):
        self.ours, theirs = pty.openpty()
        self.child = subprocess.Popen([PREMISE, 'chat', *args], stdin=theirs, stdout=theirs, stderr=theirs, env=environment(), start_new_session=True,
                                      preexec_fn=lambda: cli_support.take_terminal(theirs))
        os.close(theirs)
        self.seen = ''

    def until(self, text, seconds=60):
        end = time.monotonic() + seconds
        while text not in self.seen:
            if not select.select([self.ours], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError(f'no {text!r} after {seconds} s in {self.seen!r}')
            self.seen += os.read(self.ours, 65536).decode('utf-8', 'replace')
        before, _, self.seen = self.seen.partition(text)
        return before

    def type(self, text):
        os.write(self.ours, text.encode())

    def leave(self):
        code = self.child.wait(timeout=30)
        os.close(self.ours)
        return code


class People(ChatTest):
    def test_a_person_types(self):
        terminal = Terminal('-m', QWEN, '--template', self.template, '-n', '8')
        terminal.until('> ')
        terminal.type('the hand\n')
        terminal.until('> ')
        terminal.type('/sav\n')
        terminal.until("did you mean '/save'?")
        terminal.until('> ')
        terminal.type('\x04')
        self.assertEqual(terminal.leave(), 0)

    def test_ctrl_c_at_the_prompt_leaves(self):
        terminal = Terminal('-m', QWEN, '--template', self.template)
        terminal.until('> ')
        time.sleep(0.2)
        terminal.type('\x03')
        terminal.until('interrupted: standard input')
        self.assertEqual(terminal.leave(), 130)

    def test_ctrl_c_stops_the_answer_alone(self):
        """Tiny models are done before anybody could interrupt them."""
        real = ROOT / 'models/gemma-3-270m-q4_k_m.gguf'
        if not real.exists():
            self.skipTest('no gemma-3-270m in models/ (script/model fetches it)')
        kept = self.file('stopped.json')
        terminal = Terminal('-m', str(real), '--template', self.template, '--save', kept, '--logit-bias', '1=-inf', '--logit-bias', '106=-inf')
        terminal.until('> ')
        terminal.type('Count from one to ten thousand.\n')
        terminal.until('thousand.\r\n')
        while not terminal.seen:
            terminal.seen += os.read(terminal.ours, 65536).decode('utf-8', 'replace')
        terminal.type('\x03')
        terminal.until('(stopped)')
        terminal.until('> ')
        self.assertIsNone(terminal.child.poll())
        said = json.loads(pathlib.Path(kept).read_text())['messages']
        self.assertEqual([m['role'] for m in said], ['user', 'assistant'])
        self.assertTrue(said[1]['content'])
        terminal.child.send_signal(signal.SIGINT)
        terminal.until('interrupted: standard input')
        self.assertEqual(terminal.leave(), 130)


if __name__ == '__main__':
    sys.exit(cli_support.main(sys.modules[__name__]))
