"""script/corpus run: a command over every file of a corpus, watched."""

import concurrent.futures
import json
import os
import resource
import shlex
import signal
import subprocess
import threading

HANG = 20  # seconds of wall time after which a run is ended
LEAST_REFUSED = 0.98
SANITIZER = 99  # the status that ASan and UBSan are told to end with


def prepare():
    os.setsid()  # a group of its own, that can be ended whole
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def watch(command):
    """(status, seconds of processor time, peak MiB, what it said). Processor time, since runs beside each other wait."""
    environment = {**os.environ, 'ASAN_OPTIONS': f'exitcode={SANITIZER}:allocator_may_return_null=1', 'UBSAN_OPTIONS': f'halt_on_error=1:exitcode={SANITIZER}'}
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=prepare
    )
    timer = threading.Timer(HANG, lambda: os.killpg(process.pid, signal.SIGKILL))
    timer.start()
    said = process.stdout.read()[:65536]
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, said.decode('utf-8', 'replace').strip()


def fault(entry, status, seconds, mib, options):
    """What is wrong with a run, or ''. That something invalid was taken is counted apart."""
    if status < 0 or status > 2:
        return f'crash (status {status})' if status != -signal.SIGKILL else f'hang (ended after {HANG} s)'
    if seconds > options.seconds:
        return f'hang ({seconds:.1f} s)'
    if mib > options.mib:
        return f'memory ({mib:.0f} MiB)'
    if status == 2:
        return 'wrong usage'
    return 'refused, though it is valid' if status and entry['expect'] == 'must_load' else ''


def run_corpus(options):
    """Prints what failed and what was taken, then the counts; gives the exit status."""
    with open(os.path.join(options.out, 'manifest.json'), encoding='utf-8') as file:
        entries = json.load(file)
    words = shlex.split(options.cmd)

    def one(entry):
        path = os.path.join(options.out, entry['path'])
        return entry, *watch([word.replace('{}', path) for word in words])

    passed = failed = invalid = taken = 0
    slowest = largest = 0.0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for entry, status, seconds, mib, said in pool.map(one, entries):
            slowest, largest = max(slowest, seconds), max(largest, mib)
            wrong = fault(entry, status, seconds, mib, options)
            if entry['expect'] == 'must_fail':
                invalid += 1
                if status == 0 and not wrong:
                    taken += 1
                    print(f'taken: {entry["id"]}')
            passed, failed = passed + (not wrong), failed + bool(wrong)
            if wrong:
                print(f'FAIL: {entry["id"]}: {wrong}: {said[-300:]}')
            elif options.verbose:
                print(f'{entry["id"]}: {status}: {said[:160]}')
    refused = 1 - taken / invalid if invalid else 1
    print(f'{invalid - taken} of {invalid} invalid files refused ({100 * refused:.1f} %), slowest {slowest:.2f} s, most memory {largest:.0f} MiB')
    if refused < LEAST_REFUSED:
        failed += 1
        print(f'FAIL: fewer than {100 * LEAST_REFUSED:.0f} % refused')
    print(f'{passed} passed, {failed} failed')
    return int(failed > 0)
