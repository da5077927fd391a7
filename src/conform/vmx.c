/*
 * F1 and F2: posted-interrupt processing, and sequences of a virtual APIC.
 *
 * Not compared, because it says nothing of the machine: RVI, SVI and VPPR without
 * virtual-interrupt delivery, VPPR before the first VM entry, and how a vector was made
 * ("consistent", "if_state_from").
 */
#include "conform/conform_internal.h"
#include "conform/exceptions.h"
#include "conform/vmx_cpu.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    VMX_BYTE_MAX = 0xFF,
    VMX_THRESHOLD_MAX = 0xF,
    VMX_CR8_TPR_LOW = 4,
    VMX_INFO_DIGITS = 8,
    VMX_CONTROL_DIGITS = 16,
    VMX_MSR_TPR = 0x808,
    VMX_MSR_EOI = 0x80B,
    VMX_MSR_SELF_IPI = 0x83F
};

typedef enum { VMX_MODE_GUEST, VMX_MODE_HOST } vmx_mode_t;

static const char *const vmx_modes[] = {"guest", "host"};
static const char *const vmx_activities[] = {"active", "hlt", "shutdown", "wait_for_sipi", "mwait"};

/* --- what a vector says --- */

static void vmx_control(conform_out_t *out, vmx_cpu_t *cpu, const json_t *ctl, const char *key,
                        vtdpi_ctl_t control)
{
    if (conform_flag(out, ctl, key)) {
        vtdpi_vmcs_set_control(&cpu->vmcs, control, true);
    }
}

static void vmx_controls(conform_out_t *out, vmx_cpu_t *cpu, const json_t *vector)
{
    cpu->hold_external = conform_setting(out, CONFORM_HOLD_EXTERNAL);
    const json_t *ctl = conform_object(out, vector, "ctl");
    vmx_control(out, cpu, ctl, "vid", VTDPI_CTL_VIRTUAL_INTERRUPT_DELIVERY);
    vmx_control(out, cpu, ctl, "pi", VTDPI_CTL_PROCESS_POSTED_INTERRUPTS);
    vmx_control(out, cpu, ctl, "intwin", VTDPI_CTL_INTERRUPT_WINDOW_EXITING);
    vmx_control(out, cpu, ctl, "x2apic_virt", VTDPI_CTL_VIRTUALIZE_X2APIC_MODE);
    vmx_control(out, cpu, ctl, "apic_access_virt", VTDPI_CTL_VIRTUALIZE_APIC_ACCESSES);
    cpu->vmcs.pinv = (uint16_t)conform_number(out, ctl, "nv", VMX_BYTE_MAX);
    if (conform_has(ctl, "eoi_exit")) {
        vmx_control(out, cpu, ctl, "apic_reg_virt", VTDPI_CTL_APIC_REGISTER_VIRTUALIZATION);
        cpu->vmcs.tpr_threshold =
            (uint32_t)conform_number(out, ctl, "tpr_threshold", VMX_THRESHOLD_MAX);
        conform_set(out, ctl, "eoi_exit", cpu->vmcs.eoi_exit);
    }
}

/* The state that a vector begins with, in [mode], all of it in the VMCS as if the guest had exited.
 * *Returns* whether a virtual interrupt is recognised, which none is in root operation. */
