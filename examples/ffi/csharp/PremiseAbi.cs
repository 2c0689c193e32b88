// The C API of Premise: constants, structs, callbacks, functions. script/ffi wrote this from premise.h.
// Pointers are IntPtr; a callback in a struct is what Marshal.GetFunctionPointerForDelegate gives for its delegate.
using System;
using System.Runtime.InteropServices;

static class PremiseAbi
{
    public const int PRM_VERSION = 1000;
    public static readonly UIntPtr PRM_NUL = new UIntPtr(ulong.MaxValue);
    public const int PRM_MAX_RANK = 8;
    public const int PRM_STATUS_OK = 0;
    public const int PRM_STATUS_INVALID_ARGUMENT = 1;
    public const int PRM_STATUS_INVALID_STATE = 2;
    public const int PRM_STATUS_UNSUPPORTED = 3;
    public const int PRM_STATUS_NOT_FOUND = 4;
    public const int PRM_STATUS_BUFFER_TOO_SMALL = 5;
    public const int PRM_STATUS_VERSION_MISMATCH = 6;
    public const int PRM_STATUS_CALLBACK = 7;
    public const int PRM_STATUS_BAD_FILE = 10;
    public const int PRM_STATUS_IO = 11;
    public const int PRM_STATUS_DIGEST = 12;
    public const int PRM_STATUS_LIMIT = 13;
    public const int PRM_STATUS_OUT_OF_MEMORY = 20;
    public const int PRM_STATUS_OUT_OF_DEVICE_MEMORY = 21;
    public const int PRM_STATUS_OVER_BUDGET = 22;
    public const int PRM_STATUS_CANCELLED = 30;
    public const int PRM_STATUS_DEADLINE = 31;
    public const int PRM_STATUS_DEVICE_UNAVAILABLE = 40;
    public const int PRM_STATUS_DEVICE_LOST = 41;
    public const int PRM_STATUS_NUMERIC = 50;
    public const int PRM_STATUS_CONTEXT_FULL = 51;
    public const int PRM_STATUS_INTERNAL = 99;
    public const int PRM_DTYPE_ANY = 0;
    public const int PRM_DTYPE_F32 = 1;
    public const int PRM_DTYPE_F16 = 2;
    public const int PRM_DTYPE_BF16 = 3;
    public const int PRM_DTYPE_F64 = 4;
    public const int PRM_DTYPE_I8 = 5;
    public const int PRM_DTYPE_I16 = 6;
    public const int PRM_DTYPE_I32 = 7;
    public const int PRM_DTYPE_I64 = 8;
    public const int PRM_DTYPE_U8 = 9;
    public const int PRM_DTYPE_U16 = 10;
    public const int PRM_DTYPE_U32 = 11;
    public const int PRM_DTYPE_U64 = 12;
    public const int PRM_DTYPE_BOOL = 13;
    public const int PRM_DTYPE_BLOCK = 256;
    public const int PRM_LOG_ERROR = 1;
    public const int PRM_LOG_WARNING = 2;
    public const int PRM_LOG_INFO = 3;
    public const int PRM_MEMORY_OBJECTS = 0;
    public const int PRM_MEMORY_WEIGHTS = 1;
    public const int PRM_MEMORY_CACHE = 2;
    public const int PRM_MEMORY_SCRATCH = 3;
    public const int PRM_FILE_READ = 0;
    public const int PRM_THREADS_ALL = -1;
    public const int PRM_REPORT_CAPABILITIES = 1;
    public const int PRM_REPORT_INSPECT = 10;
    public const int PRM_REPORT_PLACEMENT = 11;
    public const int PRM_REPORT_GRAPH = 33;
    public const int PRM_MODEL_HEADER_ONLY = 1;
    public const int PRM_MODEL_REQUIRE_DEVICE = 2;
    public const int PRM_MODEL_VERIFY = 16;
    public const int PRM_CAN_RUN = 1;
    public const int PRM_CAN_GENERATE = 2;
    public const int PRM_INPUT = 0;
    public const int PRM_OUTPUT = 1;
    public const int PRM_PROMPT_SPECIAL = 1;
    public const int PRM_PROMPT_NO_BOS = 2;
    public const int PRM_PROMPT_CONTINUE = 4;
    public const int PRM_GENERATE_IGNORE_END = 1;
    public const int PRM_FINISH_NONE = 0;
    public const int PRM_FINISH_END = 1;
    public const int PRM_FINISH_STOP_STRING = 2;
    public const int PRM_FINISH_LENGTH = 3;
    public const int PRM_FINISH_CALLBACK = 5;
    public const int PRM_FINISH_CANCELLED = 6;
    public const int PRM_FINISH_DEADLINE = 7;
    public const int PRM_FINISH_ERROR = 8;
    public const int PRM_RESAMPLE_NEAREST = 0;
    public const int PRM_RESAMPLE_PIL_BILINEAR = 1;
    public const int PRM_RESAMPLE_PIL_BICUBIC = 2;
    public const int PRM_RESAMPLE_PIL_LANCZOS = 3;
    public const int PRM_RESAMPLE_OPENCV_LINEAR = 4;
    public const int PRM_RESAMPLE_OPENCV_AREA = 5;
    public const int PRM_RESAMPLE_OPENCV_CUBIC = 6;
    public const int PRM_RESAMPLE_TORCH_LINEAR = 7;
    public const int PRM_RESAMPLE_TORCH_CUBIC = 8;
    public const int PRM_FIT_STRETCH = 0;
    public const int PRM_FIT_LETTERBOX = 1;
    public const int PRM_FIT_CROP = 2;
    public const int PRM_IMAGE_CHANNELS_LAST = 1;
    public const int PRM_IMAGE_SWAP_RED_BLUE = 2;
    public const int PRM_IMAGE_INVERT = 4;
    public const int PRM_IMAGE_VOLUME = 8;
    public const int PRM_BLEND_MEAN = 0;
    public const int PRM_BLEND_GAUSSIAN = 1;

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    public delegate int prm_progress_fn(IntPtr user, IntPtr stage, ulong done, ulong total);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    public delegate void prm_work_fn(IntPtr work);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    public delegate IntPtr prm_host_alloc_fn(IntPtr memory_user, UIntPtr size, UIntPtr align, int kind);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    public delegate void prm_host_release_fn(IntPtr memory_user, IntPtr memory, UIntPtr size, int kind);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    public delegate void prm_host_log_fn(IntPtr log_user, int level, IntPtr text, UIntPtr size);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    public delegate void prm_host_help_fn(IntPtr help_user, IntPtr run, IntPtr work, int helpers);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    public delegate int prm_host_file_open_fn(IntPtr file_user, IntPtr name, int mode, IntPtr file, IntPtr size);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    public delegate int prm_host_file_read_fn(IntPtr file_user, IntPtr file, ulong offset, IntPtr data, UIntPtr size);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    public delegate int prm_host_file_close_fn(IntPtr file_user, IntPtr file, int keep);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    public delegate IntPtr prm_host_file_map_fn(IntPtr file_user, IntPtr file, ulong offset, UIntPtr size);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    public delegate int prm_text_fn(IntPtr user, IntPtr text, UIntPtr size);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    public delegate int prm_token_fn(IntPtr user, int token);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    public delegate int prm_logits_fn(IntPtr user, IntPtr logits, UIntPtr count);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    public delegate int prm_logprobs_fn(IntPtr user, IntPtr tokens, UIntPtr count);

