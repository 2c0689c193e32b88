// Constants as passes compute with them: all of one, or one value a channel.
#pragma once
#include "base/file.h"
#include "base/memory.h"
#include "graph/graph.h"

namespace prm {

// `file`: where constants come from that do not lie in memory, or null.
Vector<std::byte> constant_bytes(const Value& constant, const FileBytes* file);
// Of f32.
Vector<float> constant_values(const Value& constant, const FileBytes* file);
// Of a constant f32 of one value or one a channel.
Vector<double> channel_values(const Value& constant, int64_t channels, const FileBytes* file);
// A constant [channels filled up to whole blocks with zeros] f32.
ValueId add_channel_values(Graph& graph, const String& name, const Vector<double>& values, int64_t channels, MemoryAccount& account);

}  // namespace prm
