#!/bin/sh
# Builds target/release/libzedis with the profile of this very compiler, where profile/ has one: profile/README.md.
set -eu
cd "$(dirname "$0")"
# Another compiler names functions otherwise, and an older LLVM does not read the file: each has its own.
compiler=$(${RUSTC:-rustc} -vV | sed -n -e 's/^host: //p' -e 's/^release: //p' -e 's/^LLVM version: /llvm-/p' | paste -s -d ' ')
profile="$PWD/profile/$(echo "$compiler" | tr ' ' '_').profdata"
if [ "${1:-}" = --profile-path ]; then
  echo "$profile"
  exit
fi
if [ -f "$profile" ]; then
  # Encoded, because a path may have spaces in it; flags that are set already stay.
  mark=$(printf '\037')
  flags=${CARGO_ENCODED_RUSTFLAGS:-$(printf %s "${RUSTFLAGS:-}" | tr ' ' '\037')}
  export CARGO_ENCODED_RUSTFLAGS="${flags:+$flags$mark}-Cprofile-use=$profile"
fi
exec cargo build --release --locked --lib
