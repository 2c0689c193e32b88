// What somebody who calls the library is told when it fails.
#pragma once
#include <string>
#include <utility>

#include "base/error.h"

namespace prm::test {

// Status and message of a failure; ok and "" where there is none.
template <class Work>
std::pair<Status, std::string> refusal_of(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    return {error.status, error.message};
  }
  return {Status::ok, ""};
}

}  // namespace prm::test
