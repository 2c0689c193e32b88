//! The C API of Premise: constants, structs, callbacks, functions. script/ffi wrote this from premise.h.
#![allow(non_camel_case_types, dead_code)]
use std::mem::size_of;
use std::os::raw::{c_char, c_void};

pub const PRM_VERSION: i32 = 1000;
pub const PRM_NUL: usize = usize::MAX;
pub const PRM_MAX_RANK: i32 = 8;
pub const PRM_STATUS_OK: i32 = 0;
pub const PRM_STATUS_INVALID_ARGUMENT: i32 = 1;
pub const PRM_STATUS_INVALID_STATE: i32 = 2;
pub const PRM_STATUS_UNSUPPORTED: i32 = 3;
pub const PRM_STATUS_NOT_FOUND: i32 = 4;
pub const PRM_STATUS_BUFFER_TOO_SMALL: i32 = 5;
pub const PRM_STATUS_VERSION_MISMATCH: i32 = 6;
pub const PRM_STATUS_CALLBACK: i32 = 7;
pub const PRM_STATUS_BAD_FILE: i32 = 10;
pub const PRM_STATUS_IO: i32 = 11;
pub const PRM_STATUS_DIGEST: i32 = 12;
pub const PRM_STATUS_LIMIT: i32 = 13;
pub const PRM_STATUS_OUT_OF_MEMORY: i32 = 20;
pub const PRM_STATUS_OUT_OF_DEVICE_MEMORY: i32 = 21;
pub const PRM_STATUS_OVER_BUDGET: i32 = 22;
pub const PRM_STATUS_CANCELLED: i32 = 30;
pub const PRM_STATUS_DEADLINE: i32 = 31;
pub const PRM_STATUS_DEVICE_UNAVAILABLE: i32 = 40;
pub const PRM_STATUS_DEVICE_LOST: i32 = 41;
pub const PRM_STATUS_NUMERIC: i32 = 50;
pub const PRM_STATUS_CONTEXT_FULL: i32 = 51;
pub const PRM_STATUS_INTERNAL: i32 = 99;
pub const PRM_DTYPE_ANY: i32 = 0;
pub const PRM_DTYPE_F32: i32 = 1;
pub const PRM_DTYPE_F16: i32 = 2;
pub const PRM_DTYPE_BF16: i32 = 3;
pub const PRM_DTYPE_F64: i32 = 4;
pub const PRM_DTYPE_I8: i32 = 5;
pub const PRM_DTYPE_I16: i32 = 6;
pub const PRM_DTYPE_I32: i32 = 7;
pub const PRM_DTYPE_I64: i32 = 8;
pub const PRM_DTYPE_U8: i32 = 9;
pub const PRM_DTYPE_U16: i32 = 10;
pub const PRM_DTYPE_U32: i32 = 11;
pub const PRM_DTYPE_U64: i32 = 12;
pub const PRM_DTYPE_BOOL: i32 = 13;
pub const PRM_DTYPE_BLOCK: i32 = 256;
pub const PRM_LOG_ERROR: i32 = 1;
pub const PRM_LOG_WARNING: i32 = 2;
pub const PRM_LOG_INFO: i32 = 3;
pub const PRM_MEMORY_OBJECTS: i32 = 0;
pub const PRM_MEMORY_WEIGHTS: i32 = 1;
pub const PRM_MEMORY_CACHE: i32 = 2;
pub const PRM_MEMORY_SCRATCH: i32 = 3;
pub const PRM_FILE_READ: i32 = 0;
pub const PRM_THREADS_ALL: i32 = -1;
pub const PRM_REPORT_CAPABILITIES: i32 = 1;
pub const PRM_REPORT_INSPECT: i32 = 10;
pub const PRM_REPORT_PLACEMENT: i32 = 11;
pub const PRM_REPORT_GRAPH: i32 = 33;
pub const PRM_MODEL_HEADER_ONLY: i32 = 1;
pub const PRM_MODEL_REQUIRE_DEVICE: i32 = 2;
pub const PRM_MODEL_VERIFY: i32 = 16;
pub const PRM_CAN_RUN: i32 = 1;
pub const PRM_CAN_GENERATE: i32 = 2;
pub const PRM_INPUT: i32 = 0;
pub const PRM_OUTPUT: i32 = 1;
pub const PRM_PROMPT_SPECIAL: i32 = 1;
pub const PRM_PROMPT_NO_BOS: i32 = 2;
pub const PRM_PROMPT_CONTINUE: i32 = 4;
pub const PRM_GENERATE_IGNORE_END: i32 = 1;
pub const PRM_FINISH_NONE: i32 = 0;
pub const PRM_FINISH_END: i32 = 1;
pub const PRM_FINISH_STOP_STRING: i32 = 2;
pub const PRM_FINISH_LENGTH: i32 = 3;
pub const PRM_FINISH_CALLBACK: i32 = 5;
pub const PRM_FINISH_CANCELLED: i32 = 6;
pub const PRM_FINISH_DEADLINE: i32 = 7;
pub const PRM_FINISH_ERROR: i32 = 8;
pub const PRM_RESAMPLE_NEAREST: i32 = 0;
pub const PRM_RESAMPLE_PIL_BILINEAR: i32 = 1;
pub const PRM_RESAMPLE_PIL_BICUBIC: i32 = 2;
pub const PRM_RESAMPLE_PIL_LANCZOS: i32 = 3;
pub const PRM_RESAMPLE_OPENCV_LINEAR: i32 = 4;
pub const PRM_RESAMPLE_OPENCV_AREA: i32 = 5;
pub const PRM_RESAMPLE_OPENCV_CUBIC: i32 = 6;
pub const PRM_RESAMPLE_TORCH_LINEAR: i32 = 7;
pub const PRM_RESAMPLE_TORCH_CUBIC: i32 = 8;
pub const PRM_FIT_STRETCH: i32 = 0;
pub const PRM_FIT_LETTERBOX: i32 = 1;
pub const PRM_FIT_CROP: i32 = 2;
pub const PRM_IMAGE_CHANNELS_LAST: i32 = 1;
pub const PRM_IMAGE_SWAP_RED_BLUE: i32 = 2;
pub const PRM_IMAGE_INVERT: i32 = 4;
pub const PRM_IMAGE_VOLUME: i32 = 8;
pub const PRM_BLEND_MEAN: i32 = 0;
pub const PRM_BLEND_GAUSSIAN: i32 = 1;

