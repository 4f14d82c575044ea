#!/bin/sh
# Keeps secrets with pass (https://www.passwordstore.org): encrypted by GnuPG, versioned by git if the store is.
# The protocol: docs/secrets-and-status.md, "command". One writer at a time: pass cannot compare.
set -eu
verb=$1
entry=layers/$2
file=${PASSWORD_STORE_DIR:-$HOME/.password-store}/$entry.gpg

case $verb in
  get)
    [ -f "$file" ] || exit 66 # nothing there
    pass show "$entry"
    ;;
  put)
    pass insert --multiline --force "$entry" >/dev/null # reads standard input
    ;;
  delete)
    [ -f "$file" ] || exit 66
    pass rm --force "$entry" >/dev/null
    ;;
  *)
    echo "there is no verb $verb" >&2
    exit 64
    ;;
esac
