#!/bin/sh
# What has to pass before an image is built; it runs in $BASE_IMAGE.
set -eu
node --test
