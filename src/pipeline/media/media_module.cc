#include "pipeline/media/media_module.h"

extern "C" {
#include <libavutil/error.h>
#include <libavutil/log.h>
}

#include <cstdarg>
#include <cstdio>
#include <string_view>

namespace plumb::pipeline::media {
namespace {

// The first error that FFmpeg logged on this thread since ForgetLog: later ones follow from it.
// Decoders with threads of their own log there; then the words of the error must do.
thread_local char logged[256] = "";

void KeepFirstError(void* object, int level, const char* format, va_list arguments) {
  if (level > AV_LOG_ERROR || logged[0] != '\0') return;
  int with_prefix = 0;
  av_log_format_line2(object, level, format, arguments, logged, sizeof(logged), &with_prefix);
  std::string_view text = logged;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  logged[text.size()] = '\0';
}

}  // namespace

void ForgetLog() { logged[0] = '\0'; }

const char* LoggedError() { return logged; }

bool Fail(char* message, const std::string& what, int error) {
  char words[AV_ERROR_MAX_STRING_SIZE] = "";
  if (error != 0) av_strerror(error, words, sizeof(words));
  const bool has_log = logged[0] != '\0';
  std::snprintf(message, kMediaMessageBytes, "%s%s%s%s%s%s", what.c_str(), error != 0 ? ": " : "",
                words, has_log ? " (" : "", logged, has_log ? ")" : "");
  return false;
}

}  // namespace plumb::pipeline::media

extern "C" __attribute__((visibility("default"))) const MediaApi* PlumbMediaApi(void) {
  namespace media = plumb::pipeline::media;
  // What goes wrong is returned; a library prints nothing.
  av_log_set_callback(media::KeepFirstError);
  static const MediaApi api = {
      kMediaApiVersion,   media::OpenReader,   media::NextPicture, media::ReadRgb,
      media::CloseReader, media::CreateWriter, media::WriteRgb,    media::FinishWriter,
  };
  return &api;
}
