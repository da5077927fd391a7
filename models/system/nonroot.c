/*
 * Non-root operation: the virtual-APIC page, recognition at instruction boundaries, VM entry and
 * exit, and the steps of posted-interrupt processing that are not plain memory operations.
 *
 * *Choice:* an access of microcode to the virtual-APIC page of the current VMCS is part of the
 * manual's step that makes it; by the SDM's rule nobody else touches the page meanwhile. Spec: SDM
 * 3C, "APIC Virtualization and Virtual Interrupts", "VM Entries", "VM Exits".
 */
#include "internal.h"

#include <string.h>

/* RFLAGS: bit 1 is always 1, and where IF stands. */
enum { RFLAGS_FIXED = 2, RFLAGS_IF_LOW = 9 };

/* A register slot has 16 bytes, the low 4 count: slot s of a 64-byte block is the low half of word
 * 2 s. */
static uint32_t page_line(const vtdpi_system_t *sys, uint32_t v, unsigned offset)
{
    static const uint8_t part[16] = {
        VTDPI_VL_COUNT,    VTDPI_VL_COUNT,     VTDPI_VL_PRIORITY, VTDPI_VL_COUNT,
        VTDPI_VL_VISR_LOW, VTDPI_VL_VISR_HIGH, VTDPI_VL_COUNT,    VTDPI_VL_COUNT,
        VTDPI_VL_VIRR_LOW, VTDPI_VL_VIRR_HIGH, VTDPI_VL_COUNT,    VTDPI_VL_COUNT,
        VTDPI_VL_ICR,      VTDPI_VL_COUNT,     VTDPI_VL_COUNT,    VTDPI_VL_COUNT};
    unsigned p = part[(offset >> 6) & 15U];
    VTDPI_ASSERT(p < VTDPI_VL_COUNT);
    return sys->p->vcpus[v].vapic[p];
}

uint32_t vtdpi_sys_reg(const vtdpi_system_t *sys, uint32_t v, unsigned offset)
{
    return (uint32_t)vtdpi_sys_read(sys, page_line(sys, v, offset), (offset >> 3) & 7U);
}

void vtdpi_sys_put_reg(vtdpi_system_t *sys, uint32_t v, unsigned offset, uint32_t value)
{
    vtdpi_sys_write(sys, page_line(sys, v, offset), (offset >> 3) & 7U, value);
}

/* VICR: 8 bytes at 300h in x2APIC mode; VICR_LO and VICR_HI in xAPIC mode. */
void vtdpi_sys_put_icr(vtdpi_system_t *sys, uint32_t v, uint64_t icr)
{
    uint32_t line = page_line(sys, v, VTDPI_VAPIC_VICR_LO);
    if (sys->p->x2apic) {
        vtdpi_sys_write(sys, line, (VTDPI_VAPIC_VICR_LO >> 3) & 7U, icr);
        return;
    }
    vtdpi_sys_put_reg(sys, v, VTDPI_VAPIC_VICR_LO, (uint32_t)icr);
    vtdpi_sys_put_reg(sys, v, VTDPI_VAPIC_VICR_HI, (uint32_t)(icr >> 32));
}

uint64_t vtdpi_sys_set_word(const vtdpi_system_t *sys, uint32_t v, vtdpi_vapic_line_t low,
                            unsigned w)
{
    uint32_t line = sys->p->vcpus[v].vapic[(unsigned)low + (w >> 1)];
    unsigned first = (w & 1U) * 4;
    return (vtdpi_sys_read(sys, line, first) & UINT32_MAX) |
           (vtdpi_sys_read(sys, line, first + 2) << 32);
}

void vtdpi_sys_put_set_word(vtdpi_system_t *sys, uint32_t v, vtdpi_vapic_line_t low, unsigned w,
                            uint64_t bits)
{
    uint32_t line = sys->p->vcpus[v].vapic[(unsigned)low + (w >> 1)];
    unsigned first = (w & 1U) * 4;
    vtdpi_sys_write(sys, line, first, bits & UINT32_MAX);
    vtdpi_sys_write(sys, line, first + 2, bits >> 32);
}

