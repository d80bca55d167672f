#!/usr/bin/env bash
# From a fresh machine to a working memory: environment, install, migrate, doctor, a first useful result, the summary.
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

step "A first useful result"
"$brainops" demo --quick

step "Summary"
"$brainops" status

cat <<NEXT

Next:
  export PATH="$venv/bin:\$PATH"
  brainops import DIR              take in runbooks, ADRs, alert rules or session transcripts
  brainops match "the error text"  ask whether it happened before
  brainops guide "deploy api"      ask what memory says before you act
NEXT
