/* What the files of the local APIC share. */
#ifndef VTDPI_MODELS_LAPIC_REG_H
#define VTDPI_MODELS_LAPIC_REG_H

#include "vtdpi/lapic_access.h"

/* Access of a register in one mode. */
typedef enum { LAPIC_NO, LAPIC_RO, LAPIC_WO, LAPIC_RW } lapic_access_kind_t;

/* A row of the register table. */
typedef struct {
    uint16_t offset;
    uint8_t slots;
    uint8_t mmio;
    uint8_t msr;
    uint8_t pad_;
} lapic_reg_t;

/* The row whose register covers [offset], or NULL. */
const lapic_reg_t *vtdpi_lapic_reg_find(uint32_t offset);

/* Reads the existing, readable register at [offset]. */
vtdpi_lapic_access_t vtdpi_lapic_reg_read(const vtdpi_lapic_t *self, uint32_t offset);

/* Writes [value] to the existing, writable register at [offset]; reserved bits are dropped. */
vtdpi_lapic_access_t vtdpi_lapic_reg_write(vtdpi_lapic_t *self, uint32_t offset, uint32_t value);

/* Sends what [icr] asks for, or notes why not. */
vtdpi_lapic_access_t vtdpi_lapic_icr_send(vtdpi_lapic_t *self, uint64_t icr);

/* Bits of the register at [offset] that a WRMSR may set without #GP. */
uint64_t vtdpi_lapic_reg_known(uint32_t offset);

/* Whether [entry] of the LVT, at [which], is a level-triggered one. */
bool vtdpi_lapic_lvt_level(vtdpi_lapic_lvt_t which, uint64_t entry);

#endif