void vtdpi_sys_get_set(const vtdpi_system_t *sys, uint32_t v, vtdpi_vapic_line_t low,
                       uint64_t set[VTDPI_VECTOR_WORDS])
{
    for (unsigned w = 0; w < VTDPI_VECTOR_WORDS; w++) {
        set[w] = vtdpi_sys_set_word(sys, v, low, w);
    }
}

/* An NMI waits at CPU [c] and is not blocked. */
static bool nonroot_nmi(const vtdpi_cpu_t *cpu)
{
    return (cpu->apic.core & VTDPI_LAPIC_CORE_NMI) != 0 && cpu->nmi_blocked == 0;
}

static vtdpi_boundary_t nonroot_facts(const vtdpi_cpu_t *cpu, const vtdpi_vcpu_t *guest,
                                      bool offered)
{
    vtdpi_boundary_t facts = {0};
    facts.set = guest->controls;
    facts.rflags_if = guest->guest_if;
    facts.interruptibility = guest->sti_shadow ? VTDPI_BLOCK_STI : 0;
    facts.activity = guest->halted ? VTDPI_ACTIVITY_HLT : VTDPI_ACTIVITY_ACTIVE;
    facts.pending = (guest->vapic.recognised ? (uint32_t)VTDPI_PENDING_VIRTUAL : 0U) |
                    (offered ? (uint32_t)VTDPI_PENDING_EXTERNAL : 0U) |
                    (nonroot_nmi(cpu) ? (uint32_t)VTDPI_PENDING_NMI : 0U) |
                    (cpu->preemption != 0 ? (uint32_t)VTDPI_PENDING_PREEMPTION : 0U);
    return facts;
}

sys_event_t vtdpi_sys_event(const vtdpi_system_t *sys, uint32_t c)
{
    const vtdpi_cpu_t *cpu = &sys->cpus[c];
    sys_event_t ev = {SYS_EVENT_NONE, VTDPI_NEXT_NOTHING};
    VTDPI_ASSERT(cpu->ucode.func == VTDPI_FN_none);
    const uint64_t *irr = cpu->apic.irr;
    bool offered = (irr[0] | irr[1] | irr[2] | irr[3]) != 0 && vtdpi_lapic_offer(&cpu->apic) >= 0;
    bool rare = (cpu->apic.core | cpu->preemption) != 0;
    if (cpu->mode == VTDPI_MODE_ROOT) {
        bool halted = vtdpi_sys_top(sys, c)->op.kind == VTDPI_OP_HLT;
        ev.kind = offered && (cpu->host_if || halted) ? SYS_EVENT_ROOT : SYS_EVENT_NONE;
        if (rare && nonroot_nmi(cpu)) {
            ev.kind = SYS_EVENT_ROOT;
            ev.next = VTDPI_NEXT_NMI;
        }
        return ev;
    }
    const vtdpi_vcpu_t *guest = &sys->vcpus[cpu->vcpu];
    bool window = vtdpi_ctl_interrupt_window_exiting(guest->controls);
    if (!offered && !guest->vapic.recognised && !window && !rare) {
        return ev;
    }
    vtdpi_boundary_t facts = nonroot_facts(cpu, guest, offered);
    ev.next = vtdpi_boundary_next(&facts);
    ev.kind = ev.next == VTDPI_NEXT_NOTHING ? SYS_EVENT_NONE : SYS_EVENT_NONROOT;
    return ev;
}

void vtdpi_sys_event_op(const vtdpi_system_t *sys, uint32_t c, sys_event_t ev, vtdpi_op_t *op)
{
    (void)sys;
    (void)c;
    if (ev.kind == SYS_EVENT_NONROOT && ev.next == VTDPI_NEXT_VIRTUAL) {
        *op = vtdpi_op_make(VTDPI_OP_VDELIVER, VTDPI_STAGE_deliver, VTDPI_T_vid_deliver);
        return;
    }
    *op = vtdpi_op_make(VTDPI_OP_RECOGNISE, VTDPI_STAGE_recognise, VTDPI_T_recognise_flush);
    op->arg = ev.next;
}

