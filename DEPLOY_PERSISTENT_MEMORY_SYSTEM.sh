#!/usr/bin/env bash
# From a fresh machine to a memory that runs: environment, install, store, procedures, server with its cycles, session.
# ./DEPLOY_PERSISTENT_MEMORY_SYSTEM.sh [--team postgresql://USER@HOST/DATABASE]; running it again is fine.
# Settings: BRAINOPS_VENV (where to install; .venv), BRAINOPS_PORT (8321), PYTHON (which Python), and those of brainops itself.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${BRAINOPS_VENV:-$here/.venv}
everywhere=${BRAINOPS_NAMESPACE:-personal} # which the namespace of every folder reads: what is set here holds wherever you work
extras=server
if [ "${1:-}" = --team ]; then
    export BRAINOPS_STORE=${2:?--team takes the address of a database, postgresql://USER@HOST/DATABASE}
    extras=server,postgres
elif [ $# -gt 0 ]; then
    echo "usage: $0 [--team postgresql://USER@HOST/DATABASE]" >&2 && exit 2
fi

step() { printf '\n== %s\n' "$*"; }
slowly() { # a dot a second while it works
    "$@" & local working=$!
    while sleep 1 && kill -0 "$working" 2>/dev/null; do printf .; done
    printf '\n' && wait "$working"
}

step "Environment: $venv"
[ -e "$venv" ] && mark=/dev/null || mark=$venv/brainops-set-up # one that was there before is not ours to remove
slowly "$here/scripts/make-venv" "$venv" && touch "$mark"
step "Install: the library, its model, the server, and the founding modules"
slowly "$venv/bin/python" -m pip install --quiet "$here/models/brainops-minilm" "$here[$extras]" "$here/compat"
brainops=$venv/bin/brainops
"$brainops" --version

step "Store"
"$brainops" init
"$brainops" upgrade
step "Doctor: writes, reads and matches"
"$brainops" doctor
step "The six founding procedures"
"$brainops" --namespace "$everywhere" procedure founding
step "Rules hold, and what has proved itself may act: as founded (brainops alone starts in observe and propose)"
"$brainops" --namespace "$everywhere" enforcement strict --reason "set-up" &&
    "$brainops" --namespace "$everywhere" autonomy auto --reason "set-up" ||
    echo "Not set: a person does that, in a terminal of their own: brainops --namespace $everywhere enforcement strict"
step "A first useful result"
"$brainops" demo --quick
step "Server, and beside it the worker that learns every five minutes, hour and day"
"$brainops" service stop >/dev/null
"$brainops" --namespace "$everywhere" service start --port "${BRAINOPS_PORT:-8321}"
step "Session"
"$brainops" session start
cat <<NEXT

Next${2:+ (first: export BRAINOPS_STORE=... as you gave it)}:
  export PATH="$venv/bin:\$PATH"
  brainops exec -- make deploy     run a command: what is known before, its errors and fixes after
  brainops match "the error text"  ask whether it happened before; brainops import DIR takes runbooks in
  brainops service status          where the server answers; logs, stop; unit, to begin it with the machine
Taken away again, all but what is remembered, by: brainops uninstall
NEXT
