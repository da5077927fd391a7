/* vCPUs: the VMCS as the hypervisor sets it up. */
#include "platform/build.h"

enum { RFLAGS_AT_START = 0x202 }; /* bit 1 reads as 1; IF */

static void vmcs_common(vtdpi_vmcs_t *vmcs)
{
    vtdpi_vmcs_set_control(vmcs, VTDPI_CTL_EXTERNAL_INTERRUPT_EXITING, true);
    vtdpi_vmcs_set_control(vmcs, VTDPI_CTL_NMI_EXITING, true);
    vtdpi_vmcs_set_control(vmcs, VTDPI_CTL_HLT_EXITING, true);
    vtdpi_vmcs_set_control(vmcs, VTDPI_CTL_MSR_BITMAPS, true);
    vtdpi_vmcs_set_control(vmcs, VTDPI_CTL_EPT, true);
    vtdpi_vmcs_set_control(vmcs, VTDPI_CTL_ACKNOWLEDGE_INTERRUPT_ON_EXIT, true);
}

static void vmcs_apic_page(vtdpi_vmcs_t *vmcs)
{
    vtdpi_vmcs_set_control(vmcs, VTDPI_CTL_VIRTUALIZE_APIC_ACCESSES, true);
    vmcs->apic_access_addr = VTDPI_ADDR_APIC_ACCESS;
}

static void vmcs_apicv(vtdpi_vmcs_t *vmcs, bool x2apic)
{
    vtdpi_vmcs_set_control(vmcs, VTDPI_CTL_TPR_SHADOW, true);
    vtdpi_vmcs_set_control(vmcs, VTDPI_CTL_APIC_REGISTER_VIRTUALIZATION, true);
    vtdpi_vmcs_set_control(vmcs, VTDPI_CTL_VIRTUAL_INTERRUPT_DELIVERY, true);
    vtdpi_vmcs_set_control(vmcs, VTDPI_CTL_PROCESS_POSTED_INTERRUPTS, true);
    if (x2apic) {
        vtdpi_vmcs_set_control(vmcs, VTDPI_CTL_VIRTUALIZE_X2APIC_MODE, true);
    } else {
        vmcs_apic_page(vmcs);
    }
    vmcs->pinv = VTDPI_HV_ANV;
}

static void vmcs_make(const vtdpi_build_t *b, vtdpi_vcpu_fixed_t *v)
{
    const vtdpi_platform_t *p = &b->platform;
    uint64_t page = b->lines[v->vapic[0]].paddr & ~UINT64_C(0xFFF);
    vtdpi_vmcs_t *vmcs = &v->vmcs;
    vmcs_common(vmcs);
    if (p->protocol->apicv) {
        vmcs_apicv(vmcs, p->x2apic);
        vmcs->virtual_apic_addr = page;
        vmcs->pid_addr = b->lines[v->pid].paddr;
    } else if (!p->x2apic) {
        vmcs_apic_page(vmcs);
    }
    if (p->ipiv) {
        vtdpi_vmcs_set_control(vmcs, VTDPI_CTL_IPI_VIRTUALIZATION, true);
        vmcs->pid_table_addr = b->lines[v->pids].paddr;
        vmcs->last_pid_index = (uint16_t)(b->scenario->vms[v->vm].vcpu_count - 1);
    }
    if (p->guest_timers && p->protocol->preemption_timer) {
        vtdpi_vmcs_set_control(vmcs, VTDPI_CTL_PREEMPTION_TIMER, true);
        vmcs->preemption_value = UINT32_MAX;
    }
    vmcs->rflags = RFLAGS_AT_START;
    vmcs->activity = VTDPI_ACTIVITY_ACTIVE;
}

static uint8_t build_timer_vector(const vtdpi_vcpu_cfg_t *cfg)
{
    return cfg->timer_vector != 0 ? cfg->timer_vector : (uint8_t)VTDPI_GUEST_TIMER_VECTOR;
}

void build_vcpus(vtdpi_build_t *b)
{
    for (uint32_t i = 0; i < b->platform.vcpu_count; i++) {
        vtdpi_vcpu_fixed_t *v = &b->vcpus[i];
        const vtdpi_vcpu_cfg_t *cfg = &b->scenario->vcpus[i];
        v->guest = cfg;
        v->vm = (uint16_t)cfg->vm;
        v->virtual_id = cfg->number;
        v->timer_vector = build_timer_vector(cfg);
        v->thread = b->platform.cpu_count + i;
        vmcs_make(b, v);
    }
}
