/*
 * Hypervisor protocols: const tables of frame functions, bound outside the state.
 *
 * Reads / Writes: whatever its operations name. A frame function sees its own CPU, thread and vCPU,
 * and the host's records of interrupt sources; it changes nothing but its frame and the flags of
 * its own thread.
 */
#ifndef VTDPI_PROTOCOL_H
#define VTDPI_PROTOCOL_H

#include "vtdpi/system.h"

#ifdef __cplusplus
extern "C" {
#endif

VTDPI_NOT_STATE_BEGIN

enum { VTDPI_PROTOCOL_ABI = 1 };

/** What a frame function may look at. */
typedef struct {
    const vtdpi_platform_t *p;
    const vtdpi_source_t *sources;
    const vtdpi_tool_t *tools;
    uint32_t cpu;                    /**< number of the CPU that executes */
    uint32_t thread;                 /**< current thread */
    uint32_t vcpu;                   /**< vCPU of the thread (or of the guest), or VTDPI_NOBODY */
    const vtdpi_cpu_t *me;           /**< that CPU */
    vtdpi_thread_t *self;            /**< that thread */
    vtdpi_vcpu_t *guest;             /**< that vCPU, or NULL */
    const vtdpi_vcpu_fixed_t *fixed; /**< its fixed facts, or NULL */
} vtdpi_ctx_t;

typedef vtdpi_op_t (*vtdpi_frame_fn_t)(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r);

/** Hooks, in the order of frames.def. */
typedef enum {

#define VTDPI_HOOK(name, doc) VTDPI_HOOK_##name,
#define VTDPI_FRAME(name, doc)
#include "vtdpi/frames.def"
#undef VTDPI_HOOK
#undef VTDPI_FRAME
    VTDPI_HOOKS
} vtdpi_hook_t;

/** A protocol. */
typedef struct vtdpi_protocol {
    const char *name;
    uint32_t abi;          /**< VTDPI_PROTOCOL_ABI */
    bool posting;          /**< the remapping unit posts */
    bool ipiv;             /**< it can use IPI virtualization */
    bool apicv;            /**< APIC virtualization and posted-interrupt processing in the VMCS */
    bool preemptible;      /**< a thread can lose its CPU after any host interrupt */
    bool softirqs;         /**< Xen: the scheduler runs in a softirq */
    bool sn_at_start;      /**< SN of a descriptor before its vCPU first runs */
    bool preemption_timer; /**< a running vCPU's APIC timer is the VMX-preemption timer */
    uint32_t monitors;     /**< invariants that it claims, a bit each in monitor.def's order */
    vtdpi_frame_fn_t hook[VTDPI_HOOKS];
} vtdpi_protocol_t;

/** The built-in protocol [name], or NULL. */
VTDPI_API const vtdpi_protocol_t *vtdpi_protocol_find(const char *name);

/** Built-in protocol number [i], or NULL beyond the last. */
VTDPI_API const vtdpi_protocol_t *vtdpi_protocol_at(unsigned i);

VTDPI_NOT_STATE_END

#ifdef __cplusplus
}
#endif

#endif
