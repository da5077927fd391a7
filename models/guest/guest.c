/*
 * Guest code: a program, that is a list of steps run over and over, and a handler a vector.
 *
 * Reads / Writes: its own flags and local APIC, through operations.
 * Timing: computing as the scenario says; entry stub, instructions and IRET are timing parameters.
 * Not modelled: guest memory, faults, nested virtualization.
 */
#include "vtdpi/protocol.h"

vtdpi_op_t vtdpi_fn_guest_program(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r);
vtdpi_op_t vtdpi_fn_guest_handler(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r);

/* Loops in progress are x[2] and up: first step 15:0, step behind the last 31:16, rounds left
 * 63:32. */
enum { GUEST_LOOPS = 4 };

/* How a rewrite of an MSI is told to the hypervisor: interrupt 15:0, vCPU 39:16, vector 47:40. */
enum { GUEST_MSI_VCPU_LOW = 16, GUEST_MSI_VECTOR_LOW = 40 };

static vtdpi_op_t guest_instr(vtdpi_op_kind_t kind, uint64_t a, uint64_t b)
{
    return vtdpi_op_ab(vtdpi_op_make(kind, VTDPI_STAGE_guest, VTDPI_T_guest_instr), a, b);
}

static vtdpi_op_t guest_compute(vtdpi_span_t span)
{
    vtdpi_op_t op = vtdpi_op_make(VTDPI_OP_SPEND, VTDPI_STAGE_guest, 0);
    op.flags = VTDPI_OPF_INTERRUPTIBLE;
    op.a = span.ps;
    op.b = span.cyc;
    return op;
}

static vtdpi_op_t guest_step_op(const vtdpi_ctx_t *x, const vtdpi_step_t *s)
{
    vtdpi_op_t op;
    switch (s->kind) {
    case VTDPI_STEP_COMPUTE:
        return guest_compute(s->span);
    case VTDPI_STEP_HLT:
        return guest_instr(VTDPI_OP_GUEST_HLT, 0, 0);
    case VTDPI_STEP_CLI:
    case VTDPI_STEP_STI:
        return guest_instr(VTDPI_OP_GUEST_IF, s->kind == VTDPI_STEP_STI, 0);
    case VTDPI_STEP_WRITE_TPR:
        op = guest_instr(VTDPI_OP_GUEST_TPR, s->value, 0);
        op.cost = VTDPI_T_tpr_virt;
        return op;
    case VTDPI_STEP_SEND_IPI:
        return vtdpi_op_arg(
            guest_instr(VTDPI_OP_GUEST_ICR, s->value, x->p->vcpus[s->target].virtual_id),
            s->target);
    case VTDPI_STEP_SELF_IPI:
        op = guest_instr(VTDPI_OP_GUEST_SELF_IPI, s->value, 0);
        op.cost = VTDPI_T_self_ipi_virt;
        return op;
    case VTDPI_STEP_ARM_TIMER:
        return guest_instr(VTDPI_OP_GUEST_TIMER, s->span.ps, 0);
    case VTDPI_STEP_VMCALL:
        return vtdpi_op_arg(guest_instr(VTDPI_OP_GUEST_VMCALL, 0, 0), VTDPI_EXIT_VMCALL);
    case VTDPI_STEP_WRITE_MSI:
        return vtdpi_op_arg(guest_instr(VTDPI_OP_GUEST_VMCALL, 1,
                                        s->target | ((uint64_t)s->vcpu << GUEST_MSI_VCPU_LOW) |
                                            ((uint64_t)s->value << GUEST_MSI_VECTOR_LOW)),
                            VTDPI_EXIT_EPT_MISCONFIG);
    case VTDPI_STEP_REPEAT:
    case VTDPI_STEP_COUNT:
    default:
        VTDPI_UNREACHABLE("a loop is no instruction");
        return guest_instr(VTDPI_OP_SPEND, 0, 0);
    }
}

