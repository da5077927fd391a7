/* The processor of vmx_cpu.h, after models/system/nonroot.c and models/cpu/microcode.c. */
#include "conform/vmx_cpu.h"

#include "vtdpi/lapic_access.h"

#include <string.h>

enum {
    CPU_PHYSICAL_WIDTH = 46,
    CPU_SVR = 0x1FF,
    CPU_RFLAGS = 0x2, /* bit 1 is always 1 */
    CPU_CR8_GPR = 0,  /* which register a MOV to CR8 names: RAX */
    CPU_VIRTUAL_APIC = 0x1000,
    CPU_APIC_ACCESS = 0x2000,
    CPU_PID = 0x3000
};

void vmx_cpu_init(vmx_cpu_t *cpu)
{
    memset(cpu, 0, sizeof *cpu);
    vtdpi_lapic_init(&cpu->lapic, 0, true, 0);
    (void)vtdpi_lapic_mmio_write(&cpu->lapic, VTDPI_LAPIC_REG_SVR, CPU_SVR);
    cpu->vmcs.virtual_apic_addr = CPU_VIRTUAL_APIC;
    cpu->vmcs.apic_access_addr = CPU_APIC_ACCESS;
    cpu->vmcs.pid_addr = CPU_PID;
    cpu->vmcs.rflags = CPU_RFLAGS;
    vtdpi_vmcs_set_control(&cpu->vmcs, VTDPI_CTL_EXTERNAL_INTERRUPT_EXITING, true);
    vtdpi_vmcs_set_control(&cpu->vmcs, VTDPI_CTL_ACKNOWLEDGE_INTERRUPT_ON_EXIT, true);
    vtdpi_vmcs_set_control(&cpu->vmcs, VTDPI_CTL_TPR_SHADOW, true);
}

void vmx_cpu_begin(vmx_cpu_t *cpu)
{
    cpu->event_count = 0;
}

static void cpu_tell(vmx_cpu_t *cpu, vmx_cpu_event_kind_t kind, uint32_t number)
{
    VTDPI_ASSERT(cpu->event_count < VMX_CPU_EVENTS);
    cpu->events[cpu->event_count++] = (vmx_cpu_event_t){.kind = kind, .number = number};
}

/* --- exit and entry --- */

static void cpu_exit(vmx_cpu_t *cpu, vtdpi_exit_t reason, uint64_t qualification,
                     uint32_t intr_info)
{
    vtdpi_exit_info_t info = {.qualification = qualification,
                              .intr_info = intr_info,
                              .rvi = cpu->vapic.rvi,
                              .svi = cpu->vapic.svi};
    vtdpi_vmx_exit(&cpu->vmcs, reason, &info);
    VTDPI_PUT(RFLAGS, IF, &cpu->vmcs.rflags, cpu->guest_if);
    cpu->vmcs.interruptibility = cpu->interruptibility;
    cpu->vmcs.activity = (uint32_t)cpu->activity;
    vtdpi_vapic_leave(&cpu->vapic);
    cpu->guest = false;
    cpu_tell(cpu, VMX_CPU_EXITED, reason);
    cpu->events[cpu->event_count - 1].qualification = qualification;
    cpu->events[cpu->event_count - 1].intr_info = intr_info;
}

static void cpu_evaluate(vmx_cpu_t *cpu)
{
    bool window = vtdpi_ctl_interrupt_window_exiting(cpu->set);
    cpu->vapic.recognised = vtdpi_vapic_evaluate(cpu->vapic.rvi, cpu->vppr, window);
}

void vmx_cpu_resume(vmx_cpu_t *cpu, bool recognised)
{
    uint64_t status = cpu->vmcs.intr_status;
    cpu->set = vtdpi_vmcs_controls(&cpu->vmcs);
    cpu->vapic.rvi = (uint8_t)VTDPI_GET(INTR_STATUS, RVI, &status);
    cpu->vapic.svi = (uint8_t)VTDPI_GET(INTR_STATUS, SVI, &status);
    cpu->vapic.recognised = recognised;
    cpu->guest_if = VTDPI_GET(RFLAGS, IF, &cpu->vmcs.rflags) != 0;
    cpu->interruptibility = cpu->vmcs.interruptibility;
    cpu->activity = vtdpi_vmx_entry_activity(&cpu->vmcs);
    cpu->guest = true;
}

