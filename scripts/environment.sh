# Sourced by scripts/demo and scripts/test: makes a virtual environment once and keeps it current.
#
#   TEXTDL_VENV    where it is (default: .venv in the repository)
#   TEXTDL_PYTHON  the interpreter to make it with (default: the first Python 3.11+ on the PATH)

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=${TEXTDL_VENV:-$root/.venv}

find_python() {
    local candidate
    for candidate in ${TEXTDL_PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "textdl needs Python 3.11 or newer; install it, or name it in TEXTDL_PYTHON" >&2
    return 1
}

# Install the package in editable mode with the extras that are named, if any, unless that was done
# for this pyproject.toml before.
prepare_environment() {
    local stamp extras=${1:+[$1]}
    [ -x "$venv/bin/python" ] || "$(find_python)" -m venv "$venv"
    stamp="$venv/.textdl$extras-$(cksum <"$root/pyproject.toml" | tr ' ' '-')"
    if [ ! -e "$stamp" ]; then
        echo "installing textdl$extras into $venv ..." >&2
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -e "$root$extras"
        touch "$stamp"
    fi
}
