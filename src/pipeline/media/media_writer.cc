// Writing with FFmpeg: conversion from RGB, encoder, multiplexer.
extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
}

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "pipeline/media/media_module.h"

namespace plumb::pipeline::media {
namespace {

class Writer {
 public:
  ~Writer() {
    sws_freeContext(scaler_);
    av_packet_free(&packet_);
    av_frame_free(&frame_);
    avcodec_free_context(&codec_);
    if (format_ != nullptr) {
      if (format_->pb != nullptr) avio_closep(&format_->pb);
      avformat_free_context(format_);
    }
  }

  bool Create(const char* path, int width, int height, double frames_per_second, char* message);
  bool WriteRgb(const std::uint8_t* rows, std::int64_t row_bytes, char* message);
  bool Finish(char* message);

 private:
  bool OpenEncoder(double frames_per_second, char* message);
  // Converts a picture into `frame_`.
  void ToFrame(const std::uint8_t* rows, std::int64_t row_bytes);
  // Moves packets from the encoder to the file.
  bool TakePackets(char* message);

  int width_ = 0, height_ = 0;  // even: the chroma planes have half the size
  AVFormatContext* format_ = nullptr;
  AVCodecContext* codec_ = nullptr;
  AVStream* stream_ = nullptr;
  AVFrame* frame_ = nullptr;
  AVPacket* packet_ = nullptr;
  SwsContext* scaler_ = nullptr;
  std::int64_t pictures_ = 0;
  std::vector<std::uint8_t> last_rows_;
};

bool Writer::Create(const char* path, int width, int height, double frames_per_second,
                    char* message) {
  width_ = width / 2 * 2;
  height_ = height / 2 * 2;
  if (width_ < 2 || height_ < 2) return Fail(message, "pictures are too small for a video", 0);
  const std::string url = "file:" + std::string(path);
  int error = avformat_alloc_output_context2(&format_, nullptr, nullptr, url.c_str());
  if (error < 0 || format_ == nullptr) {
    return Fail(message, "no container for this ending (try .mp4, .mkv or .avi)", error);
  }
  if (!OpenEncoder(frames_per_second, message)) return false;
  error = avio_open(&format_->pb, url.c_str(), AVIO_FLAG_WRITE);
  if (error < 0) return Fail(message, "cannot write it", error);
  error = avformat_write_header(format_, nullptr);
  return error < 0 ? Fail(message, "cannot write its header", error) : true;
}

bool Writer::OpenEncoder(double frames_per_second, char* message) {
  const AVCodec* encoder = avcodec_find_encoder(AV_CODEC_ID_H264);
  if (encoder == nullptr) encoder = avcodec_find_encoder(AV_CODEC_ID_MPEG4);
  if (encoder == nullptr) return Fail(message, "FFmpeg has neither H.264 nor MPEG-4", 0);
  codec_ = avcodec_alloc_context3(encoder);
  stream_ = avformat_new_stream(format_, nullptr);
  frame_ = av_frame_alloc();
  packet_ = av_packet_alloc();
  if (codec_ == nullptr || stream_ == nullptr || frame_ == nullptr || packet_ == nullptr) {
    return Fail(message, "no memory for an encoder", 0);
  }
  const AVRational rate = av_d2q(frames_per_second > 0 ? frames_per_second : 25, 60000);
  codec_->width = frame_->width = width_;
  codec_->height = frame_->height = height_;
  codec_->pix_fmt = AV_PIX_FMT_YUV420P;
  frame_->format = AV_PIX_FMT_YUV420P;
  codec_->time_base = av_inv_q(rate);
  codec_->framerate = rate;
  codec_->thread_count = 1;
  codec_->qmin = 2;
  if (encoder->id == AV_CODEC_ID_MPEG4) codec_->bit_rate = std::int64_t{4} * width_ * height_;
  av_opt_set(codec_->priv_data, "preset", "veryfast", 0);
  if ((format_->oformat->flags & AVFMT_GLOBALHEADER) != 0) {
    codec_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  }
  int error = avcodec_open2(codec_, encoder, nullptr);
  if (error < 0) return Fail(message, "the encoder does not start", error);
  stream_->time_base = codec_->time_base;
  error = avcodec_parameters_from_context(stream_->codecpar, codec_);
  if (error >= 0) error = av_frame_get_buffer(frame_, 0);
  if (error < 0) return Fail(message, "the encoder does not start", error);
  scaler_ = sws_getContext(width_, height_, AV_PIX_FMT_RGB24, width_, height_, AV_PIX_FMT_YUV420P,
                           SWS_BILINEAR, nullptr, nullptr, nullptr);
  return scaler_ != nullptr ? true : Fail(message, "no conversion from RGB", 0);
}

bool Writer::TakePackets(char* message) {
  while (true) {
    int error = avcodec_receive_packet(codec_, packet_);
    if (error == AVERROR(EAGAIN) || error == AVERROR_EOF) return true;
    if (error < 0) return Fail(message, "a frame cannot be encoded", error);
    // A last frame of no duration lies behind the end of the file: players leave it out.
    if (packet_->duration == 0) packet_->duration = 1;
    av_packet_rescale_ts(packet_, codec_->time_base, stream_->time_base);
    packet_->stream_index = stream_->index;
    error = av_interleaved_write_frame(format_, packet_);
    if (error < 0) return Fail(message, "cannot write", error);
  }
}

// The conversion reads in blocks, beyond the end of a row: the last rows are read from a copy with
// room behind it.
void Writer::ToFrame(const std::uint8_t* rows, std::int64_t row_bytes) {
  constexpr int kLast = 2;  // rows of one row of chroma
  constexpr std::int64_t kBeyond = 64;
  const auto convert = [&](const std::uint8_t* from, int first, int count) {
    const std::uint8_t* planes[4] = {from, nullptr, nullptr, nullptr};
    const int steps[4] = {static_cast<int>(row_bytes), 0, 0, 0};
    sws_scale(scaler_, planes, steps, first, count, frame_->data, frame_->linesize);
  };
  const int first = height_ - kLast;
  if (first > 0) convert(rows, 0, first);
  const std::uint8_t* const last = rows + first * row_bytes;
  last_rows_.resize(static_cast<std::size_t>(kLast * row_bytes + kBeyond));
  std::copy_n(last, (kLast - 1) * row_bytes + std::int64_t{3} * width_, last_rows_.begin());
  convert(last_rows_.data(), first, kLast);
}

bool Writer::WriteRgb(const std::uint8_t* rows, std::int64_t row_bytes, char* message) {
  int error = av_frame_make_writable(frame_);
  if (error < 0) return Fail(message, "no memory for a frame", error);
  ToFrame(rows, row_bytes);
  frame_->pts = pictures_++;
  error = avcodec_send_frame(codec_, frame_);
  if (error < 0) return Fail(message, "a frame cannot be encoded", error);
  return TakePackets(message);
}

bool Writer::Finish(char* message) {
  int error = avcodec_send_frame(codec_, nullptr);
  if (error < 0) return Fail(message, "the last frames cannot be encoded", error);
  if (!TakePackets(message)) return false;
  error = av_write_trailer(format_);
  if (error < 0) return Fail(message, "cannot write its end", error);
  // What FFmpeg buffers is written at the latest here; a full disk shows.
  avio_flush(format_->pb);
  error = format_->pb->error;
  const int closed = avio_closep(&format_->pb);
  if (error >= 0) error = closed;
  return error < 0 ? Fail(message, "cannot write its end", error) : true;
}

}  // namespace

void* CreateWriter(const char* path, int width, int height, double frames_per_second,
                   char* message) {
  ForgetLog();
  auto writer = std::make_unique<Writer>();
  return writer->Create(path, width, height, frames_per_second, message) ? writer.release()
                                                                         : nullptr;
}

int WriteRgb(void* writer, const std::uint8_t* rows, std::int64_t row_bytes, char* message) {
  ForgetLog();
  return static_cast<Writer*>(writer)->WriteRgb(rows, row_bytes, message) ? 1 : 0;
}

int FinishWriter(void* writer, char* message) {
  ForgetLog();
  const std::unique_ptr<Writer> owned(static_cast<Writer*>(writer));
  return owned->Finish(message) ? 1 : 0;
}

}  // namespace plumb::pipeline::media