void vmx_cpu_enter(vmx_cpu_t *cpu)
{
    if (cpu->guest) {
        return;
    }
    if (vtdpi_vmx_check_controls(&cpu->vmcs, CPU_PHYSICAL_WIDTH, cpu->vtpr) != VTDPI_CHECK_NONE) {
        vtdpi_vmx_fail_valid(&cpu->vmcs, VTDPI_VMFAIL_ENTRY_CONTROLS);
        cpu_tell(cpu, VMX_CPU_REFUSED, cpu->vmcs.instruction_error);
        return;
    }
    if (vtdpi_vmx_check_guest(&cpu->vmcs) != VTDPI_CHECK_NONE) {
        vtdpi_vmx_entry_failed(&cpu->vmcs, VTDPI_EXIT_INVALID_STATE, 0);
        cpu_tell(cpu, VMX_CPU_EXITED, VTDPI_EXIT_INVALID_STATE);
        return;
    }
    vmx_cpu_resume(cpu, false);
    if (vtdpi_ctl_virtual_interrupt_delivery(cpu->set)) {
        cpu->vppr = vtdpi_vapic_enter(&cpu->vapic, cpu->set, cpu->vmcs.intr_status, cpu->vtpr).vppr;
    } else if (vtdpi_vmx_entry_tpr_exit(&cpu->vmcs, cpu->vtpr)) {
        vtdpi_boundary_t facts = {.set = cpu->set,
                                  .pending = VTDPI_PENDING_TPR_EXIT,
                                  .interruptibility = cpu->interruptibility,
                                  .activity = (uint8_t)cpu->activity};
        if (vtdpi_boundary_next(&facts) == VTDPI_NEXT_EXIT_TPR) {
            cpu_exit(cpu, VTDPI_EXIT_TPR_BELOW_THRESHOLD, 0, 0);
        }
    }
}

/* --- an instruction boundary --- */

/* Blocking by STI and by MOV SS ends with the instruction after the one that began it. */
static void cpu_retire(vmx_cpu_t *cpu)
{
    cpu->interruptibility &= ~(uint32_t)(VTDPI_BLOCK_STI | VTDPI_BLOCK_MOV_SS);
}

static vtdpi_boundary_t cpu_facts(const vmx_cpu_t *cpu)
{
    bool offered = vtdpi_lapic_offer(&cpu->lapic) >= 0;
    return (vtdpi_boundary_t){
        .set = cpu->set,
        .pending = (cpu->vapic.recognised != 0 ? (uint32_t)VTDPI_PENDING_VIRTUAL : 0U) |
                   (offered ? (uint32_t)VTDPI_PENDING_EXTERNAL : 0U),
        .interruptibility = cpu->interruptibility,
        .activity = (uint8_t)cpu->activity,
        .rflags_if = cpu->guest_if,
        .hold_external = cpu->hold_external};
}

static void cpu_deliver(vmx_cpu_t *cpu)
{
    vtdpi_vapic_step_t step = vtdpi_vapic_deliver(&cpu->vapic, cpu->visr, cpu->virr);
    cpu->vppr = step.vppr;
    cpu->guest_if = false; /* interrupt gate */
    cpu_retire(cpu);
    cpu_tell(cpu, VMX_CPU_DELIVERED, step.vector);
}

/* Steps 3 to 7; step 1, the acknowledge, is done. */
static void cpu_process(vmx_cpu_t *cpu)
{
    cpu->pid[VTDPI_PID_CTL_WORD] = vtdpi_vapic_posted_control(cpu->pid[VTDPI_PID_CTL_WORD]);
    (void)vtdpi_lapic_eoi(&cpu->lapic);
    uint64_t taken[VTDPI_VECTOR_WORDS];
    for (unsigned w = 0; w < VTDPI_VECTOR_WORDS; w++) {
        taken[w] = vtdpi_vapic_posted_take(&cpu->pid[w], &cpu->virr[w]);
    }
    vtdpi_vapic_raise(&cpu->vapic, taken);
    cpu_evaluate(cpu);
    cpu_tell(cpu, VMX_CPU_PROCESSED, 0);
}

