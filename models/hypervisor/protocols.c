/*
 * The built-in protocols: which hooks each has, and which invariants it claims (hypervisors.md
 * section 11).
 *
 * S7 is claimed by none: a notification that arrives late is processed for whoever runs then, by
 * design of the architecture. S1, S2, S3 speak about descriptors that the remapping unit posts to.
 * S1 is mid-update from the clearing of SN to the scan of load, and from PIR to ON of a posting in
 * software; S3 from the moment a thread is off its run queue to the end of put, and after an
 * attachment until UNBLOCK was handled. Xen does not promise S1 (it never scans PIR), nor S2 and S3
 * of a VM that never had a device (NDST holds a marker).
 */
#include "internal.h"

#define CLAIM(name)      (UINT32_C(1) << VTDPI_MONITOR_##name)
#define CLAIM_TABLE      (CLAIM(lost) | CLAIM(s5) | CLAIM(l3))
#define CLAIM_CPU_POSTED (CLAIM_TABLE | CLAIM(l1) | CLAIM(l2))
#define CLAIM_XEN        (CLAIM_CPU_POSTED | CLAIM(s4) | CLAIM(s6))
#define CLAIM_KVM        (CLAIM_XEN | CLAIM(s1) | CLAIM(s2) | CLAIM(s3))
#define HOOK(hook, f)    [VTDPI_HOOK_##hook] = vtdpi_hv_##f

/* clang-format off */
/* The table says which protocols the remapping unit posts for, and which use IPI virtualization. */
enum {
#define VTDPI_PROTOCOL(name, posting, ipiv, doc) POSTS_##name = (posting), IPIV_##name = (ipiv),
#define VTDPI_VARIANT(protocol, name, bit, doc)
#include "vtdpi/hypervisor.def"
#undef VTDPI_PROTOCOL
#undef VTDPI_VARIANT
};
/* clang-format on */

static const vtdpi_protocol_t protocol_injected = {
    .name = "injected",
    .abi = VTDPI_PROTOCOL_ABI,
    .posting = POSTS_injected,
    .ipiv = IPIV_injected,
    .apicv = false,
    .preemptible = true,
    .preemption_timer = true,
    .softirqs = false,
    .monitors = CLAIM_TABLE,
    .hook = {HOOK(thread, kvm_thread), HOOK(load, soft_load),
             HOOK(put, nothing), [VTDPI_HOOK_deliver] = vtdpi_fn_soft_accept, HOOK(notify, nothing),
             HOOK(wakeup, nothing), HOOK(pending, soft_pending), HOOK(attach, nothing),
             HOOK(detach, nothing)},
};

static const vtdpi_protocol_t protocol_cpu_posted_xen = {
    .name = "cpu_posted_xen",
    .abi = VTDPI_PROTOCOL_ABI,
    .posting = POSTS_cpu_posted_xen,
    .ipiv = IPIV_cpu_posted_xen,
    .apicv = true,
    .preemptible = false,
    .softirqs = true,
    .monitors = CLAIM_CPU_POSTED,
    .hook = {HOOK(thread, xen_thread), HOOK(load, xen_load), HOOK(put, xen_put),
             HOOK(deliver, xen_deliver), HOOK(notify, xen_notify), HOOK(wakeup, nothing),
             HOOK(pending, apicv_pending), HOOK(attach, nothing), HOOK(detach, nothing)},
};

static const vtdpi_protocol_t protocol_cpu_posted_kvm = {
    .name = "cpu_posted_kvm",
    .abi = VTDPI_PROTOCOL_ABI,
    .posting = POSTS_cpu_posted_kvm,
    .ipiv = IPIV_cpu_posted_kvm,
    .apicv = true,
    .preemptible = true,
    .preemption_timer = true,
    .sn_at_start = true,
    .softirqs = false,
    .monitors = CLAIM_CPU_POSTED,
    .hook = {HOOK(thread, kvm_thread), HOOK(load, kvm_load), HOOK(put, kvm_put),
             HOOK(deliver, kvm_deliver), HOOK(notify, nothing), HOOK(wakeup, kvm_wakeup),
             HOOK(pending, apicv_pending), HOOK(attach, nothing), HOOK(detach, nothing)},
};

