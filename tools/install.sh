#!/bin/sh
# Installs locked requirements into .venv: install.sh FILE...
# uv does it in a second; pip takes over where uv is missing or fails.
set -u

log=.venv/install.log
files=
for file in "$@"; do files="$files -r $file"; done

# $files is a list of words on purpose.
# shellcheck disable=SC2086
install() {
    "$@" --require-hashes $files && "$@" --no-deps --no-build-isolation -e .
}

if .venv/bin/uv --version >/dev/null 2>&1; then
    # Compiled now, not at the first start of every command, nor never where bytecode is not written.
    install .venv/bin/uv pip install --quiet --compile-bytecode --python .venv/bin/python >"$log" 2>&1 && exit 0
fi
echo "  uv cannot do it here; pip does, which takes longer" >&2
install .venv/bin/python -m pip install --quiet --disable-pip-version-check >>"$log" 2>&1 && exit 0

tail -n 15 "$log" >&2
if grep -qiE 'compiler|gcc|clang|Failed( to)? build|Python\.h|rustc' "$log"; then
    echo "A package has no wheel for this machine and must be built: install a compiler" \
         "(Debian and Ubuntu: apt install build-essential python3-dev), then run make again." >&2
else
    echo "The packages could not be installed (above, and in $log): check the network, then run make again." >&2
fi
exit 1