/* An external interrupt; returns whether the guest goes on. */
static bool cpu_external(vmx_cpu_t *cpu)
{
    vtdpi_lapic_ack_t ack = vtdpi_lapic_acknowledge(&cpu->lapic);
    vtdpi_external_t what = vtdpi_boundary_external(cpu->set, ack.vector, cpu->vmcs.pinv, false);
    if (what != VTDPI_EXTERNAL_PROCESS) {
        cpu->activity = vtdpi_boundary_external_activity(what, cpu->activity, false);
        cpu_exit(cpu, VTDPI_EXIT_EXTERNAL_INTERRUPT, 0,
                 vtdpi_intr_info_external(cpu->set, ack.vector));
        return false;
    }
    cpu_process(cpu);
    vtdpi_boundary_t facts = cpu_facts(cpu);
    bool deliverable = cpu->vapic.recognised != 0 && vtdpi_boundary_window_open(&facts);
    cpu->activity = vtdpi_boundary_external_activity(what, cpu->activity, deliverable);
    return true;
}

void vmx_cpu_boundary(vmx_cpu_t *cpu)
{
    if (!cpu->guest) {
        return;
    }
    vtdpi_boundary_t facts = cpu_facts(cpu);
    vtdpi_next_t next = vtdpi_boundary_next(&facts);
    if (next == VTDPI_NEXT_EXTERNAL) {
        if (!cpu_external(cpu)) {
            return;
        }
    } else {
        cpu->activity = vtdpi_boundary_activity(next, cpu->activity);
        if (vtdpi_boundary_exit(next) >= 0) {
            cpu_exit(cpu, (vtdpi_exit_t)vtdpi_boundary_exit(next), 0, 0);
            return;
        }
        if (next == VTDPI_NEXT_VIRTUAL) {
            cpu_deliver(cpu);
            return;
        }
        if (cpu->activity == VTDPI_ACTIVITY_HLT) {
            cpu_tell(cpu, VMX_CPU_ASLEEP, 0);
        }
    }
    if (cpu->activity == VTDPI_ACTIVITY_ACTIVE) {
        cpu_retire(cpu); /* NOP */
    }
}

/* --- instructions --- */

static void cpu_tpr(vmx_cpu_t *cpu, uint8_t value)
{
    vtdpi_vapic_step_t step =
        vtdpi_vapic_tpr(&cpu->vapic, cpu->set, value, cpu->vmcs.tpr_threshold);
    cpu->vtpr = value;
    if (vtdpi_ctl_virtual_interrupt_delivery(cpu->set)) {
        cpu->vppr = step.vppr;
    }
    if (step.exit != 0) {
        cpu_exit(cpu, VTDPI_EXIT_TPR_BELOW_THRESHOLD, 0, 0);
    }
}

static void cpu_eoi(vmx_cpu_t *cpu)
{
    vtdpi_vapic_step_t step =
        vtdpi_vapic_eoi(&cpu->vapic, cpu->visr, cpu->vtpr, cpu->vmcs.eoi_exit);
    cpu->vppr = step.vppr;
    if (step.exit != 0) {
        cpu_exit(cpu, VTDPI_EXIT_EOI_INDUCED, vtdpi_qual_eoi(step.vector), 0);
    } else {
        cpu_evaluate(cpu);
    }
}

/* What follows the store of a virtualised write: trap-like, the instruction has retired. */
static void cpu_act(vmx_cpu_t *cpu, vtdpi_vapic_access_t access, uint8_t value)
{
    if (access.action == VTDPI_VAPIC_TPR) {
        cpu_tpr(cpu, value);
    } else if (access.action == VTDPI_VAPIC_EOI) {
        cpu_eoi(cpu);
    } else if (access.action == VTDPI_VAPIC_SELF_IPI) {
        vtdpi_vapic_self_ipi(&cpu->vapic, cpu->virr, access.vector);
        cpu_evaluate(cpu);
    } else if (access.action == VTDPI_VAPIC_EXIT_WRITE) {
        cpu_exit(cpu, VTDPI_EXIT_APIC_WRITE, access.qualification, 0);
    }
}

