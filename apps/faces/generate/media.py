"""Writes videos and JPEG files through the ffmpeg command; nothing else of FFmpeg is needed."""

import shutil
import subprocess


class MediaError(RuntimeError):
    """ffmpeg is missing or failed; the message says which."""


class Encoder:
    """A running ffmpeg that takes raw pictures (blue, green, red, unused) and encodes them."""

    def __init__(self, width, height, output):
        """output: ffmpeg's output options and the file name."""
        program = shutil.which("ffmpeg")
        if program is None:
            raise MediaError("ffmpeg is not installed: install the Debian package 'ffmpeg'")
        self._process = subprocess.Popen(
            [program, "-nostdin", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "bgr0",
             "-s", f"{width}x{height}", "-r", "30", "-i", "-"] + output,
            stdin=subprocess.PIPE, stderr=subprocess.PIPE)

    def write(self, pixels):
        """Adds one picture, uint8 [height, width, 4] or the same as bytes."""
        try:
            self._process.stdin.write(memoryview(pixels).cast("B"))
        except (BrokenPipeError, OSError):
            self.close()

    def close(self):
        """Waits for ffmpeg; raises MediaError with its message if it failed."""
        _, message = self._process.communicate()
        if self._process.returncode != 0:
            raise MediaError("ffmpeg failed: " + message.decode(errors="replace").strip()[-500:])


def video_options(path, rate_kbits):
    """H.264 at a bounded average rate; two threads and fixed options give the same bytes again."""
    return ["-c:v", "libx264", "-preset", "veryfast", "-threads", "2", "-pix_fmt", "yuv420p",
            "-crf", "23", "-maxrate", f"{rate_kbits}k", "-bufsize", f"{2 * rate_kbits}k",
            "-g", "120", "-colorspace", "smpte170m", "-color_primaries", "smpte170m", "-color_trc",
            "smpte170m", "-color_range", "tv", "-bitexact", "-movflags", "+faststart", str(path)]


def jpeg_options(pattern, quality):
    """Numbered JPEG files; quality as ffmpeg's -q:v, 2 best to 31."""
    return ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", str(quality), "-bitexact",
            "-start_number", "0", str(pattern)]
