/*
 * What the manual makes of an entry and of a descriptor: its tables typed in by hand, not taken
 * from the unit's rules.
 */
#ifndef IOMMU_WANT_H
#define IOMMU_WANT_H

#include "unit/iommu_bench.h"

/** What an entry, or the door of the unit, makes of a request. */
typedef struct {
    uint8_t code; /**< fault, or 0 */
    bool record;
    bool posts;
    bool urg;
    uint8_t vv;
    uint64_t pid;
    vtdpi_intr_msg_t msg;
} want_t;

/** Source validation. */
static inline uint8_t want_source(const vtdpi_iommu_cfg_t *cfg, uint64_t hi, uint16_t rid)
{
    static const uint16_t mask[] = {0xFFFF, 0xFFFB, 0xFFF9, 0xFFF8};
    uint16_t sid = (uint16_t)hi;
    unsigned bus = rid >> 8U;
    switch (hi >> 18U & 3U) {
    case 0:
        return 0;
    case 1:
        return ((sid ^ rid) & mask[hi >> 16U & 3U]) == 0 ? 0 : 0x26;
    case 2:
        return sid >> 8U <= bus && bus <= (sid & 0xFFU) ? 0 : 0x26;
    default:
        return cfg->svt3_code == VTDPI_SVT3_24H ? 0x24 : 0x26;
    }
}

/** Reserved fields of both formats. */
static inline uint8_t want_reserved(const vtdpi_iommu_cfg_t *cfg, bool eime, uint64_t lo,
                                    uint64_t hi)
{
    unsigned dlm = lo >> 5U & 7U;
    bool bad = false;
    if ((lo & 0x8000) != 0) {
        bad = !cfg->pi || (lo & UINT64_C(0x0000003FFF0030FC)) != 0 ||
              (hi & UINT64_C(0x00000000FFF00000)) != 0;
    } else {
        bad = (lo & UINT64_C(0x00000000FF007000)) != 0 ||
              (hi & UINT64_C(0xFFFFFFFFFFF00000)) != 0 ||
              (!eime && (lo & UINT64_C(0xFFFF00FF00000000)) != 0) ||
              (cfg->dlm_check && (dlm == 3 || dlm == 6));
    }
    return bad ? 0x24 : 0;
}

/** The fault of posting to the descriptor at [pid] whose line is [line] (NULL: none), or 0. */
static inline uint8_t want_descriptor(const vtdpi_iommu_cfg_t *cfg, bool eime, uint64_t pid,
                                      const uint64_t *line)
{
    uint64_t reserved = UINT64_C(0x00000000FF00FFFC);
    if (!eime && cfg->pid_ndst_check) {
        reserved |= UINT64_C(0xFFFF00FF00000000);
    }
    if ((pid & ~vtdpi_mask(cfg->haw)) != 0 || line == NULL) {
        return 0x27;
    }
    return ((line[4] & reserved) | line[5] | line[6] | line[7]) != 0 ? 0x28 : 0;
}

/** The message of a remapped entry. */
static inline vtdpi_intr_msg_t want_message(uint64_t lo, bool eime)
{
    return (vtdpi_intr_msg_t){
        .dest = eime ? (uint32_t)(lo >> 32U) : (uint32_t)(lo >> 40U & 0xFFU),
        .vector = (uint8_t)(lo >> 16U),
        .delivery_mode = lo >> 5U & 7U,
        .dest_mode = lo >> 2U & 1U,
        .trigger_mode = lo >> 4U & 1U,
        .level = 1,
        .rh = lo >> 3U & 1U,
        .wide = eime,
    };
}

/** What [entry] makes of a request of [rid], up to the descriptor. */
static inline want_t want_entry(const vtdpi_iommu_cfg_t *cfg, bool eime, const uint64_t entry[2],
                                uint16_t rid)
{
    uint64_t lo = entry[0], hi = entry[1];
    uint8_t source = want_source(cfg, hi, rid), reserved = want_reserved(cfg, eime, lo, hi);
    bool source_first = cfg->irte_check_order == VTDPI_CHECK_SOURCE_FIRST;
    uint8_t first = source_first ? source : reserved, second = source_first ? reserved : source;
    want_t w = {.record = (lo & 2) == 0};
    if ((lo & 1) == 0) {
        w.code = 0x22;
    } else if ((first | second) != 0) {
        w.code = first != 0 ? first : second;
    } else if ((lo & 0x8000) != 0) {
        w.posts = true;
        w.urg = (lo & 0x4000) != 0;
        w.vv = (uint8_t)(lo >> 16U);
        w.pid = (hi & UINT64_C(0xFFFFFFFF00000000)) | (lo >> 32U & UINT64_C(0xFFFFFFC0));
    } else {
        w.msg = want_message(lo, eime);
    }
    return w;
}

/** The line [line] after a posting of [w], and the notification in [msg] if it returns true. */
static inline bool want_post(const want_t *w, bool eime, uint64_t line[VTDPI_LINE_WORDS],
                             vtdpi_intr_msg_t *msg)
{
    bool notify = (line[4] & 1) == 0 && (w->urg || (line[4] & 2) == 0);
    uint32_t ndst = (uint32_t)(line[4] >> 32U);
    *msg = (vtdpi_intr_msg_t){.dest = eime ? ndst : ndst >> 8U & 0xFFU,
                              .vector = (uint8_t)(line[4] >> 16U),
                              .level = 1,
                              .wide = eime};
    line[w->vv / 64] |= UINT64_C(1) << (w->vv % 64);
    line[4] |= notify ? 1U : 0U;
    return notify;
}

#endif
