//! Premise for Rust: a thin, safe layer over the C API, enough to stream text. Copy it together with ffi.rs and build.rs.
//!
//! Handles may be used from any thread, and are closed when they are dropped, in any order.
use crate::ffi::*;
use std::any::Any;
use std::ffi::{CStr, CString};
use std::fmt;
use std::mem::{size_of, zeroed};
use std::os::raw::{c_char, c_void};
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::ptr::{null, null_mut};

/// A call that failed.
#[derive(Debug)]
pub struct Error {
    pub status: i32,
    pub name: String,
    pub message: String,
}

impl Error {
    pub fn is_cancelled(&self) -> bool {
        self.status == PRM_STATUS_CANCELLED
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.message)
    }
}

impl std::error::Error for Error {}

/// Reads the calling thread's error when `status` is one.
fn check(status: i32) -> Result<(), Error> {
    if status == PRM_STATUS_OK {
        return Ok(());
    }
    let text = |pointer| unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned();
    Err(Error {
        status,
        name: text(unsafe { prm_status_name(status) }),
        message: text(unsafe { prm_last_error() }),
    })
}

/// A growing struct as PRM_INIT makes it: its first field is its size, zero is the default of all others.
macro_rules! start {
    ($type:ty) => {{
        let mut out: $type = unsafe { zeroed() };
        out.struct_size = size_of::<$type>() as u32;
        out
    }};
}

macro_rules! handle {
    ($name:ident, $raw:ty, $close:ident) => {
        pub struct $name(*mut $raw);
        unsafe impl Send for $name {}
        unsafe impl Sync for $name {}
        impl Drop for $name {
            fn drop(&mut self) {
                unsafe { $close(self.0) }
            }
        }
    };
}
handle!(Cancel, prm_cancel, prm_cancel_close);
handle!(Engine, prm_engine, prm_engine_close);
handle!(Model, prm_model, prm_model_close);

impl Cancel {
    pub fn new() -> Result<Self, Error> {
        let mut raw = null_mut();
        check(unsafe { prm_cancel_open(&mut raw) })?;
        Ok(Cancel(raw))
    }
    /// Ends every call that was given this token, now and later.
    pub fn fire(&self) {
        unsafe { prm_cancel_fire(self.0) }
    }
}

impl Engine {
    /// `threads`: how many beside the calling one; -1: as many as there are.
    pub fn new(threads: i32) -> Result<Self, Error> {
        let mut options = start!(prm_engine_options);
        options.threads = threads;
        let mut raw = null_mut();
        check(unsafe { prm_engine_open(PRM_VERSION, &options, &mut raw) })?;
        Ok(Engine(raw))
    }
}

/// What a generation brings, as it comes.
pub enum Event<'a> {
    Token(i32),
    Text(&'a str),
}

/// What the C callbacks of one call are handed.
struct Running<'a> {
    on_event: &'a mut dyn FnMut(Event) -> bool,
    panicked: Option<Box<dyn Any + Send>>,
}

impl Running<'_> {
    /// Keeps a panic from crossing C.
    fn call(&mut self, event: Event) -> i32 {
        let on_event = &mut self.on_event;
        match catch_unwind(AssertUnwindSafe(|| on_event(event))) {
            Ok(go_on) => i32::from(!go_on),
            Err(panic) => {
                self.panicked = Some(panic);
                1
            }
        }
    }
}

unsafe extern "C" fn on_text(user: *mut c_void, text: *const c_char, size: usize) -> i32 {
    let bytes = std::slice::from_raw_parts(text.cast::<u8>(), size);
    (*user.cast::<Running>()).call(Event::Text(&String::from_utf8_lossy(bytes)))
}

unsafe extern "C" fn on_token(user: *mut c_void, token: i32) -> i32 {
    (*user.cast::<Running>()).call(Event::Token(token))
}

impl Model {
    pub fn open(engine: &Engine, path: &str) -> Result<Self, Error> {
        let path = CString::new(path).expect("a path has no NUL");
        let mut raw = null_mut();
        check(unsafe { prm_model_open(engine.0, path.as_ptr(), null(), null(), &mut raw) })?;
        Ok(Model(raw))
    }

    /// Generates until the model ends, max_tokens are there (0: no bound) or on_event gives false. A panic of on_event ends
    /// the text and goes on from here.
    pub fn generate(
        &self,
        prompt: &str,
        max_tokens: i32,
        cancel: Option<&Cancel>,
        mut on_event: impl FnMut(Event) -> bool,
    ) -> Result<(), Error> {
        let mut now = Running { on_event: &mut on_event, panicked: None };
        let mut asked = start!(prm_prompt);
        asked.text = prm_text { data: prompt.as_ptr().cast(), size: prompt.len() };
        let mut options = start!(prm_generate_options);
        options.max_tokens = max_tokens;
        options.on_text = Some(on_text);
        options.on_token = Some(on_token);
        options.user = (&mut now as *mut Running).cast();
        let mut control = start!(prm_control);
        control.cancel = cancel.map_or(null_mut(), |cancel| cancel.0);
        let status = unsafe { prm_generate(self.0, &asked, &options, &control, null_mut()) };
        if let Some(panic) = now.panicked {
            resume_unwind(panic);
        }
        check(status)
    }
}
