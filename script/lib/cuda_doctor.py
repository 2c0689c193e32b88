"""The point of `script/accept cuda` about `premise doctor`: returns (value, why); why is empty when it is passed."""

import json
import os
import re

from accept_tools import PROGRAM, TREE, build, last_line, output_of

LEAST_SCENES = 20


def line_5(_):
    """The scenes of tests/fake_nvidia, and an answer about this machine in the form that is promised."""
    build()
    status, out = output_of(['tests/fake_nvidia/test_doctor.py'], {'PREMISE_BIN': PROGRAM})
    scenes = len([name for name in os.listdir(os.path.join(TREE, 'tests/fake_nvidia/scenes')) if name.endswith('.json')])
    counted = re.match(r'(\d+) passed, 0 failed, 0 skipped$', last_line(out))
    why = [] if status == 0 and counted and int(counted.group(1)) >= scenes else [f'tests/fake_nvidia/test_doctor.py: status {status}: {last_line(out)}']
    why += [f'{scenes} scenes'] if scenes < LEAST_SCENES else []
    here = {check['id']: check['state'] for check in json.loads(output_of([PROGRAM, 'doctor', '--json'])[1])['checks']}
    return {'scenes': scenes, 'tests': last_line(out), 'here': here}, '; '.join(why)