/* The interrupt that vector [v] of CPU [c] stands for leaves the IRR: host software has it now. */
static uint32_t recognise_source(vtdpi_system_t *sys, uint32_t c, uint8_t vector)
{
    uint32_t source = vtdpi_sys_route_of(sys, c, vector);
    if (!sys->p->ghost) {
        return source;
    }
    uint32_t slot = sys->ghost_cpu[c].irr[vector];
    sys->ghost_cpu[c].irr[vector] = 0;
    if (slot == 0) {
        return source;
    }
    uint32_t owner = sys->live[slot - 1].source;
    if (!sys->sources[owner].attached) { /* its guest gave the device back meanwhile */
        vtdpi_sys_seal(sys, slot, VTDPI_FATE_LOST, 0, 0);
        return source;
    }
    vtdpi_sys_merge(sys, slot, &sys->ghost_source[owner], VTDPI_AT_CPU, c,
                    sys->ghost_source[owner] != 0, vector);
    sys->firing_id = vtdpi_sys_id(sys, sys->ghost_source[owner]);
    return source;
}

/* The notification vector leaves the IRR of CPU [c] while vCPU [v] runs there, or nobody.
 * @rule sdm.posted.current-vmcs | SDM 3C | Posted-Interrupt Processing | The descriptor is that
 * of the current VMCS, whichever virtual CPU the notification was meant for. */
static void recognise_notified(vtdpi_system_t *sys, uint32_t c, uint32_t v)
{
    if (!sys->p->ghost) {
        return;
    }
    vtdpi_ghost_cpu_t *g = &sys->ghost_cpu[c];
    bool known = (g->notified[0] | g->notified[1] | g->notified[2] | g->notified[3]) != 0;
    g->misdirected = known && v != VTDPI_NOBODY && !vtdpi_set_has(g->notified, v);
    memset(g->notified, 0, sizeof(g->notified));
}

/* The host's frame for an event begins. HLT retires: the thread goes on behind it afterwards. */
static void recognise_frame(vtdpi_system_t *sys, uint32_t c, unsigned func, const uint64_t a[3])
{
    vtdpi_cpu_t *cpu = &sys->cpus[c];
    bool halted = vtdpi_sys_top(sys, c)->op.kind == VTDPI_OP_HLT;
    if (halted) {
        vtdpi_sys_advance(sys, c, vtdpi_sys_stack(sys, c), vtdpi_sys_result(0));
    }
    if (cpu->irq_depth == 0) {
        cpu->irq_if = cpu->host_if != 0 || halted;
    }
    cpu->host_if = 0;
    sys_stack_t s = vtdpi_sys_irq_stack(sys, c);
    vtdpi_sys_push(s, func, a[0], a[1], a[2], true);
    vtdpi_sys_start(sys, c, s);
}

static void recognise_root_nmi(vtdpi_system_t *sys, uint32_t c)
{
    vtdpi_cpu_t *cpu = &sys->cpus[c];
    const uint64_t none[3] = {0, 0, 0};
    cpu->apic.core &= (uint8_t)~VTDPI_LAPIC_CORE_NMI;
    cpu->nmi_blocked = 1;
    vtdpi_sys_see(sys, VTDPI_EV_recognised_root, c, VTDPI_HV_NMI, 0, 0, 0);
    recognise_frame(sys, c, VTDPI_FN_nmi, none);
}

/* @rule sdm.posted.root-mode | SDM 3C | Posted-Interrupt Processing | In root operation the
 * notification vector is an ordinary interrupt of the host: the descriptor is untouched, the
 * host owes an EOI. While RFLAGS.IF is 0 it stays in the IRR, and is processed after VM entry. */
static void recognise_root(vtdpi_system_t *sys, uint32_t c)
{
    vtdpi_cpu_t *cpu = &sys->cpus[c];
    vtdpi_lapic_ack_t ack = vtdpi_lapic_acknowledge(&cpu->apic);
    uint32_t source = recognise_source(sys, c, ack.vector);
    if (ack.vector == VTDPI_HV_ANV) {
        recognise_notified(sys, c, VTDPI_NOBODY);
    }
    vtdpi_sys_see(sys, ack.spurious ? VTDPI_EV_spurious_vector : VTDPI_EV_recognised_root, c,
                  ack.vector, 0, 0, 0);
    const uint64_t frame[3] = {ack.vector, source, ack.spurious};
    recognise_frame(sys, c, VTDPI_FN_irq, frame);
}

