/*
 * Any bytes: the reader refuses them with a diagnostic or makes a scenario whose effective
 * configuration reads back to itself.
 */
#include "vtdpi/scenario_io.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The effective configuration as text that the caller frees. */
static char *effective(const vtdpi_scenario_t *scenario, size_t *length)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, length);
    if (out == NULL || vtdpi_scenario_write_yaml(scenario, out) != VTDPI_OK || fclose(out) != 0) {
        abort();
    }
    return text;
}

/* Writes, reads and writes again: the same text. */
static void check_round_trip(const vtdpi_scenario_t *scenario)
{
    size_t first_length = 0;
    size_t second_length = 0;
    char *first = effective(scenario, &first_length);
    vtdpi_diags_t *diags = vtdpi_diags_new();
    vtdpi_scenario_t *again = NULL;
    if (vtdpi_scenario_read_text(first, first_length, "again.yaml", diags, &again) != VTDPI_OK) {
        (void)fputs(first, stderr);
        (void)vtdpi_diag_write(vtdpi_diags_at(diags, 0), stderr);
        abort();
    }
    char *second = effective(again, &second_length);
    if (first_length != second_length || memcmp(first, second, first_length) != 0) {
        abort();
    }
    vtdpi_scenario_free(again);
    vtdpi_diags_free(diags);
    free(first);
    free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    vtdpi_diags_t *diags = vtdpi_diags_new();
    vtdpi_scenario_t *scenario = NULL;
    vtdpi_err_t err =
        vtdpi_scenario_read_text((const char *)data, size, "fuzz.yaml", diags, &scenario);
    if ((err == VTDPI_OK) != (scenario != NULL) ||
        (err == VTDPI_ERR_INPUT) != (vtdpi_diags_count(diags) > 0)) {
        abort();
    }
    if (scenario != NULL) {
        check_round_trip(scenario);
    }
    vtdpi_scenario_free(scenario);
    vtdpi_diags_free(diags);
    return 0;
}
