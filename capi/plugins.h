// Accelerators: plug-ins that are loaded when the first model asks for one.
#pragma once
#include "runtime/engine.h"

namespace prm {

// "cuda" (the first), "cuda:1"; null for "cpu", "" and NULL. Any thread. Fails with device_unavailable, naming the missing piece, and with
// invalid_argument where there is no such name.
Device* accelerator_of(Engine& engine, const char* name);

}  // namespace prm