/* What exits without further ado. The NMI is taken by the exit and stays blocked until the next
 * IRET. @rule sdm.nmi-exit.blocked | SDM 3C | Updating Non-Register State | A VM exit due
 * to an NMI leaves NMIs blocked; its interruption information has type 2 and vector 2. */
static bool recognise_exit(vtdpi_system_t *sys, uint32_t c, uint32_t next)
{
    vtdpi_cpu_t *cpu = &sys->cpus[c];
    unsigned reason = VTDPI_EXIT_EXTERNAL_INTERRUPT;
    uint32_t info = 0;
    switch (next) {
    case VTDPI_NEXT_EXIT_WINDOW:
        reason = VTDPI_EXIT_INTERRUPT_WINDOW;
        break;
    case VTDPI_NEXT_EXIT_EXTERNAL:
        break;
    case VTDPI_NEXT_EXIT_PREEMPTION:
        reason = VTDPI_EXIT_PREEMPTION_TIMER;
        break;
    case VTDPI_NEXT_EXIT_NMI:
        reason = VTDPI_EXIT_EXCEPTION_NMI;
        info = vtdpi_intr_info(VTDPI_INTR_NMI, VTDPI_HV_NMI, false);
        cpu->apic.core &= (uint8_t)~VTDPI_LAPIC_CORE_NMI;
        cpu->nmi_blocked = 1;
        break;
    default:
        return false;
    }
    if (next != VTDPI_NEXT_EXIT_EXTERNAL) {
        sys->vcpus[cpu->vcpu].halted = 0;
    }
    vtdpi_sys_microcode(sys, c, VTDPI_FN_uc_exit, reason, 0, info);
    return true;
}

/* @rule sdm.posted.acknowledge | SDM 3C | Posted-Interrupt Processing | The local APIC is
 * acknowledged first: the vector moves from IRR to ISR. Notifications that arrived before it are
 * one. */
void vtdpi_sys_recognise(vtdpi_system_t *sys, uint32_t c, sys_event_t ev)
{
    vtdpi_cpu_t *cpu = &sys->cpus[c];
    if (ev.kind == SYS_EVENT_ROOT && ev.next == VTDPI_NEXT_NMI) {
        recognise_root_nmi(sys, c);
        return;
    }
    if (ev.kind == SYS_EVENT_ROOT) {
        recognise_root(sys, c);
        return;
    }
    if (recognise_exit(sys, c, ev.next)) {
        return;
    }
    VTDPI_ASSERT(ev.next == VTDPI_NEXT_EXTERNAL);
    vtdpi_lapic_ack_t ack = vtdpi_lapic_acknowledge(&cpu->apic);
    const vtdpi_vcpu_t *guest = &sys->vcpus[cpu->vcpu];
    bool posted = vtdpi_boundary_external(guest->controls, ack.vector, guest->vmcs.pinv, false) ==
                  VTDPI_EXTERNAL_PROCESS;
    if (posted) {
        recognise_notified(sys, c, cpu->vcpu);
    } else {
        recognise_source(sys, c, ack.vector);
    }
    vtdpi_sys_see(sys, VTDPI_EV_recognised_nonroot, c, cpu->vcpu, ack.vector, posted, 0);
    vtdpi_sys_microcode(sys, c, VTDPI_FN_uc_interrupt, ack.vector, posted, ack.spurious);
}

/* Evaluation of pending virtual interrupts.
 * @rule sdm.evaluate.causes | SDM 3C | Evaluation of Pending Virtual Interrupts | Only VM entry,
 * TPR, EOI and self-IPI virtualization and posted-interrupt processing evaluate; a change of
 * VIRR or RVI by other means does not. */
