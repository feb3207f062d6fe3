# Sourced with $root set. `need service` and `need test` make $root/.venv hold what requirements/ pins under that name,
# and fairmark itself in place. Where nothing changed since the last time that costs a few milliseconds. With $wheels
# set, all comes from that folder, and no network is asked.

venv=$root/.venv
python=$venv/bin/python
wheels=

need() {
    fresh "$1" || (
        # Two scripts started together on a new clone take turns; macOS has no flock, and no turns.
        ! command -v flock >/dev/null || flock 9
        fresh "$1" || install "$1"
    ) 9>"$root/.venv.lock"
}

fresh() {
    [ "$(state "$1")" = "$(cat "$venv/$1.stamp" 2>/dev/null)" ]
}

# The folder counts because an editable install names it, the Python because packages are built for one.
state() {
    {
        echo "$root"
        "$python" -V
        cat "$root/pyproject.toml" "$root/requirements/build.txt" "$root/requirements/$1.txt" "$root/requirements/torch.txt"
    } 2>&1 | cksum
}

# A set-up that was killed leaves `unfinished` behind, and the next one starts from nothing: pip takes a package
# whose files are half there for installed. One that fails by itself leaves a .venv that can be built on.
install() {
    usable || make_venv || exit 1
    : >"$venv/unfinished"
    fill "$1" || {
        rm "$venv/unfinished"
        echo "fairmark: set-up failed, see above${wheels:+; what $wheels lacks, scripts/wheels fetches where there is a network}" >&2
        exit 1
    }
    state "$1" >"$venv/$1.stamp"
    [ "$1" = service ] || state service >"$venv/service.stamp" # test.txt holds all of service.txt
    rm "$venv/unfinished"
}

usable() {
    [ ! -e "$venv/unfinished" ] && "$python" -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

make_venv() {
    base=$(find_python) || return 1
    echo "fairmark: making .venv with $base" >&2
    "$base" -m venv --clear "$venv"
}

find_python() {
    for name in python3 python3.13 python3.12 python3.11; do
        "$name" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        echo "$name"
        return
    done
    found=$(python3 -V 2>/dev/null || echo "no python3")
    echo "fairmark: needs Python 3.11 or newer with the venv module, found $found." >&2
    echo "fairmark: on Debian and Ubuntu: apt install python3-venv" >&2
    return 1
}

fill() {
    pip --no-deps --require-hashes -r "$root/requirements/build.txt" &&
        pip --no-deps --require-hashes -r "$root/requirements/$1.txt" &&
        { [ "$1" = service ] || pip -r "$root/requirements/torch.txt"; } &&
        pip --no-deps -e "$root" &&
        synonyms
}

# METEOR alone reads WordNet; where none can be had, it refuses and says how to get it, and all else works.
synonyms() {
    "$python" -m fairmark_graders.wordnet ${wheels:+"$wheels"} >&2 || echo "fairmark: going on without WordNet, which METEOR needs" >&2
}

pip() {
    "$python" -m pip --disable-pip-version-check install --no-build-isolation \
        ${wheels:+--no-index --find-links "$wheels"} "$@" >&2
}
