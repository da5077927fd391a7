/*
 * Decoding in tests: one item at a time, and what it must say.
 */
#ifndef DECODE_TEST_H
#define DECODE_TEST_H

#include "vtdpi/decode.h"

#include "vtd_test.h"

static vtdpi_decode_t decoded;

/** Decodes the words into decoded. */
static inline void decode_with(vtdpi_decode_kind_t kind, const uint64_t *words, unsigned count,
                               const vtdpi_decode_options_t *options)
{
    assert_int_equal(vtdpi_decode_words(kind, words, count, options, &decoded), VTDPI_OK);
    assert_true(decoded.row_count > 0);
}

/** The same with the default hardware. */
static inline void decode(vtdpi_decode_kind_t kind, const uint64_t *words, unsigned count)
{
    vtdpi_decode_options_t options = vtdpi_decode_options_default();
    decode_with(kind, words, count, &options);
}

/** The row of [structure].[name], or NULL. */
static inline const vtdpi_decode_row_t *row_find(const char *structure, const char *name)
{
    for (unsigned i = 0; i < decoded.row_count; i++) {
        if (strcmp(decoded.rows[i].structure, structure) == 0 &&
            strcmp(decoded.rows[i].name, name) == 0) {
            return &decoded.rows[i];
        }
    }
    return NULL;
}

static inline void assert_row(const char *structure, const char *name, uint64_t value)
{
    const vtdpi_decode_row_t *row = row_find(structure, name);
    if (row == NULL || row->value != value) {
        fail_msg("%s.%s is not %llx", structure, name, (unsigned long long)value);
    }
}

static inline void assert_note(char notes[][VTDPI_DECODE_TEXT], unsigned count, const char *part)
{
    for (unsigned i = 0; i < count; i++) {
        if (strstr(notes[i], part) != NULL) {
            return;
        }
    }
    fail_msg("no remark of %u says: %s", count, part);
}

static inline void assert_hardware(const char *part)
{
    assert_note(decoded.hardware, decoded.hardware_count, part);
}

static inline void assert_wrong(const char *part)
{
    assert_note(decoded.wrong, decoded.wrong_count, part);
}

static inline void assert_right(void)
{
    if (decoded.wrong_count != 0) {
        fail_msg("wrong: %s", decoded.wrong[0]);
    }
}

#endif