void vtdpi_sys_evaluate(vtdpi_system_t *sys, uint32_t c, uint32_t v)
{
    vtdpi_vcpu_t *guest = &sys->vcpus[v];
    uint8_t vppr = (uint8_t)vtdpi_sys_reg(sys, v, VTDPI_VAPIC_VPPR);
    bool window = vtdpi_ctl_interrupt_window_exiting(guest->controls);
    bool was = guest->vapic.recognised != 0;
    guest->vapic.recognised = vtdpi_vapic_evaluate(guest->vapic.rvi, vppr, window);
    if (guest->vapic.recognised && !was) {
        vtdpi_sys_see(sys, VTDPI_EV_virtual_interrupt_recognised, c, v, guest->vapic.rvi, vppr, 0);
    }
}

static void nonroot_ppr(vtdpi_system_t *sys, uint32_t c, uint32_t v)
{
    vtdpi_vcpu_t *guest = &sys->vcpus[v];
    uint8_t vtpr = (uint8_t)vtdpi_sys_reg(sys, v, VTDPI_VAPIC_VTPR);
    vtdpi_sys_put_reg(sys, v, VTDPI_VAPIC_VPPR, vtdpi_vapic_ppr(vtpr, guest->vapic.svi));
    vtdpi_sys_evaluate(sys, c, v);
}

static void nonroot_virr_or(vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op)
{
    bool root = sys->cpus[c].mode == VTDPI_MODE_ROOT;
    uint32_t v = root ? op->arg : sys->cpus[c].vcpu;
    unsigned w = op->word;
    vtdpi_sys_put_set_word(sys, v, VTDPI_VL_VIRR_LOW, w,
                           vtdpi_sys_set_word(sys, v, VTDPI_VL_VIRR_LOW, w) | op->a);
    sys->moved_line = sys->p->vcpus[v].vapic[VTDPI_VL_VIRR_LOW + (w >> 1)];
    vtdpi_sys_see(sys, root ? VTDPI_EV_pir_sync : VTDPI_EV_pir_merged, c, v, w, op->a,
                  sys->vcpus[v].vapic.rvi);
}

/* RVI := max(RVI, highest bit taken); a is that bit plus 1, 0 if PIR was empty.
 * @rule sdm.posted.evaluate | SDM 3C | Posted-Interrupt Processing | The last step evaluates
 * pending virtual interrupts. */
static void nonroot_processed(vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op)
{
    uint32_t v = sys->cpus[c].vcpu;
    vtdpi_vcpu_t *guest = &sys->vcpus[v];
    if (op->a != 0 && op->a - 1 > guest->vapic.rvi) {
        guest->vapic.rvi = (uint8_t)(op->a - 1);
    }
    bool misdirected = sys->p->ghost && sys->ghost_cpu[c].misdirected != 0;
    vtdpi_sys_see(sys, VTDPI_EV_pi_processed, c, v, op->a != 0, guest->vapic.rvi, misdirected);
    vtdpi_sys_evaluate(sys, c, v);
}

/* @rule sdm.idt.interrupt-gate | SDM 3A | Flag Usage By Exception- or Interrupt-Handler
 * Procedure | Delivery through an interrupt gate clears RFLAGS.IF. */
static void nonroot_handler(vtdpi_system_t *sys, uint32_t c, uint32_t v, uint8_t vector)
{
    vtdpi_vcpu_t *guest = &sys->vcpus[v];
    guest->guest_if = 0;
    guest->halted = 0;
    sys_stack_t s = vtdpi_sys_guest_stack(sys, v);
    vtdpi_sys_push(s, VTDPI_FN_guest_handler, vector, 0, 0, true);
    vtdpi_sys_start(sys, c, s);
}

