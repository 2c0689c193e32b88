// Pieces of other files as one file: the parts of a split model, the shards of a folder, experts that stand apart. Nothing is
// copied: a range of addresses stands for the pieces one behind the other, and a read goes to the file that a piece lies in.
#pragma once
#include "base/file.h"
#include "tensor/dtype.h"

namespace prm {

struct FilePiece {
  FilePtr file;
  uint64_t offset = 0, bytes = 0;  // in that file
  // What stands in the joined file is F32, made while it is read: values of type `from`, and `plus` to each.
  bool to_f32 = false;
  DType from = DType::f32;
  float plus = 0;
};

class FileJoiner {
 public:
  // Where the next piece will begin: a multiple of 64.
  uint64_t align();
  void add(const FilePiece& piece);
  // The pieces as one file. It reads from one thread at a time where one of theirs does. Fails with limit or out_of_memory.
  FilePtr finish(std::string_view name);

 private:
  friend struct JoinedFile;
  struct Placed {
    uint64_t begin, size;
    FilePiece piece;
  };
  Vector<Placed> pieces_;  // ascending
  uint64_t size_ = 0;
};

}  // namespace prm
