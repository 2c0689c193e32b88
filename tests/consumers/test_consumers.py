#!/usr/bin/env python3
"""Guests that link the installed library: `PREMISE_BIN=build/release/bin/premise tests/consumers/test_consumers.py [FILTER]`.

Each is built by pkg-config, by find_package or by the compiler alone, and says what the premise program says. FILTER: only
tests whose name contains it. The last line is `N passed, N failed, N skipped`.
"""
import importlib
import pathlib
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from consumer_support import ROOT, GuestTest, main, need, run  # noqa: E402

sys.path.insert(0, str(ROOT / 'script/lib'))
import abi_baseline  # noqa: E402
import abi_header  # noqa: E402
import ffi_c  # noqa: E402


class PkgConfig(GuestTest):
    def test_shared(self):
        program = self.build('use.c', *self.flags())
        self.assertEqual(self.needed(program), 1)
        self.check(program)

    def test_archive(self):
        program = self.build('use.c', *self.flags('premise-static'))
        self.assertEqual(self.needed(program), 0)
        self.check(program)

    def test_nothing_but_the_archive(self):
        need(self, 'pkg-config')
        flags = run('pkg-config', '--static', '--cflags', '--libs', 'premise', PKG_CONFIG_PATH=str(self.prefix / 'lib/pkgconfig')).split()
        program = self.build('use.c', '-static', *flags)
        self.assertNotIn('(NEEDED)', run('readelf', '-d', program))
        self.check(program)

    def test_without_exceptions_and_rtti(self):
        for name in ('premise', 'premise-static'):
            self.check(self.build('use_bare.cpp', '-fno-exceptions', '-fno-rtti', *self.flags(name)))


class FindPackage(GuestTest):
    def test_from_c(self):
        build = self.cmake('find_package', f'-DCMAKE_PREFIX_PATH={self.prefix}')
        self.assertEqual([self.needed(build / f'use_{name}') for name in ('premise', 'premise_static')], [1, 0])
        for name in ('premise', 'premise_static'):
            self.check(build / f'use_{name}')

    def test_another_major_version_is_refused(self):
        with self.assertRaisesRegex(AssertionError, r'(?s)compatible.*version "1.0".*0\.1\.0'):
            self.cmake('find_package', f'-DCMAKE_PREFIX_PATH={self.prefix}', '-DCONSUMER_VERSION=1.0', folder='refused')


class Neighbours(GuestTest):
    """Names of ours that the host has too."""

    def archive_names(self):
        """The names of fmt that lie in the archive."""
        names = {line.split()[-1] for line in run('nm', self.prefix / 'lib/libpremise.a').splitlines() if len(line.split()) > 2}
        found = sorted(name for name in names if name.startswith(('_ZN3fmt', '_ZNK3fmt')) and '.' not in name)
        self.assertGreater(len(found), 50)
        return found

    def test_the_hosts_own_fmt_in_its_headers(self):
        self.check(self.build('use_fmt.cpp', '-DFMT_HEADER_ONLY', *self.flags('premise-static')))

    def test_the_hosts_own_fmt_as_a_library(self):
        for name in ('premise', 'premise-static'):
            self.check(self.build('use_fmt.cpp', *self.flags(name), '-lfmt'))

    def test_another_fmt_under_the_same_names(self):
        """The worst of neighbours: every function of fmt that is in the archive, strong, exported, and a trap."""
        source = self.path / 'trap.s'
        names = self.archive_names()
        source.write_text('.text\n' + ''.join(f'.globl {name}\n.type {name},@function\n{name}: ud2\n' for name in names)
                          + '.section .note.GNU-stack,"",@progbits\n')
        for name in ('premise', 'premise-static'):
            program = self.build('use.c', source, '-rdynamic', *self.flags(name))
            self.assertIn(names[0], run('nm', '-D', '--defined-only', program))
            self.check(program)

    def test_two_plugins_that_carry_one_each(self):
        plugins = [self.build('plugin.c', '-shared', '-fPIC', '-fvisibility=hidden', *self.flags('premise-static'), out=name)
                   for name in ('first.so', 'second.so')]
        exported = run('nm', '-D', '--defined-only', plugins[0])
        self.assertEqual(sorted(line.split()[-1] for line in exported.splitlines()), ['plugin_use', 'plugin_version'])
        self.check(self.build('two_plugins.c', '-ldl'), *plugins, times=2)


