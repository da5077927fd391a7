/*
 * What the files of the host kernel and the hypervisor protocols share. Nothing outside
 * models/hypervisor/ includes this.
 *
 * Memory of one vCPU or CPU is named by the words of platform.h; vCPUs and CPUs inside such words
 * count from 1, 0 is nobody.
 */
#ifndef VTDPI_HYPERVISOR_INTERNAL_H
#define VTDPI_HYPERVISOR_INTERNAL_H

#include "vtdpi/pid.h"
#include "vtdpi/protocol.h"
#include "vtdpi/vapic.h"
#include "vtdpi/vmx.h"

#include "ops.h"

/* clang-format off */
#define VTDPI_HOOK(name, doc)
#define VTDPI_FRAME(name, doc)                                                                     \
    vtdpi_op_t vtdpi_fn_##name(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r);
#include "vtdpi/frames.def"
#undef VTDPI_HOOK
#undef VTDPI_FRAME

/* Hook functions: VTDPI_HV_HOOK(name, "who uses it"). */
#define VTDPI_HV_HOOKS                                                                             \
    VTDPI_HV_HOOK(nothing)                                                                         \
    VTDPI_HV_HOOK(apicv_pending)                                                                   \
    VTDPI_HV_HOOK(kvm_thread)                                                                      \
    VTDPI_HV_HOOK(kvm_load)                                                                        \
    VTDPI_HV_HOOK(kvm_put)                                                                         \
    VTDPI_HV_HOOK(kvm_5_17_put)                                                                    \
    VTDPI_HV_HOOK(kvm_deliver)                                                                     \
    VTDPI_HV_HOOK(kvm_wakeup)                                                                      \
    VTDPI_HV_HOOK(kvm_attach)                                                                      \
    VTDPI_HV_HOOK(kvm_detach)                                                                      \
    VTDPI_HV_HOOK(soft_load)                                                                       \
    VTDPI_HV_HOOK(soft_pending)                                                                    \
    VTDPI_HV_HOOK(xen_thread)                                                                      \
    VTDPI_HV_HOOK(xen_load)                                                                        \
    VTDPI_HV_HOOK(xen_put)                                                                         \
    VTDPI_HV_HOOK(xen_deliver)                                                                     \
    VTDPI_HV_HOOK(xen_notify)                                                                      \
    VTDPI_HV_HOOK(xen_wakeup)                                                                      \
    VTDPI_HV_HOOK(xen_attach)                                                                      \
    VTDPI_HV_HOOK(xen_detach)

#define VTDPI_HV_HOOK(name)                                                                        \
    vtdpi_op_t vtdpi_hv_##name(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r);
VTDPI_HV_HOOKS
#undef VTDPI_HV_HOOK

/** Switches, by protocol: VTDPI_VARIANT_<protocol>_<name>. */
enum {
#define VTDPI_PROTOCOL(name, posting, ipiv, doc)
#define VTDPI_VARIANT(protocol, name, bit, doc) VTDPI_VARIANT_##protocol##_##name = 1 << (bit),
#include "vtdpi/hypervisor.def"
#undef VTDPI_PROTOCOL
#undef VTDPI_VARIANT
};

/* clang-format on */

/** Values of VTDPI_VW_MODE (KVM). */
enum { VTDPI_VMODE_OUTSIDE = 0, VTDPI_VMODE_IN_GUEST = 1, VTDPI_VMODE_EXITING = 2 };

/** Bits of VTDPI_VW_REQUESTS (KVM). */
enum { VTDPI_REQUEST_EVENT = 1, VTDPI_REQUEST_UNBLOCK = 2 };

/** Bits of VTDPI_CW_SOFTIRQ (Xen), highest priority first; PIRQ: a source's interrupt waits in the
 * words of HV_CW_PIRQ. */
enum { VTDPI_SOFTIRQ_SCHEDULE = 1, VTDPI_SOFTIRQ_PIRQ = 2, VTDPI_SOFTIRQ_KICK = 4 };

/** Xen: words of a CPU's line that hold a set of sources whose interrupts wait for the PIRQ
 * softirq. */
enum { HV_CW_PIRQ = 4, HV_PIRQ_SOURCES = 256 };

/** Xen: VTDPI_VW_BYPASS: number of interrupts 31:0, then the hooks: switch-to is kept, block is not
 * published yet. */
#define HV_BYPASS_COUNT UINT64_C(0xFFFFFFFF)
#define HV_BYPASS_KEPT  (UINT64_C(1) << 32)
#define HV_BYPASS_EARLY (UINT64_C(1) << 33)

/** Fields of VTDPI_VW_RUNNING. */
#define HV_RUNNING_CPU   UINT64_C(0xFFFF)
#define HV_PROCESSOR_LOW 16

