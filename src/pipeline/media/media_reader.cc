// Reading with FFmpeg: demultiplexer, decoder, conversion to RGB.
extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
}

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <string_view>

#include "pipeline/media/media_module.h"
#include "pipeline/media/orientation.h"

namespace plumb::pipeline::media {
namespace {

constexpr std::int64_t kMaxPixels = std::int64_t{1} << 27;
// A file that goes on giving errors ends after this many without a picture between them.
constexpr int kMaxErrorsInARow = 100;

struct Closer {
  void operator()(AVFormatContext* c) const { avformat_close_input(&c); }
  void operator()(AVCodecContext* c) const { avcodec_free_context(&c); }
  void operator()(AVFrame* f) const { av_frame_free(&f); }
  void operator()(AVPacket* p) const { av_packet_free(&p); }
  void operator()(SwsContext* s) const { sws_freeContext(s); }
};
template <typename T>
using Owned = std::unique_ptr<T, Closer>;

class Reader {
 public:
  bool Open(const char* path, int threads, MediaStreamInfo* info, char* message);
  MediaNext Next(MediaPictureInfo* picture, char* message);
  bool ReadRgb(std::uint8_t* rows, std::int64_t row_bytes, char* message);

 private:
  bool OpenDecoder(int threads, char* message);
  // Gives the decoder one packet; false when it takes no more before a picture is taken out.
  MediaNext Feed(MediaPictureInfo* picture, char* message);
  MediaNext Bad(char* message, const char* what, int error);
  MediaNext End(char* message) const;
  // What the demultiplexer's coming to the end says of the file.
  std::string WhyCutShort() const;
  // Number and time of what has that time stamp, or of the next picture where it has none.
  void Place(std::int64_t time_stamp, MediaPictureInfo* picture) const;
  // Which way up the decoded picture is stored.
  Orientation FrameOrientation() const;
  bool Convert(std::uint8_t* rows, std::int64_t row_bytes, char* message);

