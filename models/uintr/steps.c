/*
 * SENDUIPI and notification processing, one access at a time, in the order of the manual.
 */
#include "vtdpi/uintr_steps.h"

#include "uintr_rule.h"

/* Bytes of a word; resume point of a machine that has ended. */
enum { UINTR_WORD = 8, UINTR_ENDED = UINT16_MAX };

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

/* @rule sdm.senduipi.virtual | SDM 3C | IPI Virtualization | In VMX non-root operation with "use
 * TPR shadow" the notification does not go to the physical APIC: it is written to VICR and
 * virtualised from there. Without, it is an ordinary IPI of the physical APIC, in its mode. */
static vtdpi_uintr_step_t uintr_notification(vtdpi_upid_post_t post, const vtdpi_uintr_mode_t *mode)
{
    if (!vtdpi_ctl_tpr_shadow(mode->set)) {
        return uintr_access(VTDPI_UINTR_ICR, 0,
                            vtdpi_uintr_icr(post.nv, post.ndst, mode->x2apic != 0));
    }
    vtdpi_uintr_step_t step = uintr_access(VTDPI_UINTR_VIRTUAL, 0, post.nv);
    step.b = post.ndst;
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

/* @rule sdm.senduipi.order | SDM 2 | SENDUIPI | The UITT entry is read and checked, then the UPID
 * is read, checked and written in one locked access, then the notification is sent.
 * @rule sdm.senduipi.entry-read | SDM 2 | SENDUIPI | Choice: the 16 bytes of the entry are two
 * accesses of 8 bytes, the lower first; nothing promises one. */
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
    post = vtdpi_upid_post(last.v, uintr_entry(self, mode).uv); /* on a copy: what it did */
    if (post.notify == 0) {
        return uintr_end(&self->pc, (vtdpi_uintr_fault_t)post.fault);
    }
    VTDPI_YIELD(self, uintr_notification(post, mode));
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
 * @rule sdm.uintr.notify.virtual | SDM 3C | Virtual-Interrupt Delivery | A virtual interrupt of
 * vector UINV does not go through the IDT: after it was delivered to VISR and retired again,
 * without the test of the EOI-exit bitmap and without an evaluation, the same processing follows.
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
