/*
 * Numbers with units, exact: a time in picoseconds, a span in picoseconds or cycles, a frequency in
 * hertz.
 */
#ifndef VTDPI_SRC_SCENARIO_QUANTITY_H
#define VTDPI_SRC_SCENARIO_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What a number measures. */
typedef enum {
    VTDPI_QUANTITY_TIME,      /**< ps ns us ms s; value in picoseconds */
    VTDPI_QUANTITY_SPAN,      /**< the same and cyc */
    VTDPI_QUANTITY_FREQUENCY, /**< Hz kHz MHz GHz; value in hertz */
} vtdpi_quantity_kind_t;

/** How reading one went. */
typedef enum {
    VTDPI_QUANTITY_OK,
    VTDPI_QUANTITY_NOT_A_NUMBER, /**< does not start with digits */
    VTDPI_QUANTITY_NO_UNIT,      /**< a bare number */
    VTDPI_QUANTITY_WRONG_UNIT,   /**< something else follows the number */
    VTDPI_QUANTITY_TOO_FINE,     /**< not a whole number of the base unit */
    VTDPI_QUANTITY_TOO_LARGE,    /**< does not fit 64 bits */
} vtdpi_quantity_result_t;

/** A quantity in its base unit. */
typedef struct {
    uint64_t value;   /**< ps, cycles or Hz */
    bool cycles;      /**< SPAN: value counts cycles */
    const char *unit; /**< WRONG_UNIT: where in the text the unit starts */
} vtdpi_quantity_t;

/** Room that vtdpi_quantity_format needs. *Units:* bytes. */
enum { VTDPI_QUANTITY_TEXT = 32 };

/** Reads [text] (digits, perhaps a point and digits, perhaps spaces, a unit) as a quantity of
 * [kind]. */
vtdpi_quantity_result_t vtdpi_quantity_parse(const char *text, vtdpi_quantity_kind_t kind,
                                             vtdpi_quantity_t *out);

/** Writes [quantity] in the largest unit that leaves it a whole number; vtdpi_quantity_parse reads
 * it back. */
void vtdpi_quantity_format(vtdpi_quantity_kind_t kind, vtdpi_quantity_t quantity,
                           char text[VTDPI_QUANTITY_TEXT]);

/** The units of [kind] as a list for people. */
const char *vtdpi_quantity_units(vtdpi_quantity_kind_t kind);

/** Name of unit [index] of [kind], or NULL past the last. */
const char *vtdpi_quantity_unit(vtdpi_quantity_kind_t kind, size_t index);

#endif
