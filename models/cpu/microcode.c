/*
 * Microcode of a logical processor: sequences that no event interrupts.
 *
 * Reads / Writes: the current VMCS, its descriptor and virtual-APIC page, the local APIC.
 * Timing: recognition, VM exit and VM entry are parameters of their own; the accesses of
 * posted-interrupt processing cost what the memory lines cost, the rest of it is the lump
 * pi_process. Spec: SDM 3C, "Posted-Interrupt Processing", "VM Entries", "VM Exits".
 */
#include "vtdpi/pid.h"
#include "vtdpi/protocol.h"
#include "vtdpi/vapic.h"

vtdpi_op_t vtdpi_fn_uc_interrupt(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r);
vtdpi_op_t vtdpi_fn_uc_entry(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r);
vtdpi_op_t vtdpi_fn_uc_exit(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r);
vtdpi_op_t vtdpi_fn_uc_ipi(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r);

static vtdpi_op_t uc_vmexit(uint64_t reason, uint64_t qualification, uint64_t info)
{
    vtdpi_op_t op = vtdpi_op_make(VTDPI_OP_VMEXIT, VTDPI_STAGE_vmexit, VTDPI_T_vmexit_hw);
    op.a = reason;
    op.b = qualification;
    op.c = info;
    return op;
}

static vtdpi_op_t uc_descriptor(const vtdpi_ctx_t *x, vtdpi_op_kind_t kind, vtdpi_stage_t stage,
                                unsigned word, uint64_t a)
{
    vtdpi_op_t op = vtdpi_op_memory(kind, stage, x->fixed->pid, word);
    op.a = a;
    return op;
}

static vtdpi_op_t uc_merge(const vtdpi_ctx_t *x, unsigned word, uint64_t bits)
{
    uint32_t line = x->fixed->vapic[VTDPI_VL_VIRR_LOW + (word >> 1)];
    vtdpi_op_t op = vtdpi_op_memory(VTDPI_OP_VIRR_OR, VTDPI_STAGE_pi_process, line, word);
    op.a = bits;
    op.arg = x->vcpu;
    return op;
}

static vtdpi_op_t uc_evaluate(uint64_t highest)
{
    vtdpi_op_t op = vtdpi_op_make(VTDPI_OP_EVALUATE, VTDPI_STAGE_pi_process, 0);
    op.lump = VTDPI_LUMP_pi_process;
    op.a = highest;
    return op;
}

/* Words of PIR, all taken. */
enum { PIR_TAKEN = (1 << VTDPI_VECTOR_WORDS) - 1 };

/* Switch pir_order: an exploration tries every order. */
static bool uc_any_order(const vtdpi_ctx_t *x)
{
    return x->p->explore && x->p->switches.pir_order != 0;
}

/* A choice among the words that are left of [taken]. */
static vtdpi_op_t uc_choose(uint64_t taken)
{
    vtdpi_op_t op = vtdpi_op_make(VTDPI_OP_CHOOSE, VTDPI_STAGE_pi_process, 0);
    for (unsigned w = 0; w < VTDPI_VECTOR_WORDS; w++) {
        op.a += ((taken >> w) & 1U) == 0;
    }
    return op;
}

/* Word number [n] of those that are left of [taken]. */
static unsigned uc_nth_left(uint64_t taken, uint64_t n)
{
    unsigned w = 0;
    while (((taken >> w) & 1U) != 0 || n-- > 0) {
        w++;
    }
    VTDPI_ASSERT(w < VTDPI_VECTOR_WORDS);
    return w;
}

/* x[0]: vector, x[1]: posted, x[2]: spurious. Step 1, the acknowledge, is done.
 * @rule sdm.posted.other-vector | SDM 3C | Posted-Interrupt Processing | Any other vector stays
 * in service at the VM exit, and the descriptor is untouched.
 * @rule sdm.posted.eoi | SDM 3C | Posted-Interrupt Processing | 0 is written to the EOI register
 * of the local APIC: the notification is in service no longer.
 * @rule sdm.posted.on-before-pir | SDM 3C | Posted-Interrupt Processing | ON is cleared before
 * PIR is taken: an interrupt posted in between notifies again and is never left behind. */
vtdpi_op_t vtdpi_fn_uc_interrupt(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    if (f->x[1] == 0) { /* step 2: not the notification vector */
        VTDPI_YIELD(f, uc_vmexit(VTDPI_EXIT_EXTERNAL_INTERRUPT, 0,
                                 vtdpi_intr_info(VTDPI_INTR_EXTERNAL, (uint8_t)f->x[0], false)));
    }
    /* step 3: ON := 0, the rest of the descriptor untouched */
    VTDPI_YIELD(
        f, uc_descriptor(x, VTDPI_OP_BTR, VTDPI_STAGE_pid_pull, VTDPI_PID_CTL_WORD, VTDPI_PID_ON));
    /* step 4: EOI */
    VTDPI_YIELD(f, vtdpi_op_make(VTDPI_OP_EOI, VTDPI_STAGE_pi_process, VTDPI_T_guest_instr));
    /* step 5: PIR, word by word; x[5]: words taken */
    for (f->x[3] = 0, f->x[4] = 0, f->x[5] = 0; f->x[5] != PIR_TAKEN; f->x[3]++) {
        if (uc_any_order(x)) {
            VTDPI_YIELD(f, uc_choose(f->x[5]));
            f->x[3] = uc_nth_left(f->x[5], r.v[0]);
        }
        f->x[5] |= UINT64_C(1) << f->x[3];
        VTDPI_YIELD(f,
                    uc_descriptor(x, VTDPI_OP_XCHG, VTDPI_STAGE_pi_process, (unsigned)f->x[3], 0));
        if (r.v[0] != 0) {
            f->x[2] = (f->x[3] * 64) + vtdpi_highest_bit(r.v[0]) + 1;
            f->x[4] = f->x[2] > f->x[4] ? f->x[2] : f->x[4];
            VTDPI_YIELD(f, uc_merge(x, (unsigned)f->x[3], r.v[0]));
        }
    }
    /* steps 6 and 7 */
    VTDPI_YIELD(f, uc_evaluate(f->x[4]));
    VTDPI_END(f, 0);
}