#[repr(C)]
pub struct prm_engine {
    _private: [u8; 0],
}
#[repr(C)]
pub struct prm_model {
    _private: [u8; 0],
}
#[repr(C)]
pub struct prm_cancel {
    _private: [u8; 0],
}
#[repr(C)]
pub struct prm_session {
    _private: [u8; 0],
}
pub type prm_progress_fn = unsafe extern "C" fn(user: *mut c_void, stage: *const c_char, done: u64, total: u64) -> i32;
pub type prm_work_fn = unsafe extern "C" fn(work: *mut c_void);
pub type prm_host_alloc_fn = unsafe extern "C" fn(memory_user: *mut c_void, size: usize, align: usize, kind: i32) -> *mut c_void;
pub type prm_host_release_fn = unsafe extern "C" fn(memory_user: *mut c_void, memory: *mut c_void, size: usize, kind: i32);
pub type prm_host_log_fn = unsafe extern "C" fn(log_user: *mut c_void, level: i32, text: *const c_char, size: usize);
pub type prm_host_help_fn = unsafe extern "C" fn(help_user: *mut c_void, run: Option<prm_work_fn>, work: *mut c_void, helpers: i32);
pub type prm_host_file_open_fn = unsafe extern "C" fn(file_user: *mut c_void, name: *const c_char, mode: i32, file: *mut *mut c_void, size: *mut u64) -> i32;
pub type prm_host_file_read_fn = unsafe extern "C" fn(file_user: *mut c_void, file: *mut c_void, offset: u64, data: *mut c_void, size: usize) -> i32;
pub type prm_host_file_close_fn = unsafe extern "C" fn(file_user: *mut c_void, file: *mut c_void, keep: i32) -> i32;
pub type prm_host_file_map_fn = unsafe extern "C" fn(file_user: *mut c_void, file: *mut c_void, offset: u64, size: usize) -> *const c_void;
pub type prm_text_fn = unsafe extern "C" fn(user: *mut c_void, text: *const c_char, size: usize) -> i32;
pub type prm_token_fn = unsafe extern "C" fn(user: *mut c_void, token: i32) -> i32;
pub type prm_logits_fn = unsafe extern "C" fn(user: *mut c_void, logits: *mut f32, count: usize) -> i32;
pub type prm_logprobs_fn = unsafe extern "C" fn(user: *mut c_void, tokens: *const prm_token, count: usize) -> i32;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct prm_error_info {
    pub struct_size: u32,
    pub status: i32,
    pub message: *const c_char,
    pub subject: *const c_char,
    pub file_offset: u64,
    pub needed_bytes: u64,
    pub system_code: i32,
    pub reserved: i32,
    pub available_bytes: u64,
}
const _: () = assert!(size_of::<prm_error_info>() == 56);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct prm_text {
    pub data: *const c_char,
    pub size: usize,
}
const _: () = assert!(size_of::<prm_text>() == 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct prm_tensor {
    pub name: *const c_char,
    pub data: *mut c_void,
    pub bytes: u64,
    pub shape: [i64; 8],
    pub stride: [i64; 8],
    pub dtype: i32,
    pub rank: i32,
    pub device: i32,
    pub flags: u32,
    pub stream: *mut c_void,
    pub reserved: [u64; 2],
}
const _: () = assert!(size_of::<prm_tensor>() == 192);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct prm_control {
    pub struct_size: u32,
    pub reserved: i32,
    pub deadline_ns: i64,
    pub cancel: *mut prm_cancel,
    pub on_progress: Option<prm_progress_fn>,
    pub user: *mut c_void,
}
const _: () = assert!(size_of::<prm_control>() == 40);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct prm_host {
    pub struct_size: u32,
    pub helpers: i32,
    pub memory_user: *mut c_void,
    pub alloc: Option<prm_host_alloc_fn>,
    pub release: Option<prm_host_release_fn>,
    pub log_user: *mut c_void,
    pub log: Option<prm_host_log_fn>,
    pub help_user: *mut c_void,
    pub help: Option<prm_host_help_fn>,
    pub file_user: *mut c_void,
    pub file_open: Option<prm_host_file_open_fn>,
    pub file_read: Option<prm_host_file_read_fn>,
    pub file_close: Option<prm_host_file_close_fn>,
    pub file_map: Option<prm_host_file_map_fn>,
}
const _: () = assert!(size_of::<prm_host>() == 104);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct prm_limits {
    pub struct_size: u32,
    pub nesting: i32,
    pub file_bytes: u64,
    pub metadata_bytes: u64,
    pub tensors: i64,
    pub prompt_bytes: i64,
    pub template_steps: i64,
    pub image_elements: i64,
}
const _: () = assert!(size_of::<prm_limits>() == 56);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct prm_engine_options {
    pub struct_size: u32,
    pub threads: i32,
    pub spin_us: i32,
    pub reserved: i32,
    pub isa: *const c_char,
    pub host: *const prm_host,
    pub max_host_bytes: u64,
    pub limits: *const prm_limits,
    pub plugin_folder: *const c_char,
    pub max_device_bytes: u64,
}
const _: () = assert!(size_of::<prm_engine_options>() == 64);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct prm_engine_info {
    pub struct_size: u32,
    pub threads: i32,
    pub isa: *const c_char,
    pub host_bytes: u64,
    pub peak_host_bytes: u64,
    pub max_host_bytes: u64,
    pub device_bytes: u64,
}
const _: () = assert!(size_of::<prm_engine_info>() == 48);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct prm_model_options {
    pub struct_size: u32,
    pub flags: u32,
    pub data: *const c_void,
    pub data_size: usize,
    pub context: i32,
    pub chunk_tokens: i32,
    pub cache_dtype: i32,
    pub sessions: i32,
    pub max_host_bytes: u64,
    pub manifest_json: *const c_char,
    pub shapes: *const prm_tensor,
    pub shape_count: usize,
    pub device: *const c_char,
    pub max_device_bytes: u64,
    pub device_layers: i32,
    pub reserved: i32,
}
const _: () = assert!(size_of::<prm_model_options>() == 96);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct prm_model_info {
    pub struct_size: u32,
    pub vocabulary: i32,
    pub architecture: *const c_char,
    pub parameters: u64,
    pub host_bytes: u64,
    pub context: i32,
    pub width: i32,
    pub end_token: i32,
    pub begin_token: i32,
    pub abilities: u32,
    pub input_count: i32,
    pub output_count: i32,
    pub reserved: i32,
    pub device_bytes: u64,
}
const _: () = assert!(size_of::<prm_model_info>() == 72);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct prm_plan_options {
    pub struct_size: u32,
    pub reserved: i32,
    pub host_bytes: u64,
}
const _: () = assert!(size_of::<prm_plan_options>() == 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct prm_plan {
    pub struct_size: u32,
    pub fits: i32,
    pub host_bytes: u64,
    pub weight_bytes: u64,
    pub cache_bytes: u64,
    pub scratch_bytes: u64,
    pub object_bytes: u64,
    pub device_bytes: u64,
}
const _: () = assert!(size_of::<prm_plan>() == 56);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct prm_message {
    pub role: *const c_char,
    pub text: prm_text,
    pub extra_json: *const c_char,
    pub reserved: [u64; 2],
}
const _: () = assert!(size_of::<prm_message>() == 48);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct prm_prompt {
    pub struct_size: u32,
    pub flags: u32,
    pub text: prm_text,
    pub tokens: *const i32,
    pub token_count: usize,
    pub messages: *const prm_message,
    pub message_count: usize,
    pub tools_json: *const c_char,
    pub template_text: *const c_char,
    pub template_json: *const c_char,
}
const _: () = assert!(size_of::<prm_prompt>() == 80);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct prm_bias {
    pub token: i32,
    pub bias: f32,
}
const _: () = assert!(size_of::<prm_bias>() == 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct prm_token {
    pub id: i32,
    pub logprob: f32,
    pub text_size: i32,
    pub rank: i32,
}
const _: () = assert!(size_of::<prm_token>() == 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct prm_generate_options {
    pub struct_size: u32,
    pub flags: u32,
    pub max_tokens: i32,
    pub min_tokens: i32,
    pub on_text: Option<prm_text_fn>,
    pub on_token: Option<prm_token_fn>,
    pub user: *mut c_void,
    pub top_k: i32,
    pub temperature: f32,
    pub top_p: f32,
    pub min_p: f32,
    pub typical_p: f32,
    pub repetition_penalty: f32,
    pub presence_penalty: f32,
    pub frequency_penalty: f32,
    pub penalty_tokens: i32,
    pub logprobs: i32,
    pub seed: u64,
    pub stops: *const prm_text,
    pub stop_count: usize,
    pub stop_tokens: *const i32,
    pub stop_token_count: usize,
    pub biases: *const prm_bias,
    pub bias_count: usize,
    pub on_logits: Option<prm_logits_fn>,
    pub on_logprobs: Option<prm_logprobs_fn>,
    pub session: *mut prm_session,
}
const _: () = assert!(size_of::<prm_generate_options>() == 160);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct prm_request_info {
    pub struct_size: u32,
    pub finish: i32,
    pub prompt_tokens: i64,
    pub generated_tokens: i64,
    pub first_ns: i64,
    pub total_ns: i64,
}
const _: () = assert!(size_of::<prm_request_info>() == 40);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct prm_session_options {
    pub struct_size: u32,
    pub flags: u32,
}
const _: () = assert!(size_of::<prm_session_options>() == 8);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct prm_session_info {
    pub struct_size: u32,
    pub token_count: i32,
    pub context: i32,
    pub reserved: i32,
    pub host_bytes: u64,
}
const _: () = assert!(size_of::<prm_session_info>() == 24);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct prm_image_options {
    pub struct_size: u32,
    pub flags: u32,
    pub resample: i32,
    pub fit: i32,
    pub slope: f64,
    pub intercept: f64,
    pub window_center: f64,
    pub window_width: f64,
    pub scale: f32,
    pub mean: [f32; 4],
    pub deviation: [f32; 4],
    pub padding: f32,
    pub spacing: [f64; 3],
    pub out_spacing: [f64; 3],
}
const _: () = assert!(size_of::<prm_image_options>() == 136);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct prm_image_map {
    pub factor: [f64; 3],
    pub offset: [f64; 3],
}
const _: () = assert!(size_of::<prm_image_map>() == 48);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct prm_tile_options {
    pub struct_size: u32,
    pub blend: i32,
    pub tile: [i64; 8],
    pub overlap: f64,
}
const _: () = assert!(size_of::<prm_tile_options>() == 80);

extern "C" {
    pub fn prm_version() -> i32;
    pub fn prm_status_name(status: i32) -> *const c_char;
    pub fn prm_last_error() -> *const c_char;
    pub fn prm_error_query(out: *mut prm_error_info);
    pub fn prm_now_ns() -> i64;
    pub fn prm_cancel_open(out: *mut *mut prm_cancel) -> i32;
    pub fn prm_cancel_fire(cancel: *mut prm_cancel);
    pub fn prm_cancel_close(cancel: *mut prm_cancel);
    pub fn prm_engine_open(version: i32, options: *const prm_engine_options, out: *mut *mut prm_engine) -> i32;
    pub fn prm_engine_close(engine: *mut prm_engine);
    pub fn prm_engine_query(engine: *mut prm_engine, out: *mut prm_engine_info) -> i32;
    pub fn prm_engine_report(engine: *mut prm_engine, what: i32, buffer: *mut c_char, capacity: usize, size: *mut usize) -> i32;
    pub fn prm_model_open(engine: *mut prm_engine, path: *const c_char, options: *const prm_model_options, control: *const prm_control, out: *mut *mut prm_model) -> i32;
    pub fn prm_model_close(model: *mut prm_model);
    pub fn prm_model_manifest(model: *mut prm_model, control: *const prm_control, buffer: *mut c_char, capacity: usize, size: *mut usize) -> i32;
    pub fn prm_model_query(model: *mut prm_model, out: *mut prm_model_info) -> i32;
    pub fn prm_model_tensor(model: *mut prm_model, direction: i32, index: i32, out: *mut prm_tensor) -> i32;
    pub fn prm_model_report(model: *mut prm_model, what: i32, buffer: *mut c_char, capacity: usize, size: *mut usize) -> i32;
    pub fn prm_model_plan(model: *mut prm_model, options: *const prm_plan_options, out: *mut prm_plan, buffer: *mut c_char, capacity: usize, size: *mut usize) -> i32;
    pub fn prm_run(model: *mut prm_model, inputs: *const prm_tensor, input_count: usize, control: *const prm_control, outputs: *mut prm_tensor, output_count: usize) -> i32;
    pub fn prm_prompt_render(model: *mut prm_model, prompt: *const prm_prompt, buffer: *mut c_char, capacity: usize, size: *mut usize) -> i32;
    pub fn prm_tokenize(model: *mut prm_model, prompt: *const prm_prompt, tokens: *mut i32, capacity: usize, count: *mut usize) -> i32;
    pub fn prm_detokenize(model: *mut prm_model, tokens: *const i32, count: usize, flags: u32, buffer: *mut c_char, capacity: usize, size: *mut usize) -> i32;
    pub fn prm_generate(model: *mut prm_model, prompt: *const prm_prompt, options: *const prm_generate_options, control: *const prm_control, info: *mut prm_request_info) -> i32;
    pub fn prm_session_open(model: *mut prm_model, options: *const prm_session_options, control: *const prm_control, out: *mut *mut prm_session) -> i32;
    pub fn prm_session_close(session: *mut prm_session);
    pub fn prm_session_query(session: *mut prm_session, out: *mut prm_session_info) -> i32;
    pub fn prm_session_truncate(session: *mut prm_session, token_count: i32) -> i32;
    pub fn prm_image_prepare(engine: *mut prm_engine, image: *const prm_tensor, options: *const prm_image_options, control: *const prm_control, out: *mut prm_tensor, map: *mut prm_image_map) -> i32;
    pub fn prm_run_tiles(model: *mut prm_model, input: *const prm_tensor, options: *const prm_tile_options, control: *const prm_control, output: *mut prm_tensor) -> i32;
}
