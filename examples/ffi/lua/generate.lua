-- Streams a model's answer, and the ids of its tokens on stderr. Usage: generate.lua MODEL PROMPT [TOKENS [CANCEL_AFTER]]
-- CANCEL_AFTER: fire a cancel token after so many tokens.
package.path = (arg[0]:match("^(.*)/") or ".") .. "/?.lua;" .. package.path
local premise = require("premise")

local path, prompt, max_tokens, cancel_after = unpack(arg)
if not prompt then
    io.stderr:write("usage: generate.lua MODEL PROMPT [TOKENS [CANCEL_AFTER]]\n")
    os.exit(2)
end
cancel_after = tonumber(cancel_after)

local ids = {}
local fine, failure = pcall(function()
    local cancel = premise.open_cancel()
    local model = premise.open_model(premise.open_engine(), path)
    model:generate(prompt, {
        max_tokens = tonumber(max_tokens or 64),
        cancel = cancel,
        on_text = function(text)
            io.write(text)
            io.flush()
        end,
        on_token = function(id)
            ids[#ids + 1] = id
            if #ids == cancel_after then cancel.fire() end
        end,
    })
end)
if not fine and failure.status == "CANCELLED" then
    io.stderr:write(("cancelled after %d tokens\n"):format(#ids))
elseif not fine then
    io.stderr:write(tostring(failure), "\n")
    os.exit(1)
end
io.write("\n")
io.stderr:write("ids: ", table.concat(ids, " "), "\n")