/* Closes loops that end at step x[0], and opens those that begin there. */
static void guest_loops(const vtdpi_ctx_t *x, vtdpi_frame_t *f)
{
    const vtdpi_vcpu_cfg_t *g = x->fixed->guest;
    for (;;) {
        uint64_t *loop = f->x[1] > 0 ? &f->x[1 + f->x[1]] : NULL;
        if (loop != NULL && f->x[0] == ((*loop >> 16) & 0xFFFFU)) {
            if ((*loop >> 32) > 1) {
                *loop -= UINT64_C(1) << 32;
                f->x[0] = *loop & 0xFFFFU;
            } else {
                *loop = 0;
                f->x[1]--;
            }
        } else if (f->x[0] < g->program_count && g->program[f->x[0]].kind == VTDPI_STEP_REPEAT) {
            const vtdpi_step_t *s = &g->program[f->x[0]];
            VTDPI_ASSERT(f->x[1] < GUEST_LOOPS && s->times > 0 && s->body > 0);
            f->x[1]++;
            f->x[1 + f->x[1]] =
                (f->x[0] + 1) | ((f->x[0] + 1 + s->body) << 16) | ((uint64_t)s->times << 32);
            f->x[0]++;
        } else if (f->x[0] >= g->program_count) {
            f->x[0] = 0;
        } else {
            return;
        }
    }
}

/* A computation behind STI: its first instruction is a step of its own, for blocking by STI ends
 * with it.
 * @rule sdm.sti.next-instruction | SDM 2 | STI | Interrupts are blocked until the end of the
 * instruction behind STI, and no longer. */
static bool guest_shadowed_compute(const vtdpi_ctx_t *x, const vtdpi_frame_t *f)
{
    return x->guest->sti_shadow && x->fixed->guest->program[f->x[0]].kind == VTDPI_STEP_COMPUTE;
}

vtdpi_op_t vtdpi_fn_guest_program(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    (void)r;
    VTDPI_BEGIN(f);
    for (;;) {
        guest_loops(x, f);
        if (guest_shadowed_compute(x, f)) {
            VTDPI_YIELD(f, guest_instr(VTDPI_OP_SPEND, 0, 0));
        }
        f->x[0]++;
        VTDPI_YIELD(f, guest_step_op(x, &x->fixed->guest->program[f->x[0] - 1]));
    }
    VTDPI_END(f, 0);
}

static vtdpi_span_t guest_handler_length(const vtdpi_vcpu_cfg_t *g, uint64_t vector)
{
    for (uint32_t i = 0; i < g->handler_count; i++) {
        if (g->handlers[i].vector == vector) {
            return g->handlers[i].length;
        }
    }
    return g->handler;
}

/* x[0]: vector. */
vtdpi_op_t vtdpi_fn_guest_handler(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    (void)r;
    VTDPI_BEGIN(f);
    VTDPI_YIELD(f, vtdpi_op_spend(VTDPI_STAGE_guest_entry, VTDPI_T_guest_irq_entry));
    VTDPI_YIELD(f, vtdpi_op_ab(vtdpi_op_make(VTDPI_OP_GUEST_FIRST, VTDPI_STAGE_guest_entry,
                                             VTDPI_T_guest_instr),
                               f->x[0], 0));
    VTDPI_YIELD(f, guest_compute(guest_handler_length(x->fixed->guest, f->x[0])));
    VTDPI_YIELD(f, vtdpi_op_make(VTDPI_OP_GUEST_EOI, VTDPI_STAGE_guest,
                                 x->p->x2apic ? VTDPI_T_eoi_virt_x2apic : VTDPI_T_eoi_virt_xapic));
    VTDPI_YIELD(f, vtdpi_op_make(VTDPI_OP_GUEST_IRET, VTDPI_STAGE_guest, VTDPI_T_iret_same_cpl));
    VTDPI_END(f, 0);
}
