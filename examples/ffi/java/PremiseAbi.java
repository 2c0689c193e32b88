// The C API of Premise by JNA: constants, structs, callbacks, functions. script/ffi wrote this from premise.h.
import com.sun.jna.Callback;
import com.sun.jna.IntegerType;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.Structure;
import com.sun.jna.Structure.FieldOrder;
import com.sun.jna.ptr.ByReference;
import com.sun.jna.ptr.PointerByReference;

interface PremiseAbi extends Library {
    class SizeT extends IntegerType {
        public SizeT() { this(0); }
        public SizeT(long value) { super(Native.SIZE_T_SIZE, value, true); }
    }

    class SizeTByReference extends ByReference {
        public SizeTByReference() { super(Native.SIZE_T_SIZE); }
        public long getValue() { return Native.SIZE_T_SIZE == 8 ? getPointer().getLong(0) : getPointer().getInt(0) & 0xffffffffL; }
    }

    int PRM_VERSION = 1000;
    long PRM_NUL = -1;
    int PRM_MAX_RANK = 8;
    int PRM_STATUS_OK = 0;
    int PRM_STATUS_INVALID_ARGUMENT = 1;
    int PRM_STATUS_INVALID_STATE = 2;
    int PRM_STATUS_UNSUPPORTED = 3;
    int PRM_STATUS_NOT_FOUND = 4;
    int PRM_STATUS_BUFFER_TOO_SMALL = 5;
    int PRM_STATUS_VERSION_MISMATCH = 6;
    int PRM_STATUS_CALLBACK = 7;
    int PRM_STATUS_BAD_FILE = 10;
    int PRM_STATUS_IO = 11;
    int PRM_STATUS_DIGEST = 12;
    int PRM_STATUS_LIMIT = 13;
    int PRM_STATUS_OUT_OF_MEMORY = 20;
    int PRM_STATUS_OUT_OF_DEVICE_MEMORY = 21;
    int PRM_STATUS_OVER_BUDGET = 22;
    int PRM_STATUS_CANCELLED = 30;
    int PRM_STATUS_DEADLINE = 31;
    int PRM_STATUS_DEVICE_UNAVAILABLE = 40;
    int PRM_STATUS_DEVICE_LOST = 41;
    int PRM_STATUS_NUMERIC = 50;
    int PRM_STATUS_CONTEXT_FULL = 51;
    int PRM_STATUS_INTERNAL = 99;
    int PRM_DTYPE_ANY = 0;
    int PRM_DTYPE_F32 = 1;
    int PRM_DTYPE_F16 = 2;
    int PRM_DTYPE_BF16 = 3;
    int PRM_DTYPE_F64 = 4;
    int PRM_DTYPE_I8 = 5;
    int PRM_DTYPE_I16 = 6;
    int PRM_DTYPE_I32 = 7;
    int PRM_DTYPE_I64 = 8;
    int PRM_DTYPE_U8 = 9;
    int PRM_DTYPE_U16 = 10;
    int PRM_DTYPE_U32 = 11;
    int PRM_DTYPE_U64 = 12;
    int PRM_DTYPE_BOOL = 13;
    int PRM_DTYPE_BLOCK = 256;
    int PRM_LOG_ERROR = 1;
    int PRM_LOG_WARNING = 2;
    int PRM_LOG_INFO = 3;
    int PRM_MEMORY_OBJECTS = 0;
    int PRM_MEMORY_WEIGHTS = 1;
    int PRM_MEMORY_CACHE = 2;
    int PRM_MEMORY_SCRATCH = 3;
    int PRM_FILE_READ = 0;
    int PRM_THREADS_ALL = -1;
    int PRM_REPORT_CAPABILITIES = 1;
    int PRM_REPORT_INSPECT = 10;
    int PRM_REPORT_PLACEMENT = 11;
    int PRM_REPORT_GRAPH = 33;
    int PRM_MODEL_HEADER_ONLY = 1;
    int PRM_MODEL_REQUIRE_DEVICE = 2;
    int PRM_MODEL_VERIFY = 16;
    int PRM_CAN_RUN = 1;
    int PRM_CAN_GENERATE = 2;
    int PRM_INPUT = 0;
    int PRM_OUTPUT = 1;
    int PRM_PROMPT_SPECIAL = 1;
    int PRM_PROMPT_NO_BOS = 2;
    int PRM_PROMPT_CONTINUE = 4;
    int PRM_GENERATE_IGNORE_END = 1;
    int PRM_FINISH_NONE = 0;
    int PRM_FINISH_END = 1;
    int PRM_FINISH_STOP_STRING = 2;
    int PRM_FINISH_LENGTH = 3;
    int PRM_FINISH_CALLBACK = 5;
    int PRM_FINISH_CANCELLED = 6;
    int PRM_FINISH_DEADLINE = 7;
    int PRM_FINISH_ERROR = 8;
    int PRM_RESAMPLE_NEAREST = 0;
    int PRM_RESAMPLE_PIL_BILINEAR = 1;
    int PRM_RESAMPLE_PIL_BICUBIC = 2;
    int PRM_RESAMPLE_PIL_LANCZOS = 3;
    int PRM_RESAMPLE_OPENCV_LINEAR = 4;
    int PRM_RESAMPLE_OPENCV_AREA = 5;
    int PRM_RESAMPLE_OPENCV_CUBIC = 6;
    int PRM_RESAMPLE_TORCH_LINEAR = 7;
    int PRM_RESAMPLE_TORCH_CUBIC = 8;
    int PRM_FIT_STRETCH = 0;
    int PRM_FIT_LETTERBOX = 1;
    int PRM_FIT_CROP = 2;
    int PRM_IMAGE_CHANNELS_LAST = 1;
    int PRM_IMAGE_SWAP_RED_BLUE = 2;
    int PRM_IMAGE_INVERT = 4;
    int PRM_IMAGE_VOLUME = 8;
    int PRM_BLEND_MEAN = 0;
    int PRM_BLEND_GAUSSIAN = 1;

