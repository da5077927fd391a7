/*
 * The machine of an interrupt-remapping vector: the unit's owner reads entries and descriptors,
 * fills the cache, and runs the queue to its end after each write that may have given it work.
 * Spec: VT-d, "Interrupt Remapping Hardware Operation", "Queued Invalidation Interface".
 */
#include "conform/remap_unit.h"

/** Descriptor of a wait with status write, the data that it writes, and where. */
enum { WAIT_STATUS = 0x25, COMPLETED = 0x2200000, COMPLETED_DATA = 1, HIGH_LOW = 32 };

/* --- memory --- */

/** Number of the word at [paddr], or word_count. */
static unsigned memory_find(const remap_unit_t *m, uint64_t paddr)
{
    unsigned i = 0;
    while (i < m->word_count && m->words[i].paddr != paddr) {
        i++;
    }
    return i;
}

uint64_t remap_memory_read(const remap_unit_t *m, uint64_t paddr)
{
    unsigned i = memory_find(m, paddr);
    return i < m->word_count ? m->words[i].value : 0;
}

void remap_memory_write(remap_unit_t *m, uint64_t paddr, uint64_t value)
{
    unsigned i = memory_find(m, paddr);
    if (i == REMAP_WORDS_MAX) {
        m->full = true;
    } else if (i < m->word_count) {
        m->words[i].value = value;
    } else if (paddr < REMAP_RAM_END && value != 0) {
        m->words[i] = (remap_word_t){.paddr = paddr, .value = value};
        m->word_count++;
    }
}

uint32_t remap_memory_dword(const remap_unit_t *m, uint64_t paddr)
{
    return (uint32_t)vtdpi_bits(remap_memory_read(m, paddr & ~UINT64_C(7)), (paddr & 4U) * 8U,
                                HIGH_LOW);
}

static void memory_write_dword(remap_unit_t *m, uint64_t paddr, uint32_t value)
{
    uint64_t at = paddr & ~UINT64_C(7);
    remap_memory_write(
        m, at, vtdpi_with_bits(remap_memory_read(m, at), (paddr & 4U) * 8U, HIGH_LOW, value));
}

/* --- the unit's owner --- */

static void messages_add(remap_messages_t *to, const vtdpi_intr_msg_t *msg)
{
    if (to->count < REMAP_MESSAGES_MAX) {
        to->msg[to->count++] = *msg;
    }
}

static void remap_event(remap_unit_t *m, const vtdpi_iommu_event_t *event)
{
    if (event->send) {
        messages_add(&m->events, &event->msg);
    }
}

static void remap_blocked(remap_unit_t *m, vtdpi_fault_t fault)
{
    vtdpi_record_t record = vtdpi_iommu_record(&m->unit, &m->cfg, fault);
    remap_event(m, &record.event);
}

static void remap_entry(remap_unit_t *m, const uint64_t irte[VTDPI_IRTE_WORDS], uint32_t index,
                        uint16_t rid, bool hit)
{
    vtdpi_irte_outcome_t o = vtdpi_iommu_check_irte(&m->unit, &m->cfg, irte, index, rid);
    if (!hit && vtdpi_iec_may_cache(&m->cfg, o.fault.code)) {
        vtdpi_iec_insert(&m->unit, m->iec, &m->cfg, index, irte);
    }
    if (o.kind == VTDPI_IRTE_BLOCKED) {
        remap_blocked(m, o.fault);
    } else {
        VTDPI_ASSERT(o.kind == VTDPI_IRTE_REMAPPED); /* the machine has no posting */
        messages_add(&m->delivered, &o.msg);
    }
}

static void remap_lookup(remap_unit_t *m, uint32_t index, uint16_t rid)
{
    uint64_t irte[VTDPI_IRTE_WORDS];
    uint64_t paddr = 0;
    if (vtdpi_iec_lookup(m->iec, &m->cfg, index, irte)) {
        remap_entry(m, irte, index, rid, true);
    } else if (!vtdpi_iommu_irte_address(&m->unit, &m->cfg, index, &paddr)) {
        remap_blocked(m, vtdpi_iommu_fault(VTDPI_FAULT_INDEX_BEYOND_TABLE, rid, index, false));
    } else if (paddr >= REMAP_RAM_END) {
        remap_blocked(m, vtdpi_iommu_fault(VTDPI_FAULT_IRTE_ACCESS, rid, index, false));
    } else {
        irte[0] = remap_memory_read(m, paddr);
        irte[1] = remap_memory_read(m, paddr + 8);
        remap_entry(m, irte, index, rid, false);
    }
}

void remap_request(remap_unit_t *m, vtdpi_msi_t msi, uint16_t rid)
{
    vtdpi_admit_t a = vtdpi_iommu_admit(&m->unit, &m->cfg, msi, rid);
    if (a.kind == VTDPI_ADMIT_FORWARD) {
        messages_add(&m->delivered, &a.msg);
    } else if (a.kind == VTDPI_ADMIT_LOOKUP) {
        remap_lookup(m, a.index, rid);
    } else if (a.kind == VTDPI_ADMIT_BLOCKED) {
        remap_blocked(m, a.fault);
    }
}

