/*
 * Any accesses to the register page, with faults and queue errors between them: the unit's
 * invariants hold, 8 bytes are two halves, and what is read-only stays.
 */
#include "unit/iommu_bench.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADER = 4, RECORD = 12, PAGE = 0x400 };

/** A configuration from the first bytes. */
static vtdpi_iommu_cfg_t cfg_of(const uint8_t *data)
{
    vtdpi_iommu_cfg_t cfg = vtdpi_iommu_cfg_default();
    cfg.frcd_count = (uint8_t)(1 + (data[0] % VTDPI_FRCD_MAX));
    cfg.haw = (uint8_t)(32 + (data[1] % 33));
    cfg.ir = (data[2] & 1) != 0;
    cfg.eim = (data[2] & 2) != 0;
    cfg.register_only = (data[2] & 4) != 0;
    cfg.wide_queue = (data[2] & 8) != 0;
    cfg.esirtps = (data[2] & 16) != 0;
    cfg.fault_collapse = (data[2] & 32) != 0;
    cfg.pi = (data[2] & 64) != 0;
    cfg.cm = (data[2] & 128) != 0;
    return cfg;
}

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

/** Writes 8 bytes in one and in two accesses to copies of the unit: the same state. */
static void check_halves(const fixture_t *x, uint32_t offset, uint64_t value)
{
    vtdpi_iommu_t one = x->unit;
    vtdpi_iommu_t two = x->unit;
    (void)vtdpi_iommu_write(&one, &x->cfg, offset, 8, value);
    (void)vtdpi_iommu_write(&two, &x->cfg, offset, 4, value & UINT32_MAX);
    (void)vtdpi_iommu_write(&two, &x->cfg, offset + 4, 4, value >> 32U);
    require(memcmp(&one, &two, sizeof one) == 0);
}

static void access_once(fixture_t *x, uint32_t offset, uint64_t value, bool wide)
{
    uint64_t cap = peek(x, VTDPI_REG_CAP), ecap = peek(x, VTDPI_REG_ECAP);
    if (wide) {
        check_halves(x, offset, value);
    }
    vtdpi_iommu_write_t w = vtdpi_iommu_write(&x->unit, &x->cfg, offset, wide ? 8 : 4, value);
    require(!w.event.send || ((peek(x, VTDPI_REG_FECTL) & peek(x, VTDPI_REG_IECTL)) >> 31U) == 0);
    require(peek(x, VTDPI_REG_CAP) == cap && peek(x, VTDPI_REG_ECAP) == ecap);
    uint64_t low = vtdpi_iommu_read(&x->unit, &x->cfg, offset & ~UINT32_C(7), 4);
    uint64_t both = vtdpi_iommu_read(&x->unit, &x->cfg, offset & ~UINT32_C(7), 8);
    require((both & UINT32_MAX) == low);
}

/** What hardware does of itself between two accesses. */
static void hardware(fixture_t *x, const uint8_t *record)
{
    vtdpi_queue_next_t n = vtdpi_iommu_queue_next(&x->unit, &x->cfg);
    if ((record[1] & 1) != 0) {
        uint8_t code = (uint8_t)(VTDPI_FAULT_REQUEST_RESERVED + (record[2] % 9));
        uint16_t rid = (uint16_t)(record[3] % 4);
        (void)vtdpi_iommu_record(&x->unit, &x->cfg,
                                 vtdpi_iommu_fault(code, rid, record[4], (record[5] & 1) != 0));
    } else if (n.kind == VTDPI_QUEUE_ERROR) {
        (void)vtdpi_iommu_queue_error(&x->unit, &x->cfg, n.error);
    } else if (n.kind == VTDPI_QUEUE_FETCH) {
        vtdpi_iqd_t wait = {.kind = VTDPI_IQD_WAIT, .intr = true};
        vtdpi_iommu_queue_advance(&x->unit);
        (void)vtdpi_iommu_wait_complete(&x->unit, &wait);
    } else {
        vtdpi_iommu_reset(&x->unit, &x->cfg);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEADER) {
        return 0;
    }
    fixture_t x = fresh_with(cfg_of(data));
    for (size_t at = HEADER; at + RECORD <= size; at += RECORD) {
        const uint8_t *record = data + at;
        bool wide = (record[0] & 1) != 0;
        uint32_t offset = (uint32_t)(record[2] | record[3] << 8U) % PAGE;
        uint64_t value = 0;
        memcpy(&value, record + 4, sizeof value);
        if ((record[0] & 2) != 0) {
            hardware(&x, record);
        } else {
            access_once(&x, offset & ~(wide ? UINT32_C(7) : UINT32_C(3)), value, wide);
        }
        require(vtdpi_iommu_check(&x.unit, &x.cfg));
    }
    return 0;
}
