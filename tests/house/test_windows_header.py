"""The public header as Windows compiles it: the sizes, offsets and words that tests/capi asserts hold there too."""

import os
import shutil
import subprocess
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PREFIX = 'x86_64-w64-mingw32-'
FLAGS = ['-fsyntax-only', '-Wall', '-Wextra', '-Wshadow', '-Werror', '-Iinclude', '-DPREMISE_TEST_DATA="."']


@unittest.skipUnless(shutil.which(PREFIX + 'gcc'), 'mingw-w64 is not installed (script/bootstrap --windows)')
class WindowsHeaderTest(unittest.TestCase):
    def compiles(self, compiler, standard, source, *flags):
        command = [PREFIX + compiler, f'-std={standard}', *FLAGS, *flags, f'tests/capi/{source}']
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_header_is_strict_c99(self):
        self.compiles('gcc', 'c99', 'header_c99.c', '-pedantic-errors')

    @unittest.skipUnless(shutil.which(PREFIX + 'g++'), 'the C++ compiler of mingw-w64 is not installed')
    def test_the_header_is_cxx(self):
        self.compiles('g++', 'c++20', 'header_cxx.cpp', '-pedantic-errors')

    def test_sizes_and_offsets_are_those_of_linux(self):
        self.compiles('gcc', 'gnu11', 'case_structs.c')


if __name__ == '__main__':
    unittest.main()