    [StructLayout(LayoutKind.Sequential)]
    public struct prm_error_info
    {
        public uint struct_size;
        public int status;
        public IntPtr message;
        public IntPtr subject;
        public ulong file_offset;
        public ulong needed_bytes;
        public int system_code;
        public int reserved;
        public ulong available_bytes;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct prm_text
    {
        public IntPtr data;
        public UIntPtr size;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct prm_tensor
    {
        public IntPtr name;
        public IntPtr data;
        public ulong bytes;
        [MarshalAs(UnmanagedType.ByValArray, SizeConst = 8)] public long[] shape;
        [MarshalAs(UnmanagedType.ByValArray, SizeConst = 8)] public long[] stride;
        public int dtype;
        public int rank;
        public int device;
        public uint flags;
        public IntPtr stream;
        [MarshalAs(UnmanagedType.ByValArray, SizeConst = 2)] public ulong[] reserved;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct prm_control
    {
        public uint struct_size;
        public int reserved;
        public long deadline_ns;
        public IntPtr cancel;
        public IntPtr on_progress;
        public IntPtr user;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct prm_host
    {
        public uint struct_size;
        public int helpers;
        public IntPtr memory_user;
        public IntPtr alloc;
        public IntPtr release;
        public IntPtr log_user;
        public IntPtr log;
        public IntPtr help_user;
        public IntPtr help;
        public IntPtr file_user;
        public IntPtr file_open;
        public IntPtr file_read;
        public IntPtr file_close;
        public IntPtr file_map;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct prm_limits
    {
        public uint struct_size;
        public int nesting;
        public ulong file_bytes;
        public ulong metadata_bytes;
        public long tensors;
        public long prompt_bytes;
        public long template_steps;
        public long image_elements;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct prm_engine_options
    {
        public uint struct_size;
        public int threads;
        public int spin_us;
        public int reserved;
        public IntPtr isa;
        public IntPtr host;
        public ulong max_host_bytes;
        public IntPtr limits;
        public IntPtr plugin_folder;
        public ulong max_device_bytes;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct prm_engine_info
    {
        public uint struct_size;
        public int threads;
        public IntPtr isa;
        public ulong host_bytes;
        public ulong peak_host_bytes;
        public ulong max_host_bytes;
        public ulong device_bytes;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct prm_model_options
    {
        public uint struct_size;
        public uint flags;
        public IntPtr data;
        public UIntPtr data_size;
        public int context;
        public int chunk_tokens;
        public int cache_dtype;
        public int sessions;
        public ulong max_host_bytes;
        public IntPtr manifest_json;
        public IntPtr shapes;
        public UIntPtr shape_count;
        public IntPtr device;
        public ulong max_device_bytes;
        public int device_layers;
        public int reserved;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct prm_model_info
    {
        public uint struct_size;
        public int vocabulary;
        public IntPtr architecture;
        public ulong parameters;
        public ulong host_bytes;
        public int context;
        public int width;
        public int end_token;
        public int begin_token;
        public uint abilities;
        public int input_count;
        public int output_count;
        public int reserved;
        public ulong device_bytes;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct prm_plan_options
    {
        public uint struct_size;
        public int reserved;
        public ulong host_bytes;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct prm_plan
    {
        public uint struct_size;
        public int fits;
        public ulong host_bytes;
        public ulong weight_bytes;
        public ulong cache_bytes;
        public ulong scratch_bytes;
        public ulong object_bytes;
        public ulong device_bytes;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct prm_message
    {
        public IntPtr role;
        public prm_text text;
        public IntPtr extra_json;
        [MarshalAs(UnmanagedType.ByValArray, SizeConst = 2)] public ulong[] reserved;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct prm_prompt
    {
        public uint struct_size;
        public uint flags;
        public prm_text text;
        public IntPtr tokens;
        public UIntPtr token_count;
        public IntPtr messages;
        public UIntPtr message_count;
        public IntPtr tools_json;
        public IntPtr template_text;
        public IntPtr template_json;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct prm_bias
    {
        public int token;
        public float bias;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct prm_token
    {
        public int id;
        public float logprob;
        public int text_size;
        public int rank;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct prm_generate_options
    {
        public uint struct_size;
        public uint flags;
        public int max_tokens;
        public int min_tokens;
        public IntPtr on_text;
        public IntPtr on_token;
        public IntPtr user;
        public int top_k;
        public float temperature;
        public float top_p;
        public float min_p;
        public float typical_p;
        public float repetition_penalty;
        public float presence_penalty;
        public float frequency_penalty;
        public int penalty_tokens;
        public int logprobs;
        public ulong seed;
        public IntPtr stops;
        public UIntPtr stop_count;
        public IntPtr stop_tokens;
        public UIntPtr stop_token_count;
        public IntPtr biases;
        public UIntPtr bias_count;
        public IntPtr on_logits;
        public IntPtr on_logprobs;
        public IntPtr session;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct prm_request_info
    {
        public uint struct_size;
        public int finish;
        public long prompt_tokens;
        public long generated_tokens;
        public long first_ns;
        public long total_ns;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct prm_session_options
    {
        public uint struct_size;
        public uint flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct prm_session_info
    {
        public uint struct_size;
        public int token_count;
        public int context;
        public int reserved;
        public ulong host_bytes;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct prm_image_options
    {
        public uint struct_size;
        public uint flags;
        public int resample;
        public int fit;
        public double slope;
        public double intercept;
        public double window_center;
        public double window_width;
        public float scale;
        [MarshalAs(UnmanagedType.ByValArray, SizeConst = 4)] public float[] mean;
        [MarshalAs(UnmanagedType.ByValArray, SizeConst = 4)] public float[] deviation;
        public float padding;
        [MarshalAs(UnmanagedType.ByValArray, SizeConst = 3)] public double[] spacing;
        [MarshalAs(UnmanagedType.ByValArray, SizeConst = 3)] public double[] out_spacing;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct prm_image_map
    {
        [MarshalAs(UnmanagedType.ByValArray, SizeConst = 3)] public double[] factor;
        [MarshalAs(UnmanagedType.ByValArray, SizeConst = 3)] public double[] offset;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct prm_tile_options
    {
        public uint struct_size;
        public int blend;
        [MarshalAs(UnmanagedType.ByValArray, SizeConst = 8)] public long[] tile;
        public double overlap;
    }

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern int prm_version();

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern IntPtr prm_status_name(int status);

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern IntPtr prm_last_error();

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern void prm_error_query(ref prm_error_info @out);

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern long prm_now_ns();

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern int prm_cancel_open(out IntPtr @out);

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern void prm_cancel_fire(IntPtr cancel);

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern void prm_cancel_close(IntPtr cancel);

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern int prm_engine_open(int version, ref prm_engine_options options, out IntPtr @out);

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern void prm_engine_close(IntPtr engine);

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern int prm_engine_query(IntPtr engine, ref prm_engine_info @out);

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern int prm_engine_report(IntPtr engine, int what, IntPtr buffer, UIntPtr capacity, out UIntPtr size);

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern int prm_model_open(IntPtr engine, IntPtr path, ref prm_model_options options, IntPtr control, out IntPtr @out);

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern void prm_model_close(IntPtr model);

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern int prm_model_manifest(IntPtr model, IntPtr control, IntPtr buffer, UIntPtr capacity, out UIntPtr size);

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern int prm_model_query(IntPtr model, ref prm_model_info @out);

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern int prm_model_tensor(IntPtr model, int direction, int index, ref prm_tensor @out);

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern int prm_model_report(IntPtr model, int what, IntPtr buffer, UIntPtr capacity, out UIntPtr size);

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern int prm_model_plan(IntPtr model, ref prm_plan_options options, ref prm_plan @out, IntPtr buffer, UIntPtr capacity, out UIntPtr size);

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern int prm_run(IntPtr model, IntPtr inputs, UIntPtr input_count, IntPtr control, IntPtr outputs, UIntPtr output_count);

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern int prm_prompt_render(IntPtr model, ref prm_prompt prompt, IntPtr buffer, UIntPtr capacity, out UIntPtr size);

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern int prm_tokenize(IntPtr model, ref prm_prompt prompt, IntPtr tokens, UIntPtr capacity, out UIntPtr count);

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern int prm_detokenize(IntPtr model, IntPtr tokens, UIntPtr count, uint flags, IntPtr buffer, UIntPtr capacity, out UIntPtr size);

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern int prm_generate(IntPtr model, ref prm_prompt prompt, ref prm_generate_options options, IntPtr control, ref prm_request_info info);

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern int prm_session_open(IntPtr model, ref prm_session_options options, IntPtr control, out IntPtr @out);

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern void prm_session_close(IntPtr session);

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern int prm_session_query(IntPtr session, ref prm_session_info @out);

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern int prm_session_truncate(IntPtr session, int token_count);

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern int prm_image_prepare(IntPtr engine, IntPtr image, ref prm_image_options options, IntPtr control, ref prm_tensor @out, IntPtr map);

    [DllImport("premise", CallingConvention = CallingConvention.Cdecl)]
    public static extern int prm_run_tiles(IntPtr model, IntPtr input, ref prm_tile_options options, IntPtr control, IntPtr output);

    // Throws where this run time lays a struct out in another way than C does.
    public static void CheckLayouts()
    {
        CheckSize(typeof(prm_error_info), 56);
        CheckSize(typeof(prm_text), 16);
        CheckSize(typeof(prm_tensor), 192);
        CheckSize(typeof(prm_control), 40);
        CheckSize(typeof(prm_host), 104);
        CheckSize(typeof(prm_limits), 56);
        CheckSize(typeof(prm_engine_options), 64);
        CheckSize(typeof(prm_engine_info), 48);
        CheckSize(typeof(prm_model_options), 96);
        CheckSize(typeof(prm_model_info), 72);
        CheckSize(typeof(prm_plan_options), 16);
        CheckSize(typeof(prm_plan), 56);
        CheckSize(typeof(prm_message), 48);
        CheckSize(typeof(prm_prompt), 80);
        CheckSize(typeof(prm_bias), 8);
        CheckSize(typeof(prm_token), 16);
        CheckSize(typeof(prm_generate_options), 160);
        CheckSize(typeof(prm_request_info), 40);
        CheckSize(typeof(prm_session_options), 8);
        CheckSize(typeof(prm_session_info), 24);
        CheckSize(typeof(prm_image_options), 136);
        CheckSize(typeof(prm_image_map), 48);
        CheckSize(typeof(prm_tile_options), 80);
    }

    static void CheckSize(Type type, int size)
    {
        if (Marshal.SizeOf(type) != size) throw new TypeLoadException(type.Name + " has " + Marshal.SizeOf(type) + " bytes, not " + size);
    }
}
