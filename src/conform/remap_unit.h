/*
 * The machine of an interrupt-remapping vector: a remapping unit and the memory and messages that
 * its owner gives it. Replays drive it; what a vector says is none of its business.
 */
#ifndef VTDPI_SRC_CONFORM_REMAP_UNIT_H
#define VTDPI_SRC_CONFORM_REMAP_UNIT_H

#include "vtdpi/iommu_unit.h"

/** Where its RAM ends, where its queue lies. */
enum { REMAP_RAM_END = 0x10000000, REMAP_QUEUE = 0x2000000, REMAP_QUEUE_BYTES = 4096 };

/** Room of memory words other than 0, of messages kept. */
enum { REMAP_WORDS_MAX = 4096, REMAP_MESSAGES_MAX = 8 };

/** A word of memory; all others are 0. */
typedef struct {
    uint64_t paddr;
    uint64_t value;
} remap_word_t;

/** Messages since the list was emptied; what is beyond the room is left out. */
typedef struct {
    unsigned count;
    vtdpi_intr_msg_t msg[REMAP_MESSAGES_MAX];
} remap_messages_t;

/** The machine. */
typedef struct {
    vtdpi_iommu_cfg_t cfg;
    vtdpi_iommu_t unit;
    vtdpi_iec_entry_t iec[VTDPI_IEC_MAX];
    bool queue_waits;           /**< the queue is fetched after a write of IQT only */
    bool full;                  /**< memory had no room for a word */
    remap_messages_t delivered; /**< interrupts of devices */
    remap_messages_t events;    /**< the unit's own */
    unsigned word_count;
    remap_word_t words[REMAP_WORDS_MAX];
} remap_unit_t;

/** The 64-bit word at [paddr], a multiple of 8. */
uint64_t remap_memory_read(const remap_unit_t *m, uint64_t paddr);

/** Writes it; where no memory answers nothing happens. */
void remap_memory_write(remap_unit_t *m, uint64_t paddr, uint64_t value);

/** The 32-bit word at [paddr], a multiple of 4. */
uint32_t remap_memory_dword(const remap_unit_t *m, uint64_t paddr);

/** Takes the request [msi] of [rid] to its end: a message, or a fault. */
void remap_request(remap_unit_t *m, vtdpi_msi_t msi, uint16_t rid);

/** Writes a register, and runs the queue where the write may have given it work. */
void remap_write(remap_unit_t *m, uint32_t offset, uint32_t bytes, uint64_t value);

/** Writes register [reg] as a whole. */
void remap_write_reg(remap_unit_t *m, vtdpi_reg_t reg, uint64_t value);

/** Writes GCMD as software does: the level bits of GSTS with those of [mask] replaced by [value].
 */
void remap_command(remap_unit_t *m, uint64_t mask, uint64_t value);

/** Puts a descriptor at the queue's tail [tail], which moves on. IQT is not written. */
void remap_queue_append(remap_unit_t *m, uint64_t *tail, uint64_t low, uint64_t high);

/** Appends the invalidation [low] and a wait with status write, writes IQT, and says whether the
 * status arrived. */
bool remap_queue_submit(remap_unit_t *m, uint64_t low);

#endif
