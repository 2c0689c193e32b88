-- Premise for LuaJIT, over its ffi: what a program needs to stream text from a model. Copy it together with premise_abi.lua.
--
--     local premise = require("premise")
--     local model = premise.open_model(premise.open_engine(), "model.gguf")
--     model:generate("The capital of France is", { max_tokens = 16, on_text = io.write })
--
-- A call that fails raises a table { status = "BAD_FILE", message = "..." }, which tostring() makes a line of. Handles close
-- themselves when they are collected, in any order.
local ffi = require("ffi")
local abi = require("premise_abi")
local C = ffi.load(os.getenv("PREMISE_LIBRARY") or (ffi.os == "Windows" and "libpremise" or "libpremise.so.0"))

local premise = { abi = abi }

local error_type = { __tostring = function(self) return self.status .. ": " .. self.message end }

local function check(status)
    if status == abi.PRM_STATUS_OK then return end
    error(setmetatable({ status = ffi.string(C.prm_status_name(status)), message = ffi.string(C.prm_last_error()) }, error_type), 0)
end

-- A growing struct as PRM_INIT makes it.
local function start(name)
    local struct = ffi.new(name)
    struct.struct_size = ffi.sizeof(name)
    return struct
end

function premise.open_cancel()
    local opened = ffi.new("prm_cancel *[1]")
    check(C.prm_cancel_open(opened))
    local raw = ffi.gc(opened[0], C.prm_cancel_close)
    return { raw = raw, fire = function() C.prm_cancel_fire(raw) end }
end

-- threads: how many beside the calling one; all that there are when it is left out.
function premise.open_engine(threads)
    local options, opened = start("prm_engine_options"), ffi.new("prm_engine *[1]")
    options.threads = threads or abi.PRM_THREADS_ALL
    check(C.prm_engine_open(abi.PRM_VERSION, options, opened))
    return { raw = ffi.gc(opened[0], C.prm_engine_close) }
end

local model_type = {}
model_type.__index = model_type

function premise.open_model(engine, path)
    local opened = ffi.new("prm_model *[1]")
    check(C.prm_model_open(engine.raw, path, nil, nil, opened))
    return setmetatable({ raw = ffi.gc(opened[0], C.prm_model_close) }, model_type)
end

-- Generates until the model ends, max_tokens are there or a callback returns false. options: max_tokens, on_text(string),
-- on_token(id), cancel. Gives the reason, one of abi.PRM_FINISH_.... What a callback raises ends the text and is raised from here.
function model_type:generate(text, options)
    local raised
    local function guarded(callback, value)
        local fine, answer = pcall(callback, value)
        if not fine then raised = { answer } end
        return (fine and answer ~= false) and 0 or 1
    end

    local prompt, asked = start("prm_prompt"), start("prm_generate_options")
    local control, info = start("prm_control"), start("prm_request_info")
    prompt.text.data, prompt.text.size = text, #text
    asked.max_tokens = options.max_tokens or 0
    if options.cancel then control.cancel = options.cancel.raw end
    local on_text = options.on_text and ffi.cast("prm_text_fn", function(_, data, size)
        return guarded(options.on_text, ffi.string(data, size))
    end)
    local on_token = options.on_token and ffi.cast("prm_token_fn", function(_, token)
        return guarded(options.on_token, token)
    end)
    asked.on_text, asked.on_token = on_text, on_token
    local status = C.prm_generate(self.raw, prompt, asked, control, info)
    if on_text then on_text:free() end
    if on_token then on_token:free() end
    if raised then error(raised[1], 0) end
    check(status)
    return info.finish
end

-- A C function that calls back must not be called from compiled code.
jit.off(model_type.generate, true)

return premise
