#include "pipeline/media_library.h"

#include <dlfcn.h>
#include <unistd.h>

#include <mutex>

#include "pipeline/stage.h"

namespace plumb::pipeline {
namespace {

constexpr char kModule[] = "libplumb_media.so";

// The folder of the running program; empty when the kernel does not tell.
std::string ProgramFolder() {
  char path[4096];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
  if (length <= 0 || length >= static_cast<ssize_t>(sizeof(path))) return {};
  const std::string_view whole(path, static_cast<std::size_t>(length));
  return std::string(whole.substr(0, whole.rfind('/')));
}

StatusOr<const MediaApi*> OpenModule() {
  const std::string here = ProgramFolder();
  const std::string places[] = {here + "/" + kModule, here + "/../lib/plumbline/" + kModule};
  std::string tried;
  for (const std::string& path : places) {
    absl::StrAppend(&tried, tried.empty() ? "" : ", ", path);
    if (access(path.c_str(), R_OK) != 0) continue;
    // Never closed: FFmpeg's libraries do not like to be unloaded.
    void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (module == nullptr) {
      return Unavailable("the media module cannot be opened: ", dlerror());
    }
    const auto functions =
        reinterpret_cast<const MediaApi* (*)(void)>(dlsym(module, "PlumbMediaApi"));
    if (functions == nullptr || functions()->version != kMediaApiVersion) {
      return Unavailable("'", path, "' is of another version of plumb: build both with `make`");
    }
    return functions();
  }
  return NotFound("the media module is missing (looked for ", tried, "): build it with `make`");
}

}  // namespace

StatusOr<const MediaApi*> MediaFunctions() {
  static std::once_flag once;
  static StatusOr<const MediaApi*>* result = nullptr;
  std::call_once(once, [] { result = new StatusOr<const MediaApi*>(OpenModule()); });
  return *result;
}

StatusOr<std::unique_ptr<MediaFile>> MediaFile::Open(const std::string& path, int threads) {
  PLUMB_ASSIGN_OR_RETURN(const MediaApi* api, MediaFunctions());
  if (path.find("://") == std::string::npos && access(path.c_str(), R_OK) != 0) {
    return NotFound("cannot read '", path, "': ", strerror(errno));
  }
  std::unique_ptr<MediaFile> file(new MediaFile(api, path));
  char message[kMediaMessageBytes] = "";
  file->reader_ = api->open(path.c_str(), threads, &file->info_, message);
  if (file->reader_ == nullptr) return InvalidArgument("cannot read '", path, "': ", message);
  return file;
}

MediaFile::~MediaFile() {
  if (reader_ != nullptr) api_->close(reader_);
}

StatusOr<bool> MediaFile::Next(const std::string& payload, BufferPool& buffers, Message* message) {
  constexpr std::int64_t kBeyond = 64;  // read_rgb writes in blocks
  char words[kMediaMessageBytes] = "";
  MediaPictureInfo picture{};
  message->origin = path_;
  const MediaNext next = api_->next(reader_, &picture, words);
  if (next == kMediaCut) cut_short_ = words;
  if (next == kMediaEnd || next == kMediaCut) return false;
  message->frame = picture.number;
  message->seconds = picture.seconds;
  if (next == kMediaBad) return BadItem(words);
  if (next == kMediaFailed) return InvalidArgument("cannot read '", path_, "': ", words);
  Image image;
  image.width = picture.width;
  image.height = picture.height;
  image.row_bytes = std::int64_t{3} * picture.width;
  image.pixels = buffers.Take(image.row_bytes * picture.height + kBeyond);
  if (image.pixels == nullptr) {
    return ResourceExhausted("no memory for a picture of ", picture.width, "x", picture.height);
  }
  if (api_->read_rgb(reader_, image.pixels.get(), image.row_bytes, words) == 0) {
    return BadItem(words);
  }
  message->work.bytes_out = image.bytes();
  message->Set(payload, std::move(image));
  return true;
}

StatusOr<Image> ReadPicture(const std::string& path) {
  PLUMB_ASSIGN_OR_RETURN(const std::unique_ptr<MediaFile> file, MediaFile::Open(path, 1));
  BufferPool buffers(0);
  Message message;
  const StatusOr<bool> found = file->Next("image", buffers, &message);
  if (!found.ok()) return InvalidArgument("cannot read '", path, "': ", found.status().message());
  if (!*found) return InvalidArgument("cannot read '", path, "': there is no picture in it");
  PLUMB_ASSIGN_OR_RETURN(const Image* first, message.Get<Image>("image"));
  Image image = *first;
  // A container of videos may hold a single picture.
  if (file->info().frames_per_second > 0) {
    const StatusOr<bool> more = file->Next("image", buffers, &message);
    if (!more.ok() || *more) return InvalidArgument("'", path, "' is a video, expected a picture");
  }
  return image;
}

}  // namespace plumb::pipeline
