/*
 * What the decoders of the structures share.
 */
#ifndef DECODE_INTERNAL_H
#define DECODE_INTERNAL_H

#include "vtdpi/decode.h"

VTDPI_NOT_STATE_BEGIN

/** An item that is being decoded. */
typedef struct {
    const uint64_t *words;                 /**< the words */
    unsigned count;                        /**< how many */
    const vtdpi_decode_options_t *options; /**< the hardware */
    vtdpi_decode_t *out;                   /**< the result */
    const char *part[2]; /**< names of words that are values of their own, or NULL */
    uint64_t covered[VTDPI_DECODE_WORDS]; /**< bits that some row has */
    bool posted;                          /**< an entry that the unit takes as posted */
} decode_t;

VTDPI_NOT_STATE_END

/** Decoders, one each row of decode.def. */
#define VTDPI_DECODE_ROW(NAME, function, name, least, most, step, bits, doc)                       \
    void decode_##function(decode_t *d);
#include "vtdpi/decode.def"
#undef VTDPI_DECODE_ROW

/** Adds the fields of [structure] as rows; of those with a condition on IM or EIME only the ones
 * that hold. Reserved fields appear if they are not 0, and are wrong then; fields of later.def
 * appear if they are not 0. */
void decode_fields(decode_t *d, const char *structure);

/** Adds the row of one field. */
void decode_field(decode_t *d, const char *structure, const char *name);

/** Adds a row for the first word as one value, [name], which no structure divides. */
void decode_whole(decode_t *d, const char *name, const char *doc);

/** Adds rows for the bits that no row has and that are not 0; they are wrong. */
void decode_rest(decode_t *d);

/** What field [name] of [structure] says with [value], or NULL. */
const char *decode_value_text(const char *structure, const char *name, uint64_t value);

/** Adds a remark on what the hardware does. */
__attribute__((format(printf, 2, 3))) void decode_hardware(decode_t *d, const char *format, ...);

/** Copies [doc] up to its section title into [text], of VTDPI_DECODE_TEXT bytes; returns text. */
char *decode_phrase(const char *doc, char *text);

/** Describes fault [code]: "26h source_invalid (…)". Returns text. */
char *decode_fault(uint8_t code, char *text);

/** Whether [code] is a reason of interrupt remapping or posting; others are of DMA remapping. */
bool decode_fault_of_interrupt(uint8_t code);

/** Describes where [msg] goes. Returns text. */
char *decode_message(const vtdpi_intr_msg_t *msg, char *text);

/** Adds to what is wrong if delivery mode [mode] is a reserved encoding. */
void decode_mode_check(decode_t *d, uint8_t mode);

/** Adds to what is wrong if [msg] is one that no local APIC takes. */
void decode_message_check(decode_t *d, const vtdpi_intr_msg_t *msg);

/** The options' unit, enabled, with a table of the greatest size at 0. */
vtdpi_iommu_t decode_unit(const decode_t *d);

#endif
