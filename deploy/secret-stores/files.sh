#!/bin/sh
# Keeps secrets in files below $SECRET_STORE_DIR, such as a share that several machines have.
# The protocol: docs/secrets-and-status.md, "command".
set -eu
umask 077
verb=$1
file=${SECRET_STORE_DIR:?}/$2.json

revision() {
  if [ -f "$file" ]; then sed -n 's/.*"revision":\([0-9]*\).*/\1/p' "$file"; else echo 0; fi
}

case $verb in
  get)
    [ -f "$file" ] || exit 66 # nothing there
    cat "$file"
    ;;
  put)
    mkdir -p "$(dirname "$file")"
    exec 9>"$SECRET_STORE_DIR/.lock"
    flock 9                               # one writer at a time
    [ "$(revision)" = "$3" ] || exit 75   # somebody was faster
    cat >"$file.new"                      # whole, then in its place
    sync "$file.new"
    mv "$file.new" "$file"
    sync "$(dirname "$file")"
    ;;
  delete)
    rm -f "$file"
    ;;
  *)
    echo "there is no verb $verb" >&2
    exit 64
    ;;
esac
