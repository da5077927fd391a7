# Debian packages that the scripts here need. To be sourced.
#
#   packages_install SET...   installs what is missing of the named sets; SET is one of build, test, check, coverage
#
# Uses apt-get, as root or through sudo; where neither works it names what is missing and exits with status 2.
# Nothing missing: returns at once.
# shellcheck shell=bash

packages_list() {
    cat <<'LIST'
build    gcc                the compiler
build    g++                the SystemC pump
build    libc6-dev          headers of the C library
build    cmake              configures
build    ninja-build        builds
build    pkg-config         finds the libraries
build    libsystemc-dev     simulation kernel
build    libyaml-dev        scenario files
build    libjansson-dev     recorded vectors
build    zlib1g-dev         compressed files
build    gnuplot-nox        pictures
build    fonts-dejavu-core  letters in the pictures
test     libcmocka-dev      test library
test     clang              second compiler
test     libclang-rt-14-dev sanitizers and libFuzzer for clang
check    clang-format       layout
check    clang-tidy         static analysis
check    shellcheck         static analysis of scripts
check    git                list of files
coverage gcovr              coverage report
LIST
}

# Prints the packages of the sets $@ that are not installed.
packages_missing() {
    local wanted installed
    wanted=$(packages_list | awk -v sets=" $* " 'index(sets, " " $1 " ") { print $2 }' | sort -u)
    # shellcheck disable=SC2086,SC2016  # one word a package; the format is dpkg-query's own
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null | sed -n 's/^installed //p' | sort -u)
    comm -23 <(echo "$wanted") <(echo "$installed")
}

# Runs apt-get with $@, showing one line for each step that takes time; all of its output only if it fails.
packages_apt() {
    local log status
    log=$(mktemp)
    "${packages_as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 "$@" 2>&1 | tee "$log" |
        awk '/newly installed/ { total = $3 + $1; print "  " $0; fflush() }
             /^Get:.*\.deb|^Get:[0-9]+ [^ ]+ [^ ]+ [^ ]+ [^ ]+ [^ ]+ \[/ { if (++got % 25 == 1) { print "  fetching " got ": " $5; fflush() } }
             /^Setting up/ { if (++set % 25 == 1) { print "  setting up " set " of " total ": " $3; fflush() } }'
    status=${PIPESTATUS[0]}
    [ "$status" = 0 ] || cat "$log" >&2
    rm -f "$log"
    return "$status"
}

packages_install() {
    local missing
    packages_as_root=()
    if ! command -v dpkg-query >/dev/null; then
        echo "Not a Debian system: the names below are Debian's. Install their like, then set VTDPI_PACKAGES=present." >&2
        [ "${VTDPI_PACKAGES:-}" = present ] && return 0
        packages_list | awk '{ print "  " $2 }' >&2
        exit 2
    fi
    missing=$(packages_missing "$@")
    [ -n "$missing" ] || return 0
    missing=${missing//$'\n'/ }
    if [ "$(id -u)" != 0 ]; then
        if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }; }; then
            packages_as_root=(sudo)
        else
            echo "Packages are missing, and without root or sudo they cannot be installed here:" >&2
            echo "  apt-get install --no-install-recommends $missing" >&2
            exit 2
        fi
    fi
    echo "Installing what is missing (this once): $missing"
    # shellcheck disable=SC2086  # one word a package
    if ! packages_apt update || ! packages_apt install --no-install-recommends $missing; then
        echo "apt-get could not install: $missing" >&2
        exit 2
    fi
}