static bool vmx_state_read(conform_out_t *out, vmx_cpu_t *cpu, const json_t *st, vmx_mode_t mode)
{
    uint64_t status = 0;
    (void)conform_choice(out, st, "mode", &vmx_modes[mode], 1);
    VTDPI_PUT(INTR_STATUS, RVI, &status, conform_number(out, st, "rvi", VMX_BYTE_MAX));
    VTDPI_PUT(INTR_STATUS, SVI, &status, conform_number(out, st, "svi", VMX_BYTE_MAX));
    cpu->vmcs.intr_status = (uint16_t)status;
    cpu->vtpr = (uint8_t)conform_number(out, st, "vtpr", VMX_BYTE_MAX);
    cpu->vppr = (uint8_t)conform_number(out, st, "vppr", VMX_BYTE_MAX);
    conform_set(out, st, "virr", cpu->virr);
    conform_set(out, st, "visr", cpu->visr);
    conform_set(out, st, "pir", cpu->pid);
    cpu->pid[VTDPI_PID_CTL_WORD] = conform_hex(out, st, "pid_ctl", 64);
    VTDPI_PUT(RFLAGS, IF, &cpu->vmcs.rflags, conform_flag(out, st, "if"));
    cpu->vmcs.interruptibility = (uint32_t)conform_number(out, st, "block", VTDPI_BLOCK_MOV_SS);
    cpu->vmcs.activity = conform_choice(out, st, "act", vmx_activities, VTDPI_ACTIVITY_HLT + 1);
    conform_vectors(out, st, "lapic_irr", cpu->lapic.irr);
    conform_vectors(out, st, "lapic_isr", cpu->lapic.isr);
    return conform_number(out, st, "pending", mode == VMX_MODE_GUEST ? 1 : 0) != 0;
}

/* --- comparison --- */

static json_t *vmx_event(const vmx_cpu_event_t *event)
{
    char info[VMX_INFO_DIGITS + 1];
    switch (event->kind) {
    case VMX_CPU_DELIVERED:
        return json_pack("{s:s, s:I}", "ev", "deliver", "vector", (json_int_t)event->number);
    case VMX_CPU_EXITED:
        (void)snprintf(info, sizeof info, "%08" PRIx32, event->intr_info);
        return json_pack("{s:s, s:I, s:I, s:s}", "ev", "vmexit", "reason",
                         (json_int_t)event->number, "qual", (json_int_t)event->qualification,
                         "intr_info", info);
    case VMX_CPU_REFUSED:
        return json_pack("{s:s, s:I}", "ev", "vmfail", "error", (json_int_t)event->number);
    case VMX_CPU_PROCESSED:
        return json_pack("{s:s}", "ev", "pi");
    case VMX_CPU_NOTIFIED:
        return json_pack("{s:s}", "ev", "notify");
    case VMX_CPU_ASLEEP:
    default:
        return json_pack("{s:s}", "ev", "asleep");
    }
}

static void vmx_events_compare(conform_out_t *out, int step, const vmx_cpu_t *cpu,
                               const json_t *recorded)
{
    json_t *events = json_array();
    for (unsigned i = 0; i < cpu->event_count; i++) {
        (void)json_array_append_new(events, vmx_event(&cpu->events[i]));
    }
    (void)conform_same_json(out, step, "ev", conform_list(out, recorded, "ev"), events);
}

/* What is in the processor in non-root operation, and in the VMCS else. */
static void vmx_guest_compare(conform_out_t *out, int step, const vmx_cpu_t *cpu, const json_t *st)
{
    uint64_t status = cpu->vmcs.intr_status;
    bool guest_if = VTDPI_GET(RFLAGS, IF, &cpu->vmcs.rflags) != 0;
    uint32_t block = cpu->guest ? cpu->interruptibility : cpu->vmcs.interruptibility;
    unsigned activity = cpu->guest ? (unsigned)cpu->activity : cpu->vmcs.activity;
    uint64_t rvi = conform_number(out, st, "rvi", VMX_BYTE_MAX);
    uint64_t svi = conform_number(out, st, "svi", VMX_BYTE_MAX);
    uint64_t vppr = conform_number(out, st, "vppr", VMX_BYTE_MAX);
    /* RVI, SVI and VPPR mean nothing without virtual-interrupt delivery */
    if (vtdpi_ctl_virtual_interrupt_delivery(vtdpi_vmcs_controls(&cpu->vmcs))) {
        conform_same(out, step, "rvi", rvi,
                     cpu->guest ? cpu->vapic.rvi : VTDPI_GET(INTR_STATUS, RVI, &status));
        conform_same(out, step, "svi", svi,
                     cpu->guest ? cpu->vapic.svi : VTDPI_GET(INTR_STATUS, SVI, &status));
        conform_same(out, step, "vppr", vppr, cpu->vppr);
    }
    conform_same(out, step, "if", conform_flag(out, st, "if"),
                 cpu->guest ? cpu->guest_if : guest_if);
    conform_same(out, step, "block", conform_number(out, st, "block", VTDPI_BLOCK_MOV_SS), block);
    conform_same_text(out, step, "act", conform_text(out, st, "act"), vmx_activities[activity]);
}

