#!/usr/bin/env bash
# Installs a build into a temporary prefix, then builds and runs every program of docs/examples/ against it: through
# pkg-config (shared and static) and through find_package. Called by ctest.
#
#   tests/package/run.sh BUILD flags=FLAGS CC CXX      FLAGS: what the library was linked with (sanitizers), if anything
set -euo pipefail
build=$1 flags=${2#flags=} cc=$3 cxx=$4
flags=${flags//;/ }
project=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
prefix=$scratch/prefix
shopt -s nullglob
examples=("$project"/docs/examples/*.c)
[ ${#examples[@]} -gt 0 ] || { echo "no example found" >&2; exit 1; }

cmake --install "$build" --prefix "$prefix" >"$scratch/install.txt"
pc=$(find "$prefix" -name vtdpi.pc)
libdir=$(dirname "$(dirname "$pc")")
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH

# Runs program $1, which must say something and succeed.
run() {
    (cd "$scratch" && LD_LIBRARY_PATH=$libdir "$1" >"$1.out") || { echo "$1 failed" >&2; cat "$1.out" >&2; return 1; }
    [ -s "$1.out" ] || { echo "$1 printed nothing" >&2; return 1; }
}

cd "$scratch"
for example in "${examples[@]}"; do
    name=$(basename "$example" .c)
    # shellcheck disable=SC2046,SC2086  # lists of flags
    "$cc" -std=c11 -Wall -Wextra -Werror $flags $(pkg-config --cflags vtdpi) "$example" $(pkg-config --libs vtdpi) -o "$scratch/$name-shared"
    # shellcheck disable=SC2046,SC2086
    "$cc" -std=c11 $flags $(pkg-config --cflags vtdpi) "$example" "$libdir/libvtdpi.a" \
        $(pkg-config --static --libs vtdpi | sed 's/-lvtdpi//') -o "$scratch/$name-static"
    run "$scratch/$name-shared"
    run "$scratch/$name-static"
    cmp "$scratch/$name-shared.out" "$scratch/$name-static.out"
done

cmake -G Ninja -S "$project/tests/package/find_package" -B "$scratch/cmake" -D CMAKE_PREFIX_PATH="$prefix" \
    -D CMAKE_C_COMPILER="$cc" -D CMAKE_CXX_COMPILER="$cxx" -D CMAKE_C_FLAGS="$flags" -D CMAKE_CXX_FLAGS="$flags" \
    -D EXAMPLES="$(IFS=\; && echo "${examples[*]}")" >"$scratch/configure.txt"
cmake --build "$scratch/cmake" >"$scratch/build.txt" || { cat "$scratch/build.txt" >&2; exit 1; }
for example in "${examples[@]}"; do
    name=$(basename "$example" .c)
    run "$scratch/cmake/$name"
    run "$scratch/cmake/$name-static"
    cmp "$scratch/$name-shared.out" "$scratch/cmake/$name.out"
    cmp "$scratch/$name-shared.out" "$scratch/cmake/$name-static.out"
done
[ -z "$(find "$prefix/bin" -name vtdpi)" ] || "$prefix/bin/vtdpi" --help >"$scratch/help.txt"
echo "${#examples[@]} examples, four ways each"
