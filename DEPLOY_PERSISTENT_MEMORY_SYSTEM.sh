#!/usr/bin/env bash
# From a fresh machine to a working memory: environment, install, migrate, doctor, a first useful result, the session.
# Running it again is fine. Settings: BRAINOPS_VENV (where to install; .venv), PYTHON (which Python), and those of brainops itself.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${BRAINOPS_VENV:-$here/.venv}
everywhere=${BRAINOPS_NAMESPACE:-personal} # which the namespace of every folder reads: what is set here holds wherever you work

step() { printf '\n== %s\n' "$*"; }
slowly() { # a dot a second while it works
    "$@" & local working=$!
    while sleep 1 && kill -0 "$working" 2>/dev/null; do printf .; done
    printf '\n' && wait "$working"
}

step "Environment: $venv"
slowly "$here/scripts/make-venv" "$venv"

step "Install"
slowly "$venv/bin/python" -m pip install --quiet "$here/models/brainops-minilm" "$here"
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

step "Session"
"$brainops" session start

cat <<NEXT

Next:
  export PATH="$venv/bin:\$PATH"
  brainops exec -- make deploy     run a command: what is known before, its errors and fixes after
  brainops import DIR              take in runbooks, ADRs, alert rules or session transcripts
  brainops match "the error text"  ask whether it happened before
  brainops ingest app.log          take in logs and metrics; brainops suspects says what is to blame
  brainops run memory-optimization run a procedure; brainops procedure list shows all
In Python, brainops.capture_errors(brain) keeps every error that a program logs or does not catch.
Nothing runs by itself yet. What learns and goes on with runs, in the folder whose memory it is for:
  brainops worker &                or from cron: */5 * * * * brainops learn
NEXT