static void nonroot_deliver(vtdpi_system_t *sys, uint32_t c)
{
    uint32_t v = sys->cpus[c].vcpu;
    vtdpi_vcpu_t *guest = &sys->vcpus[v];
    uint64_t visr[VTDPI_VECTOR_WORDS];
    uint64_t virr[VTDPI_VECTOR_WORDS];
    vtdpi_sys_get_set(sys, v, VTDPI_VL_VISR_LOW, visr);
    vtdpi_sys_get_set(sys, v, VTDPI_VL_VIRR_LOW, virr);
    vtdpi_vapic_step_t step = vtdpi_vapic_deliver(&guest->vapic, visr, virr);
    vtdpi_sys_put_set_word(sys, v, VTDPI_VL_VISR_LOW, step.vector >> 6, visr[step.vector >> 6]);
    vtdpi_sys_put_set_word(sys, v, VTDPI_VL_VIRR_LOW, step.vector >> 6, virr[step.vector >> 6]);
    vtdpi_sys_put_reg(sys, v, VTDPI_VAPIC_VPPR, step.vppr);
    if (sys->p->ghost) {
        vtdpi_ghost_vcpu_t *g = &sys->ghost_vcpu[v];
        g->handler[step.vector] = g->virr[step.vector];
        g->virr[step.vector] = 0;
        sys->firing_id = vtdpi_sys_id(sys, g->handler[step.vector]);
    }
    vtdpi_sys_see(sys, VTDPI_EV_virtual_interrupt_delivered, c, v, step.vector, 0, 0);
    nonroot_handler(sys, c, v, step.vector);
}

/* @rule sdm.entry.injection-alone | SDM 3C | Event Injection | The injected event touches none
 * of RVI, SVI, VIRR and VISR. */
static void nonroot_inject(vtdpi_system_t *sys, uint32_t c, uint8_t vector)
{
    uint32_t v = sys->cpus[c].vcpu;
    if (sys->p->ghost) {
        sys->firing_id = vtdpi_sys_id(sys, sys->ghost_vcpu[v].handler[vector]);
    }
    nonroot_handler(sys, c, v, vector);
}

static void nonroot_check_s2(vtdpi_system_t *sys, uint32_t c, uint32_t v)
{
    const vtdpi_vcpu_fixed_t *fixed = &sys->p->vcpus[v];
    uint64_t control = vtdpi_sys_read(sys, fixed->pid, VTDPI_PID_CTL_WORD);
    vtdpi_pid_ctl_t ctl = vtdpi_pid_ctl_read(control);
    bool on_list = ((vtdpi_sys_read(sys, fixed->state, VTDPI_VW_NODE) >> 32) & 1U) != 0;
    if (ctl.nv != VTDPI_HV_ANV || ctl.sn || on_list ||
        ctl.ndst != vtdpi_pid_ndst_encode(sys->cpus[c].apic.id, sys->p->x2apic)) {
        vtdpi_sys_monitor(sys, VTDPI_MONITOR_s2, c, v);
    }
}

static void nonroot_enter(vtdpi_system_t *sys, uint32_t c)
{
    vtdpi_cpu_t *cpu = &sys->cpus[c];
    uint32_t v = vtdpi_sys_vcpu_of(sys, cpu->thread);
    VTDPI_ASSERT(v != VTDPI_NOBODY && cpu->host_if == 0);
    vtdpi_vcpu_t *guest = &sys->vcpus[v];
    guest->vmcs.rflags = RFLAGS_FIXED | ((uint64_t)guest->guest_if << RFLAGS_IF_LOW);
    guest->vmcs.activity = VTDPI_ACTIVITY_ACTIVE; /* Choice: the hypervisor emulates HLT itself */
    guest->vmcs.interruptibility = guest->sti_shadow ? VTDPI_BLOCK_STI : 0;
    uint8_t vtpr = (uint8_t)vtdpi_sys_reg(sys, v, VTDPI_VAPIC_VTPR);
    vtdpi_check_t check = vtdpi_vmx_check_controls(&guest->vmcs, VTDPI_PHYSICAL_WIDTH, vtpr);
    if (check == VTDPI_CHECK_NONE) {
        check = vtdpi_vmx_check_guest(&guest->vmcs);
    }
    if (check != VTDPI_CHECK_NONE) {
        vtdpi_sys_see(sys, VTDPI_EV_entry_failed, c, v, check, 0, 0);
        VTDPI_UNREACHABLE("the hypervisor model set up a VMCS that VM entry refuses");
    }
    guest->controls = vtdpi_vmcs_controls(&guest->vmcs);
    if (vtdpi_ctl_process_posted_interrupts(guest->controls)) {
        nonroot_check_s2(sys, c, v);
    }
    vtdpi_sys_see(sys, VTDPI_EV_kvm_entry, c, v, guest->vapic.rvi, guest->vmcs.entry_intr_info, 0);
    vtdpi_sys_posted_done(sys, c);
    cpu->mode = VTDPI_MODE_NONROOT;
    cpu->vcpu = v;
    vtdpi_sys_preemption_start(sys, c);
    vtdpi_sys_microcode(sys, c, VTDPI_FN_uc_entry, guest->vmcs.entry_intr_info, guest->controls, 0);
    vtdpi_sys_touch_cpu(sys, c);
}