    interface prm_progress_fn extends Callback { int invoke(Pointer user, Pointer stage, long done, long total); }
    interface prm_work_fn extends Callback { void invoke(Pointer work); }
    interface prm_host_alloc_fn extends Callback { Pointer invoke(Pointer memory_user, SizeT size, SizeT align, int kind); }
    interface prm_host_release_fn extends Callback { void invoke(Pointer memory_user, Pointer memory, SizeT size, int kind); }
    interface prm_host_log_fn extends Callback { void invoke(Pointer log_user, int level, Pointer text, SizeT size); }
    interface prm_host_help_fn extends Callback { void invoke(Pointer help_user, prm_work_fn run, Pointer work, int helpers); }
    interface prm_host_file_open_fn extends Callback { int invoke(Pointer file_user, Pointer name, int mode, Pointer file, Pointer size); }
    interface prm_host_file_read_fn extends Callback { int invoke(Pointer file_user, Pointer file, long offset, Pointer data, SizeT size); }
    interface prm_host_file_close_fn extends Callback { int invoke(Pointer file_user, Pointer file, int keep); }
    interface prm_host_file_map_fn extends Callback { Pointer invoke(Pointer file_user, Pointer file, long offset, SizeT size); }
    interface prm_text_fn extends Callback { int invoke(Pointer user, Pointer text, SizeT size); }
    interface prm_token_fn extends Callback { int invoke(Pointer user, int token); }
    interface prm_logits_fn extends Callback { int invoke(Pointer user, Pointer logits, SizeT count); }
    interface prm_logprobs_fn extends Callback { int invoke(Pointer user, Pointer tokens, SizeT count); }

    @FieldOrder({"struct_size", "status", "message", "subject", "file_offset", "needed_bytes", "system_code", "reserved", "available_bytes"})
    class prm_error_info extends Structure {
        public int struct_size;
        public int status;
        public Pointer message;
        public Pointer subject;
        public long file_offset;
        public long needed_bytes;
        public int system_code;
        public int reserved;
        public long available_bytes;
        public prm_error_info() {
            if (size() != 56) throw new IllegalStateException("prm_error_info has " + size() + " bytes, not 56");
            struct_size = size();
        }
    }

    @FieldOrder({"data", "size"})
    class prm_text extends Structure {
        public Pointer data;
        public SizeT size;
        public prm_text() {
            if (size() != 16) throw new IllegalStateException("prm_text has " + size() + " bytes, not 16");
        }
    }

    @FieldOrder({"name", "data", "bytes", "shape", "stride", "dtype", "rank", "device", "flags", "stream", "reserved"})
    class prm_tensor extends Structure {
        public Pointer name;
        public Pointer data;
        public long bytes;
        public long[] shape = new long[8];
        public long[] stride = new long[8];
        public int dtype;
        public int rank;
        public int device;
        public int flags;
        public Pointer stream;
        public long[] reserved = new long[2];
        public prm_tensor() {
            if (size() != 192) throw new IllegalStateException("prm_tensor has " + size() + " bytes, not 192");
        }
    }