  Owned<AVFormatContext> format_;
  Owned<AVCodecContext> codec_;
  Owned<AVFrame> frame_;
  Owned<AVPacket> packet_;
  Owned<SwsContext> scaler_;
  AVStream* stream_ = nullptr;
  Orientation orientation_;                 // of the decoded picture
  std::unique_ptr<std::uint8_t[]> stored_;  // RGB as it is stored, where that is not upright
  std::int64_t stored_bytes_ = 0;
  double frames_per_second_ = 0;
  std::int64_t last_number_ = -1;
  int errors_in_a_row_ = 0;
  std::int64_t packets_ = 0;  // of the stream
  bool drained_ = false, complained_ = false;
  std::string cut_short_;  // why the end came early; empty: it did not
};

bool Reader::Open(const char* path, int threads, MediaStreamInfo* info, char* message) {
  // Without a protocol in front, a path with a colon would be taken for one.
  const std::string url =
      std::strstr(path, "://") != nullptr ? std::string(path) : "file:" + std::string(path);
  AVFormatContext* format = nullptr;
  int error = avformat_open_input(&format, url.c_str(), nullptr, nullptr);
  if (error < 0) return Fail(message, "cannot open it as media", error);
  format_.reset(format);
  error = avformat_find_stream_info(format, nullptr);
  if (error < 0) return Fail(message, "no stream could be read", error);
  // A short file is read to its end here already.
  complained_ = format->pb != nullptr && avio_feof(format->pb) != 0 && LoggedError()[0] != '\0';
  const int index = av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  if (index < 0) return Fail(message, "there is no picture or video stream in it", 0);
  stream_ = format->streams[index];
  for (unsigned i = 0; i < format->nb_streams; ++i) {
    if (static_cast<int>(i) != index) format->streams[i]->discard = AVDISCARD_ALL;
  }
  if (!OpenDecoder(threads, message)) return false;
  const AVRational rate = av_guess_frame_rate(format, stream_, nullptr);
  const std::string demuxer = format->iformat->name;
  const bool is_picture = stream_->nb_frames == 1 || demuxer.find("image2") != std::string::npos ||
                          demuxer.find("_pipe") != std::string::npos;
  if (rate.num > 0 && rate.den > 0 && !is_picture) frames_per_second_ = av_q2d(rate);
  info->frames_per_second = frames_per_second_;
  info->frames = stream_->nb_frames;
  frame_.reset(av_frame_alloc());
  packet_.reset(av_packet_alloc());
  return frame_ != nullptr && packet_ != nullptr ? true : Fail(message, "no memory", 0);
}

bool Reader::OpenDecoder(int threads, char* message) {
  const AVCodec* codec = avcodec_find_decoder(stream_->codecpar->codec_id);
  if (codec == nullptr) {
    return Fail(
        message,
        std::string("no decoder for its codec ") + avcodec_get_name(stream_->codecpar->codec_id),
        0);
  }
  codec_.reset(avcodec_alloc_context3(codec));
  if (codec_ == nullptr) return Fail(message, "no memory for its decoder", 0);
  int error = avcodec_parameters_to_context(codec_.get(), stream_->codecpar);
  if (error < 0) return Fail(message, "its stream cannot be decoded", error);
  codec_->thread_count = threads;
  codec_->pkt_timebase = stream_->time_base;
  codec_->max_pixels = kMaxPixels;
  // Damage that a decoder notices is reported, not painted over. The one for TIFF would take every
  // tag that it does not know for damage.
  codec_->err_recognition = AV_EF_CRCCHECK | AV_EF_CAREFUL;
  if (codec->id != AV_CODEC_ID_TIFF) codec_->err_recognition |= AV_EF_EXPLODE;
  error = avcodec_open2(codec_.get(), codec, nullptr);
  return error < 0 ? Fail(message, "its decoder does not start", error) : true;
}

MediaNext Reader::Bad(char* message, const char* what, int error) {
  Fail(message, what, error);
  return ++errors_in_a_row_ > kMaxErrorsInARow ? kMediaFailed : kMediaBad;
}

MediaNext Reader::Next(MediaPictureInfo* picture, char* message) {
  while (true) {
    int error = avcodec_receive_frame(codec_.get(), frame_.get());
    if (error == 0) {
      if ((frame_->flags & AV_FRAME_FLAG_CORRUPT) != 0 || frame_->decode_error_flags != 0) {
        Place(frame_->best_effort_timestamp, picture);
        last_number_ = picture->number;
        return Bad(message, "the frame is damaged", 0);
      }
      errors_in_a_row_ = 0;
      orientation_ = FrameOrientation();
      picture->width = orientation_.transposed ? frame_->height : frame_->width;
      picture->height = orientation_.transposed ? frame_->width : frame_->height;
      Place(frame_->best_effort_timestamp, picture);
      last_number_ = picture->number;
      return kMediaPicture;
    }
    if (error == AVERROR_EOF) return End(message);
    if (error != AVERROR(EAGAIN)) {
      Place(AV_NOPTS_VALUE, picture);
      return Bad(message, "a frame cannot be decoded", error);
    }
    if (drained_) return End(message);
    const MediaNext fed = Feed(picture, message);
    if (fed != kMediaPicture) return fed;
  }
}

MediaNext Reader::End(char* message) const {
  if (cut_short_.empty()) return kMediaEnd;
  std::snprintf(message, kMediaMessageBytes, "%s", cut_short_.c_str());
  return kMediaCut;
}

// Demultiplexers complain when they look for more than is there. That for AVI does not, but its
// header has the true count; in MP4 and MOV that may hold frames which an edit list leaves out.
std::string Reader::WhyCutShort() const {
  const bool complained = complained_ || LoggedError()[0] != '\0';
  const bool counted = std::string_view(format_->iformat->name) == "avi";
  const std::int64_t promised = stream_->nb_frames;
  if (!complained && !(counted && packets_ < promised)) return {};
  if (packets_ >= promised) return "it is cut short, or its end is damaged";
  return "it is cut short: " + std::to_string(packets_) + " of " + std::to_string(promised) +
         " frames are there";
}

// kMediaPicture: fed, try again to take a picture out.
MediaNext Reader::Feed(MediaPictureInfo* picture, char* message) {
  int error = av_read_frame(format_.get(), packet_.get());
  if (error == AVERROR_EOF) {
    drained_ = true;
    cut_short_ = WhyCutShort();
    avcodec_send_packet(codec_.get(), nullptr);
    return kMediaPicture;
  }
  if (error < 0) {
    Fail(message, "the file cannot be read on", error);
    return kMediaFailed;
  }
  if (packet_->stream_index == stream_->index) {
    ++packets_;
    Place(packet_->pts, picture);
    error = avcodec_send_packet(codec_.get(), packet_.get());
  }
  av_packet_unref(packet_.get());
  return error < 0 ? Bad(message, "a packet cannot be decoded", error) : kMediaPicture;
}

void Reader::Place(std::int64_t time_stamp, MediaPictureInfo* picture) const {
  std::int64_t number = last_number_ + 1;
  picture->seconds = frames_per_second_ > 0 ? static_cast<double>(number) / frames_per_second_ : 0;
  if (time_stamp != AV_NOPTS_VALUE) {
    const std::int64_t start = stream_->start_time == AV_NOPTS_VALUE ? 0 : stream_->start_time;
    picture->seconds = static_cast<double>(time_stamp - start) * av_q2d(stream_->time_base);
    const std::int64_t by_time = std::llround(picture->seconds * frames_per_second_);
    if (by_time > number) number = by_time;
  }
  picture->number = number;
}

// A matrix of the frame itself goes before that of the stream.
Orientation Reader::FrameOrientation() const {
  const AVFrameSideData* own = av_frame_get_side_data(frame_.get(), AV_FRAME_DATA_DISPLAYMATRIX);
  if (own != nullptr) return OrientationOfMatrix(reinterpret_cast<std::int32_t*>(own->data));
  const auto* matrix = reinterpret_cast<const std::int32_t*>(
      av_stream_get_side_data(stream_, AV_PKT_DATA_DISPLAYMATRIX, nullptr));
  if (matrix != nullptr) return OrientationOfMatrix(matrix);
  const AVDictionaryEntry* exif = av_dict_get(frame_->metadata, "Orientation", nullptr, 0);
  return OrientationOfExif(exif == nullptr ? 1 : std::atoi(exif->value));
}

bool Reader::ReadRgb(std::uint8_t* rows, std::int64_t row_bytes, char* message) {
  if (orientation_.upright()) return Convert(rows, row_bytes, message);
  constexpr std::int64_t kBeyond = 64;  // the conversion writes in blocks
  const std::int64_t stored_row_bytes = std::int64_t{3} * frame_->width;
  const std::int64_t bytes = stored_row_bytes * frame_->height + kBeyond;
  if (bytes > stored_bytes_) {
    stored_.reset(new (std::nothrow) std::uint8_t[static_cast<std::size_t>(bytes)]);
    stored_bytes_ = stored_ == nullptr ? 0 : bytes;
    if (stored_ == nullptr) return Fail(message, "no memory to turn the picture upright", 0);
  }
  if (!Convert(stored_.get(), stored_row_bytes, message)) return false;
  TurnUpright(orientation_, stored_.get(), stored_row_bytes, frame_->width, frame_->height, rows,
              row_bytes);
  return true;
}

bool Reader::Convert(std::uint8_t* rows, std::int64_t row_bytes, char* message) {
  const auto format = static_cast<AVPixelFormat>(frame_->format);
  const SwsContext* const before = scaler_.get();
  SwsContext* scaler = sws_getCachedContext(scaler_.release(), frame_->width, frame_->height,
                                            format, frame_->width, frame_->height, AV_PIX_FMT_RGB24,
                                            SWS_BICUBIC, nullptr, nullptr, nullptr);
  scaler_.reset(scaler);
  if (scaler == nullptr) {
    const char* name = av_get_pix_fmt_name(format);
    return Fail(message, std::string("no conversion to RGB from ") + (name ? name : "its format"),
                0);
  }
  if (scaler != before) {
    const bool full_range = frame_->color_range == AVCOL_RANGE_JPEG;
    const int* table = sws_getCoefficients(
        frame_->colorspace == AVCOL_SPC_UNSPECIFIED ? SWS_CS_DEFAULT : frame_->colorspace);
    sws_setColorspaceDetails(scaler, table, full_range, sws_getCoefficients(SWS_CS_DEFAULT), 1, 0,
                             1 << 16, 1 << 16);
  }
  std::uint8_t* planes[4] = {rows, nullptr, nullptr, nullptr};
  const int steps[4] = {static_cast<int>(row_bytes), 0, 0, 0};
  const int done =
      sws_scale(scaler, frame_->data, frame_->linesize, 0, frame_->height, planes, steps);
  return done == frame_->height ? true : Fail(message, "conversion to RGB failed", 0);
}

}  // namespace

void* OpenReader(const char* path, int threads, MediaStreamInfo* info, char* message) {
  ForgetLog();
  auto reader = std::make_unique<Reader>();
  return reader->Open(path, threads, info, message) ? reader.release() : nullptr;
}

MediaNext NextPicture(void* reader, MediaPictureInfo* picture, char* message) {
  ForgetLog();
  return static_cast<Reader*>(reader)->Next(picture, message);
}

int ReadRgb(void* reader, std::uint8_t* rows, std::int64_t row_bytes, char* message) {
  ForgetLog();
  return static_cast<Reader*>(reader)->ReadRgb(rows, row_bytes, message) ? 1 : 0;
}

void CloseReader(void* reader) { delete static_cast<Reader*>(reader); }

}  // namespace plumb::pipeline::media
