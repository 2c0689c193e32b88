// Package premise runs models in the process that imports it: a thin layer over the C API, enough to stream text.
//
// cgo reads premise.h itself, so nothing of it is copied here. Handles may be used from any goroutine and closed in any
// order; they are closed by the garbage collector where Close was not called.
package premise

/*
#cgo pkg-config: premise
#include <premise/premise.h>
#include <stdlib.h>

// What //export makes of the functions below.
int32_t premiseGoText(void *user, char *text, size_t size);
int32_t premiseGoToken(void *user, int32_t token);
*/
import "C"

import (
	"runtime"
	"runtime/cgo"
	"unsafe"
)

// Error is a call that failed.
type Error struct {
	Status  int    // PRM_STATUS_... of premise.h
	Name    string // "BAD_FILE"
	Message string
}

func (e *Error) Error() string { return e.Name + ": " + e.Message }

// Cancelled tells whether an error is a call that its cancel token ended.
func Cancelled(err error) bool {
	e, ok := err.(*Error)
	return ok && e.Status == C.PRM_STATUS_CANCELLED
}

// check makes a call and reads its error. The error belongs to the thread, so the goroutine stays on it in between.
func check(call func() C.prm_status) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	status := call()
	if status == C.PRM_STATUS_OK {
		return nil
	}
	return &Error{int(status), C.GoString(C.prm_status_name(status)), C.GoString(C.prm_last_error())}
}

// Cancel ends every call that carries it, once it was fired.
type Cancel struct{ raw *C.prm_cancel }

func NewCancel() (*Cancel, error) {
	c := &Cancel{}
	if err := check(func() C.prm_status { return C.prm_cancel_open(&c.raw) }); err != nil {
		return nil, err
	}
	runtime.SetFinalizer(c, (*Cancel).Close)
	return c, nil
}

func (c *Cancel) Fire() {
	C.prm_cancel_fire(c.raw)
	runtime.KeepAlive(c)
}

func (c *Cancel) Close() {
	C.prm_cancel_close(c.raw)
	c.raw = nil
}

// Engine has the threads and the memory of what is opened on it.
type Engine struct{ raw *C.prm_engine }

// OpenEngine takes how many threads compute beside the calling one; -1: as many as there are.
func OpenEngine(threads int) (*Engine, error) {
	e := &Engine{}
	options := C.prm_engine_options{struct_size: C.sizeof_prm_engine_options, threads: C.int32_t(threads)}
	if err := check(func() C.prm_status { return C.prm_engine_open(C.PRM_VERSION, &options, &e.raw) }); err != nil {
		return nil, err
	}
	runtime.SetFinalizer(e, (*Engine).Close)
	return e, nil
}

func (e *Engine) Close() {
	C.prm_engine_close(e.raw)
	e.raw = nil
}

// Model is something that can be run.
type Model struct{ raw *C.prm_model }

func OpenModel(engine *Engine, path string) (*Model, error) {
	m := &Model{}
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	if err := check(func() C.prm_status { return C.prm_model_open(engine.raw, name, nil, nil, &m.raw) }); err != nil {
		return nil, err
	}
	runtime.KeepAlive(engine)
	runtime.SetFinalizer(m, (*Model).Close)
	return m, nil
}

func (m *Model) Close() {
	C.prm_model_close(m.raw)
	m.raw = nil
}

// Options of Generate. What is nil or zero is left out. Callbacks that give false end the text.
type Options struct {
	MaxTokens int
	OnText    func(text string) bool
	OnToken   func(id int32) bool
	Cancel    *Cancel
}

// running is what the callbacks of one call need.
type running struct {
	options  Options
	panicked any
}

// Generate streams text and waits. A callback that panics ends the text and panics again from here.
func (m *Model) Generate(prompt string, options Options) error {
	now := &running{options: options}
	handle := cgo.NewHandle(now)
	defer handle.Delete()
	user := C.malloc(C.size_t(unsafe.Sizeof(handle))) // C may keep no pointer of Go's, so it gets one of its own
	defer C.free(user)
	*(*cgo.Handle)(user) = handle
	text := C.CString(prompt)
	defer C.free(unsafe.Pointer(text))

	asked := C.prm_prompt{struct_size: C.sizeof_prm_prompt}
	asked.text = C.prm_text{data: text, size: C.size_t(len(prompt))}
	wanted := C.prm_generate_options{struct_size: C.sizeof_prm_generate_options, max_tokens: C.int32_t(options.MaxTokens), user: user}
	if options.OnText != nil {
		wanted.on_text = C.prm_text_fn(C.premiseGoText)
	}
	if options.OnToken != nil {
		wanted.on_token = C.prm_token_fn(C.premiseGoToken)
	}
	control := C.prm_control{struct_size: C.sizeof_prm_control}
	if options.Cancel != nil {
		control.cancel = options.Cancel.raw
	}
	err := check(func() C.prm_status { return C.prm_generate(m.raw, &asked, &wanted, &control, nil) })
	runtime.KeepAlive(m)
	runtime.KeepAlive(options.Cancel)
	if now.panicked != nil {
		panic(now.panicked)
	}
	return err
}

// guarded keeps a panic from crossing C.
func guarded(user unsafe.Pointer, callback func(*running) bool) (stop C.int32_t) {
	now := (*(*cgo.Handle)(user)).Value().(*running)
	defer func() {
		if raised := recover(); raised != nil {
			now.panicked, stop = raised, 1
		}
	}()
	if callback(now) {
		return 0
	}
	return 1
}

//export premiseGoText
func premiseGoText(user unsafe.Pointer, text *C.char, size C.size_t) C.int32_t {
	return guarded(user, func(now *running) bool { return now.options.OnText(C.GoStringN(text, C.int(size))) })
}

//export premiseGoToken
func premiseGoToken(user unsafe.Pointer, token C.int32_t) C.int32_t {
	return guarded(user, func(now *running) bool { return now.options.OnToken(int32(token)) })
}