    @FieldOrder({"struct_size", "reserved", "deadline_ns", "cancel", "on_progress", "user"})
    class prm_control extends Structure {
        public int struct_size;
        public int reserved;
        public long deadline_ns;
        public Pointer cancel;
        public prm_progress_fn on_progress;
        public Pointer user;
        public prm_control() {
            if (size() != 40) throw new IllegalStateException("prm_control has " + size() + " bytes, not 40");
            struct_size = size();
        }
    }

    @FieldOrder({"struct_size", "helpers", "memory_user", "alloc", "release", "log_user", "log", "help_user", "help", "file_user", "file_open", "file_read", "file_close", "file_map"})
    class prm_host extends Structure {
        public int struct_size;
        public int helpers;
        public Pointer memory_user;
        public prm_host_alloc_fn alloc;
        public prm_host_release_fn release;
        public Pointer log_user;
        public prm_host_log_fn log;
        public Pointer help_user;
        public prm_host_help_fn help;
        public Pointer file_user;
        public prm_host_file_open_fn file_open;
        public prm_host_file_read_fn file_read;
        public prm_host_file_close_fn file_close;
        public prm_host_file_map_fn file_map;
        public prm_host() {
            if (size() != 104) throw new IllegalStateException("prm_host has " + size() + " bytes, not 104");
            struct_size = size();
        }
    }

    @FieldOrder({"struct_size", "nesting", "file_bytes", "metadata_bytes", "tensors", "prompt_bytes", "template_steps", "image_elements"})
    class prm_limits extends Structure {
        public int struct_size;
        public int nesting;
        public long file_bytes;
        public long metadata_bytes;
        public long tensors;
        public long prompt_bytes;
        public long template_steps;
        public long image_elements;
        public prm_limits() {
            if (size() != 56) throw new IllegalStateException("prm_limits has " + size() + " bytes, not 56");
            struct_size = size();
        }
    }

    @FieldOrder({"struct_size", "threads", "spin_us", "reserved", "isa", "host", "max_host_bytes", "limits", "plugin_folder", "max_device_bytes"})
    class prm_engine_options extends Structure {
        public int struct_size;
        public int threads;
        public int spin_us;
        public int reserved;
        public Pointer isa;
        public Pointer host;
        public long max_host_bytes;
        public Pointer limits;
        public Pointer plugin_folder;
        public long max_device_bytes;
        public prm_engine_options() {
            if (size() != 64) throw new IllegalStateException("prm_engine_options has " + size() + " bytes, not 64");
            struct_size = size();
        }
    }

    @FieldOrder({"struct_size", "threads", "isa", "host_bytes", "peak_host_bytes", "max_host_bytes", "device_bytes"})
    class prm_engine_info extends Structure {
        public int struct_size;
        public int threads;
        public Pointer isa;
        public long host_bytes;
        public long peak_host_bytes;
        public long max_host_bytes;
        public long device_bytes;
        public prm_engine_info() {
            if (size() != 48) throw new IllegalStateException("prm_engine_info has " + size() + " bytes, not 48");
            struct_size = size();
        }
    }

    @FieldOrder({"struct_size", "flags", "data", "data_size", "context", "chunk_tokens", "cache_dtype", "sessions", "max_host_bytes", "manifest_json", "shapes", "shape_count", "device", "max_device_bytes", "device_layers", "reserved"})
    class prm_model_options extends Structure {
        public int struct_size;
        public int flags;
        public Pointer data;
        public SizeT data_size;
        public int context;
        public int chunk_tokens;
        public int cache_dtype;
        public int sessions;
        public long max_host_bytes;
        public Pointer manifest_json;
        public Pointer shapes;
        public SizeT shape_count;
        public Pointer device;
        public long max_device_bytes;
        public int device_layers;
        public int reserved;
        public prm_model_options() {
            if (size() != 96) throw new IllegalStateException("prm_model_options has " + size() + " bytes, not 96");
            struct_size = size();
        }
    }

    @FieldOrder({"struct_size", "vocabulary", "architecture", "parameters", "host_bytes", "context", "width", "end_token", "begin_token", "abilities", "input_count", "output_count", "reserved", "device_bytes"})
    class prm_model_info extends Structure {
        public int struct_size;
        public int vocabulary;
        public Pointer architecture;
        public long parameters;
        public long host_bytes;
        public int context;
        public int width;
        public int end_token;
        public int begin_token;
        public int abilities;
        public int input_count;
        public int output_count;
        public int reserved;
        public long device_bytes;
        public prm_model_info() {
            if (size() != 72) throw new IllegalStateException("prm_model_info has " + size() + " bytes, not 72");
            struct_size = size();
        }
    }

