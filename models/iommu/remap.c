/*
 * The remapping algorithm: from a request to an index, from an entry to a message or a posting.
 */
#include "vtdpi/iommu.h"

/** Properties of a fault reason: a set of bits. */
enum { FAULT_QUALIFIED = 1, FAULT_INDEXED = 2 };

/*
 * @rule vtd.fault.reasons | VT-d | Interrupt Remapping Fault Conditions | 20h reserved field of
 * the request, 21h index, 22h not present, 23h entry not readable, 24h reserved field of the
 * entry, 25h compatibility format, 26h source, 27h descriptor not accessible, 28h reserved field
 * of the descriptor.
 */
static unsigned fault_properties(uint8_t code)
{
    switch (code) {
#define VTDPI_FAULT_ROW(code_, NAME, name, qualified, logged, doc)                                 \
    case code_:                                                                                    \
        return ((qualified) ? FAULT_QUALIFIED : 0U) | ((logged) ? FAULT_INDEXED : 0U);
#include "vtdpi/fault.def"
#undef VTDPI_FAULT_ROW
    default:
        VTDPI_ASSERT(code == VTDPI_FAULT_NONE);
        return 0;
    }
}

/*
 * @rule vtd.fault.unqualified | VT-d | Interrupt Remapping Fault Conditions | 20h, 21h, 23h and
 * 25h are recorded whatever FPD says: no entry is known.
 */
bool vtdpi_fault_qualified(uint8_t code)
{
    return (fault_properties(code) & FAULT_QUALIFIED) != 0;
}

/*
 * @rule vtd.fault.fpd | VT-d | Interrupt Remapping Fault Conditions | 22h, 24h and 26h to 28h are
 * recorded only if FPD of the entry is 0, P = 0 or not; the request is blocked either way.
 * @rule vtd.fault.index | VT-d | Interrupt Remapping Fault Conditions | The low 16 bits of the
 * index are recorded; 20h and 25h have none and record 0.
 */
vtdpi_fault_t vtdpi_iommu_fault(uint8_t code, uint16_t rid, uint32_t index, bool fpd)
{
    return (vtdpi_fault_t){
        .code = code,
        .record = !(fpd && vtdpi_fault_qualified(code)),
        .sid = rid,
        .index = (fault_properties(code) & FAULT_INDEXED) != 0 ? (uint16_t)index : 0,
    };
}

static bool remap_beyond_haw(const vtdpi_iommu_cfg_t *cfg, uint64_t paddr)
{
    return (paddr & ~vtdpi_mask(cfg->haw)) != 0;
}

static vtdpi_admit_t admit_blocked(uint8_t code, uint16_t rid, uint32_t index)
{
    return (vtdpi_admit_t){.kind = VTDPI_ADMIT_BLOCKED,
                           .fault = vtdpi_iommu_fault(code, rid, index, false)};
}

static vtdpi_admit_t admit_forward(vtdpi_msi_t msi)
{
    return (vtdpi_admit_t){.kind = VTDPI_ADMIT_FORWARD, .msg = vtdpi_msi_compat_decode(msi)};
}

/* Step 2: compatibility format passes only while EIME = 0 and CFIS = 1.
 *
 * @rule vtd.remap.compatibility | VT-d | Interrupt Remapping Hardware Operation | With IRES = 1 a
 * request in compatibility format passes unchanged only while EIME = 0 and CFIS = 1; else it is
 * blocked, 25h.
 */
static vtdpi_admit_t admit_compat(const vtdpi_iommu_t *u, vtdpi_msi_t msi, uint16_t rid)
{
    if (u->arch.eime || VTDPI_GET(GSTS, CFIS, &u->arch.reg[VTDPI_REG_GSTS]) == 0) {
        return admit_blocked(VTDPI_FAULT_COMPATIBILITY_BLOCKED, rid, 0);
    }
    return admit_forward(msi);
}

/*
 * @rule vtd.remap.off | VT-d | Interrupt Remapping Hardware Operation | With IRES = 0 every
 * request passes as it is; address bit 4 is then no format bit.
 * @rule vtd.remap.request-reserved | VT-d | Interrupt Remapping Hardware Operation | A reserved
 * field in a remappable request blocks it, 20h, before its index is looked at.
 * @rule vtd.remap.index-bound | VT-d | Interrupt Remapping Hardware Operation | An index of
 * 2^(S+1) or more blocks the request, 21h.
 * @rule vtd.remap.index-wrap | VT-d | Interrupt Remapping Hardware Operation | Choice: handle +
 * subhandle is a plain sum, so that above FFFFh it is 21h; switch index_wrap16 takes it modulo
 * 2^16.
 */
