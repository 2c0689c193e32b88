// What a plan says that loading takes, where loading takes more than running: a matrix larger than all that a step works in.
#include "formats/manifest.h"
#include "runtime/generate.h"
#include "support/catch.h"
#include "support/engines.h"
#include "support/isas.h"
#include "support/memory_files.h"
#include "support/tiny_model.h"

using namespace prm;
using namespace prm::test;

namespace {

EnginePtr open_over_files(const MemoryFiles& files, const std::string& isa) {
  EngineOptions options;
  options.host.files = const_cast<MemoryFiles&>(files).service();
  EnginePtr engine = make_engine(options);
  engine->device = open_cpu(isa);
  return engine;
}

}  // namespace

TEST_CASE("a plan counts what weights are read to, and what a manifest holds, to the byte") {
  TinyModel large;
  large.layers = 1, large.ffn = 16384, large.types = {DType::f32};
  MemoryFiles files;
  files.files["large.gguf"] = make_tiny_model(large);
  std::string manifest;
  {
    EnginePtr engine = open_over_files(files, "scalar");
    LoadOptions header;
    header.header_only = true;
    ModelPtr model = load_model(engine, {"large.gguf"}, header, {});
    manifest = std::string(make_manifest(*model, {}));
    CHECK(manifest.size() == manifest_size(*model));
  }
  for (const std::string& isa : test_isas())
    for (bool checked : {false, true}) {
      LoadOptions options;
      options.context = 16, options.chunk_tokens = 1;
      if (checked) options.manifest_json = manifest.c_str(), options.verify = true;
      EnginePtr planning = open_over_files(files, isa), loading = open_over_files(files, isa);
      options.header_only = true;
      ModelPtr planned = load_model(planning, {"large.gguf"}, options, {});
      MemoryPlan plan = plan_memory(*planned);
      uint64_t of_model = plan.host_bytes - (planning->account.held() - planned->account.held());
      options.header_only = false;
      ModelPtr model = load_model(loading, {"large.gguf"}, options, {});
      INFO(isa << (checked ? " with a manifest" : ""));
      CHECK(plan.host_bytes == loading->account.peak());
      CHECK((of_model > plan.object_bytes + plan.weight_bytes + plan.cache_bytes + plan.scratch_bytes) == (isa != "scalar"));
    }
}
