#!/bin/sh
# Prints the Python to build .venv from: $PYTHON if given, else the first that is 3.11 or later and has venv.
# Where there is none, one sentence on stderr says what to install.
set -u

too_old= ; no_venv=
for python in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14}; do
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        too_old="$python is Python $version"
    elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        no_venv="$python (Python $version) lacks venv"
    else
        echo "$python"
        exit 0
    fi
done

if [ -n "$no_venv" ]; then
    echo "$no_venv: install it (Debian and Ubuntu: apt install python3-venv), then run make again." >&2
elif [ -n "$too_old" ]; then
    echo "$too_old, and 3.11 or later is needed: install one, or name one with make PYTHON=/path/to/python3.11." >&2
else
    echo "No Python was found: install 3.11 or later (Debian and Ubuntu: apt install python3 python3-venv)." >&2
fi
exit 1