vtdpi_admit_t vtdpi_iommu_admit(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg,
                                vtdpi_msi_t msi, uint16_t rid)
{
    vtdpi_msi_request_t request = vtdpi_msi_decode(msi);
    if (!request.is_interrupt) {
        return (vtdpi_admit_t){.kind = VTDPI_ADMIT_NOT_INTERRUPT};
    }
    /* Step 1: with IRES = 0 address bit 4 is no format bit. */
    if (VTDPI_GET(GSTS, IRES, &u->arch.reg[VTDPI_REG_GSTS]) == 0) {
        return admit_forward(msi);
    }
    if (!request.remappable) {
        return admit_compat(u, msi, rid);
    }
    if (!request.reserved_ok) {
        return admit_blocked(VTDPI_FAULT_REQUEST_RESERVED, rid, 0);
    }
    uint32_t index = cfg->index_wrap16 ? request.index & UINT16_MAX : request.index;
    if (index >= UINT32_C(2) << u->arch.irta_s) {
        return admit_blocked(VTDPI_FAULT_INDEX_BEYOND_TABLE, rid, index);
    }
    return (vtdpi_admit_t){.kind = VTDPI_ADMIT_LOOKUP, .index = index};
}

/*
 * @rule vtd.remap.entry-read | VT-d | Interrupt Remapping Hardware Operation | The entry is read
 * at base + 16 * index of the latched table, all 128 bits in one access.
 * @rule vtd.remap.entry-above-haw | VT-d | Interrupt Remapping Hardware Operation | An entry at or
 * above the host address width is not read: 21h.
 * @rule vtd.remap.entry-error | VT-d | Interrupt Remapping Hardware Operation | An entry that
 * cannot be read blocks the request, 23h.
 */
bool vtdpi_iommu_irte_address(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg, uint32_t index,
                              uint64_t *paddr)
{
    uint64_t offset = (uint64_t)index * VTDPI_IRTE_BYTES;
    *paddr = u->arch.irta_base + offset;
    return *paddr >= offset && !remap_beyond_haw(cfg, *paddr);
}

/* Step 7.
 *
 * @rule vtd.remap.source | VT-d | Interrupt Remapping Hardware Operation | A requester that fails
 * source validation is blocked, 26h.
 * @rule vtd.remap.svt-reserved | VT-d | Interrupt Remapping Hardware Operation | Choice: SVT = 11b
 * is 26h; switch svt3_code makes it 24h.
 */
static uint8_t remap_source_fault(const vtdpi_iommu_cfg_t *cfg,
                                  const uint64_t irte[VTDPI_IRTE_WORDS], uint16_t rid)
{
    vtdpi_source_check_t source = vtdpi_irte_source(irte, rid);
    if (source == VTDPI_SOURCE_VALID) {
        return VTDPI_FAULT_NONE;
    }
    bool as_reserved = source == VTDPI_SOURCE_RESERVED_TYPE && cfg->svt3_code == VTDPI_SVT3_24H;
    return as_reserved ? VTDPI_FAULT_IRTE_RESERVED : VTDPI_FAULT_SOURCE_INVALID;
}

/* Steps 8 and 9, up to the descriptor.
 *
 * @rule vtd.remap.entry-reserved | VT-d | Interrupt Remapping Hardware Operation | A reserved
 * field in a present entry blocks the request, 24h; which fields these are follows IM and the
 * latched EIME.
 */
static uint8_t remap_reserved_fault(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg,
                                    const uint64_t irte[VTDPI_IRTE_WORDS])
{
    bool ok = vtdpi_irte_reserved_ok(irte, u->arch.eime, cfg->pi, cfg->dlm_check);
    return ok ? VTDPI_FAULT_NONE : VTDPI_FAULT_IRTE_RESERVED;
}

