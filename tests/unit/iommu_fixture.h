/*
 * A remapping unit ready for work, for the tests of its rules.
 */
#ifndef IOMMU_FIXTURE_H
#define IOMMU_FIXTURE_H

#include "vtdpi/iommu_unit.h"

#include "vtd_test.h"

/** Commands of GCMD, and where the table and the queue lie. */
enum { GCMD_QIE = 1 << 26, GCMD_IRE = 1 << 25, GCMD_SIRTP = 1 << 24, GCMD_CFI = 1 << 23 };

#define TABLE_BASE UINT64_C(0x1000000)
#define QUEUE_BASE UINT64_C(0x2000000)

/** A unit with its configuration and cache. */
typedef struct {
    vtdpi_iommu_cfg_t cfg;
    vtdpi_iommu_t unit;
    vtdpi_iec_entry_t iec[VTDPI_IEC_MAX];
} fixture_t;

static inline vtdpi_iommu_write_t poke(fixture_t *x, vtdpi_reg_t reg, uint64_t value)
{
    bool wide = reg == VTDPI_REG_IQT || reg == VTDPI_REG_IQA || reg == VTDPI_REG_IRTA;
    return vtdpi_iommu_write(&x->unit, &x->cfg, vtdpi_reg_offset(reg), wide ? 8 : 4, value);
}

static inline uint64_t peek(const fixture_t *x, vtdpi_reg_t reg)
{
    return vtdpi_iommu_peek(&x->unit, &x->cfg, reg);
}

/** GCMD as software writes it: the level bits of GSTS kept, [set] on, [clear] off. */
static inline vtdpi_iommu_write_t command(fixture_t *x, uint32_t set, uint32_t clear)
{
    uint64_t levels = peek(x, VTDPI_REG_GSTS) & UINT64_C(0x96800000);
    return poke(x, VTDPI_REG_GCMD, (levels & ~(uint64_t)clear) | set);
}

/** A unit with the given configuration, fresh from power-good. */
static inline fixture_t fresh_with(vtdpi_iommu_cfg_t cfg)
{
    fixture_t x;
    memset(&x, 0, sizeof x);
    x.cfg = cfg;
    vtdpi_iommu_init(&x.unit, &x.cfg);
    return x;
}

/** A unit that remaps through a table of 2^(s+1) entries. */
static inline fixture_t remapping_with(vtdpi_iommu_cfg_t cfg, unsigned s, bool eime)
{
    fixture_t x = fresh_with(cfg);
    poke(&x, VTDPI_REG_IRTA, TABLE_BASE | (eime ? 0x800U : 0U) | s);
    command(&x, (uint32_t)GCMD_SIRTP, 0);
    command(&x, (uint32_t)GCMD_IRE, 0);
    return x;
}

static inline fixture_t remapping(unsigned s, bool eime)
{
    return remapping_with(vtdpi_iommu_cfg_default(), s, eime);
}

static inline vtdpi_admit_t admit(const fixture_t *x, uint64_t addr, uint32_t data, uint16_t rid)
{
    return vtdpi_iommu_admit(&x->unit, &x->cfg, (vtdpi_msi_t){.addr = addr, .data = data}, rid);
}

#endif
