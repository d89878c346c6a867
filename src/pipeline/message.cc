#include "pipeline/message.h"

#include <algorithm>
#include <array>

namespace plumb::pipeline {

std::string_view PayloadName(std::size_t index) {
  constexpr std::array<std::string_view, std::variant_size_v<Payload>> kNames = {
      "an image", "a tensor", "a placement", "detections", "embeddings", "a note"};
  return kNames[index];
}

void Message::Set(std::string_view name, Payload payload) {
  for (auto& [key, value] : payloads_) {
    if (key != name) continue;
    value = std::move(payload);
    return;
  }
  payloads_.emplace_back(name, std::move(payload));
}

const Payload* Message::Find(std::string_view name) const {
  for (const auto& [key, value] : payloads_) {
    if (key == name) return &value;
  }
  return nullptr;
}

void Message::Erase(std::string_view name) {
  std::erase_if(payloads_, [&](const auto& entry) { return entry.first == name; });
}

Status Message::Missing(std::string_view name, std::size_t wanted) const {
  const Payload* payload = Find(name);
  if (payload != nullptr) {
    return InvalidArgument("'", Str(name), "' is ", Str(PayloadName(payload->index())),
                           ", expected ", Str(PayloadName(wanted)));
  }
  std::string there;
  for (const auto& [key, value] : payloads_) {
    absl::StrAppend(&there, there.empty() ? "" : ", ", key);
  }
  return InvalidArgument("no '", Str(name), "' in the message, expected ", Str(PayloadName(wanted)),
                         "; there is ", there.empty() ? "nothing" : there);
}

}  // namespace plumb::pipeline
