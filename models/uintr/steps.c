/*
 * SENDUIPI and notification processing, one access at a time, in the order of the manual.
 */
#include "vtdpi/uintr_steps.h"

#include "uintr_rule.h"

/* Offsets of the interrupt command register in an APIC page. */
enum {

#define VTDPI_LAPIC_REG(NAME, offset, slots, mmio, msr, doc) UINTR_REG_##NAME = (offset),
#include "vtdpi/layout/lapic_regs.def"
#undef VTDPI_LAPIC_REG
};

/* Bytes of a store to the virtual-APIC page, of a word; resume point of a machine that has ended.
 */
enum { UINTR_HALF = 4, UINTR_WORD = 8, UINTR_ENDED = UINT16_MAX };

/* Ends the list of steps that VTDPI_BEGIN opens. */
#define UINTR_END                                                                                  \
    break;                                                                                         \
    default:                                                                                       \
        VTDPI_UNREACHABLE("a step after the end");                                                 \
        }

static vtdpi_uintr_step_t uintr_access(vtdpi_uintr_step_kind_t kind, uint64_t addr, uint64_t a)
{
    return (vtdpi_uintr_step_t){.kind = (uint8_t)kind, .addr = addr, .a = a};
}

static vtdpi_uintr_step_t uintr_end(uint16_t *pc, vtdpi_uintr_fault_t fault)
{
    *pc = UINTR_ENDED;
    return uintr_access(fault == VTDPI_UINTR_NO_FAULT ? VTDPI_UINTR_DONE : VTDPI_UINTR_FAULT, 0,
                        fault);
}

static vtdpi_uintr_step_t uintr_vicr(uint64_t offset, uint64_t value, unsigned bytes)
{
    vtdpi_uintr_step_t step = uintr_access(VTDPI_UINTR_VICR, offset, value);
    step.bytes = (uint8_t)bytes;
    return step;
}

/* Whether a notification is virtualised in the form of an xAPIC. */
static bool uintr_vicr_xapic(const vtdpi_uintr_mode_t *mode)
{
    return vtdpi_ctl_virtualize_apic_accesses(mode->set);
}

static uint64_t uintr_vicr_value(const vtdpi_senduipi_t *self, const vtdpi_uintr_mode_t *mode)
{
    return vtdpi_uintr_icr(self->nv, self->ndst, !uintr_vicr_xapic(mode));
}

/* @rule sdm.senduipi.virtual-ipi | SDM 3C | IPI Virtualization | Once VICR is written the
 * notification is an IPI of virtual vector NV to the virtual APIC ID NDST[15:8] or NDST: with "IPI
 * virtualization" it is virtualised like any other, else there is an APIC-write VM exit of 300h. */
static vtdpi_uintr_step_t uintr_virtual_ipi(const vtdpi_senduipi_t *self,
                                            const vtdpi_uintr_mode_t *mode)
{
    if (!vtdpi_ctl_ipi_virtualization(mode->set)) {
        return uintr_access(VTDPI_UINTR_EXIT_WRITE, 0, UINTR_REG_ICR_LO);
    }
    uint64_t vicr = uintr_vicr_value(self, mode);
    vtdpi_uintr_step_t step = uintr_access(VTDPI_UINTR_IPI_VIRT, 0, self->nv);
    step.b = uintr_vicr_xapic(mode) ? VTDPI_GET(ICR, DEST_XAPIC, &vicr)
                                    : VTDPI_GET(ICR, DEST_X2APIC, &vicr);
    return step;
}

/* The entry that was read, with what its address adds to its own check.
 * @rule sdm.senduipi.upid-canonical | SDM 2 | SENDUIPI | #GP(0) if the UPID's linear address is not
 * canonical. */
static vtdpi_uitte_t uintr_entry(const vtdpi_senduipi_t *self, const vtdpi_uintr_mode_t *mode)
{
    vtdpi_uitte_t entry = vtdpi_uitte_decode(self->uitte);
    if (!uintr_canonical(entry.upid_addr, mode->linear_width)) {
        entry.fault = VTDPI_UINTR_GP;
    }
    return entry;
}

/* What the locked access did, from what the UPID held before it. */
static vtdpi_upid_post_t uintr_posted(vtdpi_senduipi_t *self, vtdpi_result_t before)
{
    vtdpi_upid_post_t post = vtdpi_upid_post(before.v, vtdpi_uitte_decode(self->uitte).uv);
    self->ndst = post.ndst;
    self->nv = post.nv;
    return post;
}