static void queue_error(remap_unit_t *m, uint8_t error)
{
    vtdpi_iommu_event_t event = vtdpi_iommu_queue_error(&m->unit, &m->cfg, error);
    remap_event(m, &event);
}

static void queue_execute(remap_unit_t *m, const vtdpi_iqd_t *d)
{
    if (d->kind == VTDPI_IQD_IEC) {
        vtdpi_iommu_queue_iec(m->iec, &m->cfg, d);
    } else if (d->kind == VTDPI_IQD_WAIT) {
        if (d->sw) {
            memory_write_dword(m, d->status_paddr, d->status_data);
        }
        vtdpi_iommu_event_t event = vtdpi_iommu_wait_complete(&m->unit, d);
        remap_event(m, &event);
    }
}

/** Fetches and executes descriptors until the queue is empty or stops. */
static void queue_run(remap_unit_t *m)
{
    for (;;) {
        vtdpi_queue_next_t next = vtdpi_iommu_queue_next(&m->unit, &m->cfg);
        if (next.kind == VTDPI_QUEUE_IDLE) {
            return;
        }
        if (next.kind == VTDPI_QUEUE_ERROR || next.paddr >= REMAP_RAM_END) {
            queue_error(m, next.kind == VTDPI_QUEUE_ERROR ? next.error : VTDPI_IQEI_FETCH);
            return;
        }
        uint64_t w[4] = {0};
        for (unsigned i = 0; i < next.bytes / sizeof w[0]; i++) {
            w[i] = remap_memory_read(m, next.paddr + (i * sizeof w[0]));
        }
        vtdpi_iqd_t d = vtdpi_iqd_decode(w, next.bytes == sizeof w, m->cfg.mhmv);
        if (d.kind == VTDPI_IQD_INVALID) {
            queue_error(m, d.error);
            return;
        }
        vtdpi_iommu_queue_advance(&m->unit);
        queue_execute(m, &d);
    }
}

void remap_write(remap_unit_t *m, uint32_t offset, uint32_t bytes, uint64_t value)
{
    vtdpi_iommu_write_t w = vtdpi_iommu_write(&m->unit, &m->cfg, offset, bytes, value);
    remap_event(m, &w.event);
    bool held = m->queue_waits && offset == vtdpi_reg_offset(VTDPI_REG_FSTS);
    if ((w.effects & VTDPI_EFFECT_QUEUE) != 0 && !held) {
        queue_run(m);
    }
}

/** Size of register [reg]. */
static uint32_t unit_bytes(vtdpi_reg_t reg)
{
    static const uint8_t bytes[VTDPI_REG_COUNT] = {
#define VTDPI_REG(NAME, offset, bytes_, rw, rw1c, doc) [VTDPI_REG_##NAME] = (bytes_),
#include "vtdpi/layout/vtd_regs.def"
#undef VTDPI_REG
    };
    return bytes[reg];
}

void remap_write_reg(remap_unit_t *m, vtdpi_reg_t reg, uint64_t value)
{
    remap_write(m, vtdpi_reg_offset(reg), unit_bytes(reg), value);
}

void remap_command(remap_unit_t *m, uint64_t mask, uint64_t value)
{
    uint64_t levels = UINT64_C(1) << VTDPI_GCMD_TE_LOW | UINT64_C(1) << VTDPI_GCMD_QIE_LOW |
                      UINT64_C(1) << VTDPI_GCMD_IRE_LOW | UINT64_C(1) << VTDPI_GCMD_CFI_LOW;
    uint64_t gsts = vtdpi_iommu_peek(&m->unit, &m->cfg, VTDPI_REG_GSTS) & levels;
    remap_write_reg(m, VTDPI_REG_GCMD, (gsts & ~mask) | value);
}

void remap_queue_append(remap_unit_t *m, uint64_t *tail, uint64_t low, uint64_t high)
{
    remap_memory_write(m, REMAP_QUEUE + *tail, low);
    remap_memory_write(m, REMAP_QUEUE + *tail + 8, high);
    *tail = (*tail + (2 * sizeof low)) % REMAP_QUEUE_BYTES;
}

bool remap_queue_submit(remap_unit_t *m, uint64_t low)
{
    uint64_t tail = vtdpi_iommu_peek(&m->unit, &m->cfg, VTDPI_REG_IQT) % REMAP_QUEUE_BYTES;
    memory_write_dword(m, COMPLETED, 0);
    remap_queue_append(m, &tail, low, 0);
    remap_queue_append(m, &tail, WAIT_STATUS | (uint64_t)COMPLETED_DATA << HIGH_LOW, COMPLETED);
    remap_write_reg(m, VTDPI_REG_IQT, tail);
    return remap_memory_dword(m, COMPLETED) == COMPLETED_DATA;
}
