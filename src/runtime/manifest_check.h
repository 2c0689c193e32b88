// Holds a model's files against its manifest, and makes manifests. What tensors hold is summed as it is read to be packed, so that
// the bytes that are checked are those that will compute; the rest of the files, and what nobody has read, is read for it.
#pragma once
#include <atomic>

#include "base/control.h"
#include "formats/manifest.h"

namespace prm {

// Where the bytes come from.
struct FileReading {
  const ModelFile& model;
  const FileService& service;  // of files that were closed
  const Limits& limits;
  MemoryAccount& account;
  const Control& control;  // progress stage "verify"
};

// Fills in the sums of list_model(): of the rest of each file, and where wanted of all tensors, with each file's SHA-256.
enum class SumDepth { rest, tensors, digests };
void sum_files(const FileReading& reading, SumDepth depth, Manifest& sums);

// Fails with digest, naming the first tensor or file with another sum than the manifest's, both sums, and how many others have.
void require_sums(const Manifest& sums, const Manifest& manifest, SumDepth depth);

class ManifestCheck {
 public:
  // Fails with digest where the files are others, or more of them than tensors has changed.
  ManifestCheck(const FileReading& reading, std::string_view manifest_json);
  // Reads and checks all tensors now.
  void check_tensors(const FileReading& reading);
  // Looks on from now until finish(), while weights are read; fails with digest.
  void watch(const ModelFile& model);
  void finish(const FileReading& reading);
  ~ManifestCheck() { unwatch(); }

 private:
  struct Seen {  // of a tensor
    std::atomic<uint32_t> share{0};
    std::atomic<uint64_t> bytes{0};
  };
  struct FileWatch : ReadWatch {
    FilePtr file;
    std::span<const ManifestTensor> tensors;
    Seen* seen = nullptr;
    void saw(uint64_t offset, std::span<const std::byte> bytes) override;
  };
  void unwatch();

  Manifest wanted_, sums_;
  Vector<Seen> seen_;
  Vector<FileWatch> watches_;
};

}  // namespace prm
