#!/bin/sh
# Keeps secrets as SecureStrings of the AWS Systems Manager Parameter Store; needs the AWS CLI and jq.
# The protocol: docs/secrets-and-status.md, "command". One writer at a time: it cannot compare.
set -eu
verb=$1
name=/layers/$2

case $verb in
  get)
    errors=$(mktemp)
    trap 'rm -f "$errors"' EXIT
    if aws ssm get-parameter --name "$name" --with-decryption --query Parameter.Value --output text 2>"$errors"; then
      exit 0
    fi
    if grep -q ParameterNotFound "$errors"; then exit 66; fi # nothing there
    cat "$errors" >&2
    exit 1
    ;;
  put)
    # The value goes from standard input to standard input: arguments can be read by every user of the machine.
    jq --raw-input --slurp --arg name "$name" '{Name: $name, Value: ., Type: "SecureString", Overwrite: true}' |
      aws ssm put-parameter --cli-input-json file:///dev/stdin >/dev/null
    ;;
  delete)
    aws ssm delete-parameter --name "$name" >/dev/null
    ;;
  *)
    echo "there is no verb $verb" >&2
    exit 64
    ;;
esac
