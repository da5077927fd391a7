#include "scenario/nearest.h"

#include <string.h>

enum { NEAREST_LENGTH_MAX = 63, NEAREST_PART = 3, NEAREST_SHORT = 3 };

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* One row of the table of distances from the two rows before it. */
static void edit_row(const char *a, const char *b, size_t i, size_t rows[3][NEAREST_LENGTH_MAX + 1])
{
    size_t *now = rows[i % 3];
    const size_t *before = rows[(i + 2) % 3];
    const size_t *earlier = rows[(i + 1) % 3];
    now[0] = i;
    for (size_t j = 1; b[j - 1] != '\0'; j++) {
        size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
        now[j] = min_size(min_size(before[j] + 1, now[j - 1] + 1), before[j - 1] + cost);
        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
            now[j] = min_size(now[j], earlier[j - 2] + 1);
        }
    }
}

size_t vtdpi_edit_distance(const char *a, const char *b)
{
    size_t rows[3][NEAREST_LENGTH_MAX + 1] = {{0}};
    size_t length = strlen(a);
    size_t other = strlen(b);
    if (length > NEAREST_LENGTH_MAX || other > NEAREST_LENGTH_MAX) {
        return length + other;
    }
    for (size_t j = 0; j <= other; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= length; i++) {
        edit_row(a, b, i, rows);
    }
    return rows[length % 3][other];
}

static size_t nearest_limit(size_t length)
{
    return length <= NEAREST_SHORT ? 1 : (length + 1) / NEAREST_PART;
}

vtdpi_nearest_t vtdpi_nearest_start(const char *wanted)
{
    return (vtdpi_nearest_t){
        .wanted = wanted, .best = NULL, .distance = nearest_limit(strlen(wanted)) + 1};
}

void vtdpi_nearest_offer(vtdpi_nearest_t *search, const char *candidate)
{
    size_t distance = vtdpi_edit_distance(search->wanted, candidate);
    size_t length = strlen(search->wanted);
    size_t near = nearest_limit(length);
    if (length >= NEAREST_SHORT && strncmp(candidate, search->wanted, length) == 0) {
        distance = min_size(distance, near); /* the start of a name */
    }
    if (distance < search->distance) {
        search->distance = distance;
        search->best = candidate;
    }
}
