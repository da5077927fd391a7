/*
 * keys.def as data, and the closed lists of names that keys refer to.
 */
#ifndef VTDPI_SRC_SCENARIO_KEYS_H
#define VTDPI_SRC_SCENARIO_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Types of value. */
typedef enum {
    TYPE_TEXT,      /**< one line; min, max: characters */
    TYPE_NAME,      /**< small letters, digits, _ and - */
    TYPE_BOOL,      /**< true or false */
    TYPE_UINT,      /**< decimal or 0x hexadecimal */
    TYPE_NAME_OF,   /**< one of a closed list */
    TYPE_TIME,      /**< with unit, in ps */
    TYPE_SPAN,      /**< the same, or in cycles */
    TYPE_CLOCK,     /**< frequency, a multiple of 1 kHz */
    TYPE_RATE,      /**< frequency */
    TYPE_CPUSET,    /**< list of CPU numbers */
    TYPE_CPU,       /**< CPU number, or next */
    TYPE_VCPU,      /**< VM/number */
    TYPE_INTERRUPT, /**< device/number */
    TYPE_REQUESTER, /**< bus:device.function */
    TYPE_NAMES,     /**< list out of a closed list */
    TYPE_TIMES,     /**< list of ascending times */
    TYPE_NOTHING,   /**< the key alone */
    TYPE_MAP,       /**< a section */
    TYPE_LIST,      /**< list of a section */
    TYPE_VALUES,    /**< map from the names of timing.def to a section */
    TYPE_EXPECTS,   /**< list of maps from statistics to comparisons */
    TYPE_COUNT
} key_type_t;

/** Closed lists of names. */
typedef enum {
    NAMES_APIC,
    NAMES_MSI,
    NAMES_TIMER,
    NAMES_SVT3,
    NAMES_IRTE_ORDER,
    NAMES_PIR_ORDER,
    NAMES_PPR_EQUAL,
    NAMES_LOWEST,
    NAMES_DROPPED,
    NAMES_STATUS,
    NAMES_PROTOCOL,
    NAMES_VARIANT, /**< of any protocol, with repetitions */
    NAMES_MONITOR,
    NAMES_EVENT,
    NAMES_ERROR,
    NAMES_TIMING,
    NAMES_COUNT
} names_t;

/** Sections, in the order of keys.def. */
typedef enum {

#define VTDPI_SECTION(id, path, shorthand, doc) SECTION_##id,
#define VTDPI_KEY(section, key, type, argument, min, max, default_, field, role, doc, example)
#include "scenario/keys.def"
#undef VTDPI_SECTION
#undef VTDPI_KEY
    SECTION_COUNT
} section_id_t;

/** What a key means for its map. */
typedef enum { ROLE_PLAIN, ROLE_CHOICE, ROLE_WITH } key_role_t;

/** A row of keys.def. */
typedef struct {
    const char *name;
    section_id_t section;
    key_type_t type;
    uint32_t argument;
    uint64_t min;
    uint64_t max;
    const char *default_; /**< NULL: required; "": optional */
    size_t offset;        /**< of the field in the section's structure */
    size_t size;          /**< of the field */
    key_role_t role;
    uint32_t kind; /**< CHOICE, WITH */
    const char *doc;
    const char *example;
} key_row_t;

/** A section. */
typedef struct {
    const char *id;
    const char *path;
    const char *shorthand;
    const char *doc;
    size_t size;           /**< of its structure */
    const key_row_t *keys; /**< its rows */
    uint32_t count;        /**< how many, at most 64 */
} section_t;

/** Section [id]. */
section_t vtdpi_section(section_id_t id);

/** The row of [key] in section [id], or NULL. */
const key_row_t *vtdpi_key_find(section_id_t id, const char *key);

/** Whether the key may be left out without a default. */
bool vtdpi_key_is_optional(const key_row_t *row);

/** Room for texts about a key. *Units:* bytes. */
enum { VTDPI_KEY_TEXT = 512 };

/** Writes the dotted path of [row], as in `platform.iommu.cache`. */
void vtdpi_key_path(const key_row_t *row, char text[VTDPI_KEY_TEXT]);

/** Writes what a value of [row] looks like, as in `an integer from 1 to 64`. */
void vtdpi_key_expected(const key_row_t *row, char text[VTDPI_KEY_TEXT]);

/** Name [index] of list [names], or NULL past the last. */
const char *vtdpi_name(names_t names, uint32_t index);

/** What name [index] of list [names] means, or "". */
const char *vtdpi_name_doc(names_t names, uint32_t index);

/** Index of [name] in list [names], or UINT32_MAX. */
uint32_t vtdpi_name_index(names_t names, const char *name);

/** Whether protocol [index] needs a remapping unit that posts. */
bool vtdpi_protocol_posts(uint32_t index);

/** Whether protocol number [index] can use IPI virtualization. */
bool vtdpi_protocol_ipiv(uint32_t index);

/** Bit of variant [name] of protocol [protocol], or UINT32_MAX. */
uint32_t vtdpi_variant_bit(uint32_t protocol, const char *name);

/** Name of variant number [index] of [protocol], in the order of hypervisor.def, or NULL past the
 * last. */
const char *vtdpi_variant_name(uint32_t protocol, uint32_t index);

#endif
