#include "scenario/diag.h"

#include "scenario/arena.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { DIAG_TEXT = 1024 };

struct vtdpi_diags {
    vtdpi_arena_t arena;
    size_t count;
    size_t total;
    vtdpi_diag_t item[VTDPI_DIAGS_MAX];
};

vtdpi_diags_t *vtdpi_diags_new(void)
{
    return calloc(1, sizeof(vtdpi_diags_t));
}

void vtdpi_diags_free(vtdpi_diags_t *diags)
{
    if (diags != NULL) {
        vtdpi_arena_release(&diags->arena);
        free(diags);
    }
}

size_t vtdpi_diags_count(const vtdpi_diags_t *diags)
{
    return diags->count;
}

const vtdpi_diag_t *vtdpi_diags_at(const vtdpi_diags_t *diags, size_t index)
{
    VTDPI_ASSERT(index < diags->count);
    return &diags->item[index];
}

size_t vtdpi_diags_total(const vtdpi_diags_t *diags)
{
    return diags->total;
}

bool vtdpi_diags_failed(const vtdpi_diags_t *diags)
{
    return diags->arena.failed;
}

static int diag_compare(const vtdpi_diag_t *a, const vtdpi_diag_t *b)
{
    int order = strcmp(a->file, b->file);
    if (order == 0 && a->line != b->line) {
        order = a->line < b->line ? -1 : 1;
    }
    if (order == 0 && a->column != b->column) {
        order = a->column < b->column ? -1 : 1;
    }
    return order == 0 ? strcmp(a->message, b->message) : order;
}

/* Where the new one goes; what stands there already may equal it. */
static size_t diag_position(const vtdpi_diags_t *diags, const vtdpi_diag_t *added)
{
    size_t at = diags->count;
    while (at > 0 && diag_compare(added, &diags->item[at - 1]) <= 0) {
        at--;
    }
    return at;
}

static void diag_insert(vtdpi_diags_t *diags, const vtdpi_diag_t *added)
{
    size_t at = diag_position(diags, added);
    if (at < diags->count && diag_compare(added, &diags->item[at]) == 0) {
        return;
    }
    memmove(&diags->item[at + 1], &diags->item[at], (diags->count - at) * sizeof diags->item[0]);
    diags->item[at] = *added;
    diags->count++;
}

/* The last place of the list says that it is full. */
static void diag_fill(vtdpi_diags_t *diags, vtdpi_position_t place)
{
    char *file = vtdpi_arena_text(&diags->arena, place.file, strlen(place.file));
    if (file != NULL) {
        diags->item[diags->count++] =
            (vtdpi_diag_t){.file = file,
                           .line = place.line,
                           .column = place.column,
                           .message = "too many errors; the rest is left out"};
    }
}

void vtdpi_diags_add(vtdpi_diags_t *diags, vtdpi_position_t place, const char *suggestion,
                     const char *format, ...)
{
    char text[DIAG_TEXT];
    va_list arguments;
    va_start(arguments, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): va_start stands above */
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    diags->total++;
    if (diags->count + 1 >= VTDPI_DIAGS_MAX) {
        if (diags->count < VTDPI_DIAGS_MAX) {
            diag_fill(diags, place);
        }
        return;
    }
    vtdpi_diag_t added = {.line = place.line, .column = place.column};
    added.file = vtdpi_arena_text(&diags->arena, place.file, strlen(place.file));
    added.message = vtdpi_arena_text(&diags->arena, text, strlen(text));
    added.suggestion =
        suggestion == NULL ? NULL : vtdpi_arena_text(&diags->arena, suggestion, strlen(suggestion));
    if (added.file != NULL && added.message != NULL) {
        diag_insert(diags, &added);
    }
}

vtdpi_err_t vtdpi_diag_write(const vtdpi_diag_t *diag, FILE *out)
{
    bool good = fprintf(out, "%s:", diag->file) > 0;
    if (diag->line != 0) {
        good = good && fprintf(out, "%" PRIu32 ":%" PRIu32 ":", diag->line, diag->column) > 0;
    }
    good = good && fprintf(out, " %s", diag->message) > 0;
    if (diag->suggestion != NULL) {
        good = good && fprintf(out, "; did you mean \"%s\"?", diag->suggestion) > 0;
    }
    return good ? VTDPI_OK : VTDPI_ERR_INTERNAL;
}
