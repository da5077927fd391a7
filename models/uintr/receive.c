/*
 * The receiver's side: notification, recognition, delivery, return, the flag UIF, and where these
 * meet VMX.
 */
#include "uintr_rule.h"

/* Flags by their masks in RFLAGS, and all that UIRET restores. */
enum {

#define VTDPI_UIRET_FLAG(NAME, bit, doc) UINTR_FLAG_##NAME = 1 << (bit),
#include "vtdpi/layout/uintr.def"
#undef VTDPI_UIRET_FLAG
};

static const uint64_t UINTR_UIRET_FLAGS = 0
#define VTDPI_UIRET_FLAG(NAME, bit, doc) | (UINT64_C(1) << (bit))
#include "vtdpi/layout/uintr.def"
#undef VTDPI_UIRET_FLAG
    ;

/* RFLAGS[1] is always 1 in RFLAGS; in a word that UIRET pops it can stand for UIF. The stack is
 * aligned to 16 bytes. The only CPL that user interrupts are delivered at. */
enum { UINTR_RFLAGS_UIF = 1 << 1, UINTR_STACK_LOW = 15, UINTR_USER_CPL = 3 };

/* @rule sdm.uintr.identify | SDM 3A | User-Interrupt Notification Identification | With CR4.UINTR =
 * 1 and IA32_EFER.LMA = 1, so in compatibility mode too and at any CPL, an interrupt of vector UINV
 * is a notification; else it is an ordinary interrupt. */
bool vtdpi_uintr_match(const vtdpi_uintr_t *self, const vtdpi_uintr_mode_t *mode, uint8_t vector)
{
    return mode->cr4_uintr != 0 && mode->efer_lma != 0 && vector == self->uinv;
}

/* @rule sdm.uintr.recognise | SDM 3A | User-Interrupt Recognition | A pending user interrupt is
 * recognised whenever UIRR is not 0, however it got there: notification, WRMSR, VM entry. */
bool vtdpi_uintr_recognised(const vtdpi_uintr_t *self, const vtdpi_uintr_mode_t *mode)
{
    return mode->cr4_uintr != 0 && self->uirr != 0;
}

/* @rule sdm.uintr.deliverable | SDM 3A | User-Interrupt Delivery | Delivery needs a recognised user
 * interrupt, UIF = 1, CPL = 3 and 64-bit mode, and no blocking by MOV SS; blocking by STI and
 * RFLAGS.IF do not matter. */
bool vtdpi_uintr_deliverable(const vtdpi_uintr_t *self, const vtdpi_uintr_mode_t *mode,
                             uint32_t interruptibility)
{
    return vtdpi_uintr_recognised(self, mode) && self->uif != 0 && mode->cpl == UINTR_USER_CPL &&
           uintr_64bit(mode) && (interruptibility & VTDPI_BLOCK_MOV_SS) == 0;
}

/* @rule sdm.uintr.stack | SDM 3A | User-Interrupt Delivery | With UISTACKADJUST[0] = 1 RSP becomes
 * UISTACKADJUST, else UISTACKADJUST is subtracted; then RSP is aligned down to 16 bytes. */
static uint64_t uintr_stack(const vtdpi_uintr_t *self, uint64_t rsp)
{
    bool load = VTDPI_GET(UINTR_STACKADJUST, LOAD, &self->stackadjust) != 0;
    uint64_t top = load ? self->stackadjust : rsp - self->stackadjust;
    return top & ~(uint64_t)UINTR_STACK_LOW;
}

/* @rule sdm.uintr.deliver | SDM 3A | User-Interrupt Delivery | The highest bit of UIRR is the user
 * vector and is cleared; the others stay pending. UIF, RFLAGS.TF and RFLAGS.RF become 0, RIP
 * becomes UIHANDLER.
 * @rule sdm.uintr.frame | SDM 3A | User-Interrupt Delivery | Pushed are, 8 bytes each, RSP as it
 * was before the adjustment, RFLAGS, RIP and the user vector.
 * @rule sdm.uintr.handler-canonical | SDM 3A | User-Interrupt Delivery | A UIHANDLER that is not
 * canonical in the current paging mode is #GP(0), before anything changes. */
vtdpi_uintr_delivery_t vtdpi_uintr_deliver(vtdpi_uintr_t *self, const vtdpi_uintr_mode_t *mode,
                                           vtdpi_uintr_regs_t *regs)
{
    VTDPI_ASSERT(vtdpi_uintr_deliverable(self, mode, 0));
    if (!uintr_canonical(self->handler, mode->linear_width)) {
        return (vtdpi_uintr_delivery_t){.fault = VTDPI_UINTR_GP};
    }
    vtdpi_uintr_delivery_t delivery = {.uv = (uint8_t)vtdpi_highest_bit(self->uirr)};
    delivery.frame[VTDPI_UINTR_FRAME_VECTOR] = delivery.uv;
    delivery.frame[VTDPI_UINTR_FRAME_RIP] = regs->rip;
    delivery.frame[VTDPI_UINTR_FRAME_RFLAGS] = regs->rflags;
    delivery.frame[VTDPI_UINTR_FRAME_RSP] = regs->rsp;
    regs->rsp = uintr_stack(self, regs->rsp) - sizeof(delivery.frame);
    regs->rip = self->handler;
    regs->rflags &= ~(uint64_t)(UINTR_FLAG_TF | UINTR_FLAG_RF);
    self->uirr &= ~(UINT64_C(1) << delivery.uv);
    self->uif = 0;
    return delivery;
}

