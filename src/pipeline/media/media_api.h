/* The interface between plumb and libplumb_media.so, the module that holds FFmpeg: plain C, so that
   the program starts without FFmpeg's hundred libraries and opens them when media is read or
   written.

   Every function that can fail takes a buffer for a message (kMediaMessageBytes). Handles are used
   by one thread at a time. */
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { kMediaApiVersion = 2, kMediaMessageBytes = 512 };

/* What MediaApi::next found. */
enum MediaNext {
  kMediaEnd = 0,
  kMediaPicture = 1,
  kMediaBad = 2,    /* a corrupt frame: number and seconds are its place, the message says why, and
                       the next call goes on */
  kMediaFailed = 3, /* nothing more can be read */
  kMediaCut = 4     /* the end, before the file says that it should be; the message says why */
};

typedef struct {
  double frames_per_second; /* 0: unknown, or a single picture */
  int64_t frames;           /* as the file says; 0: unknown */
} MediaStreamInfo;

typedef struct {
  int width, height; /* upright, whichever way the file stores it */
  int64_t number; /* from 0, by its time where the file tells it, so that lost frames are counted */
  double seconds; /* its time in the file */
} MediaPictureInfo;

typedef struct {
  int version;

  /* Opens the first video stream of a file or the picture in it. `threads` decode. Null on failure.
   */
  void* (*open)(const char* path, int threads, MediaStreamInfo* info, char* message);
  /* Decodes the next picture and keeps it until the next call. */
  enum MediaNext (*next)(void* reader, MediaPictureInfo* picture, char* message);
  /* Writes the picture, upright, as interleaved RGB rows, each beginning row_bytes after the one
     before; 0 when it failed. `rows` must hold 64 bytes beyond the last pixel: the conversion
     writes in blocks. */
  int (*read_rgb)(void* reader, uint8_t* rows, int64_t row_bytes, char* message);
  void (*close)(void* reader);

  /* A video file of that size; the ending of the path chooses the container. Null on failure. */
  void* (*create)(const char* path, int width, int height, double frames_per_second, char* message);
  int (*write_rgb)(void* writer, const uint8_t* rows, int64_t row_bytes, char* message);
  /* Ends the file; 0 when it failed. The writer is gone afterwards. */
  int (*finish)(void* writer, char* message);
} MediaApi;

/* The one symbol of the module. */
const MediaApi* PlumbMediaApi(void);

#ifdef __cplusplus
}
#endif