/* Root mode is back: the thread's VMENTER has its result.
 * @rule sdm.exit.host-if | SDM 3C | Loading Host RIP, RSP, and RFLAGS | RFLAGS.IF is 0 after a
 * VM exit. */
static void nonroot_exit(vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op)
{
    vtdpi_cpu_t *cpu = &sys->cpus[c];
    uint32_t v = cpu->vcpu;
    vtdpi_vcpu_t *guest = &sys->vcpus[v];
    vtdpi_exit_info_t info = {0};
    info.qualification = op->b;
    info.intr_info = (uint32_t)op->c;
    info.rvi = guest->vapic.rvi;
    info.svi = guest->vapic.svi;
    vtdpi_vmx_exit(&guest->vmcs, (vtdpi_exit_t)op->a, &info);
    guest->vapic.recognised = 0;
    vtdpi_sys_see(sys, VTDPI_EV_kvm_exit, c, v, op->a, op->b, op->c);
    vtdpi_sys_preemption_stop(sys, c);
    memset(&cpu->ucode, 0, sizeof(cpu->ucode));
    cpu->mode = VTDPI_MODE_ROOT;
    cpu->vcpu = VTDPI_NOBODY;
    cpu->host_if = 0;
    vtdpi_result_t r = {{op->a, op->b}, op->c};
    vtdpi_sys_advance(sys, c, vtdpi_sys_stack(sys, c), r);
}

static void nonroot_vmwrite(vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op)
{
    uint32_t v = vtdpi_sys_vcpu_of(sys, sys->cpus[c].thread);
    VTDPI_ASSERT(v != VTDPI_NOBODY);
    vtdpi_vcpu_t *guest = &sys->vcpus[v];
    bool known = vtdpi_vmcs_write(&guest->vmcs, (uint32_t)op->a, op->b);
    VTDPI_ASSERT(known);
    guest->vapic.rvi = (uint8_t)(guest->vmcs.intr_status & 0xFFU);
    guest->vapic.svi = (uint8_t)(guest->vmcs.intr_status >> 8);
    guest->controls = vtdpi_vmcs_controls(&guest->vmcs);
}

bool vtdpi_sys_nonroot(vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op, vtdpi_result_t *r,
                       bool *advance)
{
    (void)r;
    switch (op->kind) {
    case VTDPI_OP_VIRR_OR:
        nonroot_virr_or(sys, c, op);
        return true;
    case VTDPI_OP_EVALUATE:
        nonroot_processed(sys, c, op);
        return true;
    case VTDPI_OP_PPR_VIRT:
        nonroot_ppr(sys, c, sys->cpus[c].vcpu);
        return true;
    case VTDPI_OP_INJECT:
        nonroot_inject(sys, c, (uint8_t)op->a);
        return true;
    case VTDPI_OP_VMWRITE:
        nonroot_vmwrite(sys, c, op);
        return true;
    case VTDPI_OP_VDELIVER:
        *advance = false;
        nonroot_deliver(sys, c);
        return true;
    case VTDPI_OP_VMENTER:
        *advance = false;
        nonroot_enter(sys, c);
        return true;
    case VTDPI_OP_VMEXIT:
        *advance = false;
        nonroot_exit(sys, c, op);
        return true;
    default:
        return false;
    }
}
