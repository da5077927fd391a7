/*
 * A vector's report: what replays fill through conform_internal.h and the framework evaluates.
 */
#ifndef VTDPI_SRC_CONFORM_OUT_H
#define VTDPI_SRC_CONFORM_OUT_H

#include "conform/conform_internal.h"

/** Room of texts; what is longer is cut. *Units:* bytes. */
enum { CONFORM_FIELD_BYTES = 32, CONFORM_VALUE_BYTES = 512, CONFORM_MESSAGE_BYTES = 256 };

/** Texts of a difference. */
typedef struct {
    char field[CONFORM_FIELD_BYTES];
    char expected[CONFORM_VALUE_BYTES];
    char actual[CONFORM_VALUE_BYTES];
} conform_texts_t;

struct conform_out {
    const json_t *vector;      /**< the vector */
    const char *group;         /**< name of its group */
    unsigned settings;         /**< set of conform_setting_t */
    conform_suspect_t suspect; /**< decoded before the replay */
    vtdpi_conform_says_t says; /**< of the first suspicion */
    const char *skipped;       /**< reason, or NULL */
    const char *array;         /**< what messages of readers concern, or NULL */
    size_t index;              /**< element of [array] */
    bool malformed;            /**< [message] says why */
    bool exhausted;            /**< memory was */
    char message[CONFORM_MESSAGE_BYTES];
    unsigned count;       /**< differences kept */
    unsigned left_out;    /**< differences beyond the room */
    unsigned unexplained; /**< differences, kept or not, that are neither suspect nor excepted */
    unsigned suspected;   /**< differences at or after the suspect step */
    int first_step;       /**< of the first unexplained difference */
    char first_field[CONFORM_FIELD_BYTES]; /**< of the first unexplained difference */
    const char *clause;                    /**< clause of the first excepted difference, or NULL */
    vtdpi_conform_difference_t difference[VTDPI_CONFORM_DIFFERENCES];
    conform_texts_t texts[VTDPI_CONFORM_DIFFERENCES];
};

/** Makes [out] the report of [vector], of the group called [group]: nothing is malformed yet. */
void conform_out_take(conform_out_t *out, const json_t *vector, const char *group);

/** Empties [out] for a replay of its vector under [settings]. */
void conform_out_start(conform_out_t *out, unsigned settings);

/** The clause of the first row of exceptions.def that excepts a difference in [field] at [step], or
 * NULL. */
const char *conform_excepted(const conform_out_t *out, int step, const char *field);

/**
 * The clause of row [row] of exceptions.def, or of a later one, that matches the first unexplained
 * difference of [out] and has settings beside [settings]; NULL: none. [row] becomes the next row to
 * ask for and [added] the set of the row.
 */
const char *conform_resettable(const conform_out_t *out, unsigned settings, unsigned *row,
                               unsigned *added);

/** Decodes what the vector of [out] says about the trust in it. */
void conform_suspect_read(conform_out_t *out);

#endif
