#include "engine/cache/compiled_tables.h"

#include <algorithm>

#include "core/content_hash.h"
#include "engine/cache/graph_bytes.h"

namespace plumb::engine {

std::uint64_t SampleHash(const MappedFile& file) {
  constexpr std::int64_t kPage = 4096, kPages = 16;
  if (file.size() <= kPages * kPage) return ContentHash(file.bytes());
  std::vector<std::uint64_t> hashes;
  for (std::int64_t i = 0; i < kPages; ++i) {
    const std::int64_t begin = (file.size() - kPage) / (kPages - 1) * i;
    hashes.push_back(ContentHash(file.bytes().subspan(static_cast<std::size_t>(begin), kPage)));
  }
  return ContentHash(std::as_bytes(std::span(hashes)));
}

void WriteHead(const CompiledHead& head, ByteWriter& out) {
  out.PutText(head.key);
  out.PutCount(head.sources.size());
  for (const StoredSource& source : head.sources) {
    out.PutText(source.path);
    out.Put(source.stamp.device);
    out.Put(source.stamp.inode);
    out.Put(source.stamp.bytes);
    out.Put(source.stamp.modified_ns);
    out.Put(source.stamp.changed_ns);
    out.Put(source.sample);
  }
  out.PutCount(head.consulted.size());
  for (const auto& [problem, answer] : head.consulted) {
    out.PutText(problem);
    out.PutText(answer);
  }
}

StatusOr<CompiledHead> ReadHead(ByteReader& in) {
  CompiledHead head;
  head.key = in.TakeText();
  for (std::size_t i = in.TakeCount(52); i > 0; --i) {
    StoredSource& source = head.sources.emplace_back();
    source.path = in.TakeText();
    source.stamp.device = in.Take<std::uint64_t>();
    source.stamp.inode = in.Take<std::uint64_t>();
    source.stamp.bytes = in.Take<std::int64_t>();
    source.stamp.modified_ns = in.Take<std::int64_t>();
    source.stamp.changed_ns = in.Take<std::int64_t>();
    source.sample = in.Take<std::uint64_t>();
  }
  for (std::size_t i = in.TakeCount(8); i > 0; --i) {
    std::string problem = in.TakeText();
    head.consulted[std::move(problem)] = in.TakeText();
  }
  PLUMB_RETURN_IF_ERROR(in.status());
  return head;
}

Status WriteModel(Model& model, ByteWriter& out, BlobWriter& blob) {
  const auto packs = [&model](NodeId id) {
    const auto& kernels = model.chosen(id);
    return !kernels.empty() && std::ranges::all_of(kernels, [](const auto& kernel) {
      return kernel->packed_bytes > 0;
    });
  };
  PLUMB_RETURN_IF_ERROR(WriteGraph(model.graph(), packs, out, blob));
  const std::vector<NodeId>& order = model.order();
  for (const NodeId id : order) {
    out.PutCount(model.chosen(id).size());
    for (const auto& kernel : model.chosen(id)) {
      out.Put(kernel->algorithm.id);
      for (const std::int16_t parameter : kernel->algorithm.parameters) out.Put(parameter);
      out.PutText(kernel->name);
      out.PutText(kernel->why);
      out.Put(kernel->packed_bytes);
      if (kernel->packed_bytes == 0) continue;
      out.Put(blob.Add(kernel->packed.get(), kernel->packed_bytes));
    }
  }
  return OkStatus();
}

StatusOr<CompiledParts> ReadModel(ByteReader& in, const BlobReader& blob, const OpTable& ops) {
  CompiledParts parts;
  PLUMB_ASSIGN_OR_RETURN(parts.graph, ReadGraph(in, blob, ops));
  // ReadGraph numbers nodes in the order that they were written in.
  for (NodeId id = 0; id < parts.graph.num_nodes(); ++id) {
    for (std::size_t i = in.TakeCount(30); i > 0; --i) {
      auto kernel = std::make_shared<ChosenKernel>();
      kernel->algorithm.id = in.Take<std::int16_t>();
      for (std::int16_t& parameter : kernel->algorithm.parameters) {
        parameter = in.Take<std::int16_t>();
      }
      kernel->name = in.TakeText();
      kernel->why = in.TakeText();
      kernel->packed_bytes = in.Take<std::int64_t>();
      if (kernel->packed_bytes != 0) {
        kernel->packed = blob.At(in, in.Take<std::int64_t>(), kernel->packed_bytes);
      }
      parts.kernels[id].push_back(std::move(kernel));
    }
  }
  if (!in.at_end()) in.Fail();
  PLUMB_RETURN_IF_ERROR(in.status());
  return parts;
}

}  // namespace plumb::engine
