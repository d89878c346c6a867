// Opens libplumb_media.so, the module with FFmpeg, when it is first needed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/status.h"
#include "pipeline/buffer_pool.h"
#include "pipeline/media/media_api.h"
#include "pipeline/message.h"

namespace plumb::pipeline {

// The module's functions. Looked for beside the program, and in ../lib/plumbline of it.
// Opened once and kept; thread-safe. The error says where it was looked for.
StatusOr<const MediaApi*> MediaFunctions();

// Reads the pictures of one file. Used by one thread.
class MediaFile {
 public:
  static StatusOr<std::unique_ptr<MediaFile>> Open(const std::string& path, int threads);
  ~MediaFile();
  MediaFile(const MediaFile&) = delete;
  MediaFile& operator=(const MediaFile&) = delete;

  // Fills image (upright), frame, seconds and origin of the message; false at the end. A corrupt
  // frame is a BadItem, after which reading goes on.
  StatusOr<bool> Next(const std::string& payload, BufferPool& buffers, Message* message);
  const MediaStreamInfo& info() const { return info_; }
  // Once Next has said false: why the file ended before it should; empty where it is whole, as far
  // as its container tells.
  const std::string& cut_short() const { return cut_short_; }

 private:
  MediaFile(const MediaApi* api, std::string path) : api_(api), path_(std::move(path)) {}

  const MediaApi* api_;
  std::string path_, cut_short_;
  void* reader_ = nullptr;
  MediaStreamInfo info_{};
};

// A photograph, upright. An error where the file is a video.
StatusOr<Image> ReadPicture(const std::string& path);

}  // namespace plumb::pipeline
