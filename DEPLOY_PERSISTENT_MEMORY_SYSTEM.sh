#!/usr/bin/env bash
# From a fresh machine to a working memory: environment, install, migrate, doctor, a first useful result, the session.
# Running it again is fine. Settings: BRAINOPS_VENV (where to install; .venv), PYTHON (which Python), and those of brainops itself.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${BRAINOPS_VENV:-$here/.venv}

step() { printf '\n== %s\n' "$*"; }

step "Environment: $venv"
"$here/scripts/make-venv" "$venv"

step "Install"
"$venv/bin/python" -m pip install --quiet "$here/models/brainops-minilm" "$here"
brainops=$venv/bin/brainops
"$brainops" --version

step "Store"
"$brainops" init
"$brainops" upgrade

step "Doctor: writes, reads and matches"
"$brainops" doctor

step "The six founding procedures"
"$brainops" procedure founding

step "Rules hold, and what has proved itself may act: as founded (brainops alone starts in observe and propose)"
"$brainops" enforcement strict --reason "set-up" && "$brainops" autonomy auto --reason "set-up" ||
    echo "Not set: a person does that, in a terminal of their own: brainops enforcement strict; brainops autonomy auto"

step "A first useful result"
"$brainops" demo --quick

step "Session"
"$brainops" session start

cat <<NEXT

Next:
  export PATH="$venv/bin:\$PATH"
  brainops import DIR              take in runbooks, ADRs, alert rules or session transcripts
  brainops match "the error text"  ask whether it happened before
  brainops guide "deploy api"      ask what memory says before you act
  brainops run memory-optimization run a procedure; brainops procedure list shows all
NEXT