static void vmx_compare(conform_out_t *out, int step, const vmx_cpu_t *cpu, const json_t *recorded)
{
    const json_t *st = conform_object(out, recorded, "st");
    uint64_t virr[VTDPI_VECTOR_WORDS], visr[VTDPI_VECTOR_WORDS], pir[VTDPI_VECTOR_WORDS];
    uint64_t irr[VTDPI_VECTOR_WORDS], isr[VTDPI_VECTOR_WORDS];
    conform_set(out, st, "virr", virr);
    conform_set(out, st, "visr", visr);
    conform_set(out, st, "pir", pir);
    conform_vectors(out, st, "lapic_irr", irr);
    conform_vectors(out, st, "lapic_isr", isr);
    vmx_events_compare(out, step, cpu, recorded);
    conform_same_text(out, step, "mode", conform_text(out, st, "mode"),
                      vmx_modes[cpu->guest ? VMX_MODE_GUEST : VMX_MODE_HOST]);
    vmx_guest_compare(out, step, cpu, st);
    conform_same(out, step, "vtpr", conform_number(out, st, "vtpr", VMX_BYTE_MAX), cpu->vtpr);
    conform_same_set(out, step, "virr", virr, cpu->virr);
    conform_same_set(out, step, "visr", visr, cpu->visr);
    conform_same_set(out, step, "pir", pir, cpu->pid);
    conform_same_hex(out, step, "pid_ctl", conform_hex(out, st, "pid_ctl", 64),
                     cpu->pid[VTDPI_PID_CTL_WORD], VMX_CONTROL_DIGITS);
    conform_same(out, step, "pending", conform_flag(out, st, "pending"), cpu->vapic.recognised);
    conform_same_vectors(out, step, "lapic_irr", irr, cpu->lapic.irr);
    conform_same_vectors(out, step, "lapic_isr", isr, cpu->lapic.isr);
}

/* An instruction boundary at which blocking by STI or by MOV SS is in force. */
bool conform_vmx_blocked(const json_t *vector, int step)
{
    const json_t *boundaries = json_object_get(vector, "boundaries");
    const json_t *steps = boundaries != NULL ? boundaries : json_object_get(vector, "steps");
    const json_t *now = json_array_get(steps, (size_t)step);
    const json_t *before = step > 0 ? json_object_get(json_array_get(steps, (size_t)step - 1), "st")
                                    : json_object_get(vector, "init");
    const char *op = json_string_value(json_object_get(json_object_get(now, "do"), "op"));
    return (boundaries != NULL || (op != NULL && strcmp(op, "boundary") == 0)) &&
           json_integer_value(json_object_get(before, "block")) != 0;
}

/* --- F1: one physical interrupt, and the boundaries that follow --- */

/* @shows sdm.posted.vector, sdm.posted.rvi, sdm.posted.hlt, sdm.evaluate, sdm.deliver,
 * sdm.boundary.external, sdm.boundary.window-or-virtual */