/* x[0]: entry interruption information, x[1]: controls in force.
 * @rule sdm.entry.injection-first | SDM 3C | Event Injection | An injected event is delivered
 * before anything that is pending after VM entry. */
vtdpi_op_t vtdpi_fn_uc_entry(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    (void)r;
    VTDPI_BEGIN(f);
    if (vtdpi_ctl_virtual_interrupt_delivery(f->x[1])) {
        VTDPI_YIELD(f, vtdpi_op_memory(VTDPI_OP_PPR_VIRT, VTDPI_STAGE_vmentry,
                                       x->fixed->vapic[VTDPI_VL_PRIORITY], 0));
    }
    if ((f->x[0] >> 31) != 0) {
        /* the injected event goes through the guest's IDT; the frame of its handler lies beneath */
        VTDPI_YIELD(
            f, vtdpi_op_ab(vtdpi_op_make(VTDPI_OP_INJECT, VTDPI_STAGE_deliver, VTDPI_T_idt_deliver),
                           f->x[0] & 0xFFU, 0));
    }
    VTDPI_END(f, 0);
}

/* x[0]: reason, x[1]: qualification, x[2]: interruption information. */
vtdpi_op_t vtdpi_fn_uc_exit(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    (void)x;
    (void)r;
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, uc_vmexit(f->x[0], f->x[1], f->x[2]));
    VTDPI_END(f, 0);
}

/* Line of the current vCPU's PID-pointer table that holds the entry of virtual APIC ID [target]. */
static vtdpi_op_t uc_pointer(const vtdpi_ctx_t *x, uint64_t target)
{
    uint32_t line = x->fixed->pids + (uint32_t)(target / VTDPI_LINE_WORDS);
    vtdpi_op_t op = vtdpi_op_memory(VTDPI_OP_LOAD, VTDPI_STAGE_guest, line,
                                    (unsigned)(target % VTDPI_LINE_WORDS));
    op.cost = VTDPI_T_self_ipi_virt;
    return op;
}

static vtdpi_op_t uc_target(uint64_t line, vtdpi_op_kind_t kind, uint64_t word, uint64_t bits)
{
    return vtdpi_op_ab(vtdpi_op_memory(kind, VTDPI_STAGE_inject, (uint32_t)line, (unsigned)word),
                       bits, 0);
}

/* The notification that NOTIFY was for, by the control word as it found it. */
static vtdpi_op_t uc_notification(const vtdpi_ctx_t *x, uint64_t control)
{
    vtdpi_pid_ctl_t ctl = vtdpi_pid_ctl_read(control);
    vtdpi_op_t op = vtdpi_op_make(x->p->x2apic ? VTDPI_OP_IPI : VTDPI_OP_IPI_MMIO, VTDPI_STAGE_ipi,
                                  x->p->x2apic ? VTDPI_T_ipi_send_x2apic : VTDPI_T_ipi_send_xapic);
    return vtdpi_op_ab(op, ctl.nv, vtdpi_pid_ndst_decode(ctl.ndst, x->p->x2apic));
}

/*
 * x[0]: vector, x[1]: virtual APIC ID; x[2]: line of the target's descriptor.
 * Choice: the entry is read like any memory; no figure of this operation is public: the whole costs
 * what self-IPI virtualization does, besides its accesses and the IPI.
 */
vtdpi_op_t vtdpi_fn_uc_ipi(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    VTDPI_BEGIN(f);
    if (!vtdpi_vapic_ipi_allowed((uint8_t)f->x[0], (uint32_t)f->x[1],
                                 x->guest->vmcs.last_pid_index)) {
        VTDPI_YIELD(f, uc_vmexit(VTDPI_EXIT_APIC_WRITE, VTDPI_VAPIC_VICR_LO, 0));
    }
    VTDPI_YIELD(f, uc_pointer(x, f->x[1]));
    if (!vtdpi_vapic_ipi_entry(r.v[0], VTDPI_PHYSICAL_WIDTH).valid) {
        VTDPI_YIELD(f, uc_vmexit(VTDPI_EXIT_APIC_WRITE, VTDPI_VAPIC_VICR_LO, 0));
    }
    f->x[2] = vtdpi_line_at(x->p, vtdpi_vapic_ipi_entry(r.v[0], VTDPI_PHYSICAL_WIDTH).pid_addr);
    VTDPI_ASSERT(f->x[2] != VTDPI_NO_LINE); /* the hypervisor wrote the table */
    VTDPI_YIELD(f, uc_target(f->x[2], VTDPI_OP_BTS, f->x[0] / 64, UINT64_C(1) << (f->x[0] % 64)));
    VTDPI_YIELD(f, uc_target(f->x[2], VTDPI_OP_NOTIFY, VTDPI_PID_CTL_WORD, 0));
    if (r.ok != 0) {
        VTDPI_YIELD(f, uc_notification(x, r.v[0]));
    }
    VTDPI_END(f, 0);
}