/* @rule sdm.senduipi.order | SDM 2 | SENDUIPI | The UITT entry is read and checked, then the UPID
 * is read, checked and written in one locked access, then the notification is sent.
 * @rule sdm.senduipi.entry-read | SDM 2 | SENDUIPI | Choice: the 16 bytes of the entry are two
 * accesses of 8 bytes, the lower first; nothing promises one.
 * @rule sdm.senduipi.virtual | SDM 3C | IPI Virtualization | In non-root operation with a TPR
 * shadow the notification is written to VICR of the virtual-APIC page instead: VICR_HI and VICR_LO
 * in the form of an xAPIC, 8 bytes at 300h in the form of an x2APIC.
 * @rule sdm.senduipi.virtual-form | SDM 3C | IPI Virtualization | Choice: the form of an xAPIC if
 * "virtualize APIC accesses" is 1, else that of an x2APIC. */
vtdpi_uintr_step_t vtdpi_senduipi_next(vtdpi_senduipi_t *self, const vtdpi_uintr_t *cpu,
                                       const vtdpi_uintr_mode_t *mode, vtdpi_result_t last)
{
    vtdpi_uintr_fault_t fault;
    vtdpi_upid_post_t post;
    VTDPI_BEGIN(self);
    fault = vtdpi_uintr_send_check(cpu, mode, self->index);
    if (fault != VTDPI_UINTR_NO_FAULT) {
        return uintr_end(&self->pc, fault);
    }
    VTDPI_YIELD(self, uintr_access(VTDPI_UINTR_LOAD, vtdpi_uitt_address(cpu, self->index), 0));
    self->uitte[0] = last.v[0];
    VTDPI_YIELD(
        self, uintr_access(VTDPI_UINTR_LOAD, vtdpi_uitt_address(cpu, self->index) + UINTR_WORD, 0));
    self->uitte[1] = last.v[0];
    if (uintr_entry(self, mode).fault != VTDPI_UINTR_NO_FAULT) {
        return uintr_end(&self->pc, VTDPI_UINTR_GP);
    }
    VTDPI_YIELD(self, uintr_access(VTDPI_UINTR_POST, uintr_entry(self, mode).upid_addr,
                                   uintr_entry(self, mode).uv));
    post = uintr_posted(self, last);
    if (post.notify == 0) {
        return uintr_end(&self->pc, (vtdpi_uintr_fault_t)post.fault);
    }
    if (!vtdpi_ctl_tpr_shadow(mode->set)) {
        VTDPI_YIELD(self, uintr_access(VTDPI_UINTR_ICR, 0,
                                       vtdpi_uintr_icr(self->nv, self->ndst, mode->x2apic != 0)));
        return uintr_end(&self->pc, VTDPI_UINTR_NO_FAULT);
    }
    if (uintr_vicr_xapic(mode)) {
        VTDPI_YIELD(self,
                    uintr_vicr(UINTR_REG_ICR_HI, uintr_vicr_value(self, mode) >> 32, UINTR_HALF));
        VTDPI_YIELD(self, uintr_vicr(UINTR_REG_ICR_LO, self->nv, UINTR_HALF));
    } else {
        VTDPI_YIELD(self, uintr_vicr(UINTR_REG_ICR_LO, uintr_vicr_value(self, mode), UINTR_WORD));
    }
    VTDPI_YIELD(self, uintr_virtual_ipi(self, mode));
    UINTR_END
    return uintr_end(&self->pc, VTDPI_UINTR_NO_FAULT);
}

/* @rule sdm.uintr.notify.eoi | SDM 3A | User-Interrupt Notification Identification | The interrupt
 * is dismissed by an EOI to the local APIC before the UPID is touched; a virtual interrupt is
 * retired in the virtual-APIC page instead.
 * @rule sdm.uintr.notify.on | SDM 3A | User-Interrupt Notification Processing | ON is cleared by a
 * locked access that leaves the rest of the UPID as it is; SN, NV and NDST do not matter.
 * @rule sdm.uintr.notify.pir | SDM 3A | User-Interrupt Notification Processing | Then PIR is
 * exchanged with 0 by a locked access, and what it held is added to UIRR.
 * @rule sdm.uintr.notify.two-steps | SDM 3A | User-Interrupt Notification Processing | Choice: the
 * two locked accesses are two steps; the manual allows one. */
vtdpi_uintr_step_t vtdpi_uintr_notify_next(vtdpi_uintr_notify_t *self, vtdpi_uintr_t *cpu,
                                           vtdpi_result_t last)
{
    VTDPI_BEGIN(self);
    if (self->is_virtual == 0) {
        VTDPI_YIELD(self, uintr_access(VTDPI_UINTR_EOI, 0, 0));
    }
    VTDPI_YIELD(self, uintr_access(VTDPI_UINTR_AND, cpu->upid_addr, VTDPI_UPID_ON));
    VTDPI_YIELD(self, uintr_access(VTDPI_UINTR_XCHG,
                                   cpu->upid_addr + (VTDPI_UPID_PIR_WORD * UINTR_WORD), 0));
    cpu->uirr |= last.v[0];
    UINTR_END
    return uintr_end(&self->pc, VTDPI_UINTR_NO_FAULT);
}