void vmx_cpu_cr8(vmx_cpu_t *cpu, uint64_t value)
{
    if (!cpu->guest) {
        return;
    }
    vtdpi_vapic_cr8_t access = vtdpi_vapic_cr8_write(cpu->set, value, CPU_CR8_GPR);
    if (access.action == VTDPI_VAPIC_CR8_SHADOW) {
        cpu_retire(cpu);
        cpu_tpr(cpu, access.value);
    }
}

void vmx_cpu_wrmsr(vmx_cpu_t *cpu, uint32_t msr, uint64_t value)
{
    if (cpu->guest) {
        cpu_retire(cpu);
        cpu_act(cpu, vtdpi_vapic_wrmsr(cpu->set, msr, value), (uint8_t)value);
    }
}

void vmx_cpu_store(vmx_cpu_t *cpu, uint16_t offset, uint32_t value)
{
    if (!cpu->guest) {
        return;
    }
    vtdpi_vapic_access_t access =
        vtdpi_vapic_mmio(cpu->set, VTDPI_VAPIC_LINEAR_WRITE, offset, sizeof value, true);
    if (access.action == VTDPI_VAPIC_EXIT_ACCESS) {
        cpu_exit(cpu, VTDPI_EXIT_APIC_ACCESS, access.qualification, 0);
        return;
    }
    cpu_retire(cpu);
    if (access.action == VTDPI_VAPIC_STORE) {
        cpu_act(cpu, vtdpi_vapic_write_emulation(cpu->set, offset, value), (uint8_t)value);
    }
}

void vmx_cpu_cli(vmx_cpu_t *cpu)
{
    if (cpu->guest) {
        cpu_retire(cpu);
        cpu->guest_if = false;
    }
}

void vmx_cpu_sti(vmx_cpu_t *cpu)
{
    if (cpu->guest) {
        cpu_retire(cpu);
        cpu->interruptibility |= cpu->guest_if ? 0U : (uint32_t)VTDPI_BLOCK_STI;
        cpu->guest_if = true;
    }
}

void vmx_cpu_mov_ss(vmx_cpu_t *cpu)
{
    if (cpu->guest) {
        bool renews = (cpu->interruptibility & VTDPI_BLOCK_MOV_SS) != 0;
        cpu_retire(cpu);
        cpu->interruptibility |= renews ? 0U : (uint32_t)VTDPI_BLOCK_MOV_SS;
    }
}

/* --- the world outside --- */

void vmx_cpu_interrupt(vmx_cpu_t *cpu, uint8_t vector)
{
    vtdpi_intr_msg_t msg = {.vector = vector, .level = 1};
    (void)vtdpi_lapic_accept(&cpu->lapic, &msg);
}

void vmx_cpu_post(vmx_cpu_t *cpu, const uint64_t vectors[VTDPI_VECTOR_WORDS])
{
    for (unsigned v = 0; v < VTDPI_VECTORS; v++) {
        if (vtdpi_set_has(vectors, v)) {
            vtdpi_vapic_ipi_request(cpu->pid, (uint8_t)v);
        }
    }
    vtdpi_vapic_notify_t notify = vtdpi_vapic_ipi_notify(&cpu->pid[VTDPI_PID_CTL_WORD]);
    if (notify.send != 0) {
        vmx_cpu_interrupt(cpu, notify.nv);
        cpu_tell(cpu, VMX_CPU_NOTIFIED, 0);
    }
}

void vmx_cpu_host_eoi(vmx_cpu_t *cpu)
{
    while (vtdpi_set_highest(cpu->lapic.isr) >= 0) {
        (void)vtdpi_lapic_eoi(&cpu->lapic);
    }
}
