/*
 * Primary fault logging: the ring of fault recording registers, FSTS and the fault event.
 */
#include "iommu_event.h"

/** Whether a pending record names requester [sid]. */
static bool fault_pending_for(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg, uint16_t sid)
{
    for (unsigned n = 0; n < cfg->frcd_count; n++) {
        const uint64_t *frcd = u->arch.frcd[n];
        if (VTDPI_GET(FRCD, F, frcd) != 0 && VTDPI_GET(FRCD, SID, frcd) == sid) {
            return true;
        }
    }
    return false;
}

/** Whether [fault] leaves no trace at all: steps a and b of primary fault logging.
 *
 * @rule vtd.fault.overflow-stops | VT-d | Primary Fault Logging | While PFO is 1 nothing is
 * recorded, free registers or not; clearing it goes on with recording.
 * @rule vtd.fault.collapse | VT-d | Primary Fault Logging | Choice: several faults of one
 * requester take several records; switch fault_collapse drops those of a requester that has one
 * pending, which the manual permits.
 */
static bool fault_is_dropped(const vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg,
                             vtdpi_fault_t fault)
{
    return !fault.record || (u->arch.reg[VTDPI_REG_FSTS] & IOMMU_BIT(FSTS, PFO)) != 0 ||
           (cfg->fault_collapse && fault_pending_for(u, cfg, fault.sid));
}

/* "Hardware writes the other fields before F": both words are one atomic step here.
 *
 * @rule vtd.fault.record | VT-d | Fault Recording Registers | FI[63:48] is the index, SID the
 * requester, FR the reason; F is set with or after them; all other fields of an interrupt fault
 * are 0.
 */
static void fault_fill(uint64_t frcd[2], vtdpi_fault_t fault)
{
    frcd[0] = 0;
    frcd[1] = 0;
    VTDPI_PUT(FRCD, INDEX, frcd, fault.index);
    VTDPI_PUT(FRCD, SID, frcd, fault.sid);
    VTDPI_PUT(FRCD, FR, frcd, fault.code);
    VTDPI_PUT(FRCD, F, frcd, 1);
}

/*
 * @rule vtd.fault.ring | VT-d | Primary Fault Logging | Records fill the fault recording registers
 * in turn, round the ring.
 * @rule vtd.fault.overflow | VT-d | Primary Fault Logging | A fault whose register still has F = 1
 * sets PFO, is lost, and raises no event.
 * @rule vtd.fault.fri | VT-d | Fault Status Register | FRI is the register that was filled when
 * PPF went from 0 to 1.
 * @rule vtd.fault.condition | VT-d | Fault Event Control Register | A record raises the fault
 * event if no status bit was set before; else it is no new condition.
 * @rule vtd.fault.next | VT-d | Primary Fault Logging | Choice: the place in the ring starts at 0
 * again at reset only.
 */
vtdpi_record_t vtdpi_iommu_record(vtdpi_iommu_t *u, const vtdpi_iommu_cfg_t *cfg,
                                  vtdpi_fault_t fault)
{
    VTDPI_ASSERT(fault.code != VTDPI_FAULT_NONE && u->uarch.fault_next < cfg->frcd_count);
    uint32_t next = u->uarch.fault_next;
    if (fault_is_dropped(u, cfg, fault)) {
        return (vtdpi_record_t){.recorded = false};
    }
    /* Step c: the ring is full. PPF is 1, so this is no new condition and raises nothing. */
    if (VTDPI_GET(FRCD, F, u->arch.frcd[next]) != 0) {
        u->arch.reg[VTDPI_REG_FSTS] |= IOMMU_BIT(FSTS, PFO);
        return (vtdpi_record_t){.overflow = true};
    }
    bool first = !vtdpi_iommu_ppf(u, cfg);
    bool is_condition = !vtdpi_iommu_status_any(u, cfg);
    fault_fill(u->arch.frcd[next], fault);
    u->uarch.fault_next = (next + 1) % cfg->frcd_count;
    vtdpi_record_t record = {.recorded = true, .frcd = (uint8_t)next};
    if (first) {
        VTDPI_PUT(FSTS, FRI, &u->arch.reg[VTDPI_REG_FSTS], next);
    }
    if (is_condition) {
        record.event = vtdpi_iommu_event_raise(u, IOMMU_EVENT_FAULT);
    }
    return record;
}
