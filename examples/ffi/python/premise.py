"""Premise for Python, over ctypes: what a program needs to stream text from a model. Copy it together with premise_abi.py.

    import premise

    model = premise.Model(premise.Engine(), 'model.gguf')
    model.generate('The capital of France is', max_tokens=16, on_text=lambda text: print(text, end='', flush=True))

Engine, Model and Cancel may be used from any thread, close themselves when nothing refers to them, and may be closed in any
order. ctypes lets other threads run while a call computes.
"""

import ctypes
import os
import sys
import weakref

import premise_abi as abi

NAMES = {'win32': 'libpremise.dll', 'darwin': 'libpremise.0.dylib'}
library = ctypes.CDLL(os.environ.get('PREMISE_LIBRARY') or NAMES.get(sys.platform, 'libpremise.so.0'))
for _name, (_result, _parameters) in abi.FUNCTIONS.items():
    getattr(library, _name).restype = _result
    getattr(library, _name).argtypes = _parameters


class PremiseError(Exception):
    """A call that failed: `status` (abi.PRM_STATUS_...), `name` ('BAD_FILE'), and the sentence as str()."""

    def __init__(self, status):
        self.status = status
        self.name = library.prm_status_name(status).decode()
        super().__init__(library.prm_last_error().decode('utf-8', 'replace'))


class CancelledError(PremiseError):
    """A call that its cancel token ended."""


def check(status):
    """Raises what the calling thread's last call said."""
    if status == abi.PRM_STATUS_CANCELLED:
        raise CancelledError(status)
    if status:
        raise PremiseError(status)


def start(struct):
    """A growing struct as PRM_INIT makes it."""
    return struct(struct_size=ctypes.sizeof(struct))


class Handle:
    def _own(self, opened, close):
        self.raw = opened
        self.close = weakref.finalize(self, close, opened)  # runs once, whoever calls it


class Cancel(Handle):
    def __init__(self):
        opened = ctypes.c_void_p()
        check(library.prm_cancel_open(ctypes.byref(opened)))
        self._own(opened, library.prm_cancel_close)

    def fire(self):
        """Ends every call that was given this token, now and later."""
        library.prm_cancel_fire(self.raw)


class Engine(Handle):
    def __init__(self, threads=abi.PRM_THREADS_ALL):
        """`threads`: how many beside the calling one."""
        options = start(abi.prm_engine_options)
        options.threads = threads
        opened = ctypes.c_void_p()
        check(library.prm_engine_open(abi.PRM_VERSION, ctypes.byref(options), ctypes.byref(opened)))
        self._own(opened, library.prm_engine_close)


class Model(Handle):
    def __init__(self, engine, path):
        opened = ctypes.c_void_p()
        check(library.prm_model_open(engine.raw, os.fsencode(path), None, None, ctypes.byref(opened)))
        self._own(opened, library.prm_model_close)

    def generate(self, prompt, max_tokens=0, on_text=None, on_token=None, cancel=None):
        """Generates until the model ends, max_tokens are there (0: no bound) or a callback returns False; gives the reason,
        one of abi.PRM_FINISH_.... on_text gets str as it comes, on_token the id of each token. What a callback raises
        ends the text and is raised from here, KeyboardInterrupt too.
        """
        raised = []

        def guarded(callback, *arguments):
            try:
                return 1 if callback(*arguments) is False else 0
            except BaseException as error:  # pylint: disable=broad-exception-caught
                raised.append(error)
                return 1

        data = prompt.encode()
        asked = start(abi.prm_prompt)
        asked.text = abi.prm_text(data, len(data))
        options = start(abi.prm_generate_options)
        options.max_tokens = max_tokens
        if on_text:
            options.on_text = abi.prm_text_fn(
                lambda _, text, size: guarded(on_text, ctypes.string_at(text, size).decode('utf-8', 'replace'))
            )
        if on_token:
            options.on_token = abi.prm_token_fn(lambda _, token: guarded(on_token, token))
        control = start(abi.prm_control)
        control.cancel = cancel.raw if cancel else None
        info = start(abi.prm_request_info)
        # `options` holds the callbacks, `asked` the text: both live until the call is done.
        status = library.prm_generate(
            self.raw, ctypes.byref(asked), ctypes.byref(options), ctypes.byref(control), ctypes.byref(info)
        )
        if raised:
            raise raised[0]
        check(status)
        return info.finish