void conform_replay_posted(const json_t *vector, conform_out_t *out)
{
    vmx_cpu_t cpu;
    vmx_cpu_init(&cpu);
    vmx_controls(out, &cpu, vector);
    const json_t *init = conform_object(out, vector, "init");
    bool pending = vmx_state_read(out, &cpu, init, VMX_MODE_GUEST);
    uint8_t physical = (uint8_t)conform_number(out, vector, "phys_vector", VMX_BYTE_MAX);
    const json_t *boundaries = conform_list(out, vector, "boundaries");
    if (conform_malformed(out)) {
        return;
    }
    vmx_cpu_resume(&cpu, pending);
    vmx_cpu_interrupt(&cpu, physical);
    for (size_t i = 0; i < json_array_size(boundaries) && !conform_malformed(out); i++) {
        conform_at(out, "boundaries", i);
        const json_t *boundary = conform_object_in(out, json_array_get(boundaries, i), "boundary");
        vmx_cpu_begin(&cpu);
        vmx_cpu_boundary(&cpu);
        vmx_compare(out, (int)i, &cpu, boundary);
    }
}

/* --- F2: sequences --- */

/* What the host changes, and the entry. */
static void vmx_op_entry(conform_out_t *out, vmx_cpu_t *cpu, const json_t *op)
{
    uint64_t status = cpu->vmcs.intr_status;
    vmx_cpu_host_eoi(cpu);
    if (conform_has(op, "host_set_virr")) {
        vtdpi_set_add(cpu->virr, (unsigned)conform_number(out, op, "host_set_virr", VMX_BYTE_MAX));
    }
    if (conform_has(op, "host_set_rvi")) {
        VTDPI_PUT(INTR_STATUS, RVI, &status, conform_number(out, op, "host_set_rvi", VMX_BYTE_MAX));
        cpu->vmcs.intr_status = (uint16_t)status;
    }
    if (conform_has(op, "intwin")) {
        vtdpi_vmcs_set_control(&cpu->vmcs, VTDPI_CTL_INTERRUPT_WINDOW_EXITING,
                               conform_flag(out, op, "intwin"));
    }
    if (conform_has(op, "tpr_threshold")) {
        cpu->vmcs.tpr_threshold =
            (uint32_t)conform_number(out, op, "tpr_threshold", VMX_THRESHOLD_MAX);
    }
    if (!conform_malformed(out)) {
        vmx_cpu_enter(cpu);
    }
}

static void vmx_op_boundary(conform_out_t *out, vmx_cpu_t *cpu, const json_t *op)
{
    (void)out;
    (void)op;
    vmx_cpu_boundary(cpu);
}

/* By which way a register is written. */
typedef enum { VMX_VIA_CR8, VMX_VIA_X2APIC, VMX_VIA_MMIO, VMX_VIAS } vmx_via_t;

static vmx_via_t vmx_via(conform_out_t *out, const json_t *op)
{
    static const char *const vias[VMX_VIAS] = {"cr8", "x2apic", "mmio"};
    return (vmx_via_t)conform_choice(out, op, "via", vias, VMX_VIAS);
}

static void vmx_op_tpr(conform_out_t *out, vmx_cpu_t *cpu, const json_t *op)
{
    vmx_via_t via = vmx_via(out, op);
    uint8_t value = (uint8_t)conform_number(out, op, "value", VMX_BYTE_MAX);
    if (conform_malformed(out)) {
        return;
    }
    if (via == VMX_VIA_CR8) {
        vmx_cpu_cr8(cpu, value >> VMX_CR8_TPR_LOW);
    } else if (via == VMX_VIA_X2APIC) {
        vmx_cpu_wrmsr(cpu, VMX_MSR_TPR, value);
    } else {
        vmx_cpu_store(cpu, VTDPI_VAPIC_VTPR, value);
    }
}

static void vmx_op_eoi(conform_out_t *out, vmx_cpu_t *cpu, const json_t *op)
{
    if (vmx_via(out, op) == VMX_VIA_MMIO) {
        vmx_cpu_store(cpu, VTDPI_VAPIC_VEOI, 0);
    } else {
        vmx_cpu_wrmsr(cpu, VMX_MSR_EOI, 0);
    }
}