    @FieldOrder({"struct_size", "reserved", "host_bytes"})
    class prm_plan_options extends Structure {
        public int struct_size;
        public int reserved;
        public long host_bytes;
        public prm_plan_options() {
            if (size() != 16) throw new IllegalStateException("prm_plan_options has " + size() + " bytes, not 16");
            struct_size = size();
        }
    }

    @FieldOrder({"struct_size", "fits", "host_bytes", "weight_bytes", "cache_bytes", "scratch_bytes", "object_bytes", "device_bytes"})
    class prm_plan extends Structure {
        public int struct_size;
        public int fits;
        public long host_bytes;
        public long weight_bytes;
        public long cache_bytes;
        public long scratch_bytes;
        public long object_bytes;
        public long device_bytes;
        public prm_plan() {
            if (size() != 56) throw new IllegalStateException("prm_plan has " + size() + " bytes, not 56");
            struct_size = size();
        }
    }

    @FieldOrder({"role", "text", "extra_json", "reserved"})
    class prm_message extends Structure {
        public Pointer role;
        public prm_text text;
        public Pointer extra_json;
        public long[] reserved = new long[2];
        public prm_message() {
            if (size() != 48) throw new IllegalStateException("prm_message has " + size() + " bytes, not 48");
        }
    }

    @FieldOrder({"struct_size", "flags", "text", "tokens", "token_count", "messages", "message_count", "tools_json", "template_text", "template_json"})
    class prm_prompt extends Structure {
        public int struct_size;
        public int flags;
        public prm_text text;
        public Pointer tokens;
        public SizeT token_count;
        public Pointer messages;
        public SizeT message_count;
        public Pointer tools_json;
        public Pointer template_text;
        public Pointer template_json;
        public prm_prompt() {
            if (size() != 80) throw new IllegalStateException("prm_prompt has " + size() + " bytes, not 80");
            struct_size = size();
        }
    }

    @FieldOrder({"token", "bias"})
    class prm_bias extends Structure {
        public int token;
        public float bias;
        public prm_bias() {
            if (size() != 8) throw new IllegalStateException("prm_bias has " + size() + " bytes, not 8");
        }
    }

    @FieldOrder({"id", "logprob", "text_size", "rank"})
    class prm_token extends Structure {
        public int id;
        public float logprob;
        public int text_size;
        public int rank;
        public prm_token() {
            if (size() != 16) throw new IllegalStateException("prm_token has " + size() + " bytes, not 16");
        }
    }

    @FieldOrder({"struct_size", "flags", "max_tokens", "min_tokens", "on_text", "on_token", "user", "top_k", "temperature", "top_p", "min_p", "typical_p", "repetition_penalty", "presence_penalty", "frequency_penalty", "penalty_tokens", "logprobs", "seed", "stops", "stop_count", "stop_tokens", "stop_token_count", "biases", "bias_count", "on_logits", "on_logprobs", "session"})
    class prm_generate_options extends Structure {
        public int struct_size;
        public int flags;
        public int max_tokens;
        public int min_tokens;
        public prm_text_fn on_text;
        public prm_token_fn on_token;
        public Pointer user;
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
        public long seed;
        public Pointer stops;
        public SizeT stop_count;
        public Pointer stop_tokens;
        public SizeT stop_token_count;
        public Pointer biases;
        public SizeT bias_count;
        public prm_logits_fn on_logits;
        public prm_logprobs_fn on_logprobs;
        public Pointer session;
        public prm_generate_options() {
            if (size() != 160) throw new IllegalStateException("prm_generate_options has " + size() + " bytes, not 160");
            struct_size = size();
        }
    }

    @FieldOrder({"struct_size", "finish", "prompt_tokens", "generated_tokens", "first_ns", "total_ns"})
    class prm_request_info extends Structure {
        public int struct_size;
        public int finish;
        public long prompt_tokens;
        public long generated_tokens;
        public long first_ns;
        public long total_ns;
        public prm_request_info() {
            if (size() != 40) throw new IllegalStateException("prm_request_info has " + size() + " bytes, not 40");
            struct_size = size();
        }
    }