class Layouts(GuestTest):
    """What other languages are told of the C API."""

    def test_the_files_are_what_the_header_gives(self):
        run(ROOT / 'script/ffi', '--check')

    def test_a_change_of_the_header_shows_in_each(self):
        changed = pathlib.Path(abi_header.HEADER).read_text().replace('int32_t max_tokens;', 'int32_t most_tokens;')
        emitters = sorted((ROOT / 'script/lib').glob('ffi_*.py'))
        self.assertEqual(len(emitters), 6)
        for emitter in emitters:
            with self.subTest(emitter.stem):
                self.assertIn('most_tokens', importlib.import_module(emitter.stem).emit(abi_header.Header(changed)))

    def test_the_compiler_agrees(self):
        header = abi_header.read_header()
        (self.path / 'layouts.c').write_text(ffi_c.emit(header))
        program = self.build(self.path / 'layouts.c', *self.flags())
        self.assertEqual(run(program, LD_LIBRARY_PATH=self.libraries()).splitlines(), ffi_c.facts(header))

    def test_nothing_of_the_header_is_left_out(self):
        header = abi_header.read_header()
        text = abi_header.without_comments(pathlib.Path(abi_header.HEADER).read_text())
        macros = {'PRM_API', 'PRM_INIT', 'PRM_TEXT', 'PRM_STATIC', 'PRM_BUILD'}
        self.assertEqual(set(re.findall(r'\bPRM_\w+', text)) - macros, set(header.constants))
        names = {function.name for function in header.functions} | {*header.structs, *header.handles, *header.aliases, *header.callbacks}
        self.assertLessEqual(set(re.findall(r'\bprm_\w+', text)), names)

    def test_what_is_not_understood_is_refused(self):
        for text in ('union prm_x { int a; };', 'PRM_API long double prm_x(void);', 'enum { PRM_X = sizeof(int) };',
                     'typedef struct prm_x { int32_t a; int64_t b; } prm_x;', 'typedef struct prm_x { prm_gone *a; } prm_x;'):
            with self.subTest(text), self.assertRaises((ValueError, KeyError)):
                abi_header.Header(text)


class Promises(GuestTest):
    """script/abi --text: what a header may do inside a major version."""

    def judged(self, old, new):
        text = pathlib.Path(abi_header.HEADER).read_text()
        self.assertIn(old, text)
        before, after = (abi_baseline.promises(abi_header.Header(one)) for one in (text, text.replace(old, new, 1)))
        self.assertNotEqual(before, after)
        return abi_baseline.broken(before, after)

    def test_the_header_keeps_them(self):
        self.assertIn('2 passed, 0 failed', run(ROOT / 'script/abi', '--text'))

    def test_additions(self):
        for old, new in (('    int64_t total_ns;', '    int64_t total_ns;\n    int64_t more_ns;'), ('PRM_FINISH_ERROR = 8', 'PRM_FINISH_ERROR = 8, PRM_FINISH_MORE = 9'),
                         ('PRM_API int64_t prm_now_ns(void);', 'PRM_API int64_t prm_now_ns(void);\nPRM_API int64_t prm_then_ns(void);')):
            with self.subTest(new):
                self.assertEqual(self.judged(old, new), [])

    def test_all_else_breaks_them(self):
        for old, new, what in (('    int64_t first_ns;', '    int64_t more_ns;\n    int64_t first_ns;', 'prm_request_info.first_ns'),
                               ('int32_t token; float bias;', 'int32_t token; float bias; int32_t a; int32_t b;', 'prm_bias'),
                               ('*session, int32_t token_count)', '*session, int64_t token_count)', 'prm_session_truncate'),
                               ('PRM_API int64_t prm_now_ns(void);', '', 'prm_now_ns'), ('    int32_t top_k;', '    float top_k;', 'prm_generate_options.top_k'),
                               ('(*prm_token_fn)(void *user, int32_t token)', '(*prm_token_fn)(void *user, int64_t token)', 'prm_token_fn'),
                               ('PRM_STATUS_LIMIT = 13', 'PRM_STATUS_LIMIT = 14', 'PRM_STATUS_LIMIT'), ('int32_t max_tokens;', 'int32_t most_tokens;', 'max_tokens')):
            with self.subTest(new):
                self.assertIn(what, ' '.join(self.judged(old, new)))


if __name__ == '__main__':
    sys.exit(main(sys.modules[__name__]))
