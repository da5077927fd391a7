/*
 * Interrupt entry cache: a bounded, fully associative store of table entries that goes stale until
 * it is invalidated.
 */
#include "vtdpi/iommu_unit.h"

#include <string.h>

/*
 * @rule vtd.iec.not-present | VT-d | Caching Mode | Without CAP.CM entries that are not present or
 * faulty are not cached, so that making them good needs no invalidation.
 */
bool vtdpi_iec_may_cache(const vtdpi_iommu_cfg_t *cfg, uint8_t code)
{
    return code == VTDPI_FAULT_NONE || cfg->cm;
}

/** The slot of [index], or cfg->iec_entries. */
static uint32_t iec_find(const vtdpi_iec_entry_t *iec, const vtdpi_iommu_cfg_t *cfg, uint32_t index)
{
    uint32_t slot = 0;
    while (slot < cfg->iec_entries && (iec[slot].index != index || iec[slot].valid == 0)) {
        slot++;
    }
    return slot;
}

/*
 * @rule vtd.iec.stale | VT-d | Interrupt Entry Cache | A cached entry is used as it was read,
 * whatever memory holds since, until an invalidation covers it.
 */
bool vtdpi_iec_lookup(const vtdpi_iec_entry_t *iec, const vtdpi_iommu_cfg_t *cfg, uint32_t index,
                      uint64_t irte[VTDPI_IRTE_WORDS])
{
    uint32_t slot = iec_find(iec, cfg, index);
    if (slot == cfg->iec_entries) {
        return false;
    }
    memcpy(irte, iec[slot].irte, VTDPI_IRTE_BYTES);
    return true;
}

/** The slot for a new entry: the first empty one, or the one whose turn it is. */
static uint32_t iec_victim(vtdpi_iommu_t *u, const vtdpi_iec_entry_t *iec,
                           const vtdpi_iommu_cfg_t *cfg)
{
    for (uint32_t slot = 0; slot < cfg->iec_entries; slot++) {
        if (iec[slot].valid == 0) {
            return slot;
        }
    }
    uint32_t slot = u->uarch.iec_next;
    u->uarch.iec_next = (slot + 1) % cfg->iec_entries;
    return slot;
}

/*
 * @rule vtd.iec.replacement | VT-d | Interrupt Entry Cache | Choice: one slot an index, at most as
 * many as configured, replaced first in, first out.
 */
void vtdpi_iec_insert(vtdpi_iommu_t *u, vtdpi_iec_entry_t *iec, const vtdpi_iommu_cfg_t *cfg,
                      uint32_t index, const uint64_t irte[VTDPI_IRTE_WORDS])
{
    if (cfg->iec_entries == 0) {
        return;
    }
    uint32_t slot = iec_find(iec, cfg, index);
    if (slot == cfg->iec_entries) {
        slot = iec_victim(u, iec, cfg);
    }
    VTDPI_ASSERT(slot < cfg->iec_entries);
    iec[slot] = (vtdpi_iec_entry_t){.irte = {irte[0], irte[1]}, .index = index, .valid = 1};
}

void vtdpi_iec_evict(vtdpi_iec_entry_t *iec, const vtdpi_iommu_cfg_t *cfg, uint32_t slot)
{
    VTDPI_ASSERT(slot < cfg->iec_entries);
    memset(&iec[slot], 0, sizeof iec[slot]);
}

/*
 * @rule vtd.iec.global | VT-d | Interrupt Entry Cache Invalidate Descriptor | G = 0 drops every
 * entry.
 */
void vtdpi_iec_invalidate_all(vtdpi_iec_entry_t *iec, const vtdpi_iommu_cfg_t *cfg)
{
    if (cfg->iec_entries != 0) {
        memset(iec, 0, cfg->iec_entries * sizeof *iec);
    }
}

/*
 * @rule vtd.iec.selective | VT-d | Interrupt Entry Cache Invalidate Descriptor | G = 1 drops entry
 * i if, and only if, i and IIDX are equal but for the low IM bits.
 */
void vtdpi_iec_invalidate(vtdpi_iec_entry_t *iec, const vtdpi_iommu_cfg_t *cfg, uint32_t iidx,
                          uint32_t im)
{
    VTDPI_ASSERT(im < 32U);
    for (uint32_t slot = 0; slot < cfg->iec_entries; slot++) {
        if (iec[slot].valid != 0 && (iec[slot].index >> im) == (iidx >> im)) {
            vtdpi_iec_evict(iec, cfg, slot);
        }
    }
}
