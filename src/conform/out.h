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
    unsigned settings;         /**< set of conform_setting_t */
    conform_suspect_t suspect; /**< decoded before the replay */
    const char *skipped;       /**< reason, or NULL */
    const char *array;         /**< what messages of readers concern, or NULL */
    size_t index;              /**< element of [array] */
    bool malformed;            /**< [message] says why */
    bool exhausted;            /**< memory was */
    char message[CONFORM_MESSAGE_BYTES];
    unsigned count;    /**< differences kept */
    unsigned left_out; /**< differences beyond the room */
    vtdpi_conform_difference_t difference[VTDPI_CONFORM_DIFFERENCES];
    conform_texts_t texts[VTDPI_CONFORM_DIFFERENCES];
};

/** Empties [out] for a replay of a vector under [settings]; the suspect information stays. */
void conform_out_start(conform_out_t *out, unsigned settings);

/** Decodes what [vector] says about the trust in it. */
void conform_suspect_read(conform_out_t *out, const json_t *vector);

#endif