static void vmx_op_self_ipi(conform_out_t *out, vmx_cpu_t *cpu, const json_t *op)
{
    vmx_cpu_wrmsr(cpu, VMX_MSR_SELF_IPI, conform_number(out, op, "vector", VMX_BYTE_MAX));
}

static void vmx_op_icr_lo(conform_out_t *out, vmx_cpu_t *cpu, const json_t *op)
{
    vmx_cpu_store(cpu, VTDPI_VAPIC_VICR_LO, (uint32_t)conform_number(out, op, "value", UINT32_MAX));
}

static void vmx_op_cli(conform_out_t *out, vmx_cpu_t *cpu, const json_t *op)
{
    (void)out;
    (void)op;
    vmx_cpu_cli(cpu);
}

static void vmx_op_sti(conform_out_t *out, vmx_cpu_t *cpu, const json_t *op)
{
    (void)out;
    (void)op;
    vmx_cpu_sti(cpu);
}

static void vmx_op_mov_ss(conform_out_t *out, vmx_cpu_t *cpu, const json_t *op)
{
    (void)out;
    (void)op;
    vmx_cpu_mov_ss(cpu);
}

static void vmx_op_post(conform_out_t *out, vmx_cpu_t *cpu, const json_t *op)
{
    uint64_t vectors[VTDPI_VECTOR_WORDS] = {0};
    conform_vectors(out, op, "vectors", vectors);
    vmx_cpu_post(cpu, vectors);
}

static void vmx_op_phys_irq(conform_out_t *out, vmx_cpu_t *cpu, const json_t *op)
{
    vmx_cpu_interrupt(cpu, (uint8_t)conform_number(out, op, "vector", VMX_BYTE_MAX));
}

static void vmx_op(conform_out_t *out, vmx_cpu_t *cpu, const json_t *op)
{
    static void (*const acts[])(conform_out_t *, vmx_cpu_t *, const json_t *) = {
        vmx_op_entry, vmx_op_boundary, vmx_op_tpr,    vmx_op_eoi,  vmx_op_self_ipi, vmx_op_icr_lo,
        vmx_op_cli,   vmx_op_sti,      vmx_op_mov_ss, vmx_op_post, vmx_op_phys_irq};
    static const char *const names[] = {"vmentry",  "boundary", "tpr",     "eoi",
                                        "self_ipi", "icr_lo",   "cli",     "sti",
                                        "mov_ss",   "post",     "phys_irq"};

    enum { OPS = sizeof names / sizeof names[0] };

    VTDPI_STATIC_ASSERT(OPS == sizeof acts / sizeof acts[0], "one name an operation");
    acts[conform_choice(out, op, "op", names, OPS)](out, cpu, op);
}

/* @shows sdm.ppr, sdm.evaluate, sdm.deliver, sdm.eoi.dismiss, sdm.eoi.exit, sdm.self-ipi,
 * sdm.self-ipi.form, sdm.tpr.threshold, sdm.entry.tpr-exit, sdm.entry.threshold-above-vtpr,
 * sdm.boundary.window, sdm.exit.saves-rvi-svi */
void conform_replay_virtual(const json_t *vector, conform_out_t *out)
{
    vmx_cpu_t cpu;
    vmx_cpu_init(&cpu);
    vmx_controls(out, &cpu, vector);
    (void)vmx_state_read(out, &cpu, conform_object(out, vector, "init"), VMX_MODE_HOST);
    const json_t *steps = conform_list(out, vector, "steps");
    for (size_t i = 0; i < json_array_size(steps) && !conform_malformed(out); i++) {
        conform_at(out, "steps", i);
        const json_t *step = conform_object_in(out, json_array_get(steps, i), "step");
        vmx_cpu_begin(&cpu);
        vmx_op(out, &cpu, conform_object(out, step, "do"));
        vmx_compare(out, (int)i, &cpu, step);
    }
}