/** Fields of a list node and of a list head: next or first, previous or last, member, CPU. */
#define HV_NODE_NEXT    UINT64_C(0xFFFF)
#define HV_NODE_PREV    UINT64_C(0xFFFF0000)
#define HV_NODE_ON_LIST (UINT64_C(1) << 32)
#define HV_NODE_CPU_LOW 48

/** Bits of a descriptor's control word. */
#define HV_NV   (vtdpi_mask(VTDPI_PID_NV_WIDTH) << VTDPI_PID_NV_LOW)
#define HV_NDST (vtdpi_mask(VTDPI_PID_NDST_WIDTH) << VTDPI_PID_NDST_LOW)

/** Xen: NDST of a vCPU that never ran as one that interrupts can be posted to. */
#define HV_NDST_MARKER UINT32_MAX

/** VMCS fields that the host writes. */
enum {
    HV_VMCS_INTR_STATUS = 0x0810,
    HV_VMCS_PROC = 0x4002,
    HV_VMCS_ENTRY_INTR_INFO = 0x4016,
    HV_VMCS_TPR_THRESHOLD = 0x401C,
    HV_VMCS_PREEMPTION_VALUE = 0x482E
};

/** Line of hypervisor state of CPU [cpu], of vCPU [v]; line of its descriptor. */
static inline uint32_t hv_cpu_line(const vtdpi_ctx_t *x, uint64_t cpu)
{
    VTDPI_ASSERT(cpu < x->p->cpu_count);
    return x->p->cpu_lines[cpu];
}

static inline uint32_t hv_state(const vtdpi_ctx_t *x, uint64_t v)
{
    VTDPI_ASSERT(v < x->p->vcpu_count);
    return x->p->vcpus[v].state;
}

static inline uint32_t hv_pid(const vtdpi_ctx_t *x, uint64_t v)
{
    VTDPI_ASSERT(v < x->p->vcpu_count);
    return x->p->vcpus[v].pid;
}

/** State line of the first vCPU of the VM of vCPU [v]: it holds the VM's words. */
static inline uint32_t hv_vm_line(const vtdpi_ctx_t *x, uint64_t v)
{
    uint32_t first = 0;
    while (x->p->vcpus[first].vm != x->p->vcpus[v].vm) {
        first++;
    }
    return x->p->vcpus[first].state;
}

/** Next vCPU after [v] - 1 in the VM of vCPU [of], or VTDPI_NOBODY. */
static inline uint32_t hv_next_vcpu(const vtdpi_ctx_t *x, uint64_t of, uint64_t v)
{
    for (uint32_t i = (uint32_t)v; i < x->p->vcpu_count; i++) {
        if (x->p->vcpus[i].vm == x->p->vcpus[of].vm) {
            return i;
        }
    }
    return VTDPI_NOBODY;
}

/** Whether the current thread is a VMM thread or the toolstack. */
static inline bool hv_is_vmm(const vtdpi_ctx_t *x)
{
    return x->p->threads[x->thread].kind == VTDPI_THREAD_VMM;
}

/** The scheduler is asked for. Xen: in a softirq, but for dom0's threads, which leave a guest of
 * their own. */
static inline vtdpi_op_t hv_resched(const vtdpi_ctx_t *x)
{
    if (x->p->protocol->softirqs && !hv_is_vmm(x)) {
        return hv_bts(VTDPI_STAGE_host_irq, hv_cpu_line(x, x->cpu), VTDPI_CW_SOFTIRQ,
                      VTDPI_SOFTIRQ_SCHEDULE);
    }
    return hv_op(VTDPI_OP_RESCHED, VTDPI_STAGE_host_irq, 1, 0);
}

static inline bool hv_variant(const vtdpi_ctx_t *x, int bit)
{
    return (x->p->variant & (uint32_t)bit) != 0;
}

/** NDST that names [cpu], in place in the control word. */
static inline uint64_t hv_ndst(const vtdpi_ctx_t *x, uint32_t cpu)
{
    return (uint64_t)vtdpi_pid_ndst_encode(cpu, x->p->x2apic) << VTDPI_PID_NDST_LOW;
}

/** [control] with notification vector [nv]. */
static inline uint64_t hv_with_nv(uint64_t control, unsigned nv)
{
    return vtdpi_with_bits(control, VTDPI_PID_NV_LOW, VTDPI_PID_NV_WIDTH, nv);
}

static inline unsigned hv_nv(uint64_t control)
{
    return (unsigned)vtdpi_bits(control, VTDPI_PID_NV_LOW, VTDPI_PID_NV_WIDTH);
}

/** Whether requests of class [vector] get past a processor priority of [ppr]. */
static inline bool hv_above(unsigned vector, unsigned ppr)
{
    return (vector >> 4) > (ppr >> 4);
}

#endif
