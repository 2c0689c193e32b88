// What reports on models of all kinds share.
#pragma once
#include "base/json.h"
#include "graph/plan.h"

namespace prm {

String upper(String text);
// The one that a plan is named after.
const Device& device_of(const Plan& plan);
// "launches": where every op runs, with which kernel, and what it reads.
void write_launches(JsonWriter& json, const Plan& plan);
// "ops": how many nodes of each op a graph has.
void write_ops(JsonWriter& json, const Graph& graph);

}  // namespace prm
