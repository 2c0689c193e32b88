"""Each rule of script/house, broken once in a tree of its own, is found; the tree that breaks none is clean."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

HOUSE = os.path.join(os.path.dirname(__file__), '..', '..', 'script', 'house')
LATER = 'TO' + 'DO'

CLEAN = {
    'include/premise/premise.h': '/* the public header */\n',
    'capi/CMakeLists.txt': 'add_library(premise_capi OBJECT capi_run.cpp)\n',
    'capi/capi_run.cpp': '#include "premise/premise.h"\n#include "runtime/step.h"\n',
    'src/CMakeLists.txt': 'add_library(premise_core OBJECT\n  base/file.cpp\n  ops/norm.cpp\n  ops/op_list.cpp\n)\n',
    'src/base/file.h': '#pragma once\n',
    'src/base/file.cpp': '#include "base/file.h"\n#include <unistd.h>\n',
    'src/graph/plan.h': '#include "base/file.h"\n',
    'src/ops/ops.h': '#include "graph/plan.h"\n',
    'src/ops/norm.h': '#include "ops/ops.h"\n',
    'src/ops/norm.cpp': '#include "ops/norm.h"\n#include <vector>\n',
    'src/ops/op_list.cpp': '#include "ops/norm.h"\n',
    'src/cpu/cpu_norm.h': '#include "ops/ops.h"\n',
    'src/models/decoder.h': '#include "ops/ops.h"\n',
    'src/models/qwen2.h': '#include "models/decoder.h"\n',
    'src/runtime/step.h': '#include "models/decoder.h"\n#include "cpu/cpu_norm.h"\n',
    'examples/premise/main.cpp': '#include <premise/premise.h>\n#include "arguments.h"\n',
    'examples/premise/arguments.h': '#pragma once\n',
}


class HouseTest(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.root)
        for path, text in CLEAN.items():
            self.write(path, text)

    def write(self, path, text):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, 'w', encoding='utf-8') as file:
            file.write(text)

    def run_house(self):
        done = subprocess.run([sys.executable, HOUSE, '--root', self.root], capture_output=True, text=True, check=False)
        self.assertEqual(done.stderr, '')
        return done.returncode, done.stdout

    def clean(self):
        status, out = self.run_house()
        self.assertEqual((status, out.count('\n')), (0, 1), out)

    # Exactly one line, about this file and rule, and exit status 1.
    def finds(self, path, rule):
        status, out = self.run_house()
        self.assertEqual(status, 1, out)
        lines = [line for line in out.splitlines() if not line.startswith(('house:', 'warning:'))]
        self.assertEqual(len(lines), 1, out)
        self.assertRegex(lines[0], rf'^{path}:\d+: {rule}: ')

    def test_a_tree_that_keeps_the_rules_is_clean(self):
        self.clean()

    def test_an_include_up_a_floor(self):
        self.write('src/graph/plan.h', '#include "runtime/step.h"\n')
        self.finds('src/graph/plan.h', 'floors')

    def test_an_include_up_a_floor_relative_to_the_file(self):
        self.write('src/graph/plan.h', '# include "../runtime/step.h"\n')
        self.finds('src/graph/plan.h', 'floors')

    def test_an_include_of_another_folder_on_the_same_floor(self):
        self.write('src/cpu/cpu_norm.h', '#include "models/decoder.h"\n')
        self.finds('src/cpu/cpu_norm.h', 'floors')

    def test_cuda_and_cpu_do_not_meet(self):
        self.write('cuda/norm_cuda.cu', '#include "cpu/cpu_norm.h"\n')
        self.finds('cuda/norm_cuda.cu', 'floors')

    def test_the_core_does_not_include_the_plug_in(self):
        self.write('cuda/launchers.h', '#pragma once\n')
        self.write('src/graph/plan.h', '#include "cuda/launchers.h"\n')
        self.finds('src/graph/plan.h', 'floors')

    def test_only_capi_includes_the_public_header(self):
        self.write('src/runtime/step.h', '#include <premise/premise.h>\n')
        self.finds('src/runtime/step.h', 'floors')

    def test_the_public_header_includes_nothing_of_the_tree(self):
        self.write('include/premise/premise.h', '#include "base/file.h"\n')
        self.finds('include/premise/premise.h', 'floors')

    def test_a_folder_without_a_floor(self):
        self.write('src/attic/old.h', '#include "base/file.h"\n')
        self.finds('src/attic/old.h', 'floors')

    def test_an_example_may_include_the_digest(self):
        self.write('src/base/sha256.h', '#pragma once\n')
        self.write('examples/premise/main.cpp', '#include "base/sha256.h"\n')
        self.clean()

    def test_an_example_uses_only_the_public_headers(self):
        self.write('examples/premise/main.cpp', '#include "../../src/base/file.h"\n')
        self.finds('examples/premise/main.cpp', 'floors')

    def test_an_op_family_includes_another(self):
        self.write('src/ops/rope.h', '#include "ops/norm.h"\n')
        self.finds('src/ops/rope.h', 'siblings')

    def test_a_shared_file_that_an_op_family_may_include(self):
        self.write('src/ops/rope.h', '#include "ops/ops.h"\n')
        self.clean()

    def test_a_block_format_includes_another(self):
        self.write('src/quant/q4_k.h', '#pragma once\n')
        self.write('src/quant/q6_k.h', '#include "q4_k.h"\n')
        self.finds('src/quant/q6_k.h', 'siblings')

    def test_a_file_format_includes_another(self):
        self.write('src/formats/gguf.h', '#pragma once\n')
        self.write('src/formats/npz.h', '#include "formats/gguf.h"\n')
        self.finds('src/formats/npz.h', 'siblings')

    def test_an_architecture_includes_another(self):
        self.write('src/models/gemma3.h', '#include "models/qwen2.h"\n')
        self.finds('src/models/gemma3.h', 'siblings')

    def test_a_source_file_is_not_included(self):
        self.write('src/runtime/step.h', '#include "ops/norm.cpp"\n')
        self.finds('src/runtime/step.h', 'siblings')

    def test_the_operating_system_behind_base(self):
        self.write('src/runtime/step.h', '#include <sys/mman.h>\n')
        self.finds('src/runtime/step.h', 'doors')

    def test_one_base_name_in_two_folders(self):
        self.write('src/runtime/plan.h', '#pragma once\n')
        self.finds('src/runtime/plan.h', 'names')

    def test_one_base_name_in_src_and_cuda(self):
        self.write('cuda/norm.cu', '')
        self.finds('src/ops/norm.cpp', 'names')

    def test_a_file_over_the_ceiling(self):
        self.write('src/graph/plan.h', '\n' * 601)
        self.finds('src/graph/plan.h', 'length')

    def test_a_long_file_warns(self):
        self.write('src/graph/plan.h', '\n' * 451)
        status, out = self.run_house()
        self.assertEqual(status, 0, out)
        self.assertIn('warning: src/graph/plan.h:451: length', out)

    def test_the_public_header_has_its_own_ceiling(self):
        self.write('include/premise/premise.h', '\n' * 1000)
        self.clean()
        self.write('include/premise/premise.h', '\n' * 1001)
        self.finds('include/premise/premise.h', 'length')

    def test_a_source_that_no_list_names(self):
        self.write('src/ops/rope.cpp', '')
        self.finds('src/ops/rope.cpp', 'listed')

    def test_a_source_that_only_has_properties(self):
        self.write('src/ops/rope.cpp', '')
        properties = 'set_source_files_properties(ops/rope.cpp PROPERTIES COMPILE_OPTIONS -O2)\n'
        self.write('src/CMakeLists.txt', CLEAN['src/CMakeLists.txt'] + properties)
        self.finds('src/ops/rope.cpp', 'listed')

    def test_a_source_that_only_a_comment_names(self):
        self.write('src/ops/rope.cpp', '')
        self.write('src/CMakeLists.txt', CLEAN['src/CMakeLists.txt'] + '# ops/rope.cpp\n')
        self.finds('src/ops/rope.cpp', 'listed')

    def test_a_listed_source_that_is_not_there(self):
        self.write(
            'src/CMakeLists.txt', CLEAN['src/CMakeLists.txt'] + 'target_sources(premise_core PRIVATE ops/rope.cpp)\n'
        )
        self.finds('src/CMakeLists.txt', 'listed')

    def test_a_note_for_later_names_its_issue(self):
        self.write('src/graph/plan.h', f'// {LATER}(#12): pages\n')
        self.clean()
        self.write('src/graph/plan.h', f'// {LATER}: pages\n')
        self.finds('src/graph/plan.h', 'later')

    def test_a_note_for_later_in_a_script_and_in_a_text(self):
        self.write('script/thing', f'#!/bin/sh\n# {LATER}: pages\n')
        self.finds('script/thing', 'later')
        self.write('script/thing', f'#!/bin/sh\necho "{LATER}"\n')
        self.write('README.md', f'{LATER}: pages\n')
        self.finds('README.md', 'later')

    def test_a_folder_of_one_machine(self):
        for folder in ('wo' 'rk', 't' 'mp', 'ro' 'ot', 'ho' 'me'):
            with self.subTest(folder=folder):
                self.write('examples/premise/main.cpp', f'const char* path = "/{folder}/models";\n')
                self.finds('examples/premise/main.cpp', 'paths')

    def test_a_path_inside_the_tree_is_no_machine(self):
        self.write('examples/premise/main.cpp', '// build/tmp/x, ${TMPDIR}/work/x and see.example/home/x\n')
        self.clean()

    def test_kernels_are_launched_by_the_executor_alone(self):
        self.write('src/graph/execute.cpp', 'void f(Device& d) { d.submit({}, {}); }\n')
        self.write('src/CMakeLists.txt', CLEAN['src/CMakeLists.txt'].replace('base/file.cpp', 'base/file.cpp graph/execute.cpp'))
        self.clean()
        self.write('src/runtime/step.h', 'inline void f(Device* d) { d->submit({}, {}); }\n')
        self.finds('src/runtime/step.h', 'executor')

    def test_git_decides_what_belongs_to_the_tree(self):
        if not shutil.which('git'):
            self.skipTest('git is not installed')
        subprocess.run(['git', 'init', '-q', self.root], check=True, capture_output=True)
        self.write('.gitignore', '/out/\n')
        self.write('out/scratch.cpp', f'// {LATER}\n')
        self.clean()
        self.write('src/graph/fresh.h', f'// {LATER}\n')
        self.finds('src/graph/fresh.h', 'later')


if __name__ == '__main__':
    unittest.main()
