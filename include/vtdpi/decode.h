/*
 * Raw words to fields: what the words of a table entry, descriptor, request, register, fault record
 * or VM-exit field hold, what the hardware does with them, and what is wrong with them. Field names
 * and positions are those of layout/; outcomes are those of the models' rules.
 *
 * Nothing is printed: the caller's structure is filled.
 *
 * Spec: VT-d, "Interrupt Remapping", "Fault Recording Registers", "Queued Invalidation Interface";
 * SDM 3C, "Information for VM Exits Due to Vectored Events", "Basic VM-Exit Information".
 */
#ifndef VTDPI_DECODE_H
#define VTDPI_DECODE_H

#include "vtdpi/base.h"
#include "vtdpi/iommu.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Limits: words of an item, rows and remarks that it can have, bytes of a text. */
enum {
    VTDPI_DECODE_WORDS = 8,
    VTDPI_DECODE_ROWS = 40,
    VTDPI_DECODE_NOTES = 16,
    VTDPI_DECODE_TEXT = 256,
};

/** Structures, one each row of decode.def. */
typedef enum {

#define VTDPI_DECODE_ROW(NAME, function, name, least, most, step, bits, doc) VTDPI_DECODE_##NAME,
#include "vtdpi/decode.def"
#undef VTDPI_DECODE_ROW
    VTDPI_DECODE_COUNT
} vtdpi_decode_kind_t;

VTDPI_NOT_STATE_BEGIN

/** The hardware that the words are put before. */
typedef struct {
    vtdpi_iommu_cfg_t unit; /**< capabilities and switches of the remapping unit */
    bool eime;              /**< IRTA.EIME as latched: 32-bit APIC IDs */
    bool has_requester;     /**< whether requester is given; else one that the entry admits */
    uint16_t requester;     /**< source-id: bus 15:8, device 7:3, function 2:0 */
} vtdpi_decode_options_t;

/** A field. */
typedef struct {
    uint64_t value;                  /**< its value */
    const char *structure;           /**< structure; "" for a word or bits without one */
    const char *name;                /**< field or word; "-" for bits that no field has */
    const char *part;                /**< which value the bits are of; NULL: of all words as one */
    unsigned word;                   /**< 64-bit word, 0 is the lowest */
    unsigned low;                    /**< lowest bit in that word */
    unsigned width;                  /**< bits */
    char meaning[VTDPI_DECODE_TEXT]; /**< what it is and what the value says */
} vtdpi_decode_row_t;

/** An item, decoded. */
typedef struct {
    vtdpi_decode_row_t rows[VTDPI_DECODE_ROWS];           /**< fields, in the order of layout/ */
    unsigned row_count;                                   /**< how many */
    unsigned hardware_count;                              /**< remarks in hardware */
    unsigned wrong_count;                                 /**< remarks in wrong */
    char hardware[VTDPI_DECODE_NOTES][VTDPI_DECODE_TEXT]; /**< what the hardware does */
    char wrong[VTDPI_DECODE_NOTES][VTDPI_DECODE_TEXT];    /**< what is wrong */
} vtdpi_decode_t;

VTDPI_NOT_STATE_END

/** The default unit in x2APIC mode, no requester. */
VTDPI_API vtdpi_decode_options_t vtdpi_decode_options_default(void);

/** Name of [kind], as the command knows it. *Pre:* kind below VTDPI_DECODE_COUNT. */
VTDPI_API const char *vtdpi_decode_name(vtdpi_decode_kind_t kind);

/** What the words of [kind] are, in a phrase. *Pre:* as above. */
VTDPI_API const char *vtdpi_decode_doc(vtdpi_decode_kind_t kind);

/** The kind called [name]; VTDPI_DECODE_COUNT if there is none. */
VTDPI_API vtdpi_decode_kind_t vtdpi_decode_find(const char *name);

/** The least number of words of [kind]. *Pre:* as above. */
VTDPI_API unsigned vtdpi_decode_least(vtdpi_decode_kind_t kind);

/** The greatest number of words of [kind]. *Pre:* as above. */
VTDPI_API unsigned vtdpi_decode_most(vtdpi_decode_kind_t kind);

/** Whether [kind] can have [count] words. *Pre:* as above. */
VTDPI_API bool vtdpi_decode_fits(vtdpi_decode_kind_t kind, unsigned count);

/** Width of word [word] of [count]. *Units:* bits. *Pre:* as above. */
VTDPI_API unsigned vtdpi_decode_width(vtdpi_decode_kind_t kind, unsigned word, unsigned count);

/**
 * Decodes the [count] words at [words], low word first; for EXIT_QUAL the exit reason, the
 * qualification and, where it decides the qualification's form (exit 0), the interruption
 * information. *Errors:* VTDPI_ERR_INPUT if the count is not one that [kind] has, a word is wider
 * than its width, or the unit's configuration is out of range: [out] is empty then.
 */
VTDPI_API vtdpi_err_t vtdpi_decode_words(vtdpi_decode_kind_t kind, const uint64_t *words,
                                         unsigned count, const vtdpi_decode_options_t *options,
                                         vtdpi_decode_t *out);

/** Adds a remark to what is wrong with [d]; beyond VTDPI_DECODE_NOTES it is dropped. */
VTDPI_API __attribute__((format(printf, 2, 3))) void vtdpi_decode_remark(vtdpi_decode_t *d,
                                                                         const char *format, ...);

#ifdef __cplusplus
}
#endif

#endif
