#include "bench_rounds.h"

#include <time.h>

#include <algorithm>
#include <string_view>

#include "failure.h"
#include "json_reader.h"

namespace {

// Not std::clock, which on Windows is the time that has passed.
double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return double(time.tv_sec) + double(time.tv_nsec) / 1e9;
}
double wall_seconds() { return double(prm_now_ns()) / 1e9; }

struct Stamps {
  std::vector<int32_t> ids;
  double first_s = 0, first_cpu_s = 0, last_s = 0, last_cpu_s = 0;
};

int32_t take_stamp(void* user, int32_t token) {
  auto& stamps = *static_cast<Stamps*>(user);
  stamps.last_s = wall_seconds();
  stamps.last_cpu_s = cpu_seconds();
  if (stamps.ids.empty()) stamps.first_s = stamps.last_s, stamps.first_cpu_s = stamps.last_cpu_s;
  stamps.ids.push_back(token);
  return 0;
}

}  // namespace

Traffic read_traffic(const Session& session) {
  Json report = read_json(model_report(session, PRM_REPORT_PLACEMENT));
  Traffic traffic;
  double positions = double(report["kv_tokens"].integer());
  bool blocks = true;
  for (const Json& launch : report["launches"].items) {
    traffic.weight_bytes += double(launch["weight_bytes"].integer());
    if (launch["state_bytes"].integer())
      traffic.caches.push_back(
          {double(launch["state_bytes"].integer()) / positions, int64_t(launch["window"].integer())});
    uint64_t macs = launch["macs"].integer();
    if (macs && launch["per"].spelling == "T") {
      traffic.prompt_macs += double(macs);
      blocks = blocks && launch["int8"].spelling == "true";
    }
  }
  if (!blocks) traffic.prompt_macs = -1;
  return traffic;
}

double bytes_per_token(const Traffic& traffic, int64_t prompt, int64_t generated) {
  double bytes = traffic.weight_bytes;
  for (const Traffic::Cache& cache : traffic.caches) {
    double positions = 0;  // step i reads its prompt and the i tokens before it, itself included
    for (int64_t i = 1; i <= generated; ++i)
      positions += double(cache.window ? std::min(cache.window, prompt + i) : prompt + i);
    bytes += cache.bytes_per_position * positions / double(std::max<int64_t>(generated, 1));
  }
  return bytes;
}

Round run_round(const Session& session, const std::vector<int32_t>& prompt_ids, int64_t generated) {
  Stamps stamps;
  stamps.ids.reserve(size_t(generated) + 1);
  prm_prompt prompt = PRM_INIT(prm_prompt);
  prompt.tokens = prompt_ids.data();
  prompt.token_count = prompt_ids.size();
  prm_generate_options options = PRM_INIT(prm_generate_options);
  options.flags = PRM_GENERATE_IGNORE_END;
  options.max_tokens = int32_t(generated + 1);
  options.on_token = take_stamp;
  options.user = &stamps;
  prm_control control = make_control();
  double began = wall_seconds(), began_cpu = cpu_seconds();
  check(prm_generate(session.model.get(), &prompt, &options, &control, nullptr), session.path);
  return {std::move(stamps.ids), stamps.first_s - began, stamps.last_s - stamps.first_s, stamps.first_cpu_s - began_cpu,
          stamps.last_cpu_s - stamps.first_cpu_s};
}

std::vector<int32_t> spread_ids(int64_t count, int32_t vocabulary) {
  std::vector<int32_t> ids;
  uint32_t state = 1;
  for (int64_t i = 0; i < count; ++i) {
    state = state * 1664525u + 1013904223u;
    ids.push_back(int32_t((state >> 8) % uint32_t(vocabulary)));
  }
  return ids;
}
