#!/bin/sh
# The faces application on its video, or with a seed on a new one drawn from it:
#   apps/faces/demo.sh [SEED]
# Writes out/faces/: report.html, records.jsonl, trace.json, summary.json, in the place of those of the
# run before; a drawn video stays in out/faces/seedN.
set -eu
cd "$(dirname "$0")/../.."
seed=${1:-}
plumb=build/plumb
out=out/faces
data=apps/faces/data
python=python3
[ -x /usr/bin/python3 ] && python=/usr/bin/python3  # Debian's, which has numpy and cairo

mkdir -p "$out"
if [ -n "$seed" ]; then
  case $seed in *[!0-9]*) echo "demo.sh: SEED is a whole number, not '$seed'" >&2; exit 2 ;; esac
  data=$out/seed$seed
  if [ ! -f "$data/truth.jsonl" ]; then
    echo "drawing a video, its people and the truth from seed $seed"
    "$python" apps/faces/generate/generate.py video --seed "$seed" --output "$data"
  fi
  echo "the results of seed $seed take the place of those in $out"
fi

rm -f "$out/gallery.json"
"$plumb" enroll "$out/gallery.json" --people "$data/enrol" --skip-bad \
  --pipeline apps/faces/faces.yaml
"$plumb" pipeline run apps/faces/faces.yaml --source "$data/video.mp4" \
  --set "match.gallery=$out/gallery.json" --truth "$data/truth.jsonl" --report "$out"

if "$python" -c 'import numpy' 2> /dev/null && command -v ffmpeg > /dev/null; then
  echo
  echo "what simple methods reach on the same video (every 10th frame):"
  "$python" apps/faces/baselines.py --data "$data" --every 10
fi
