// A manifest: what the files of a model hold, with a CRC-32C of each tensor's bytes and of all other bytes of each file together,
// and each file's SHA-256. As JSON:
//
//   {"premise_manifest": 1,
//    "files": [{"name": "a.gguf", "bytes": 96, "rest_crc32c": "e3069283", "sha256": "..."}],
//    "tensors": [{"name": "x", "file": 0, "offset": 32, "bytes": 64, "crc32c": "8a9136aa"}]}
//
// Files stand in the order in which models are read; names are without folders, and for people alone.
#pragma once
#include "formats/model_file.h"

namespace prm {

struct ManifestFile {
  String name;
  uint64_t bytes = 0;
  uint32_t rest_crc32c = 0;
  String sha256;  // lower-case hex
};

struct ManifestTensor {
  String name;
  uint64_t file = 0;  // its place in `files`
  uint64_t offset = 0, bytes = 0;
  uint32_t crc32c = 0;
};

struct Manifest {
  Vector<ManifestFile> files;
  Vector<ManifestTensor> tensors;  // by file and offset

  std::span<const ManifestTensor> tensors_of(size_t file) const;
};

// All but the sums, which are zeros: the JSON has its length already.
Manifest list_model(const ModelFile& model);
String manifest_json(const Manifest& manifest);

// Fails with bad_file or limit about "manifest_json".
Manifest read_manifest(std::string_view text);
// Fails with digest where files or tensors of the model are others than the manifest's; sums are not compared.
void require_listed(const Manifest& model, const Manifest& manifest);

}  // namespace prm
