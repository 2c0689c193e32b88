#include "base/error.h"

namespace prm {

const char* status_name(Status status) noexcept {
  switch (status) {
    case Status::ok: return "OK";
    case Status::invalid_argument: return "INVALID_ARGUMENT";
    case Status::invalid_state: return "INVALID_STATE";
    case Status::unsupported: return "UNSUPPORTED";
    case Status::not_found: return "NOT_FOUND";
    case Status::buffer_too_small: return "BUFFER_TOO_SMALL";
    case Status::version_mismatch: return "VERSION_MISMATCH";
    case Status::callback: return "CALLBACK";
    case Status::bad_file: return "BAD_FILE";
    case Status::io: return "IO";
    case Status::digest: return "DIGEST";
    case Status::limit: return "LIMIT";
    case Status::out_of_memory: return "OUT_OF_MEMORY";
    case Status::out_of_device_memory: return "OUT_OF_DEVICE_MEMORY";
    case Status::over_budget: return "OVER_BUDGET";
    case Status::cancelled: return "CANCELLED";
    case Status::deadline: return "DEADLINE";
    case Status::device_unavailable: return "DEVICE_UNAVAILABLE";
    case Status::device_lost: return "DEVICE_LOST";
    case Status::numeric: return "NUMERIC";
    case Status::context_full: return "CONTEXT_FULL";
    case Status::internal: return "INTERNAL";
  }
  return "UNKNOWN";
}

}  // namespace prm