    @FieldOrder({"struct_size", "flags"})
    class prm_session_options extends Structure {
        public int struct_size;
        public int flags;
        public prm_session_options() {
            if (size() != 8) throw new IllegalStateException("prm_session_options has " + size() + " bytes, not 8");
            struct_size = size();
        }
    }

    @FieldOrder({"struct_size", "token_count", "context", "reserved", "host_bytes"})
    class prm_session_info extends Structure {
        public int struct_size;
        public int token_count;
        public int context;
        public int reserved;
        public long host_bytes;
        public prm_session_info() {
            if (size() != 24) throw new IllegalStateException("prm_session_info has " + size() + " bytes, not 24");
            struct_size = size();
        }
    }

    @FieldOrder({"struct_size", "flags", "resample", "fit", "slope", "intercept", "window_center", "window_width", "scale", "mean", "deviation", "padding", "spacing", "out_spacing"})
    class prm_image_options extends Structure {
        public int struct_size;
        public int flags;
        public int resample;
        public int fit;
        public double slope;
        public double intercept;
        public double window_center;
        public double window_width;
        public float scale;
        public float[] mean = new float[4];
        public float[] deviation = new float[4];
        public float padding;
        public double[] spacing = new double[3];
        public double[] out_spacing = new double[3];
        public prm_image_options() {
            if (size() != 136) throw new IllegalStateException("prm_image_options has " + size() + " bytes, not 136");
            struct_size = size();
        }
    }

    @FieldOrder({"factor", "offset"})
    class prm_image_map extends Structure {
        public double[] factor = new double[3];
        public double[] offset = new double[3];
        public prm_image_map() {
            if (size() != 48) throw new IllegalStateException("prm_image_map has " + size() + " bytes, not 48");
        }
    }

    @FieldOrder({"struct_size", "blend", "tile", "overlap"})
    class prm_tile_options extends Structure {
        public int struct_size;
        public int blend;
        public long[] tile = new long[8];
        public double overlap;
        public prm_tile_options() {
            if (size() != 80) throw new IllegalStateException("prm_tile_options has " + size() + " bytes, not 80");
            struct_size = size();
        }
    }

    int prm_version();
    String prm_status_name(int status);
    String prm_last_error();
    void prm_error_query(prm_error_info out);
    long prm_now_ns();
    int prm_cancel_open(PointerByReference out);
    void prm_cancel_fire(Pointer cancel);
    void prm_cancel_close(Pointer cancel);
    int prm_engine_open(int version, prm_engine_options options, PointerByReference out);
    void prm_engine_close(Pointer engine);
    int prm_engine_query(Pointer engine, prm_engine_info out);
    int prm_engine_report(Pointer engine, int what, Pointer buffer, SizeT capacity, SizeTByReference size);
    int prm_model_open(Pointer engine, String path, prm_model_options options, prm_control control, PointerByReference out);
    void prm_model_close(Pointer model);
    int prm_model_manifest(Pointer model, prm_control control, Pointer buffer, SizeT capacity, SizeTByReference size);
    int prm_model_query(Pointer model, prm_model_info out);
    int prm_model_tensor(Pointer model, int direction, int index, prm_tensor out);
    int prm_model_report(Pointer model, int what, Pointer buffer, SizeT capacity, SizeTByReference size);
    int prm_model_plan(Pointer model, prm_plan_options options, prm_plan out, Pointer buffer, SizeT capacity, SizeTByReference size);
    int prm_run(Pointer model, prm_tensor inputs, SizeT input_count, prm_control control, prm_tensor outputs, SizeT output_count);
    int prm_prompt_render(Pointer model, prm_prompt prompt, Pointer buffer, SizeT capacity, SizeTByReference size);
    int prm_tokenize(Pointer model, prm_prompt prompt, Pointer tokens, SizeT capacity, SizeTByReference count);
    int prm_detokenize(Pointer model, Pointer tokens, SizeT count, int flags, Pointer buffer, SizeT capacity, SizeTByReference size);
    int prm_generate(Pointer model, prm_prompt prompt, prm_generate_options options, prm_control control, prm_request_info info);
    int prm_session_open(Pointer model, prm_session_options options, prm_control control, PointerByReference out);
    void prm_session_close(Pointer session);
    int prm_session_query(Pointer session, prm_session_info out);
    int prm_session_truncate(Pointer session, int token_count);
    int prm_image_prepare(Pointer engine, prm_tensor image, prm_image_options options, prm_control control, prm_tensor out, prm_image_map map);
    int prm_run_tiles(Pointer model, prm_tensor input, prm_tile_options options, prm_control control, prm_tensor output);
}