static const vtdpi_protocol_t protocol_xen = {
    .name = "xen",
    .abi = VTDPI_PROTOCOL_ABI,
    .posting = POSTS_xen,
    .ipiv = IPIV_xen,
    .apicv = true,
    .preemptible = false,
    .softirqs = true,
    .monitors = CLAIM_XEN,
    .hook = {HOOK(thread, xen_thread), HOOK(load, xen_load), HOOK(put, xen_put),
             HOOK(deliver, xen_deliver), HOOK(notify, xen_notify), HOOK(wakeup, xen_wakeup),
             HOOK(pending, apicv_pending), HOOK(attach, xen_attach), HOOK(detach, xen_detach)},
};

static const vtdpi_protocol_t protocol_kvm_5_17 = {
    .name = "kvm_5_17",
    .abi = VTDPI_PROTOCOL_ABI,
    .posting = POSTS_kvm_5_17,
    .ipiv = IPIV_kvm_5_17,
    .apicv = true,
    .preemptible = true,
    .preemption_timer = true,
    .sn_at_start = true,
    .softirqs = false,
    .monitors = CLAIM_KVM,
    .hook = {HOOK(thread, kvm_thread), HOOK(load, kvm_load), HOOK(put, kvm_5_17_put),
             HOOK(deliver, kvm_deliver), HOOK(notify, nothing), HOOK(wakeup, kvm_wakeup),
             HOOK(pending, apicv_pending), HOOK(attach, kvm_attach), HOOK(detach, kvm_detach)},
};

static const vtdpi_protocol_t protocol_kvm = {
    .name = "kvm",
    .abi = VTDPI_PROTOCOL_ABI,
    .posting = POSTS_kvm,
    .ipiv = IPIV_kvm,
    .apicv = true,
    .preemptible = true,
    .preemption_timer = true,
    .sn_at_start = true,
    .softirqs = false,
    .monitors = CLAIM_KVM,
    .hook = {HOOK(thread, kvm_thread), HOOK(load, kvm_load), HOOK(put, kvm_put),
             HOOK(deliver, kvm_deliver), HOOK(notify, nothing), HOOK(wakeup, kvm_wakeup),
             HOOK(pending, apicv_pending), HOOK(attach, kvm_attach), HOOK(detach, kvm_detach)},
};

/* clang-format off */
/* In the order of the table. */
static const vtdpi_protocol_t *const protocols[] = {
#define VTDPI_PROTOCOL(name, posting, ipiv, doc) &protocol_##name,
#define VTDPI_VARIANT(protocol, name, bit, doc)
#include "vtdpi/hypervisor.def"
#undef VTDPI_PROTOCOL
#undef VTDPI_VARIANT
};

/* clang-format on */

enum { PROTOCOL_COUNT = sizeof(protocols) / sizeof(protocols[0]) };

const vtdpi_protocol_t *vtdpi_protocol_at(unsigned i)
{
    return i < PROTOCOL_COUNT ? protocols[i] : NULL;
}

/* No strcmp: models take nothing but memory functions from the C library. */
static bool protocol_named(const vtdpi_protocol_t *protocol, const char *name)
{
    size_t i = 0;
    while (name[i] != '\0' && name[i] == protocol->name[i]) {
        i++;
    }
    return name[i] == protocol->name[i];
}

const vtdpi_protocol_t *vtdpi_protocol_find(const char *name)
{
    for (unsigned i = 0; name != NULL && i < PROTOCOL_COUNT; i++) {
        if (protocol_named(protocols[i], name)) {
            return protocols[i];
        }
    }
    return NULL;
}
