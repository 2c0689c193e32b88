// How long runs took.
#pragma once
#include <algorithm>
#include <vector>

#include "json_writer.h"

struct RunTimes {
  double median = 0, least = 0, p99 = 0;  // ms
};

inline RunTimes run_times(std::vector<double> ms) {
  std::sort(ms.begin(), ms.end());
  size_t n = ms.size();
  return {n % 2 ? ms[n / 2] : (ms[n / 2 - 1] + ms[n / 2]) / 2, ms[0], ms[(n * 99 + 99) / 100 - 1]};
}

inline void write_times(JsonWriter& json, const RunTimes& times) {
  json.key("ms").begin_object().pair("median", times.median).pair("min", times.least).pair("p99", times.p99).end_object();
}
