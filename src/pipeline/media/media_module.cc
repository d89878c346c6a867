#include "pipeline/media/media_module.h"

extern "C" {
#include <libavutil/error.h>
#include <libavutil/log.h>
}

#include <cstdio>

namespace plumb::pipeline::media {

bool Fail(char* message, const std::string& what, int error) {
  char words[AV_ERROR_MAX_STRING_SIZE] = "";
  if (error != 0) av_strerror(error, words, sizeof(words));
  std::snprintf(message, kMediaMessageBytes, "%s%s%s", what.c_str(), error != 0 ? ": " : "", words);
  return false;
}

}  // namespace plumb::pipeline::media

extern "C" __attribute__((visibility("default"))) const MediaApi* PlumbMediaApi(void) {
  namespace media = plumb::pipeline::media;
  // What goes wrong is returned; a library prints nothing.
  av_log_set_level(AV_LOG_QUIET);
  static const MediaApi api = {
      kMediaApiVersion, media::OpenReader,   media::NextPicture,
      media::ReadRgb,   media::CloseReader,  media::CreateWriter,
      media::WriteRgb,  media::FinishWriter, media::AbandonWriter,
  };
  return &api;
}
