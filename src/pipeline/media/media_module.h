// Inside libplumb_media.so: the functions of its table.
#pragma once

#include <cstdint>
#include <string>

#include "pipeline/media/media_api.h"

namespace plumb::pipeline::media {

// Writes "what: FFmpeg's words for the error (what it logged about it)" to `message`; always false.
// error 0: `what` alone.
bool Fail(char* message, const std::string& what, int error);
// Forgets what FFmpeg has logged on this thread: every function of the table begins with it.
void ForgetLog();
// The first error that FFmpeg has logged on this thread since; empty: none.
const char* LoggedError();

void* OpenReader(const char* path, int threads, MediaStreamInfo* info, char* message);
MediaNext NextPicture(void* reader, MediaPictureInfo* picture, char* message);
int ReadRgb(void* reader, std::uint8_t* rows, std::int64_t row_bytes, char* message);
void CloseReader(void* reader);

void* CreateWriter(const char* path, int width, int height, double frames_per_second,
                   char* message);
int WriteRgb(void* writer, const std::uint8_t* rows, std::int64_t row_bytes, char* message);
int FinishWriter(void* writer, char* message);

}  // namespace plumb::pipeline::media