/** The first fault of a request of [rid] with [irte], or VTDPI_FAULT_NONE.
 *
 * @rule vtd.remap.not-present | VT-d | Interrupt Remapping Hardware Operation | P = 0 blocks the
 * request, 22h, whatever else the entry holds.
 * @rule vtd.remap.check-order | VT-d | Interrupt Remapping Hardware Operation | Choice: the source
 * is checked before the reserved fields; switch irte_check_order turns the two round.
 * @rule vtd.post.above-haw | VT-d | Interrupt-Posting Hardware Operation | Choice: a descriptor at
 * or above the host address width is an access error, 27h.
 */
static uint8_t remap_entry_fault(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg,
                                 const uint64_t irte[VTDPI_IRTE_WORDS], uint16_t rid)
{
    if (VTDPI_GET(IRTE, P, irte) == 0) {
        return VTDPI_FAULT_IRTE_NOT_PRESENT;
    }
    uint8_t source = remap_source_fault(cfg, irte, rid);
    uint8_t reserved = remap_reserved_fault(u, cfg, irte);
    bool source_first = cfg->irte_check_order == VTDPI_CHECK_SOURCE_FIRST;
    uint8_t first = source_first ? source : reserved;
    if (first != VTDPI_FAULT_NONE) {
        return first;
    }
    uint8_t second = source_first ? reserved : source;
    if (second != VTDPI_FAULT_NONE || VTDPI_GET(IRTE, IM, irte) == 0) {
        return second;
    }
    bool beyond = remap_beyond_haw(cfg, vtdpi_irte_pid_paddr(irte));
    return beyond ? VTDPI_FAULT_PID_ACCESS : VTDPI_FAULT_NONE;
}

/*
 * @rule vtd.remap.formats | VT-d | Interrupt Remapping Hardware Operation | A present, valid entry
 * with IM = 0 sends its message, one with IM = 1 posts VV to its descriptor.
 * @rule vtd.post.access-error | VT-d | Interrupt-Posting Hardware Operation | A descriptor that
 * cannot be accessed blocks the request, 27h, qualified by FPD.
 */
vtdpi_irte_outcome_t vtdpi_iommu_check_irte(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg,
                                            const uint64_t irte[VTDPI_IRTE_WORDS], uint32_t index,
                                            uint16_t rid)
{
    bool fpd = VTDPI_GET(IRTE, FPD, irte) != 0;
    uint8_t code = remap_entry_fault(u, cfg, irte, rid);
    if (code != VTDPI_FAULT_NONE) {
        return (vtdpi_irte_outcome_t){.kind = VTDPI_IRTE_BLOCKED,
                                      .fault = vtdpi_iommu_fault(code, rid, index, fpd)};
    }
    if (VTDPI_GET(IRTE, IM, irte) == 0) {
        return (vtdpi_irte_outcome_t){.kind = VTDPI_IRTE_REMAPPED,
                                      .msg = vtdpi_irte_message(irte, u->arch.eime)};
    }
    return (vtdpi_irte_outcome_t){
        .kind = VTDPI_IRTE_POSTED,
        .pid_paddr = vtdpi_irte_pid_paddr(irte),
        .fault = {.record = !fpd, .sid = rid, .index = (uint16_t)index},
        .vv = (uint8_t)VTDPI_GET(IRTE, VV, irte),
        .urg = VTDPI_GET(IRTE, URG, irte) != 0,
    };
}

/*
 * @rule vtd.post.reserved | VT-d | Interrupt-Posting Hardware Operation | A reserved bit that is
 * set in the descriptor blocks the request, 28h, qualified by FPD, and leaves the line as it was.
 */
bool vtdpi_iommu_check_pid(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg,
                           const uint64_t line[VTDPI_LINE_WORDS])
{
    return vtdpi_pid_reserved_ok(line, u->arch.eime, cfg->pid_ndst_check);
}

/*
 * @rule vtd.post.notification | VT-d | Interrupt-Posting Hardware Operation | The notification is
 * vector NV to the physical APIC ID in NDST, fixed, edge, asserted, without redirection hint, and
 * is not remapped; present or not, the ID is taken as it is.
 */
vtdpi_intr_msg_t vtdpi_iommu_notification(const vtdpi_iommu_t *u, const vtdpi_pid_post_t *post)
{
    VTDPI_ASSERT(post->notify);
    return (vtdpi_intr_msg_t){
        .dest = vtdpi_pid_ndst_decode(post->ndst, u->arch.eime),
        .vector = post->nv,
        .delivery_mode = VTDPI_DLM_FIXED,
        .level = 1,
        .wide = u->arch.eime,
    };
}
