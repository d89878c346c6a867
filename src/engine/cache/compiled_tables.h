// What a file of a compiled model says beside the elements of its tensors: what it was made of, by
// which measurements, and what came of it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/file_stamp.h"
#include "engine/cache/tensor_store.h"
#include "engine/model.h"

namespace plumb::engine {

struct StoredSource {
  std::string path;
  FileStamp stamp;
  std::uint64_t sample = 0;  // SampleHash
};

// Of some pages spread over the file: what speaks against a file system whose times are wrong.
std::uint64_t SampleHash(const MappedFile& file);

// Read first, and compared with what is asked for before anything else is believed.
struct CompiledHead {
  std::string key;  // everything that decides what a model is compiled to, but for what follows
  std::vector<StoredSource> sources;
  Consulted consulted;
};
void WriteHead(const CompiledHead& head, ByteWriter& out);
StatusOr<CompiledHead> ReadHead(ByteReader& in);

// The graph, and the kernels by node with the weights that were packed for them. The caller of
// WriteModel holds the model's mutex, and keeps the model until the blob is written.
Status WriteModel(Model& model, ByteWriter& out, BlobWriter& blob);
struct CompiledParts {
  Graph graph;
  KernelTable kernels;
};
StatusOr<CompiledParts> ReadModel(ByteReader& in, const BlobReader& blob, const OpTable& ops);

}  // namespace plumb::engine
