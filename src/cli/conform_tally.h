/*
 * What vtdpi conform counts, and the two ways to print it.
 */
#ifndef VTDPI_CLI_CONFORM_TALLY_H
#define VTDPI_CLI_CONFORM_TALLY_H

#include "vtdpi/conform.h"

#include <time.h>

enum {
    TALLY_TEXTS = 64, /**< clauses, and reasons, that are counted apart */
    TALLY_SHOWN = 20, /**< differing vectors that are shown without --all */
};

/** Something that is counted. */
typedef struct {
    char text[512];
    unsigned count;
} tally_text_t;

/** Different texts with their counts. */
typedef struct {
    tally_text_t row[TALLY_TEXTS];
    unsigned count;
} tally_texts_t;

typedef struct tally tally_t;

/** A way to print. */
typedef struct {
    const char *name;
    void (*vector)(const tally_t *tally, const vtdpi_conform_result_t *result); /**< as it comes */
    void (*report)(const tally_t *tally);                                       /**< at the end */
} tally_format_t;

/** What has been counted. */
struct tally {
    const tally_format_t *format;
    unsigned (*count)[VTDPI_CONFORM_VERDICTS]; /**< [groups + 1]; the last row: of no known group */
    unsigned groups;
    unsigned sum[VTDPI_CONFORM_VERDICTS];
    unsigned total;
    unsigned says[VTDPI_CONFORM_SAYS_SAME + 1]; /**< vectors by vtdpi_conform_says_t */
    tally_texts_t clauses;                      /**< that excepted vectors */
    tally_texts_t skips;                        /**< why vectors were skipped */
    bool all;                                   /**< show everything */
    bool terminal;                              /**< progress can be shown */
    time_t started;
};

extern const tally_format_t tally_as_text; /**< for people (conform_text.c) */
extern const tally_format_t tally_as_json; /**< for programs (conform_json.c) */

/** Whether difference [d] is to be printed: one that is explained only with --all. */
bool tally_wants(const tally_t *tally, const vtdpi_conform_difference_t *d);

/** Name of group [group], of the last row too. */
const char *tally_group(unsigned group);

/** Vectors that passed: all but those that differ and those that were skipped. */
unsigned tally_passed(const tally_t *tally);

#endif
