#!/bin/bash
# Prints the names of the guests that run on one hypervisor. Runs after virsh.sh. Environment: URI, HOST_KEY.
set -euo pipefail

v list --name