/* What an instruction of user interrupts needs. */
static vtdpi_uintr_fault_t uintr_instruction(const vtdpi_uintr_mode_t *mode)
{
    bool known = uintr_64bit(mode) && mode->cr4_uintr != 0;
    return known ? VTDPI_UINTR_NO_FAULT : VTDPI_UINTR_UD;
}

/* @rule sdm.uiret.restore | SDM 2 | UIRET | RIP, RFLAGS and RSP come from the stack; of RFLAGS only
 * CF, PF, AF, ZF, SF, TF, DF, OF, NT, RF, AC and ID are loaded.
 * @rule sdm.uiret.uif | SDM 2 | UIRET | UIF becomes 1; a CPU with the feature UIRET_UIF loads it
 * from bit 1 of the popped RFLAGS.
 * @rule sdm.uiret.fault | SDM 2 | UIRET | #UD outside 64-bit mode or with CR4.UINTR = 0; #GP(0) if
 * the popped RIP is not canonical. */
vtdpi_uintr_fault_t vtdpi_uintr_uiret(vtdpi_uintr_t *self, const vtdpi_uintr_mode_t *mode,
                                      const uint64_t *popped, vtdpi_uintr_regs_t *regs)
{
    if (uintr_instruction(mode) != VTDPI_UINTR_NO_FAULT) {
        return VTDPI_UINTR_UD;
    }
    uint64_t rip = popped[VTDPI_UINTR_FRAME_RIP - VTDPI_UINTR_FRAME_RIP];
    uint64_t rflags = popped[VTDPI_UINTR_FRAME_RFLAGS - VTDPI_UINTR_FRAME_RIP];
    if (!uintr_canonical(rip, mode->linear_width)) {
        return VTDPI_UINTR_GP;
    }
    regs->rip = rip;
    regs->rflags = (regs->rflags & ~UINTR_UIRET_FLAGS) | (rflags & UINTR_UIRET_FLAGS);
    regs->rsp = popped[VTDPI_UINTR_FRAME_RSP - VTDPI_UINTR_FRAME_RIP];
    self->uif = mode->uiret_uif == 0 || (rflags & UINTR_RFLAGS_UIF) != 0;
    return VTDPI_UINTR_NO_FAULT;
}

/* @rule sdm.uif.set | SDM 2 | CLUI, STUI | CLUI clears UIF, STUI sets it; #UD outside 64-bit mode
 * or with CR4.UINTR = 0. */
vtdpi_uintr_fault_t vtdpi_uintr_set_uif(vtdpi_uintr_t *self, const vtdpi_uintr_mode_t *mode,
                                        bool uif)
{
    vtdpi_uintr_fault_t fault = uintr_instruction(mode);
    if (fault == VTDPI_UINTR_NO_FAULT) {
        self->uif = uif;
    }
    return fault;
}

/* @rule sdm.uif.test | SDM 2 | TESTUI | CF becomes UIF; AF, OF, PF, SF and ZF become 0; #UD outside
 * 64-bit mode or with CR4.UINTR = 0. */
vtdpi_uintr_fault_t vtdpi_uintr_testui(const vtdpi_uintr_t *self, const vtdpi_uintr_mode_t *mode,
                                       uint64_t *rflags)
{
    enum {
        STATUS = UINTR_FLAG_CF | UINTR_FLAG_PF | UINTR_FLAG_AF | UINTR_FLAG_ZF | UINTR_FLAG_SF |
                 UINTR_FLAG_OF
    };

    vtdpi_uintr_fault_t fault = uintr_instruction(mode);
    if (fault == VTDPI_UINTR_NO_FAULT) {
        *rflags &= ~(uint64_t)STATUS;
        *rflags |= self->uif != 0 ? UINTR_FLAG_CF : 0;
    }
    return fault;
}

/* @rule sdm.uinv.check | SDM 3C | Checks on Guest Control Registers, Debug Registers, and MSRs |
 * With "load UINV", bits 15:8 of guest UINV must be 0. */
bool vtdpi_uintr_guest_uinv_ok(vtdpi_ctls_t set, uint16_t guest_uinv)
{
    return !vtdpi_ctl_load_uinv(set) || guest_uinv <= UINT8_MAX;
}

/* @rule sdm.uinv.load | SDM 3C | Loading Guest State | With "load UINV" UINV is loaded from guest
 * UINV, else it stays. UIRR stays, and what is in it is recognised in the guest. */
void vtdpi_uintr_vmentry(vtdpi_uintr_t *self, vtdpi_ctls_t set, uint16_t guest_uinv)
{
    VTDPI_ASSERT(vtdpi_uintr_guest_uinv_ok(set, guest_uinv));
    if (vtdpi_ctl_load_uinv(set)) {
        self->uinv = (uint8_t)guest_uinv;
    }
}

/* @rule sdm.uinv.save | SDM 3C | Saving Guest State | UINV is saved to guest UINV.
 * @rule sdm.uinv.clear | SDM 3C | Loading Host State | With "clear UINV" UINV is then 0, so that no
 * vector of the host is taken for a notification of the guest. */
uint16_t vtdpi_uintr_vmexit(vtdpi_uintr_t *self, vtdpi_ctls_t set)
{
    uint16_t saved = self->uinv;
    if (vtdpi_ctl_clear_uinv(set)) {
        self->uinv = 0;
    }
    return saved;
}
