/*
 * Any bytes as a file of vectors, and recorded vectors with some of their values changed: each line
 * ends in a result or in a message.
 */
#include "vtdpi/conform.h"

#include "vectors.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static vectors_t files[2];

/* The bytes that are left to choose by. */
typedef struct {
    const uint8_t *data;
    size_t size;
} bytes_t;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    vectors_read(&files[0], VECTORS_REMAPPING);
    vectors_read(&files[1], VECTORS_APIC);
    return 0;
}

/* 0 where none is left. */
static uint32_t choose(void *state, uint32_t below)
{
    bytes_t *bytes = state;
    uint32_t number = 0;
    for (unsigned i = 0; i < 2 && bytes->size > 0; i++) {
        number = (number << 8) | *bytes->data++;
        bytes->size--;
    }
    return number % below;
}

static void count(void *context, const vtdpi_conform_result_t *result)
{
    (void)result;
    ++*(unsigned *)context;
}

/* Replays; how many results and messages there were. */
static unsigned replay(const char *text, size_t length)
{
    unsigned results = 0;
    vtdpi_diags_t *diags = vtdpi_diags_new();
    vtdpi_err_t err = vtdpi_conform_text(text, length, "fuzz", count, &results, diags);
    size_t messages = vtdpi_diags_count(diags);
    if (err == VTDPI_ERR_INTERNAL || (err == VTDPI_OK) != (messages == 0)) {
        abort();
    }
    vtdpi_diags_free(diags);
    return results + (unsigned)messages;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bytes_t bytes = {data, size};
    uint32_t file = choose(&bytes, 3);
    if (file == 2) {
        (void)replay((const char *)bytes.data, bytes.size);
        return 0;
    }
    const char *line = files[file].line[choose(&bytes, (uint32_t)files[file].count)];
    char *text = vectors_damage(line, choose, &bytes);
    if (replay(text, strlen(text)) != 1) {
        abort();
    }
    free(text);
    return 0;
}
