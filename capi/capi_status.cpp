// Version, statuses, and the calling thread's last error: fixed buffers, so that telling of a failed allocation needs none.
#include <algorithm>
#include <new>

#include "capi/capi.h"

namespace prm {

static_assert(int(Status::invalid_argument) == PRM_STATUS_INVALID_ARGUMENT && int(Status::unsupported) == PRM_STATUS_UNSUPPORTED);
static_assert(int(Status::invalid_state) == PRM_STATUS_INVALID_STATE);
static_assert(int(Status::not_found) == PRM_STATUS_NOT_FOUND && int(Status::buffer_too_small) == PRM_STATUS_BUFFER_TOO_SMALL);
static_assert(int(Status::version_mismatch) == PRM_STATUS_VERSION_MISMATCH && int(Status::bad_file) == PRM_STATUS_BAD_FILE);
static_assert(int(Status::digest) == PRM_STATUS_DIGEST);
static_assert(int(Status::io) == PRM_STATUS_IO && int(Status::limit) == PRM_STATUS_LIMIT && int(Status::out_of_memory) == PRM_STATUS_OUT_OF_MEMORY);
static_assert(int(Status::out_of_device_memory) == PRM_STATUS_OUT_OF_DEVICE_MEMORY && int(Status::device_lost) == PRM_STATUS_DEVICE_LOST);
static_assert(int(Status::over_budget) == PRM_STATUS_OVER_BUDGET && int(Status::callback) == PRM_STATUS_CALLBACK);
static_assert(int(Status::cancelled) == PRM_STATUS_CANCELLED && int(Status::deadline) == PRM_STATUS_DEADLINE);
static_assert(int(Status::device_unavailable) == PRM_STATUS_DEVICE_UNAVAILABLE && int(Status::numeric) == PRM_STATUS_NUMERIC);
static_assert(int(Status::context_full) == PRM_STATUS_CONTEXT_FULL && int(Status::internal) == PRM_STATUS_INTERNAL);

namespace {

struct LastError {
  Status status = Status::ok;
  uint64_t file_offset = 0, needed_bytes = 0, available_bytes = 0;
  int32_t system_code = 0;
  char message[1024] = "", subject[512] = "";
};
thread_local constinit LastError last_error;

// Cut at a UTF-8 character when it does not fit.
template <size_t N>
void keep_text(char (&to)[N], std::string_view from) {
  size_t n = std::min(from.size(), N - 1);
  while (n < from.size() && n > 0 && (uint8_t(from[n]) & 0xc0) == 0x80) --n;
  std::memcpy(to, from.data(), n);
  to[n] = 0;
}

prm_status keep_error(Status status, std::string_view message, std::string_view subject) noexcept {
  last_error.status = status;
  last_error.file_offset = last_error.needed_bytes = last_error.available_bytes = 0;
  last_error.system_code = 0;
  keep_text(last_error.message, message);
  keep_text(last_error.subject, subject);
  return prm_status(status);
}

}  // namespace

prm_status status_from_exception() noexcept {
  try {
    throw;
  } catch (const Error& error) {
    prm_status status = keep_error(error.status, error.message, error.subject);
    last_error.file_offset = error.file_offset;
    last_error.needed_bytes = error.needed_bytes;
    last_error.available_bytes = error.available_bytes;
    last_error.system_code = error.system_code;
    return status;
  } catch (const std::bad_alloc&) {
    return keep_error(Status::out_of_memory, "out of memory: the system refused an allocation", "");
  } catch (const std::exception& error) {
    return keep_error(Status::internal, error.what(), "");
  } catch (...) {
    return keep_error(Status::internal, "an unknown exception was contained", "");
  }
}

}  // namespace prm

int32_t prm_version(void) { return PRM_VERSION; }

const char* prm_status_name(prm_status status) { return prm::status_name(prm::Status(status)); }

const char* prm_last_error(void) { return prm::last_error.message; }

void prm_error_query(prm_error_info* out) {
  if (!out) return;
  prm_error_info info{};
  info.status = prm_status(prm::last_error.status);
  info.message = prm::last_error.message;
  info.subject = prm::last_error.subject;
  info.file_offset = prm::last_error.file_offset;
  info.needed_bytes = prm::last_error.needed_bytes;
  info.available_bytes = prm::last_error.available_bytes;
  info.system_code = prm::last_error.system_code;
  prm::write_info(info, out);
}
