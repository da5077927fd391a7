#!/usr/bin/env bash
# Coverage of models/ and src/ by the tests: builds the preset cov, runs the tests, prints gcovr's table and writes
# build/cov/coverage.html. Branches of assertions are left out: their other side is a defect of ours.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh
. tools/build.sh

packages_install build test coverage
build_preset cov
find build/cov -name '*.gcda' -delete
ctest --preset cov -j "$(nproc)"
gcovr --root . --filter models/ --filter src/ --exclude-branches-by-pattern '.*VTDPI_ASSERT.*' --exclude-unreachable-branches \
    --exclude-throw-branches --branches --txt - --html-details build/cov/coverage.html build/cov
