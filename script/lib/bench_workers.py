"""Programs that script/bench keeps running, and what else the machine did while they worked."""

import glob
import json
import os
import subprocess
import sys
import time

from accept_tools import TREE
from bench_stats import MOST_DISTURBED, disturbance, parse_stat

TICKS = os.sysconf('SC_CLK_TCK')


def say(text):
    print(f'script/bench: {text}', file=sys.stderr, flush=True)


def cpu_seconds(pid):
    """Of all threads of a process, to the nanosecond where the kernel counts so."""
    total = 0
    for path in glob.glob(f'/proc/{pid}/task/*/schedstat'):
        try:
            with open(path, encoding='ascii') as file:
                total += int(file.read().split()[0])
        except OSError:  # the thread ended
            pass
    return total / 1e9


def read_stat():
    with open('/proc/stat', encoding='ascii') as file:
        return parse_stat(file.read())


class Worker:
    """A program that answers each line on its stdin with one JSON object a line."""

    def __init__(self, command):
        self.command = command
        self.process = subprocess.Popen(
            command, cwd=TREE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding='utf-8'
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)

    def ask(self, line):
        try:
            self.process.stdin.write(line + '\n')
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ''
        if not answer:
            raise RuntimeError(f'{" ".join(self.command[:4])}: ended with status {self.process.wait()}')
        return json.loads(answer)

    def ask_watched(self, line, known=()):
        """The answer, with the shares `foreign` and `steal` of the time it took; CPU of `known` processes is not foreign."""
        pids = [self.process.pid, *known]
        before, own = read_stat(), sum(map(cpu_seconds, pids)) + time.process_time()
        answer = self.ask(line)
        own = sum(map(cpu_seconds, pids)) + time.process_time() - own
        answer['foreign'], answer['steal'] = disturbance(before, read_stat(), own, TICKS)
        return answer


def first_byte(command):
    """From execve to the first byte on stdout: {first_token_s, peak_rss_mb, foreign, steal}."""
    before, own, started = read_stat(), time.process_time(), time.monotonic()
    child = subprocess.Popen(command, cwd=TREE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    first = os.read(child.stdout.fileno(), 1)
    seconds = time.monotonic() - started
    child.stdout.read()
    child.stdout.close()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if not first or child.returncode:
        raise RuntimeError(f'{" ".join(command[:4])}: status {child.returncode}, {"no text" if not first else "text"}')
    own = time.process_time() - own + usage.ru_utime + usage.ru_stime
    foreign, steal = disturbance(before, read_stat(), own, TICKS)
    return {'first_token_s': seconds, 'peak_rss_mb': usage.ru_maxrss * 1024 / 1e6, 'foreign': foreign, 'steal': steal}


def quietest(measure, tries):
    """What measure() gives, a list of objects with `foreign` and `steal`; again, a bounded number of times, while others
    use the machine. The quietest try is kept."""
    kept = None
    for _ in range(tries):
        found = measure()
        noise = max(max(one['foreign'], one['steal']) for one in found)
        if kept is None or noise < kept[0]:
            kept = (noise, found)
        if noise <= MOST_DISTURBED:
            break
    return kept[1]
