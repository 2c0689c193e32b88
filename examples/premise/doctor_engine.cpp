#include <premise/premise.h>

#include <cstdlib>

#include "doctor_probe.h"
#include "session.h"

namespace {

// What the engine says, or why it does not open.
std::string open_with(const char* isa, std::string& error) {
  prm_engine_options options = PRM_INIT(prm_engine_options);
  options.isa = isa;
  prm_engine* opened = nullptr;
  prm_status status = prm_engine_open(PRM_VERSION, &options, &opened);
  EngineHandle engine(opened);
  prm_engine_info info = PRM_INIT(prm_engine_info);
  if (status == PRM_STATUS_OK) status = prm_engine_query(engine.get(), &info);
  if (status == PRM_STATUS_OK) return info.isa;
  error = prm_last_error();
  return "";
}

}  // namespace

void probe_engine(HostFacts& host) {
  const char* wanted = std::getenv("PREMISE_ISA");
  host.isa_wanted = wanted ? wanted : "";
  host.isa = open_with(host.isa_wanted.empty() ? nullptr : wanted, host.isa_error);
  host.tiles_there = host.cpu_flags.contains("amx_tile") && host.cpu_flags.contains("amx_int8");
  if (host.tiles_there) open_with("amx", host.tiles_error);
}
